/** A thread that is one CPU of a model, and goes along the schedules that it is sent. Compiled, since threads run `dist/`. */
import { parentPort, workerData } from 'node:worker_threads';
import { AtomicsMemory } from '../../shared/memory/atomics-memory.ts';
import type { Memory } from '../../shared/memory/memory.ts';
import { WasmMemory, type SharedWasmMemory } from '../../shared/memory/wasm-memory.ts';
import type { StrandCode } from '../../src/explore/explored-memory.ts';
import { startsOf, type Model, type Start } from '../../src/explore/model.ts';
import type { NativeKind } from '../support/each-memory.ts';
import { ALL } from './conformance-models.ts';
import { Baton, exactly, InTurn, type Cell, type Run } from './in-turn.ts';

export interface Job {
  /** Of the model. */
  readonly id: string;
  readonly kind: NativeKind;
  readonly native: SharedWasmMemory;
  readonly pillow: SharedWasmMemory;
  readonly baton: SharedArrayBuffer;
  readonly runs: readonly Run[];
}

/** Of one run, what one thread knows. */
export interface Part {
  readonly accounts: readonly [turn: number, account: string][];
  readonly outcomes: readonly [strand: number, outcome: string][];
  /** What the cells hold at the end, where it is this thread that looks. */
  readonly cells: readonly string[] | undefined;
}

const { cpu } = workerData as { readonly cpu: number };
/** The thread that fills the cells before a run, and reads them after it. */
const isHost = cpu === 0;

parentPort!.on('message', (job: Job) => parentPort!.postMessage(play(job)));

function play(job: Job): Part[] {
  const { model } = ALL.find(({ id }) => id === job.id)!;
  const starts = startsOf(model);
  const [native, pillow] = [open(job.kind, job.native), open(job.kind, job.pillow)];
  const memories = { native, pillow, baton: new Baton(new AtomicsMemory(job.baton)) };
  let turn = 0;
  return job.runs.map((run) => {
    const start = starts[run.start]!;
    if (isHost) inTurn(memories.baton, turn, () => setUp(model, start, native, pillow));
    const mine = new InTurn(memories, turn + 1, run, codesOf(model, start), cpu, start.firings[cpu]!.some((times) => times > 0));
    mine.takeAll();
    turn += run.turns.length + 2;
    const cells = isHost ? inTurn(memories.baton, turn - 1, () => read(native, run.cells)) : undefined;
    return { accounts: mine.accounts, outcomes: mine.outcomes, cells };
  });
}

function open(kind: NativeKind, shared: SharedWasmMemory): Memory {
  return kind === 'wasm' ? new WasmMemory(shared) : new AtomicsMemory(shared.buffer);
}

function inTurn<T>(baton: Baton, turn: number, body: () => T): T {
  baton.await(turn);
  const result = body();
  baton.pass(turn);
  return result;
}

function setUp(model: Model, { chosen }: Start, native: Memory, pillow: Memory): void {
  for (let at = 0; at < model.cells.bytes; at += 4) native.store(at, 0);
  for (let at = 0; at < 2 * model.cells.bytes; at += 4) pillow.store(at, 0);
  model.cells.fill?.(native);
  model.setUp?.(native, chosen);
}

/** By strand: the threads, then each firing of an interrupt. */
function codesOf({ threads }: Model, { firings }: Start): StrandCode[] {
  const irqs = threads.flatMap((thread, id) =>
    (thread.irqs ?? []).flatMap((irq, kind) => Array.from({ length: firings[id]![kind]! }, () => irq)));
  return [...threads, ...irqs].map(({ run }) => run);
}

function read(native: Memory, cells: readonly Cell[]): string[] {
  return cells.map(({ at, isLong }) => exactly(isLong ? native.loadLong(at) : native.load(at)));
}
