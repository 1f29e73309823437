/** One thread of the soak of the message lists: sends its share, takes what comes, and checks each message. */
import { parentPort, workerData } from 'node:worker_threads';
import { layOutMachine } from '../../shared/machine-map.ts';
import { AtomicsMemory } from '../../shared/memory/atomics-memory.ts';
import { WasmMemory } from '../../shared/memory/wasm-memory.ts';
import { MessageKind } from '../../shared/structs/cpu.ts';
import { WindowPage } from '../../shared/structs/window.ts';
import { sendCsd, sleepOnBell, takeAll } from '../../shared/sync/call-queue.ts';
import { mayHaveCores, measureHandOff, spinLoads } from '../../src/engine/threads/spin-policy.ts';
import { spoil } from './message-mutants.ts';
import { Board, type WorkerData } from './messages.ts';

export interface ThreadReport {
  readonly sent: number;
  readonly received: number;
  readonly outOfOrder: number;
  readonly altered: number;
  /** Loads before a sleep. */
  readonly loads: number;
  readonly startNs: number;
  readonly endNs: number;
}

/** Messages between two looks into the own list, for those who send and receive. */
const LOOK_EVERY = 32;

const given = workerData as WorkerData;
const { id, orders: { sends, to, from } } = given;
const map = layOutMachine(given.shape);
if (map.map.hash() !== given.hash) throw new Error('dist/ is not what shared/ says: npm run build');
const native = given.memory === 'wasm' ? new WasmMemory(given.shared) : new AtomicsMemory(given.shared.buffer);
const memory = given.mutant === undefined ? native : spoil(native, map, given.mutant);
const board = new Int32Array(given.board);
const threads = given.shape.cpus + 1;

let [sent, received, outOfOrder, altered, ended] = [0, 0, 0, 0, 0];
/** By sender: what its next message is numbered. */
const expected: number[] = Array(threads).fill(0);

function deliver(kind: MessageKind, origin: number, a: number, b: number, due: number, n: number, cause: number): void {
  if (a !== expected[origin]) outOfOrder++;
  expected[origin] = a + 1;
  if (b !== -a * 7 - id || due !== n * 3 || cause !== n + origin) altered++;
  received++;
  if (kind === MessageKind.BringUp) ended++;
}

function drain(): void {
  if (takeAll(memory, map, id, deliver) > 0) Atomics.store(board, Board.received + id, received);
}

/** To each in turn; the last message to each says so. */
function send(): void {
  for (let n = 0; n < sends; n++) {
    const receiver = to[n % to.length]!;
    const seq = Math.floor(n / to.length);
    const kind = n + to.length >= sends ? MessageKind.BringUp : MessageKind.Reschedule;
    native.spin.reset();
    sendCsd(memory, map, id, receiver, kind, seq, -seq * 7 - receiver, n * 3, n, n + id, drain);
    sent++;
    if (n % LOOK_EVERY === 0) drain();
  }
}

function receive(): void {
  for (;;) {
    drain();
    if (ended === from.length) return;
    sleepOnBell(memory, map, id, Infinity);
  }
}

/** As the engine does at its start: where there may be cores for all, two threads measure; one tells everybody. */
function setLoads(): void {
  const page = WindowPage.at;
  let { loads } = given;
  if (loads === undefined && id < 2 && mayHaveCores(given.shape.cpus, given.cores)) {
    const words = [page.ping, page.pong] as const;
    const measured = measureHandOff(native, id as 0 | 1, map.at.window + words[id]!, map.at.window + words[1 - id]!);
    loads = spinLoads(given.shape.cpus, given.cores, measured);
  }
  if (id === 0) native.store(map.at.window + page.spinLoads, loads ?? 0);
}

function awaitAll(): void {
  if (Atomics.add(board, Board.ready, 1) + 1 === threads) {
    Atomics.store(board, Board.go, 1);
    Atomics.notify(board, Board.go);
  }
  Atomics.wait(board, Board.go, 0);
}

const nowNs = () => Number(process.hrtime.bigint());

setLoads();
awaitAll();
const startNs = nowNs();
send();
receive();
const endNs = nowNs();
const loads = native.load(map.at.window + WindowPage.at.spinLoads);
parentPort!.postMessage({ sent, received, outOfOrder, altered, loads, startNs, endNs } satisfies ThreadReport);
