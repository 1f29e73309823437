/** What each CPU's tick device is armed for, and which monotonic hrtimers are queued there, as the events tell it. */
import { Event, type EventName } from '../../shared/events.ts';
import { ClockEventState } from '../../shared/structs/cpu.ts';
import { HrtimerFunction } from '../../shared/structs/hrtimer.ts';
import { KTIME_MAX, NOBODY, NONE, type CpuId, type Ns, type TimerId } from '../../shared/units.ts';
import { places } from './kept-events.ts';

const [STARTED, FUNCTION, EXPIRES, BASE] = places('hrtimer_start', 'hrtimer', 'function', 'expires', 'clock_base');
const [CANCELLED] = places('hrtimer_cancel', 'hrtimer');
const [EXPIRED] = places('hrtimer_expire_entry', 'hrtimer');
const [DEVICE, ARMED, RESULT] = places('clockevents_program_event', 'device', 'expires', 'result');
const [SWITCHED, STATE] = places('clockevents_switch_state', 'device', 'state');
const [TICK_DEVICE] = places('tick_device', 'device');

/** Clock bases of one CPU; the first half is hard, and base 0 of each half CLOCK_MONOTONIC. */
const BASES = 8;

export class ArmedDevices {
  static readonly listens: readonly EventName[] = [
    'hrtimer_start', 'hrtimer_cancel', 'hrtimer_expire_entry', 'clockevents_program_event', 'clockevents_switch_state', 'local_timer_entry',
    'irq_handler_entry', 'tick_device',
  ];

  /** Its number, by CPU. */
  readonly #device: Int32Array;
  readonly #armed: Float64Array;
  readonly #periodic: Uint8Array;
  readonly #queues: TimerId[][];
  /** By timer. */
  readonly #cpu: CpuId[] = [];
  readonly #expires: Ns[] = [];
  /** By CPU: the timer that is its tick. */
  readonly #tick: Int32Array;
  readonly #racing: boolean;

  constructor(cpus: number, racing: boolean) {
    this.#device = new Int32Array(cpus);
    this.#armed = new Float64Array(cpus).fill(KTIME_MAX);
    this.#periodic = new Uint8Array(cpus);
    this.#queues = Array.from({ length: cpus }, () => []);
    this.#tick = new Int32Array(cpus).fill(-1);
    this.#racing = racing;
  }

  onEvent(id: number, cpu: CpuId, fields: Float64Array, at: number): void {
    switch (id) {
      case Event.hrtimer_start: return this.#onStart(cpu, fields, at);
      case Event.hrtimer_cancel: return this.#remove(fields[at + CANCELLED]);
      case Event.hrtimer_expire_entry: return this.#remove(fields[at + EXPIRED]);
      case Event.clockevents_program_event:
        if (fields[at + DEVICE] === this.#device[cpu] && fields[at + RESULT] === 0) this.#armed[cpu] = fields[at + ARMED];
        return;
      case Event.clockevents_switch_state: return this.#onSwitch(cpu, fields[at + SWITCHED], fields[at + STATE]);
      case Event.tick_device: this.#device[cpu] = fields[at + TICK_DEVICE]; return;
      case Event.local_timer_entry: case Event.irq_handler_entry: this.#armed[cpu] = KTIME_MAX;
    }
  }

  /** When the CPU's device comes; 0 for one that comes each tick. */
  armedFor(cpu: CpuId): Ns {
    return this.#periodic[cpu] === 1 ? 0 : this.#armed[cpu];
  }

  /** When the first of its monotonic hrtimers expires; KTIME_MAX without any. */
  firstExpiry(cpu: CpuId): Ns {
    const first = this.firstTimer(cpu);
    return first === NONE ? KTIME_MAX : this.#expires[first];
  }

  /** The one that expires first, or NONE. */
  firstTimer(cpu: CpuId): TimerId {
    let first = NONE;
    for (const timer of this.#queues[cpu]) if (first === NONE || this.#expires[timer] < this.#expires[first]) first = timer;
    return first;
  }

  /** When its tick's hrtimer expires; KTIME_MAX while that is not queued. */
  tickExpiry(cpu: CpuId): Ns {
    const tick = this.#tick[cpu];
    return tick < 0 || this.#cpu[tick] !== cpu ? KTIME_MAX : this.#expires[tick];
  }

  #onStart(cpu: CpuId, fields: Float64Array, at: number): void {
    const timer = fields[at + STARTED];
    this.#remove(timer);
    const base = fields[at + BASE];
    const owner = Math.floor(base / BASES);
    if (base % 4 !== 0 || owner >= this.#queues.length) return;
    // where CPUs race, what others do to this queue, or to a timer that any task may set, need not stand in its order
    if (this.#racing && (owner !== cpu || fields[at + FUNCTION] === HrtimerFunction.TimerfdTmrproc)) return;
    while (this.#cpu.length <= timer) {
      this.#cpu.push(NOBODY);
      this.#expires.push(KTIME_MAX);
    }
    this.#cpu[timer] = owner;
    this.#expires[timer] = fields[at + EXPIRES];
    this.#queues[owner].push(timer);
    if (fields[at + FUNCTION] === HrtimerFunction.TickNohzHandler) this.#tick[owner] = timer;
  }

  #remove(timer: TimerId): void {
    const cpu = timer < this.#cpu.length ? this.#cpu[timer] : NOBODY;
    if (cpu === NOBODY) return;
    const queue = this.#queues[cpu];
    queue[queue.indexOf(timer)] = queue[queue.length - 1];
    queue.pop();
    this.#cpu[timer] = NOBODY;
  }

  #onSwitch(cpu: CpuId, device: number, state: number): void {
    if (device !== this.#device[cpu]) return;
    this.#periodic[cpu] = state === ClockEventState.Periodic ? 1 : 0;
    if (state !== ClockEventState.Oneshot) this.#armed[cpu] = KTIME_MAX;
  }
}
