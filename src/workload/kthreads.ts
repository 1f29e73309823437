/**
 * Kernel threads and works, from the rows of a list: who does what, on which CPU. They are tasks at the end of the
 * workload, each with a program that goes on for ever.
 */
import { Policy } from '../../shared/structs/task.ts';
import { NONE, type CpuId, type Ns, type TaskId } from '../../shared/units.ts';
import { BACKGROUND, REMOTE_TICK_ROW, type BackgroundRow, type BackgroundSpec } from '../kernel/background.ts';
import { OpKind, type Attributes, type TaskSpec } from '../kernel/user.ts';
import type { DynticksBlock } from './dynticks-block.ts';
import { PHASE_END, ProgramBuilder, type Program } from './program.ts';
import { nodeAt, type JsonNode } from './rtapp/document.ts';
import type { Source } from './rtapp/source.ts';

/** What a list of kernel threads needs to know of the machine. */
export interface KthreadPlace {
  readonly cpus: number;
  /** CPUs that the kernel may use for itself: the others are isolated. */
  readonly housekeeping: readonly CpuId[];
  /** CPUs of `nohz_full=`. */
  readonly nohzFull: readonly CpuId[];
  /** Number of the first of their tasks. */
  readonly firstTask: TaskId;
  /** Number of the first of their declarations. */
  readonly firstDeclaration: number;
}

export interface Kthreads {
  readonly tasks: readonly TaskSpec[];
  readonly programs: readonly Program[];
  readonly background: readonly BackgroundSpec[];
  readonly workers: readonly TaskId[];
  /** By CPU; empty where nobody asks for kernel threads. */
  readonly ksoftirqds: readonly TaskId[];
}

/** The rows that the block asks for, as this kernel version has them. */
export function rowsOf({ kthreads, tickOff = [] }: DynticksBlock, kernel: string): readonly BackgroundRow[] {
  if (kthreads === 'linux') return BACKGROUND[kernel] ?? [];
  const rows = (kthreads ?? []).map((row) => ({ ...row, cpu: row.cpu ?? null, pinned: row.cpu !== undefined }));
  // where ticks are off somebody must do them
  return tickOff.length === 0 ? rows : [...rows, REMOTE_TICK_ROW];
}

/** A CPU has one timer for such a thread. Throws BadInput at the second. */
export function checkKthreads(source: Source, { kthreads }: DynticksBlock, block: JsonNode | null): void {
  if (!Array.isArray(kthreads) || block === null) return;
  const taken = new Set<CpuId>();
  kthreads.forEach(({ timer, cpu = 0 }, i) => {
    if (timer !== 'hrtimer') return;
    const { at } = nodeAt(block, ['kthreads', i]);
    if (taken.has(cpu)) throw source.bad(at, `dynticks.kthreads[${i}]`, `a second "hrtimer" on CPU ${cpu}`, 'at most one for each CPU');
    taken.add(cpu);
  });
}

export function compileKthreads(rows: readonly BackgroundRow[], place: KthreadPlace): Kthreads {
  const compiler = new KthreadCompiler(place);
  if (rows.length > 0) compiler.addKsoftirqds();
  for (const row of rows) compiler.add(row);
  return compiler;
}

class KthreadCompiler implements Kthreads {
  readonly tasks: TaskSpec[] = [];
  readonly programs: Program[] = [];
  readonly background: BackgroundSpec[] = [];
  readonly workers: TaskId[] = [];
  readonly ksoftirqds: TaskId[] = [];
  readonly #place: KthreadPlace;
  readonly #pools = new Map<string, number>();

  constructor(place: KthreadPlace) {
    this.#place = place;
  }

  addKsoftirqds(): void {
    const program = endless(new ProgramBuilder(), OpKind.Ksoftirqd);
    for (let cpu = 0; cpu < this.#place.cpus; cpu++) this.ksoftirqds.push(this.#thread(`ksoftirqd/${cpu}`, cpu, false, program));
  }

  add(row: BackgroundRow): void {
    const { housekeeping, nohzFull } = this.#place;
    const { cpu } = row;
    if (row.remoteTick === true) for (const each of nohzFull) this.#addOn(row, housekeeping[0]!, false, each);
    else if (cpu === 'each') for (const each of housekeeping) this.#addOn(row, each, true);
    else if (cpu !== null && (row.pinned || housekeeping.includes(cpu))) this.#addOn(row, cpu, true);
    else this.#addOn(row, housekeeping[0]!, cpu !== null);
  }

  #addOn({ name, timer, every, work, thread, cpu: where }: BackgroundRow, cpu: CpuId, bound: boolean, ticks: CpuId = NONE): void {
    const number = this.background.length;
    const threadName = where === 'each' ? `${thread ?? name}/${cpu}` : thread ?? name;
    let task: TaskId = -1;
    let pool = -1;
    if (timer === 'process_timeout') task = this.#thread(threadName, bound ? cpu : null, false, sleeper(every, work));
    else if (timer === 'grace_period') task = this.#thread(threadName, null, false, endless(new ProgramBuilder(), OpKind.RcuGpKthread));
    else if (timer === 'hrtimer') task = this.#thread(threadName, cpu, true, waiter(number, work));
    else if (timer !== 'deferrable') {
      pool = this.#poolOf(bound ? cpu : null);
      task = this.workers[pool]!;
    }
    this.background.push({ name, timer, cpu, every, work, task, pool, ticks });
  }

  /** The worker thread of a CPU, or the one that is bound to none. */
  #poolOf(cpu: CpuId | null): number {
    const name = cpu === null ? `kworker/u${2 * this.#place.cpus}:0` : `kworker/${cpu}:0`;
    const known = this.#pools.get(name);
    if (known !== undefined) return known;
    const pool = this.workers.length;
    this.#pools.set(name, pool);
    this.workers.push(this.#thread(name, cpu, false, endless(new ProgramBuilder(), OpKind.Work, pool)));
    return pool;
  }

  #thread(name: string, cpu: CpuId | null, realTime: boolean, program: Program): TaskId {
    const { firstTask, firstDeclaration, housekeeping } = this.#place;
    const attributes: Attributes = {
      policy: realTime ? Policy.Fifo : Policy.Other, nice: 0, rtPriority: realTime ? 99 : 0,
      dlRuntime: 0, dlDeadline: 0, dlPeriod: 0, cpus: cpu === null ? housekeeping : [cpu],
    };
    const task = firstTask + this.tasks.length;
    const declaration = firstDeclaration + this.programs.length;
    this.tasks.push({ name, declaration, instance: 0, startsAtBoot: true, delay: 0, attributes, kernel: true });
    this.programs.push(program);
    return task;
  }
}

/** Works, and sleeps on the wheel. */
function sleeper(every: Ns, work: Ns): Program {
  const out = new ProgramBuilder();
  out.emit(OpKind.Timeout, every);
  return endless(out, OpKind.KthreadWork, work);
}

/** Waits for its row, and works. */
function waiter(row: number, work: Ns): Program {
  const out = new ProgramBuilder();
  out.emit(OpKind.KthreadWait, row);
  return endless(out, OpKind.KthreadWork, work);
}

/** What ends with this operation, and begins anew for ever. */
function endless(out: ProgramBuilder, kind: OpKind, a = 0): Program {
  out.emit(kind, a);
  out.emit(PHASE_END, -1, 0, 1);
  return out.finish(-1);
}
