/**
 * The spike's CPUs on one thread, so that what threads do by luck happens by name: at a named access
 * of one CPU, another one goes on.
 */
import { EventKind } from '../../../shared/memory/guards.ts';
import { ObservedMemory, type Access } from '../../../shared/memory/observed-memory.ts';
import { PlainMemory } from '../../../shared/memory/plain-memory.ts';
import { KTIME_MAX, NOBODY, type CpuId } from '../../../shared/units.ts';
import { raiseNextInteracting, raisePromise } from './horizon.ts';
import { freeMap, freeViews, PARTICIPANTS, WRITERS, type FreeViews } from './records.ts';
import { Writer, type WriterFaults } from './writer.ts';

const END = 10_000_000;
/** More turns than any of these schedules needs. */
const TURNS = 10_000;

export class ForcedBench {
  readonly views: FreeViews;
  readonly writers: readonly Writer[];
  private readonly memory: PlainMemory;
  private readonly observed: ObservedMemory;
  private running: CpuId = NOBODY;

  /** Both writers have booted, and the readers' clocks hold nobody back. */
  constructor(faults: WriterFaults = {}) {
    const map = freeMap();
    this.memory = new PlainMemory(map.machine.map);
    this.observed = new ObservedMemory(this.memory, map.machine.map);
    this.views = freeViews(this.observed, map);
    this.writers = Array.from({ length: WRITERS }, (_, cpu) => new Writer(cpu, this.views, END, faults, () => {}));
    for (let cpu = WRITERS; cpu < PARTICIPANTS; cpu += 1) this.letGo(cpu);
    this.writers.forEach((writer, cpu) => this.as(cpu, () => writer.boot()));
  }

  /** Executes as a CPU, so that the guards know whose store it is. */
  as<T>(cpu: CpuId, run: () => T): T {
    const outer = this.running;
    this.running = cpu;
    this.memory.runAs(cpu, EventKind.Interacting);
    const result = run();
    this.running = outer;
    this.memory.runAs(outer, EventKind.Interacting);
    return result;
  }

  /** Lets `cpu` run one event; the other writer goes on as far as the rules make that necessary. */
  advance(cpu: CpuId): void {
    for (let turn = 0; turn < TURNS; turn += 1) {
      if (this.as(cpu, () => this.writers[cpu]!.turn())) return;
      this.as(1 - cpu, () => this.writers[1 - cpu]!.turn());
    }
    throw new Error(`CPU ${cpu} cannot go on`);
  }

  advanceUntil(cpu: CpuId, reached: () => boolean): void {
    for (let events = 0; !reached(); events += 1) {
      if (events === TURNS) throw new Error(`CPU ${cpu} does not get there`);
      this.advance(cpu);
    }
  }

  /** Lets `cpu` run alone, as far as its horizon. */
  runAhead(cpu: CpuId): void {
    while (this.as(cpu, () => this.writers[cpu]!.turn()));
  }

  /** Runs `inside` right after the n-th access of that name in `run`. */
  cut<T>(struct: string, field: string, op: Access, n: number, inside: () => void, run: () => T): T {
    let seen = -1;
    this.observed.onAccess = (s, f, o) => {
      if (s === struct && f === field && o === op && (seen += 1) === n) inside();
    };
    const result = run();
    this.observed.onAccess = () => {};
    if (seen < n) throw new Error(`cut never reached: ${struct}.${field} ${op} ${n}`);
    return result;
  }

  private letGo(cpu: CpuId): void {
    this.as(cpu, () => {
      raisePromise(this.views, cpu, KTIME_MAX);
      raiseNextInteracting(this.views, cpu, KTIME_MAX);
    });
  }
}
