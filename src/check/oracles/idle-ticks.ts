/** When a CPU goes on after a sleep without a tick it is charged with the jiffies that have passed, less the ticks that came. */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event } from '../../../shared/events.ts';
import { TickFlag } from '../../../shared/structs/cpu.ts';
import type { CpuId, Ns } from '../../../shared/units.ts';
import { ClockError } from '../clock-error.ts';
import { KeptEvents, namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription } from '../oracle.ts';

const [BASEJ] = places('tick_nohz_next_event', 'basej');
const [FLAGS] = places('tick_nohz_idle_stop', 'flags');
const [TICKS, JIFFIES, IDLE_JIFFIES] = places('account_idle_ticks', 'ticks', 'jiffies', 'idle_jiffies');

export class IdleTicks extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'I-05',
    says: 'the ticks that a CPU is charged with after a sleep are the jiffies since its tick stopped, less the ticks that came ' +
      'all the same',
    reference: 'kernel/time/tick-sched.c tick_nohz_account_idle_time',
    blindTo: 'CPUs that account by contexts, which need no ticks',
    listens: ['tick_nohz_next_event', 'tick_nohz_idle_stop', 'tick', 'account_idle_ticks'],
  };

  /** The jiffy of the last look, and of the look with which the tick stopped; -1 while it runs. */
  readonly #looked: Float64Array;
  readonly #stoppedAt: Float64Array;
  readonly #came: Float64Array;
  readonly #stop: KeptEvents;

  readonly #error: ClockError;

  constructor(facts: RunFacts) {
    super(IdleTicks.about, facts);
    this.#error = new ClockError(facts.clocks, facts.skewNs);
    this.#looked = new Float64Array(facts.cpus);
    this.#stoppedAt = new Float64Array(facts.cpus).fill(-1);
    this.#came = new Float64Array(facts.cpus);
    this.#stop = new KeptEvents(facts.cpus, 'tick_nohz_idle_stop');
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    switch (id) {
      case Event.tick_nohz_next_event: this.#looked[cpu] = fields[at + BASEJ]; return;
      case Event.tick: this.#came[cpu]++; return;
      case Event.tick_nohz_idle_stop: return this.#onStop(id, cpu, t, fields, at);
      default: return this.#onAccount(id, cpu, t, fields, at);
    }
  }

  #onStop(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    if ((fields[at + FLAGS] & TickFlag.Stopped) === 0 || this.#stoppedAt[cpu] >= 0) return;
    this.#stoppedAt[cpu] = this.#looked[cpu];
    this.#came[cpu] = 0;
    this.#stop.keep(cpu, id, cpu, t, fields, at);
  }

  /** A clock that is behind lets a stopped tick come before its jiffy, more than once; nothing is charged then. */
  #least(t: Ns): number {
    return this.#error.ppb + this.#error.jumpedBy(t) > 0 ? -Infinity : 0;
  }

  #onAccount(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const since = this.#stoppedAt[cpu] + this.#came[cpu];
    const due = fields[at + JIFFIES] - since;
    this.checked++;
    const wrong = this.#stoppedAt[cpu] < 0
      ? 'its tick was not stopped'
      : fields[at + TICKS] !== due || due < this.#least(t)
        ? `${due} were due: jiffies ${fields[at + JIFFIES]}, stopped at ${this.#stoppedAt[cpu]}, and ${this.#came[cpu]} came since`
        : fields[at + IDLE_JIFFIES] !== since ? `it counts from jiffy ${fields[at + IDLE_JIFFIES]}, not ${since}` : undefined;
    if (wrong !== undefined) {
      this.broken(() => ({
        says: `CPU ${cpu} is charged with ${fields[at + TICKS]} idle ticks at ${t} ns: ${wrong}`,
        events: [...(this.#stop.has(cpu) ? [this.#stop.named(cpu)] : []), namedEvent(id, cpu, t, fields, at)],
      }));
    }
    this.#stoppedAt[cpu] = -1;
  }
}
