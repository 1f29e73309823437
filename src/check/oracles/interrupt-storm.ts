/** A CPU's event device interrupts about as often as there is something to interrupt for: a tick, a timer that was started. */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event } from '../../../shared/events.ts';
import { NSEC_PER_MSEC, NSEC_PER_SEC, type CpuId, type Ns } from '../../../shared/units.ts';
import { ClockError } from '../clock-error.ts';
import { BASES } from '../hrtimer-queues.ts';
import { KeptEvents, namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription } from '../oracle.ts';

const [BASE] = places('hrtimer_start', 'clock_base');
const SPAN_NS: Ns = 100 * NSEC_PER_MSEC;
/** A far event may come early several times, and a span may begin in the middle of something. */
const GRACE = 20;

export class InterruptStorm extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'E-06',
    says: 'in no tenth of a second has a CPU more interrupts of its event device than two for each tick, one for each timer started ' +
      'there and each message, and a few',
    reference: 'kernel/time/tick-sched.c tick_nohz_lowres_handler',
    blindTo: 'a slow drizzle of needless interrupts; what comes after a tsc was made to jump: a CPU whose clock stands still is woken ' +
      'too early',
    listens: ['local_timer_entry', 'irq_handler_entry', 'hrtimer_start', 'csd_function_entry'],
  };

  readonly #began: Float64Array;
  readonly #interrupts: Float64Array;
  readonly #reasons: Float64Array;
  readonly #first: KeptEvents;
  readonly #error: ClockError;
  /** A clock that is slower than the device sees each event come early, twice if it is much slower. */
  readonly #perTick: number;

  constructor(facts: RunFacts) {
    super(InterruptStorm.about, facts);
    this.#error = new ClockError(facts.clocks, facts.skewNs);
    this.#perTick = this.#error.ppb > 0 ? 4 : 2;
    this.#began = new Float64Array(facts.cpus + 1);
    this.#interrupts = new Float64Array(facts.cpus + 1);
    this.#reasons = new Float64Array(facts.cpus + 1);
    this.#first = new KeptEvents(facts.cpus + 1, 'local_timer_entry', 'irq_handler_entry');
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    if (cpu >= this.facts.cpus) return;
    if (t - this.#began[cpu] >= SPAN_NS) this.#beginSpan(cpu, t);
    if (id !== Event.local_timer_entry && id !== Event.irq_handler_entry) {
      // another CPU may have put it there
      this.#reasons[id === Event.hrtimer_start ? Math.floor(fields[at + BASE] / BASES) : cpu]++;
      return;
    }
    if (this.#interrupts[cpu]++ === 0) this.#first.keep(cpu, id, cpu, t, fields, at);
    this.checked++;
    if (this.#interrupts[cpu] <= this.#most(cpu) || this.#error.jumpedBy(t) > 0) return;
    this.broken(() => ({
      says: `CPU ${cpu} has ${this.#interrupts[cpu]} interrupts of its event device within ${t - this.#began[cpu]} ns, ` +
        `and ${this.#reasons[cpu]} timers and messages to have them for`,
      events: [this.#first.named(cpu), namedEvent(id, cpu, t, fields, at)],
    }));
    this.#beginSpan(cpu, t);
  }

  #beginSpan(cpu: CpuId, t: Ns): void {
    this.#began[cpu] = t;
    this.#interrupts[cpu] = 0;
    this.#reasons[cpu] = 0;
  }

  #most(cpu: CpuId): number {
    // what came while the firmware had the CPU comes now, each tick of a periodic device
    const held = this.facts.stalledNs[cpu] / this.facts.tickNs;
    return (this.#perTick * this.facts.hz * SPAN_NS) / NSEC_PER_SEC + (this.#perTick / 2) * this.#reasons[cpu] + held + GRACE;
  }
}
