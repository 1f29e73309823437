/**
 * What the ticks that a sampling CPU charged come to, beside the time that has passed by the grid of its tick. They
 * differ for five reasons, and each is counted exactly, by the kernel's own dates:
 *
 * - A tick that is late is put up again for the next date to come. However many it passes over, it charges one.
 *
 *       due     |  1  |  2  |  3  |  4  |           firmware had the CPU, interrupts were off, or its counter was behind
 *       comes      x                 x               by one that has moved the clock on: then it stands
 *       charges    1                 1               of 2, 3 and 4 two are passed over
 *
 * - One that is early, by a clock that another CPU has just moved on, is put up again for the same date: it charges twice.
 * - Ticks that an idle CPU did without are charged in one go when it goes on, counted in jiffies. That count may differ
 *   from its own grid, if it stopped before the jiffy of that instant was counted.
 * - Those of an idle CPU that has not gone on are not charged yet.
 * - A periodic tick has no dates. Made of single events by a clock that knows no less than a tick (jiffies), each is put up
 *   a tick from when the one before was handled, not from when it was due.
 */
import type { RunFacts } from '../../shared/event-consumer.ts';
import { Event, type EventName } from '../../shared/events.ts';
import { HrtimerFunction } from '../../shared/structs/hrtimer.ts';
import { TickFlag } from '../../shared/structs/cpu.ts';
import type { CpuId, Ns } from '../../shared/units.ts';
import { ClockError } from './clock-error.ts';
import { places } from './kept-events.ts';

const [MODE] = places('tick', 'mode');
const PERIODIC = 0;
const [FLAGS, LAST_TICK] = places('tick_nohz_idle_stop', 'flags', 'last_tick');
const [NOW, GOES_ON_AT] = places('tick_nohz_restart', 'now', 'expires');
const [TICKS] = places('account_idle_ticks', 'ticks');
const [TIMER, FUNCTION, STARTED_FOR] = places('hrtimer_start', 'hrtimer', 'function', 'expires');
const [PROGRAMMED_FOR] = places('clockevents_program_event', 'expires');
/** Phase of the first and of the last tick. */
const PHASES = 2;

export class TickLedger {
  static readonly listens: readonly EventName[] =
    ['tick', 'tick_nohz_idle_stop', 'tick_nohz_restart', 'account_idle_ticks', 'hrtimer_start', 'clockevents_program_event'];

  readonly #tickNs: Ns;
  readonly #stalledNs: readonly Ns[];
  /** Ticks come by the kernel’s clock, which may be off. */
  readonly #error: ClockError;
  /** When the next tick is due; -1 while the tick is periodic. */
  readonly #due: Float64Array;
  /** 1 from a tick to where it is put up again. */
  readonly #handled: Uint8Array;
  /** 1 if the tick is an hrtimer: a device's events are then not its own. */
  readonly #highres: Uint8Array;
  /** The first tick that did not come; -1 while the tick runs. */
  readonly #lastTick: Float64Array;
  /** Ticks that came all the same. */
  readonly #came: Float64Array;
  /** Ticks charged more than the CPU's grid has, in all. */
  readonly #extra: Float64Array;
  /** Those that came twice, and dates that were passed over. */
  readonly #odd: Float64Array;
  /** The last tick, and its mode. */
  readonly #last: Float64Array;
  readonly #lastMode: Int32Array;
  /** How much later than a tick after each other periodic ones have come, in all; and those that were kept from coming. */
  readonly #slid: Float64Array;
  readonly #kept: Float64Array;

