/**
 * What sampling by ticks owes while an idle CPU has stopped its tick: the ticks that did not come are
 * charged in one go when it goes on, counted in jiffies. That count may differ from the CPU's own grid, if it
 * stopped before the jiffy of that instant was counted; by how much is known exactly.
 */
import { Event, type EventName } from '../../shared/events.ts';
import { TickFlag } from '../../shared/structs/cpu.ts';
import type { CpuId, Ns } from '../../shared/units.ts';
import { places } from './kept-events.ts';

const [FLAGS, LAST_TICK] = places('tick_nohz_idle_stop', 'flags', 'last_tick');
const [NOW] = places('tick_nohz_restart', 'now');
const [TICKS] = places('account_idle_ticks', 'ticks');

export class StoppedTicks {
  static readonly listens: readonly EventName[] = ['tick', 'tick_nohz_idle_stop', 'tick_nohz_restart', 'account_idle_ticks'];

  readonly #tickNs: Ns;
  /** The first tick that did not come; -1 while the tick runs. */
  readonly #lastTick: Float64Array;
  /** Ticks that came all the same. */
  readonly #came: Float64Array;
  /** Ticks charged more than the CPU's grid has, in all. */
  readonly #extra: Float64Array;

  constructor(cpus: number, tickNs: Ns) {
    this.#tickNs = tickNs;
    this.#lastTick = new Float64Array(cpus).fill(-1);
    this.#came = new Float64Array(cpus);
    this.#extra = new Float64Array(cpus);
  }

  onEvent(id: number, cpu: CpuId, fields: Float64Array, at: number): void {
    switch (id) {
      case Event.tick:
        if (this.#lastTick[cpu] >= 0) this.#came[cpu]++;
        return;
      case Event.tick_nohz_idle_stop:
        if ((fields[at + FLAGS] & TickFlag.Stopped) === 0 || this.#lastTick[cpu] >= 0) return;
        this.#lastTick[cpu] = fields[at + LAST_TICK];
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
    return (this.#extra[cpu] - owed) * this.#tickNs;
  }

  /** Ticks of the grid up to `now` that did not come. */
  #missed(cpu: CpuId, now: Ns): number {
    return Math.max(0, Math.floor((now - this.#lastTick[cpu]) / this.#tickNs) + 1) - this.#came[cpu];
  }
}
