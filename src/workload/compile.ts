/**
 * From declarations to what the kernel needs: programs, task records, numbers for every named thing.
 * Record i of the tasks is task `cpus + i`: instances in file order, then readers, then fork pools, then kernel threads.
 */
import { FORK_POOL, NR_TASKS_MAX } from '../../shared/limits.ts';
import { Policy } from '../../shared/structs/task.ts';
import type { ClockId } from '../../shared/structs/timekeeper.ts';
import { NONE, type Ns, type TaskId } from '../../shared/units.ts';
import { OpKind, ReadView, TimerMode, type Attributes, type ReadTarget, type TaskSpec, type WorkloadData } from '../kernel/user.ts';
import { clockPrograms, clockSpecs, type ClockDeclarations } from './clock-tasks.ts';
import { AttributeTable, attributesOfTask } from './attributes.ts';
import { absoluteTimersOf, compileTask, isUnique, type CompileContext } from './compile-task.ts';
import type { BackgroundRow } from '../kernel/background.ts';
import { compileKthreads } from './kthreads.ts';
import { PHASE_END, ProgramBuilder, type Program } from './program.ts';
import { DEFAULT_VIEWS, looksAt, takesLock, type ReadViewName } from './read-views.ts';
import { groupThreads, leadersOf, type ProcessDeclaration } from './processes.ts';
import type { TaskDeclaration } from './rtapp/model.ts';
import type { Source } from './rtapp/source.ts';
import type { ReaderSpec } from './scenario.ts';
import { SyncNames } from './sync-names.ts';

/** A reader of CPU time, as asked for: a task of its own. */
export interface ReaderDeclaration {
  readonly name: string;
  /** Where it runs; null: anywhere. */
  readonly cpu: number | null;
  /** Its period; 0: one look right after the other. */
  readonly everyNs: Ns;
  /** Who looks. */
  readonly from: 'task' | 'timer' | 'coordinator';
  readonly delayNs: Ns;
  /** At whole multiples of the period. */
  readonly grid: boolean;
  /** Views, in the order of its looks; empty: those that go with what it reads. */
  readonly what: readonly ReadViewName[];
  /** Declarations of which it reads all instances that start at boot. */
  readonly declarations: readonly number[];
  /** Declarations of whose instances it reads the processes. */
  readonly processes: readonly number[];
  readonly cpus: readonly number[];
  readonly clocks: readonly ClockId[];
  readonly adjusted: boolean;
  readonly reader: 'linux' | 'complete';
  readonly policy: number;
  /** Nice or real-time priority, by policy. */
  readonly priority: number;
}

export interface CompileOptions {
  /** CPUs of the machine: the first task of the workload has this number. */
  readonly cpus: number;
  /** CPUs of a task that names none; null: all. */
  readonly everywhere: readonly number[] | null;
  readonly readers: readonly ReaderDeclaration[];
  /** What the kernel does by itself. */
  readonly background: readonly BackgroundRow[];
  /** CPUs that the kernel may use for itself. */
  readonly housekeeping: readonly number[];
  /** CPUs of `nohz_full=`. */
  readonly nohzFull: readonly number[];
  readonly clocks: ClockDeclarations;
  readonly processes: readonly ProcessDeclaration[];
}

export interface Compiled {
  readonly workload: WorkloadData;
  readonly readers: readonly ReaderSpec[];
  /** By declaration, readers last. */
  readonly programs: readonly Program[];
}

