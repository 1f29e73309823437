/**
 * Spike: memory under exploration. A simulated thread is a pure function of the results of its
 * accesses, so its whole state is their log. To learn what it does next it is run from the start with
 * the log fed back, and thrown away by a token at the first access beyond it. Then every order of the
 * threads' accesses is tried, depth first, each step taken back afterwards.
 */
import { PlainMemory } from '../../shared/memory/plain-memory.ts';

const TOKEN = { token: true };
type Op = 'load' | 'store' | 'done';

/** What a thread does next, given its log; what comes after each possible result is kept. */
interface Pending {
  readonly op: Op;
  readonly at: number;
  readonly value: number;
  /** It called `relax` before: it can go on only when a cell that it read since then has changed. */
  readonly waits: boolean;
  readonly after: Map<number, Pending>;
}
export type ExploredThread = (memory: PlainMemory) => number;

class ReplayMemory extends PlainMemory {
  log: readonly number[] = [];
  pending: Pending | undefined;
  private cursor = 0;
  private relaxed = false;

  start(log: readonly number[]): void {
    this.log = log;
    this.cursor = 0;
    this.relaxed = false;
    this.pending = undefined;
  }
  private access(op: Op, at: number, value: number): number {
    if (this.pending === undefined && this.cursor < this.log.length) {
      this.relaxed = false;
      return this.log[this.cursor++]!;
    }
    this.pending ??= { op, at, value, waits: this.relaxed, after: new Map() };
    throw TOKEN;
  }
  override load(at: number): number { return this.access('load', at, 0); }
  override loadLong(at: number): number { return this.access('load', at, 0); }
  override store(at: number, value: number): void { this.access('store', at, value); }
  override storeLong(at: number, value: number): void { this.access('store', at, value); }
  override relax(): void { this.relaxed = true; }
}

const replay = new ReplayMemory(8);

function next(thread: ExploredThread, log: readonly number[]): Pending {
  replay.start(log);
  try {
    return { op: 'done', at: -1, value: thread(replay), waits: false, after: new Map() };
  } catch (thrown) {
    if (thrown === TOKEN && replay.pending !== undefined) return replay.pending;
    throw thrown;
  }
}

interface State {
  readonly thread: ExploredThread;
  pending: Pending;
  readonly log: number[];
  /** Cells and their versions as read since the last `relax`. */
  reads: readonly (readonly [at: number, version: number])[];
}

/** Runs every interleaving; calls `judge` with the threads' results and the cells. Returns how many there were. */
export function explore(threads: readonly ExploredThread[], judge: (results: number[], cells: Map<number, number>) => void): number {
  const cells = new Map<number, number>();
  const versions = new Map<number, number>();
  const states: State[] = threads.map((thread) => ({ thread, pending: next(thread, []), log: [], reads: [] }));
  const versionOf = (at: number) => versions.get(at) ?? 0;
  const canRun = ({ pending, reads }: State) =>
    pending.op !== 'done' && (!pending.waits || reads.some(([at, version]) => versionOf(at) !== version));
  let executions = 0;

  const visit = (): void => {
    const ready = states.filter(canRun);
    if (ready.length > 0) return ready.forEach(step);
    if (states.some((state) => state.pending.op !== 'done')) throw new Error('stuck: a thread waits and nobody can end it');
    executions++;
    judge(states.map((state) => state.pending.value), cells);
  };
  const step = (state: State): void => {
    const { pending, reads } = state;
    const { op, at, value } = pending;
    const [old, oldVersion] = [cells.get(at) ?? 0, versionOf(at)];
    if (op === 'store') cells.set(at, value);
    if (op === 'store' && value !== old) versions.set(at, oldVersion + 1);
    const result = op === 'load' ? old : 0;
    state.log.push(result);
    state.reads = [...(pending.waits ? [] : reads), [at, oldVersion] as const];
    state.pending = pending.after.get(result) ?? next(state.thread, state.log);
    pending.after.set(result, state.pending);
    visit();
    state.log.pop();
    Object.assign(state, { pending, reads });
    cells.set(at, old);
    versions.set(at, oldVersion);
  };
  visit();
  return executions;
}
