/**
 * Time that a CPU earned and its slots do not hold: a task that leaves with less than a tick of some kind takes it along,
 * and the CPU where the tick is full is charged with all of it.
 */
import { tracksContexts } from '../../shared/cputime-flavour.ts';
import type { RunFacts } from '../../shared/event-consumer.ts';
import { Cpustat, NR_CPUSTAT } from '../../shared/structs/cpu.ts';
import { VtimeState } from '../../shared/structs/task.ts';
import type { CpuId, Ns, TaskId } from '../../shared/units.ts';
import { places } from './kept-events.ts';

const [TASK, STATE, VTIME_UTIME, VTIME_STIME, VTIME_GTIME] = places(
  'vtime_publish', 'task', 'state', 'vtime_utime', 'vtime_stime', 'vtime_gtime',
);
const { User, Nice, System, Guest, GuestNice } = Cpustat;

export class CarriedTime {
  readonly #facts: RunFacts;
  /** By CPU and slot: what tasks took along, less what they brought. */
  readonly #away: Float64Array;
  readonly #active: Uint8Array;

  constructor(facts: RunFacts) {
    this.#facts = facts;
    this.#away = new Float64Array(facts.cpus * NR_CPUSTAT);
    this.#active = new Uint8Array(facts.tasks.length);
  }

  /** The `vtime_publish` event; `nice` is the task's. */
  onPublish(cpu: CpuId, nice: number, fields: Float64Array, at: number): void {
    if (!tracksContexts(this.#facts.cputime[cpu])) return;
    const task = fields[at + TASK];
    const active = fields[at + STATE] === VtimeState.Inactive ? 0 : 1;
    if (active !== this.#active[task]) {
      const sign = active === 1 ? -1 : 1;
      this.#take(cpu, nice, sign * fields[at + VTIME_UTIME], sign * fields[at + VTIME_STIME], sign * fields[at + VTIME_GTIME]);
    }
    this.#active[task] = active;
  }

  away(cpu: CpuId, slot: number): Ns {
    return this.#away[cpu * NR_CPUSTAT + slot];
  }

  /** Whether the task runs on a CPU that tracks contexts. */
  isActive(task: TaskId): boolean {
    return this.#active[task] === 1;
  }

  #take(cpu: CpuId, nice: number, utime: Ns, stime: Ns, gtime: Ns): void {
    const first = cpu * NR_CPUSTAT;
    this.#away[first + (nice > 0 ? Nice : User)] += utime + gtime;
    this.#away[first + (nice > 0 ? GuestNice : Guest)] += gtime;
    this.#away[first + System] += stime;
  }
}
