/**
 * An interrupt that wakes a CPU whose tick is stopped brings jiffies up to date before anything else: nobody may
 * have moved them while all slept, and whoever arms a timer of so many jiffies from now counts from them.
 *
 *      all CPUs sleep, nobody has the duty          | interrupt
 *      jiffies 41 ...............................   | 41 -> 297, then the timers
 */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event } from '../../../shared/events.ts';
import { TickFlag } from '../../../shared/structs/cpu.ts';
import type { CpuId, Ns } from '../../../shared/units.ts';
import { ClockOffsets } from '../clock-offsets.ts';
import { KeptEvents, namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription, WitnessEvent } from '../oracle.ts';

const [LAST] = places('jiffies_update', 'last_jiffies_update');
const [FLAGS] = places('tick_nohz_idle_stop', 'flags');
const [TIMER, NOW] = places('hrtimer_expire_entry', 'hrtimer', 'now');
const [STARTED, BASE] = places('hrtimer_start', 'hrtimer', 'clock_base');
/** Between the look at the clock on the way in and that of the timers. */
const WAY_NS: Ns = 100_000;

export class JiffiesFresh extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'J-06',
    says: 'a timer that interrupts a CPU whose tick is stopped finds jiffies less than a tick old',
    reference: 'kernel/time/tick-sched.c tick_irq_enter',
    blindTo: 'interrupts in which no hrtimer expires',
    listens: [
      'jiffies_update', 'tick_nohz_idle_stop', 'tick_nohz_restart', 'local_timer_entry', 'irq_handler_entry', 'hrtimer_start',
      'hrtimer_expire_entry',
      'timekeeping_change',
    ],
  };

  readonly #moved = new KeptEvents(1, 'jiffies_update');
  /** An expiry that found them old, and may yet be excused. */
  readonly #excused = new KeptEvents(1, 'hrtimer_expire_entry');
  /** By timer: the queue that it was put into, which says by what clock it goes. */
  readonly #base: number[] = [];
  readonly #offsets = new ClockOffsets();
  readonly #stopped: Uint8Array;
  /** 1 from an interrupt on a CPU whose tick is stopped until the first timer in it. */
  readonly #fresh: Uint8Array;

  constructor(facts: RunFacts) {
    super(JiffiesFresh.about, facts);
    this.#stopped = new Uint8Array(facts.cpus + 1);
    this.#fresh = new Uint8Array(facts.cpus + 1);
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    switch (id) {
      case Event.jiffies_update: return this.#onUpdate(id, cpu, t, fields, at);
      case Event.tick_nohz_idle_stop:
        this.#stopped[cpu] = (fields[at + FLAGS] & TickFlag.Stopped) !== 0 ? 1 : 0;
        return;
      case Event.tick_nohz_restart:
        this.#stopped[cpu] = 0;
        return;
      case Event.hrtimer_start: this.#base[fields[at + STARTED]] = fields[at + BASE]; return;
      case Event.timekeeping_change: return this.#offsets.onChange(t, fields, at);
      case Event.hrtimer_expire_entry: return this.#onExpiry(id, cpu, t, fields, at);
      default: this.#fresh[cpu] = this.#stopped[cpu];
    }
  }

  #onExpiry(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    if (this.#fresh[cpu] === 0 || !this.#moved.has(0)) return;
    this.#fresh[cpu] = 0;
    const now = fields[at + NOW] - this.#offsets.of(this.#base[fields[at + TIMER]] ?? 0);
    const age = now - this.#moved.rows[this.#moved.at(0) + LAST];
    this.checked++;
    if (age < this.#allowed()) return;
    // where CPUs race, whoever moved them just before may stand later in the stream
    if (this.facts.racing && t - this.#excused.t(0) > this.facts.skewNs) {
      this.#excused.keep(0, id, cpu, t, fields, at);
      return;
    }
    this.#stale(age, namedEvent(id, cpu, t, fields, at));
  }

  #onUpdate(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    this.#moved.keep(0, id, cpu, t, fields, at);
    if (!this.#excused.has(0)) return;
    const { rows } = this.#excused;
    const now = rows[this.#excused.at(0) + NOW];
    const late = t - this.#excused.t(0) > this.facts.skewNs + this.facts.ipiDelayNs + WAY_NS;
    if (late || now - fields[at + LAST] >= this.#allowed()) this.#stale(now - fields[at + LAST], this.#excused.named(0));
    this.#excused.forget(0);
  }

  #allowed(): Ns {
    return this.facts.tickNs + WAY_NS + this.facts.skewNs;
  }

  #stale(age: Ns, expiry: WitnessEvent): void {
    this.broken(() => ({
      says: `at ${expiry.t} ns a timer interrupts CPU ${expiry.cpu}, whose tick is stopped, and the last jiffy is ${age} ns old`,
      events: [this.#moved.named(0), expiry],
    }));
  }
}
