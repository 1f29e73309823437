/** No timer expires before the earliest instant that it allows, by the kernel's clock nor by the true one. */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import type { CpuId, Ns } from '../../../shared/units.ts';
import { namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription } from '../oracle.ts';

const [TIMER, NOW, SOFTEXPIRES] = places('hrtimer_expire_entry', 'hrtimer', 'now', 'softexpires');

/** How far the kernel's clock may have run ahead of the true one: rounding of multipliers and of periodic devices. */
const DRIFT_PER_NS = 10e-6;
const DRIFT_NS: Ns = 2;

export class HrtimerEarly extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'H-02',
    says: 'no timer expires before its softexpires, by the kernel’s clock exactly and by the true clock within 10 ppm',
    reference: 'kernel/time/hrtimer.c __hrtimer_run_queues',
    blindTo: 'timers that expire late or never (H-03)',
    listens: ['hrtimer_expire_entry'],
  };

  constructor(facts: RunFacts) {
    super(HrtimerEarly.about, facts);
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const soft = fields[at + SOFTEXPIRES];
    const now = fields[at + NOW];
    this.checked++;
    if (now >= soft && t + t * DRIFT_PER_NS + DRIFT_NS >= soft) return;
    const clock = now < soft ? `the kernel's clock stands at ${now} ns` : `the true clock stands at ${t} ns`;
    this.broken(() => ({
      says: `CPU ${cpu} expires timer ${fields[at + TIMER]} before its softexpires ${soft} ns: ${clock}`,
      events: [namedEvent(id, cpu, t, fields, at)],
    }));
  }
}