/** Throws BadInput where the declarations do not fit together or do not fit the machine. */
export function compileWorkload(source: Source, tasks: readonly TaskDeclaration[], options: CompileOptions): Compiled {
  const forked = forkedDeclarations(tasks);
  checkTaskCount(source, tasks, options, forked.size);
  const context = contextOf(source, tasks, forked, options.everywhere);
  const ofTasks = tasks.map((task) => compileTask(context, task));
  const own = specsOf(tasks, options, forked);
  const ofClocks = clockSpecs(options.clocks, tasks.length + options.readers.length, options.everywhere);
  const specs = [...own, ...ofClocks];
  const reads = options.readers.map((reader) => readTarget(reader, specs, options));
  const ofReaders = options.readers.map((reader, i) => readerProgram(reader, i, reads[i]!));
  const kthreads = compileKthreads(options.background, {
    ...options, firstTask: options.cpus + specs.length, firstDeclaration: ofTasks.length + ofReaders.length + ofClocks.length,
  });
  const programs = [...ofTasks, ...ofReaders, ...clockPrograms(options.clocks), ...kthreads.programs];
  const firstTaskOf = (declaration: number) => specs.findIndex((spec) => spec.declaration === declaration);
  const readers = options.readers.map((reader, i) => ({
    name: reader.name, taskIndex: firstTaskOf(tasks.length + i), read: i, periodNs: reader.everyNs,
  }));
  const workload: WorkloadData = {
    tasks: [...specs, ...kthreads.tasks],
    ...groupThreads([...specs, ...kthreads.tasks], options.cpus, options.processes, programs),
    attributes: context.attributes.list,
    reads,
    forkPools: programs.map((_, declaration) => poolOf(specs, declaration, options.cpus)),
    syncObjects: context.names.objects,
    sharedTimers: context.names.sharedTimers,
    posixTimers: context.names.posixTimerSpecs,
    timerfds: context.names.timerfdSpecs,
    calls: context.calls,
    background: kthreads.background,
    workers: kthreads.workers,
    ksoftirqds: kthreads.ksoftirqds,
    clockSteps: options.clocks.steps,
    clockTasks: ofClocks.map((_, i) => options.cpus + own.length + i),
    kwatchdog: options.clocks.watchdog ? options.cpus + own.length + ofClocks.length - 1 : NONE,
  };
  return { workload, readers, programs };
}

/** The first declaration of each name. */
export function declarationsByName(tasks: readonly TaskDeclaration[]): ReadonlyMap<string, number> {
  const byName = new Map<string, number>();
  tasks.forEach(({ name }, i) => {
    if (!byName.has(name)) byName.set(name, i);
  });
  return byName;
}

function contextOf(
  source: Source, tasks: readonly TaskDeclaration[], forked: ReadonlySet<number>, everywhere: readonly number[] | null,
): CompileContext {
  return {
    source, everywhere,
    instancesOf: (task) => task.instances + (forked.has(tasks.indexOf(task)) ? FORK_POOL : 0),
    names: new SyncNames(),
    calls: [],
    attributes: new AttributeTable(),
    declarations: declarationsByName(tasks),
    absoluteTimers: new Set(tasks.flatMap(absoluteTimersOf).filter((ref) => !isUnique(ref))),
  };
}

/** Declarations that some event forks. */
function forkedDeclarations(tasks: readonly TaskDeclaration[]): ReadonlySet<number> {
  const byName = declarationsByName(tasks);
  const events = tasks.flatMap(({ phases }) => phases.flatMap((phase) => phase.events));
  const refs = events.filter(({ name }) => name === 'fork').map(({ ref }) => byName.get(ref));
  return new Set(refs.filter((declaration) => declaration !== undefined));
}

function checkTaskCount(
  source: Source, tasks: readonly TaskDeclaration[],
  { cpus, readers, clocks, background, housekeeping, nohzFull }: CompileOptions, forked: number,
): void {
  const instances = tasks.reduce((n, task) => n + task.instances, 0);
  const kthreads = compileKthreads(background, { cpus, housekeeping, nohzFull, firstTask: 0, firstDeclaration: 0 }).tasks.length;
  const own = clockSpecs(clocks, 0, null).length + kthreads;
  const total = cpus + instances + readers.length + forked * FORK_POOL + own;
  if (total <= NR_TASKS_MAX) return;
  const largest = tasks.reduce((a, b) => (b.instances > a.instances ? b : a));
  throw source.bad(
    largest.at, `${largest.path}.instance`,
    `${total} tasks (${instances} instances, ${readers.length} readers, ${forked} fork pools of ${FORK_POOL}, ${cpus} idle tasks`
    + `${kthreads === 0 ? '' : `, ${kthreads} kernel threads`})`,
    `at most ${NR_TASKS_MAX} (NR_TASKS_MAX)`, 'Start fewer instances.',
  );
}

