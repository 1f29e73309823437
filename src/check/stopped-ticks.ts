/**
 * What sampling by ticks owes while an idle CPU has stopped its tick: the ticks that did not come are
 * charged in one go when it goes on, counted in jiffies. That count may differ from the CPU's own grid, if it
 * stopped before the jiffy of that instant was counted; by how much is known exactly.
 *
 * And what it loses while a periodic tick is made of single events by a clock that knows no less than a tick
 * (jiffies): each is put up a tick from when the one before was handled, not from when it was due.
 */
import type { RunFacts } from '../../shared/event-consumer.ts';
import { Event, type EventName } from '../../shared/events.ts';
import { TickFlag } from '../../shared/structs/cpu.ts';
import type { CpuId, Ns } from '../../shared/units.ts';
import { ClockError } from './clock-error.ts';
import { places } from './kept-events.ts';

const [MODE] = places('tick', 'mode');
const PERIODIC = 0;
/**
 * A tick that comes so soon after another is the same one: that came a little early, by a clock which another CPU had just
 * moved on when its device was programmed, and was programmed anew. Each is charged.
 */
const AGAIN_NS: Ns = 10_000;
const [FLAGS, LAST_TICK] = places('tick_nohz_idle_stop', 'flags', 'last_tick');
const [NOW] = places('tick_nohz_restart', 'now');
const [TICKS] = places('account_idle_ticks', 'ticks');

export class StoppedTicks {
  static readonly listens: readonly EventName[] = ['tick', 'tick_nohz_idle_stop', 'tick_nohz_restart', 'account_idle_ticks'];

  readonly #tickNs: Ns;
  /** A tick that comes so soon after another is the same one. */
  readonly #againNs: Ns;
  /** The first tick that did not come; -1 while the tick runs. */
  readonly #lastTick: Float64Array;
  /** Ticks that came all the same. */
  readonly #came: Float64Array;
  /** Ticks charged more than the CPU's grid has, in all. */
  readonly #extra: Float64Array;
  /** The last tick, and its mode; and how much later than a tick after each other periodic ones have come, in all. */
  readonly #last: Float64Array;
  readonly #lastMode: Int32Array;
  /** Ticks that came early. */
  readonly #early: Float64Array;
  readonly #slid: Float64Array;

  constructor({ cpus, tickNs, clocks }: RunFacts) {
    this.#tickNs = tickNs;
    this.#againNs = AGAIN_NS + (2 * tickNs * new ClockError(clocks).ppb) / 1e9;
    this.#lastTick = new Float64Array(cpus).fill(-1);
    this.#came = new Float64Array(cpus);
    this.#extra = new Float64Array(cpus);
    this.#last = new Float64Array(cpus).fill(-1);
    this.#early = new Float64Array(cpus);
    this.#lastMode = new Int32Array(cpus).fill(-1);
    this.#slid = new Float64Array(cpus);
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    switch (id) {
      case Event.tick:
        this.#onTick(cpu, t, fields[at + MODE]);
        if (this.#lastTick[cpu] >= 0) this.#came[cpu]++;
        return;
      case Event.tick_nohz_idle_stop:
        if ((fields[at + FLAGS] & TickFlag.Stopped) === 0 || this.#lastTick[cpu] >= 0) return;
        this.#lastTick[cpu] = fields[at + LAST_TICK];
        // the last one came early and is due still: it may be charged once more, with those that do not come
        if (this.#lastMode[cpu] !== PERIODIC && fields[at + LAST_TICK] <= this.#last[cpu]) this.#early[cpu] += 1;
        this.#came[cpu] = 0;
        return;
      case Event.tick_nohz_restart:
        this.#extra[cpu] -= this.#missed(cpu, fields[at + NOW]);
        this.#lastTick[cpu] = -1;
        return;
      case Event.account_idle_ticks: this.#extra[cpu] += Math.max(0, fields[at + TICKS]);
    }
  }

  /** By how much a CPU's slots exceed what its ticks would have charged, had they all come; below 0 while it has not gone on. */
  ahead(cpu: CpuId, end: Ns): Ns {
    const owed = this.#lastTick[cpu] < 0 ? 0 : this.#missed(cpu, end);
    return (this.#extra[cpu] - owed) * this.#tickNs - this.#slid[cpu];
  }

  /** So much may have been charged twice. */
  twice(cpu: CpuId): Ns {
    return this.#early[cpu] * this.#tickNs;
  }

  #onTick(cpu: CpuId, t: Ns, mode: number): void {
    const passed = this.#last[cpu] < 0 ? Infinity : t - this.#last[cpu];
    const late = passed - this.#tickNs;
    // what is later than that was kept from coming, and others allow for it
    if (mode === PERIODIC && this.#lastMode[cpu] === PERIODIC && Math.abs(late) < this.#tickNs / 2) this.#slid[cpu] += late;
    if (mode !== PERIODIC && this.#lastMode[cpu] === mode && passed < this.#againNs) this.#early[cpu] += 1;
    this.#last[cpu] = t;
    this.#lastMode[cpu] = mode;
  }

  /** Ticks of the grid up to `now` that did not come. */
  #missed(cpu: CpuId, now: Ns): number {
    return Math.max(0, Math.floor((now - this.#lastTick[cpu]) / this.#tickNs) + 1) - this.#came[cpu];
  }
}
