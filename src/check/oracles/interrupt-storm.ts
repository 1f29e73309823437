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
/** Interrupts that were on their way, or came early as a far event does, in one span. */
const FEW = 5;

export class InterruptStorm extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'E-06',
    says: 'in no tenth of a second has a CPU more interrupts of its event device than two for each tick, one for each timer started ' +
      'there and each message, and a few; and of those in which nothing expires, one for each timer cancelled there, and a few',
    reference: 'kernel/time/tick-sched.c tick_nohz_lowres_handler',
    blindTo: 'a slow drizzle of needless interrupts by a clock that runs at another rate than its device; what comes after a tsc was ' +
      'made to jump: a CPU whose clock stands still is woken too early',
    listens: [
      'local_timer_entry', 'local_timer_exit', 'irq_handler_entry', 'hrtimer_start', 'hrtimer_cancel', 'hrtimer_expire_entry', 'tick',
      'softirq_raise', 'csd_function_entry',
    ],
  };

  readonly #began: Float64Array;
  readonly #interrupts: Float64Array;
  readonly #reasons: Float64Array;
  /** Whether the interrupt under way has had anything to do; how many had not, and how many timers were taken away that they were for. */
  readonly #served: Uint8Array;
  readonly #needless: Float64Array;
  readonly #cancelled: Float64Array;
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
    this.#served = new Uint8Array(facts.cpus + 1);
    this.#needless = new Float64Array(facts.cpus + 1);
    this.#cancelled = new Float64Array(facts.cpus + 1);
    this.#first = new KeptEvents(facts.cpus + 1, 'local_timer_entry', 'irq_handler_entry');
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    if (cpu >= this.facts.cpus) return;
    if (t - this.#began[cpu] >= SPAN_NS) this.#beginSpan(cpu, t);
    switch (id) {
      case Event.local_timer_entry: case Event.irq_handler_entry: return this.#onInterrupt(id, cpu, t, fields, at);
      case Event.local_timer_exit: return this.#onExit(id, cpu, t, fields, at);
      case Event.hrtimer_cancel: this.#cancelled[cpu]++; return;
      // another CPU may have put it there
      case Event.hrtimer_start: this.#reasons[Math.floor(fields[at + BASE] / BASES)]++; return;
      case Event.csd_function_entry: this.#reasons[cpu]++; return;
      default: this.#served[cpu] = 1;
    }
  }

  #onInterrupt(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    this.#served[cpu] = 0;
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

  #onExit(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    if (this.#served[cpu] === 1 || this.#error.ppb > 0 || this.#error.jumpedBy(t) > 0) return;
    if (++this.#needless[cpu] <= this.#cancelled[cpu] + FEW) return;
    this.broken(() => ({
      says: `in ${this.#needless[cpu]} interrupts of its event device CPU ${cpu} finds nothing to do within ${t - this.#began[cpu]} ns, ` +
        `and ${this.#cancelled[cpu]} timers were cancelled there`,
      events: [namedEvent(id, cpu, t, fields, at)],
    }));
    this.#beginSpan(cpu, t);
  }

  #beginSpan(cpu: CpuId, t: Ns): void {
    this.#needless[cpu] = 0;
    this.#cancelled[cpu] = 0;
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