/** rt-app numbers threads through the whole file: `AudioOut-1` is the second thread, not the second instance. */
function specsOf(
  tasks: readonly TaskDeclaration[], options: CompileOptions, forked: ReadonlySet<number>,
): readonly TaskSpec[] {
  const specs: TaskSpec[] = [];
  tasks.forEach((task, declaration) => {
    for (let i = 0; i < task.instances; i++) {
      specs.push(specOf(task, declaration, i, `${task.name}-${specs.length}`, true, options));
    }
  });
  const threads = specs.length;
  options.readers.forEach((reader, i) => specs.push(readerSpec(reader, tasks.length + i, options.everywhere)));
  for (const declaration of forked) {
    const task = tasks[declaration]!;
    for (let i = 0; i < FORK_POOL; i++) {
      specs.push(specOf(task, declaration, task.instances + i, `${task.name}-${threads}-${i}`, false, options));
    }
  }
  return specs;
}

function specOf(
  task: TaskDeclaration, declaration: number, instance: number, name: string, startsAtBoot: boolean,
  { everywhere }: CompileOptions,
): TaskSpec {
  const attributes = attributesOfTask(task, everywhere);
  return { name, declaration, instance, startsAtBoot, delay: task.delay, attributes, kernel: false };
}

function readerSpec(reader: ReaderDeclaration, declaration: number, everywhere: readonly number[] | null): TaskSpec {
  const realTime = reader.policy === Policy.Fifo || reader.policy === Policy.Rr;
  const attributes: Attributes = {
    policy: reader.policy,
    nice: realTime ? 0 : reader.priority,
    rtPriority: realTime ? reader.priority : 0,
    dlRuntime: 0, dlDeadline: 0, dlPeriod: 0,
    cpus: reader.cpu === null ? everywhere : [reader.cpu],
  };
  return { name: reader.name, declaration, instance: 0, startsAtBoot: true, delay: reader.delayNs, attributes, kernel: false };
}

/** For ever: wait for the next period, look; without a period one look follows the other. */
function readerProgram({ everyNs, from, grid }: ReaderDeclaration, index: number, { looks, locks }: ReadTarget): Program {
  const out = new ProgramBuilder();
  if (from !== 'task') {
    out.emit(OpKind.ReaderTimer, index, everyNs, from === 'coordinator' ? 1 : 0);
    return out.finish(-1);
  }
  if (everyNs > 0) out.emit(OpKind.Timer, 0, everyNs, grid ? TimerMode.Grid : TimerMode.Relative);
  out.emit(OpKind.ReadCputime, index, looks.length, locks ? 1 : 0);
  out.emit(PHASE_END, -1, 0, 1);
  return out.finish(-1);
}

/** A reader that names views may name threads and mean their processes, or the other way round. */
function readTarget(reader: ReaderDeclaration, specs: readonly TaskSpec[], { cpus, processes: declared }: CompileOptions): ReadTarget {
  const { what, clocks, adjusted } = reader;
  const named = what.length > 0;
  const threads = instancesOf(reader.declarations, specs, cpus);
  const members = instancesOf(reader.processes, specs, cpus);
  const looks = looksAt(named ? what : DEFAULT_VIEWS, {
    threads: named && threads.length === 0 ? members : threads,
    processes: leadersOf(named && members.length === 0 ? threads : members, specs, cpus, declared),
    cpus: reader.cpus,
    clocks,
  });
  const ofThreads = looks.some(({ view }) => view === ReadView.TaskCputime);
  return { looks, adjusted: adjusted && ofThreads, locks: (adjusted && ofThreads) || takesLock(looks), reader: reader.reader };
}

function instancesOf(declarations: readonly number[], specs: readonly TaskSpec[], cpus: number): TaskId[] {
  const wanted = new Set(declarations);
  return specs.flatMap((spec, i) => (spec.startsAtBoot && wanted.has(spec.declaration) ? [cpus + i] : []));
}

function poolOf(specs: readonly TaskSpec[], declaration: number, cpus: number): { first: TaskId; size: number } {
  const inPool = (spec: TaskSpec) => spec.declaration === declaration && !spec.startsAtBoot;
  const first = specs.findIndex(inPool);
  return first < 0 ? { first: 0, size: 0 } : { first: cpus + first, size: specs.filter(inPool).length };
}
