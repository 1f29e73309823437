/**
 * The soak of the message lists: as many messages as asked for through the shipped `sendCsd`, `takeAll`
 * and `sleepOnBell`, on real threads, and a verdict on each: none lost, none twice, none altered, those
 * of one sender in the order in which it sent them.
 *
 * No thread sleeps with a time-out: a doorbell that does not ring leaves a thread asleep for ever. Only
 * this side looks at a clock. When no message has arrived anywhere for a long time, the run is stuck,
 * and that is a defect like any other.
 */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { layOutMachine, type MachineShape } from '../../shared/machine-map.ts';
import { allocateShared, type SharedWasmMemory } from '../../shared/memory/wasm-memory.ts';
import type { Mutant } from './message-mutants.ts';
import type { ThreadReport } from './message-worker.ts';

export const PATTERNS = ['one to one', 'three to one', 'all to all'] as const;
export const POOLS = [4096, 256, 1] as const;
export const MEMORIES = ['wasm', 'atomics'] as const;

export interface MessageCase {
  readonly pattern: (typeof PATTERNS)[number];
  /** Slots of each sender. */
  readonly pool: number;
  readonly memory: (typeof MEMORIES)[number];
  readonly messages: number;
  /** Loads before a thread sleeps; left out: as an engine would measure. */
  readonly loads?: number | undefined;
  readonly mutant?: Mutant | undefined;
}

/** What one thread is to do: how many messages it sends, to whom in turn, and who sends to it. */
interface Orders {
  readonly sends: number;
  readonly to: readonly number[];
  readonly from: readonly number[];
}

/** What a worker is started with. */
export interface WorkerData extends Pick<MessageCase, 'memory' | 'loads' | 'mutant'> {
  readonly shared: SharedWasmMemory;
  readonly shape: MachineShape;
  readonly hash: string;
  readonly cores: number;
  readonly id: number;
  readonly orders: Orders;
  /** Words, see `Board`. */
  readonly board: SharedArrayBuffer;
}

/** Threads that are ready; 1 when all are; from `received` on how much each has got. */
export const Board = { ready: 0, go: 1, received: 2 } as const;

export interface MessageResult {
  readonly received: number;
  readonly lost: number;
  /** Not the one that had to come next: swapped, skipped, or come again. */
  readonly outOfOrder: number;
  /** Of other contents than were sent. */
  readonly altered: number;
  /** No message arrived anywhere for as long as was allowed. */
  readonly stuck: boolean;
  readonly seconds: number;
  readonly loads: number;
}

const LOOK_MS = 50;

/** Runs one case. `worker`: the compiled entry of a thread. */
export async function soakMessages(which: MessageCase, worker: URL, stuckAfterMs: number): Promise<MessageResult> {
  const orders = ordersOf(which);
  const cpus = orders.length - 1; // the last thread is the machine's coordinator
  const shape = { cpus, tasks: cpus, syncObjects: 1, sharedTimers: 1, csdPool: which.pool };
  const { map } = layOutMachine(shape);
  const { memory, loads, mutant } = which;
  const board = new SharedArrayBuffer(4 * (Board.received + orders.length));
  const shared = allocateShared(map.bytes);
  const common = { memory, loads, mutant, shared, shape, hash: map.hash(), cores: availableParallelism(), board };
  const workers = orders.map((own, id) => new Worker(worker, { workerData: { ...common, id, orders: own } satisfies WorkerData }));
  const watch = new StallWatch(new Int32Array(board), stuckAfterMs);
  try {
    const reports = await Promise.race([Promise.all(workers.map(reportOf)), watch.stalled]);
    return reports === 'stuck' ? stuckResult(which, watch.received()) : resultOf(reports);
  } finally {
    watch.stop();
    await Promise.all(workers.map((each) => each.terminate()));
  }
}

export function hasDefect({ lost, outOfOrder, altered, stuck }: MessageResult): boolean {
  return stuck || lost !== 0 || outOfOrder !== 0 || altered !== 0;
}

function ordersOf({ pattern, messages }: MessageCase): Orders[] {
  const all = Array.from({ length: pattern === 'one to one' ? 2 : 4 }, (_, id) => id);
  const receiver = all.length - 1;
  const senders = pattern === 'all to all' ? all : all.slice(0, receiver);
  const sends = (sender: number) => Math.floor((messages + senders.length - 1 - sender) / senders.length);
  if (pattern !== 'all to all') {
    return all.map((id) => (id === receiver
      ? { sends: 0, to: [], from: senders } : { sends: sends(id), to: [receiver], from: [] }));
  }
  const othersOf = (id: number) => all.filter((other) => other !== id);
  return all.map((id) => ({ sends: sends(id), to: othersOf(id), from: othersOf(id) }));
}

function reportOf(worker: Worker): Promise<ThreadReport> {
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`a thread ended with code ${code} before it reported`)));
  });
}

/** Looks from outside whether anything still arrives, from the moment on at which all threads are ready. */
class StallWatch {
  readonly stalled: Promise<'stuck'>;
  private readonly board: Int32Array;
  private readonly timer: NodeJS.Timeout;

  constructor(board: Int32Array, afterMs: number) {
    this.board = board;
    let [seen, since] = [-1, 0];
    let tell: (stuck: 'stuck') => void;
    this.stalled = new Promise((resolve) => (tell = resolve));
    this.timer = setInterval(() => {
      const received = this.received();
      if (Atomics.load(board, Board.go) === 0 || received !== seen) [seen, since] = [received, performance.now()];
      else if (performance.now() - since > afterMs) tell('stuck');
    }, LOOK_MS);
  }

  received(): number {
    return this.board.subarray(Board.received).reduce((sum, _, thread) => sum + Atomics.load(this.board, Board.received + thread), 0);
  }

  stop(): void {
    clearInterval(this.timer);
  }
}

function stuckResult({ messages }: MessageCase, received: number): MessageResult {
  return { received, lost: messages - received, outOfOrder: 0, altered: 0, stuck: true, seconds: NaN, loads: NaN };
}

function resultOf(reports: readonly ThreadReport[]): MessageResult {
  const sum = (of: (report: ThreadReport) => number) => reports.reduce((total, report) => total + of(report), 0);
  const start = Math.min(...reports.map(({ startNs }) => startNs));
  const end = Math.max(...reports.map(({ endNs }) => endNs));
  const received = sum((report) => report.received);
  return {
    received,
    lost: sum((report) => report.sent) - received,
    outOfOrder: sum((report) => report.outOfOrder),
    altered: sum((report) => report.altered),
    stuck: false,
    seconds: (end - start) / 1e9,
    loads: reports[0]!.loads,
  };
}
