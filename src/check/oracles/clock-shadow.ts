/** The writers' copy of the timekeeper is what everybody reads, whenever nobody is at it. */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import type { CpuId, Ns } from '../../../shared/units.ts';
import { namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription } from '../oracle.ts';

const [RESULT, OFFS_REAL, SHADOW_OFFS_REAL, AHEAD] = places(
  'timekeeping_set', 'result', 'offs_real', 'shadow_offs_real', 'shadow_ahead',
);

export class ClockShadow extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'T-07',
    says: 'after a call that sets a clock, done or refused, the shadow timekeeper is the one that everybody reads',
    reference: 'kernel/time/timekeeping.c timekeeping_restore_shadow',
    blindTo: 'fields of the shadow that the event does not show',
    listens: ['timekeeping_set'],
  };

  constructor(facts: RunFacts) {
    super(ClockShadow.about, facts);
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    this.checked++;
    if (fields[at + OFFS_REAL] === fields[at + SHADOW_OFFS_REAL] && fields[at + AHEAD] === 0) return;
    const how = fields[at + RESULT] === 0 ? 'done' : 'refused';
    this.broken(() => ({
      says: `after a step that was ${how} at ${t} ns the wall clock is ${fields[at + OFFS_REAL]} ns ahead of monotonic time, in the ` +
        `shadow ${fields[at + SHADOW_OFFS_REAL]} ns, and the shadow's counter ${fields[at + AHEAD]} cycles further`,
      events: [namedEvent(id, cpu, t, fields, at)],
    }));
  }
}
