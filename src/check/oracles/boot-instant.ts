/** When the machine was booted, as /proc/stat tells it, beside the steps of the wall clock. */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { TimekeepingAction } from '../../../shared/structs/timekeeper.ts';
import { NSEC_PER_SEC, type CpuId, type Ns } from '../../../shared/units.ts';
import { places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription } from '../oracle.ts';

const [ACTION, OFFS_REAL, VERSION] = places('timekeeping_change', 'action', 'offs_real', 'version');
const STEPS: readonly number[] = [TimekeepingAction.SetTime, TimekeepingAction.InjectOffset];

export class BootInstant extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'F-06',
    says: 'btime in /proc/stat is the wall clock at boot, moved by no more and no less than the steps of the wall clock since',
    reference: 'fs/proc/stat.c show_stat; kernel/time/timekeeping.c getboottime64',
    blindTo: 'whole runs but for their end; a second more or less',
    listens: ['timekeeping_change'],
  };

  /** Of the newest version before the first step, and of the newest. */
  #booted = { version: -1, offset: 0 };
  #newest = { version: -1, offset: 0 };

  constructor(facts: RunFacts) {
    super(BootInstant.about, facts);
  }

  onEvent(_id: number, _cpu: CpuId, _t: Ns, fields: Float64Array, at: number): void {
    const change = { version: fields[at + VERSION], offset: fields[at + OFFS_REAL] };
    if (change.version > this.#newest.version) this.#newest = change;
    const isStep = STEPS.includes(fields[at + ACTION]);
    if (!isStep && (this.#booted.version < 0 || change.version < this.#booted.version)) this.#booted = change;
  }

  onFile(path: string, text: string): void {
    if (path !== 'proc/stat' || this.#booted.version < 0) return;
    const shown = Number(/^btime (\d+)$/m.exec(text)?.[1]);
    const stepped = (this.#newest.offset - this.#booted.offset) / NSEC_PER_SEC;
    this.checked++;
    if (Math.abs(shown - this.facts.epochSec - stepped) <= 1) return;
    this.broken(() => ({
      says: `/proc/stat says that the machine was booted at ${shown} s, and it was at ${this.facts.epochSec} s by a clock that has been ` +
        `moved by ${stepped} s since`,
      events: [],
    }));
  }
}