  constructor({ cpus, tickNs, clocks, skewNs, stalledNs }: RunFacts) {
    this.#tickNs = tickNs;
    this.#stalledNs = stalledNs;
    this.#error = new ClockError(clocks, skewNs);
    this.#due = new Float64Array(cpus).fill(-1);
    this.#handled = new Uint8Array(cpus);
    this.#highres = new Uint8Array(cpus);
    this.#lastTick = new Float64Array(cpus).fill(-1);
    this.#came = new Float64Array(cpus);
    this.#extra = new Float64Array(cpus);
    this.#odd = new Float64Array(cpus);
    this.#last = new Float64Array(cpus).fill(-1);
    this.#lastMode = new Int32Array(cpus).fill(-1);
    this.#slid = new Float64Array(cpus);
    this.#kept = new Float64Array(cpus);
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    switch (id) {
      case Event.tick: return this.#onTick(cpu, t, fields[at + MODE]);
      case Event.hrtimer_start:
        if (fields[at + FUNCTION] !== HrtimerFunction.TickNohzHandler || fields[at + TIMER] !== cpu) return;
        return this.#onStart(cpu, fields[at + STARTED_FOR]);
      case Event.clockevents_program_event:
        if (this.#highres[cpu] === 0) this.#onPutUp(cpu, fields[at + PROGRAMMED_FOR]);
        return;
      case Event.tick_nohz_idle_stop:
        if ((fields[at + FLAGS] & TickFlag.Stopped) !== 0 && this.#lastTick[cpu] < 0) this.#lastTick[cpu] = fields[at + LAST_TICK];
        return;
      case Event.tick_nohz_restart: return this.#onRestart(cpu, fields[at + NOW], fields[at + GOES_ON_AT]);
      case Event.account_idle_ticks: this.#extra[cpu] += Math.max(0, fields[at + TICKS]);
    }
  }

  /** By how much what a CPU's ticks have charged exceeds its grid; below 0 while a stopped tick has not gone on. */
  ahead(cpu: CpuId, end: Ns): Ns {
    const owed = this.#lastTick[cpu] < 0 ? 0 : this.#missed(cpu, end);
    return (this.#extra[cpu] - owed) * this.#tickNs - this.#slid[cpu];
  }

  /** By how much ticks that came twice, or dates that were passed over, can have changed what is charged, of whatever. */
  odd(cpu: CpuId): Ns {
    return this.#odd[cpu] * this.#tickNs + this.#kept[cpu] + Math.abs(this.#slid[cpu]);
  }

  /**
   * How far a CPU's grid may be from the time that has passed: its phase at either end, the error of its clock, and what
   * firmware, or a hypervisor that has `stolen` the processor, has kept from it of a periodic tick, or at the end.
   *
   * A counter that jumps moves the grid by no more than it jumps, though CPUs whose counter is behind find that time
   * stands: what they read is the larger of their own counter and of where another CPU has moved the clock.
   */
  allowed(cpu: CpuId, end: Ns, stolen: Ns): Ns {
    const kept = this.#kept[cpu] + this.#overdue(cpu, end);
    return PHASES * this.#tickNs + this.#error.after(end) + Math.min(this.#stalledNs[cpu] + stolen, kept);
  }

  /** For how long the tick should have come; 0 if it is yet to come, or has stopped. */
  #overdue(cpu: CpuId, end: Ns): Ns {
    const due = this.#lastMode[cpu] === PERIODIC ? this.#last[cpu] + this.#tickNs : this.#due[cpu];
    return due >= 0 && this.#lastTick[cpu] < 0 ? Math.max(0, end - due) : 0;
  }

  #onTick(cpu: CpuId, t: Ns, mode: number): void {
    if (mode === PERIODIC && this.#lastMode[cpu] === PERIODIC) {
      const late = t - this.#last[cpu] - this.#tickNs;
      if (Math.abs(late) < this.#tickNs / 2) this.#slid[cpu] += late;
      else this.#kept[cpu] += Math.max(0, late);
    }
    this.#last[cpu] = t;
    this.#lastMode[cpu] = mode;
    this.#handled[cpu] = 1;
    if (this.#lastTick[cpu] >= 0) this.#came[cpu]++;
  }

  #onStart(cpu: CpuId, due: Ns): void {
    if (this.#highres[cpu] === 1) return this.#onPutUp(cpu, due);
    this.#highres[cpu] = 1;
    this.#handled[cpu] = 0;
    this.#due[cpu] = due;
  }

  /** The next tick's date, or whatever else an idle CPU sleeps for. */
  #onPutUp(cpu: CpuId, due: Ns): void {
    if (this.#handled[cpu] === 0) return;
    this.#handled[cpu] = 0;
    if (this.#lastTick[cpu] >= 0) return;
    const before = this.#due[cpu];
    if (before >= 0 && this.#lastMode[cpu] !== PERIODIC) this.#missDates(cpu, Math.floor((due - before) / this.#tickNs) - 1);
    this.#due[cpu] = due;
  }

  /** -1: the same date again. */
  #missDates(cpu: CpuId, missed: number): void {
    this.#extra[cpu] -= missed;
    this.#odd[cpu] += Math.abs(missed);
  }

  #onRestart(cpu: CpuId, now: Ns, due: Ns): void {
    this.#extra[cpu] -= this.#missed(cpu, now);
    this.#lastTick[cpu] = -1;
    this.#came[cpu] = 0;
    this.#due[cpu] = due;
    this.#handled[cpu] = 0;
  }

  /** Ticks of the grid up to `now` that did not come. */
  #missed(cpu: CpuId, now: Ns): number {
    return Math.max(0, Math.floor((now - this.#lastTick[cpu]) / this.#tickNs) + 1) - this.#came[cpu];
  }
}
