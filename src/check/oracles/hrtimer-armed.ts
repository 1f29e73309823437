/**
 * In high resolution a CPU's event device is armed for its first timer, or for something earlier: whoever takes the
 * first one out on another CPU leaves the device as it is. Judged whenever the CPU is done with an event.
 *
 *      expiresNext is for this CPU alone to arm. So another CPU brings no timer that comes before it:
 *
 *      CPU 1 (armed for 40)                   CPU 0
 *                                             puts a timer for 30 into CPU 1's queue: CPU 1 sleeps over it
 */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event } from '../../../shared/events.ts';
import { ClockEventState, SoftirqVec, TickHandler } from '../../../shared/structs/cpu.ts';
import { KTIME_MAX, NONE, type CpuId, type Ns, type TimerId } from '../../../shared/units.ts';
import { ClockOffsets } from '../clock-offsets.ts';
import { BASES, HrtimerQueues, SOFT } from '../hrtimer-queues.ts';
import { places } from '../kept-events.ts';
import type { OracleDescription } from '../oracle.ts';
import { TimerOracle } from '../timer-oracle.ts';

const [START_TIMER] = places('hrtimer_start', 'hrtimer');
const [CANCEL_TIMER] = places('hrtimer_cancel', 'hrtimer');
const [EXPIRE_TIMER] = places('hrtimer_expire_entry', 'hrtimer');
const [EXPIRES, FORCE, RESULT] = places('clockevents_program_event', 'expires', 'force', 'result');
const [STATE] = places('clockevents_switch_state', 'state');
const [HANDLER] = places('tick_device', 'handler');
const [VEC] = places('softirq_raise', 'vec');

export class HrtimerArmed extends TimerOracle {
  static readonly about: OracleDescription = {
    id: 'H-04',
    says: 'in high resolution, outside of events, a CPU’s device is armed for its first timer or earlier; after a hang for the end of ' +
      'the pause if that is later',
    reference: 'kernel/time/hrtimer.c hrtimer_reprogram, hrtimer_check_target',
    blindTo: 'a device that is armed too early; timers that other CPUs put there, where CPUs race; low resolution',
    listens: [
      'event', 'hrtimer_start', 'hrtimer_cancel', 'hrtimer_expire_entry', 'hrtimer_hang', 'clockevents_program_event',
      'clockevents_switch_state', 'tick_device', 'local_timer_entry', 'irq_handler_entry', 'softirq_raise', 'softirq_exit',
      'timekeeping_change',
    ],
  };

  readonly #queues: HrtimerQueues;
  readonly #offsets = new ClockOffsets();
  /** By CPU: what its device was armed for last; KTIME_MAX since it fired or was stopped. */
  readonly #armed: Float64Array;
  /** By CPU: when the pause after a hang ends, until the next interrupt; 0: it does not pause. */
  readonly #pause: Float64Array;
  /** By CPU: 1 in high resolution; 1 from a hang until the device is armed; 1 while the HRTIMER softirq is on its way. */
  readonly #hres: Uint8Array;
  readonly #hung: Uint8Array;
  readonly #activated: Uint8Array;
  /** By CPU: 1 where anything has changed since it was judged last. */
  readonly #changed: Uint8Array;

  constructor(facts: RunFacts) {
    super(HrtimerArmed.about, facts);
    this.#queues = new HrtimerQueues(facts.cpus, facts.racing);
    this.#armed = new Float64Array(facts.cpus + 1).fill(KTIME_MAX);
    this.#pause = new Float64Array(facts.cpus + 1);
    this.#hres = new Uint8Array(facts.cpus + 1);
    this.#hung = new Uint8Array(facts.cpus + 1);
    this.#activated = new Uint8Array(facts.cpus + 1);
    this.#changed = new Uint8Array(facts.cpus + 1);
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    this.settle(t);
    switch (id) {
      case Event.event: return this.#judge(cpu, t);
      case Event.hrtimer_start: this.#changed[cpu] = 1; return this.#queues.start(fields[at + START_TIMER], cpu, t, fields, at);
      case Event.hrtimer_cancel:
        this.takenOut(fields[at + CANCEL_TIMER], cpu);
        return this.#queues.remove(fields[at + CANCEL_TIMER]);
      case Event.hrtimer_expire_entry: return this.#queues.remove(fields[at + EXPIRE_TIMER]);
      case Event.timekeeping_change: return this.#offsets.onChange(t, fields, at);
      default: return this.#onDevice(id, cpu, fields, at);
    }
  }

  #onDevice(id: number, cpu: CpuId, fields: Float64Array, at: number): void {
    this.#changed[cpu] = 1;
    switch (id) {
      case Event.clockevents_program_event:
        if (fields[at + RESULT] === 0) this.#armed[cpu] = fields[at + EXPIRES];
        if (this.#hung[cpu] === 1) this.#pause[cpu] = fields[at + EXPIRES];
        this.#hung[cpu] = 0;
        if (fields[at + RESULT] === 0) return;
        if (fields[at + FORCE] === 0) this.#armed[cpu] = KTIME_MAX;
        return;
      case Event.clockevents_switch_state:
        if (fields[at + STATE] !== ClockEventState.Oneshot) this.#armed[cpu] = KTIME_MAX;
        return;
      case Event.tick_device: this.#hres[cpu] = fields[at + HANDLER] === TickHandler.Hrtimer ? 1 : 0; return;
      case Event.hrtimer_hang: this.#hung[cpu] = 1; return;
      case Event.softirq_raise: if (fields[at + VEC] === SoftirqVec.Hrtimer) this.#activated[cpu] = 1; return;
      case Event.softirq_exit: if (fields[at + VEC] === SoftirqVec.Hrtimer) this.#activated[cpu] = 0; return;
      default:
        // the interrupt: what it was armed for has come
        this.#armed[cpu] = KTIME_MAX;
        this.#pause[cpu] = 0;
    }
  }

  /** The CPU begins another event, so it is done with the one before. */
  #judge(cpu: CpuId, t: Ns): void {
    if (cpu >= this.facts.cpus || this.#changed[cpu] === 0 || this.#hres[cpu] === 0) return;
    this.#changed[cpu] = 0;
    const last = this.#activated[cpu] === 1 ? SOFT : BASES;
    for (let base = BASES * cpu; base < BASES * cpu + last; base++) {
      const first = this.#queues.head(base);
      if (first === NONE) continue;
      this.checked++;
      const latest = Math.max(this.#latest(base, first), this.#pause[cpu]);
      if (this.#armed[cpu] > latest) this.#late(cpu, t, first, latest);
    }
  }

  /** When it must come by the monotonic clock; of a clock that was stepped the CPU may still hear. */
  #latest(base: number, timer: TimerId): Ns {
    const expires = this.#queues.expires(timer);
    return Math.max(0, expires - this.#offsets.of(base), expires - this.#offsets.beforeOf(base));
  }

  #late(cpu: CpuId, t: Ns, timer: TimerId, expires: Ns): void {
    const start = this.#queues.startOf(timer);
    const armed = this.#armed[cpu];
    this.passedBy(timer, cpu, t, () => ({
      says: `before ${t} ns CPU ${cpu} is done with timer ${timer} first in its queue, to come by ${expires} ns, and its device ` +
        (armed === KTIME_MAX ? 'not armed' : `armed for ${armed} ns`),
      events: start ? [start] : [],
    }));
  }
}
