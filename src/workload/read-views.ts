/** The views of `readers[].what`: what each is a view of, and which looks that makes. */
import { NR_CPUSTAT } from '../../shared/structs/cpu.ts';
import type { ClockId } from '../../shared/structs/timekeeper.ts';
import type { TaskId } from '../../shared/units.ts';
import { ReadView, type Look } from '../kernel/user.ts';

interface ViewSpec {
  readonly view: ReadView;
  readonly of: 'thread' | 'process' | 'cpu' | 'machine';
  /** a look takes a lock: that of a run queue, of a filter, or of a process's times */
  readonly locks: boolean;
}

export const READ_VIEWS = {
  task_cputime: { view: ReadView.TaskCputime, of: 'thread', locks: false },
  task_gtime: { view: ReadView.TaskGtime, of: 'thread', locks: false },
  task_stat: { view: ReadView.TaskStat, of: 'thread', locks: true },
  rusage_thread: { view: ReadView.RusageThread, of: 'thread', locks: true },
  thread_virt: { view: ReadView.ThreadVirt, of: 'thread', locks: false },
  thread_prof: { view: ReadView.ThreadProf, of: 'thread', locks: false },
  thread_sched: { view: ReadView.ThreadSched, of: 'thread', locks: true },
  stat: { view: ReadView.Stat, of: 'process', locks: true },
  rusage: { view: ReadView.Rusage, of: 'process', locks: true },
  rusage_children: { view: ReadView.RusageChildren, of: 'process', locks: false },
  times: { view: ReadView.Times, of: 'process', locks: true },
  clock_virt: { view: ReadView.ClockVirt, of: 'process', locks: true },
  clock_prof: { view: ReadView.ClockProf, of: 'process', locks: true },
  clock_sched: { view: ReadView.ClockSched, of: 'process', locks: true },
  kcpustat: { view: ReadView.Kcpustat, of: 'cpu', locks: false },
  kcpustat_field: { view: ReadView.KcpustatField, of: 'cpu', locks: false },
  idle: { view: ReadView.Idle, of: 'cpu', locks: false },
  uptime: { view: ReadView.Uptime, of: 'machine', locks: false },
} as const satisfies Record<string, ViewSpec>;
export type ReadViewName = keyof typeof READ_VIEWS;

/** Those that take no lock and ask for no other clock than their CPU's own: those may have them who are no task. */
export const LOCKLESS_VIEWS: readonly ReadViewName[] = [
  'task_cputime', 'task_gtime', 'thread_virt', 'thread_prof', 'kcpustat', 'kcpustat_field',
];

export const READ_VIEW_NAMES = Object.keys(READ_VIEWS) as [ReadViewName, ...ReadViewName[]];

/** A reader that does not say: threads and CPUs as the kernel's own readers have them, processes as /proc does. */
export const DEFAULT_VIEWS: readonly ReadViewName[] = ['task_cputime', 'stat', 'kcpustat'];

/** What a reader looks at. */
export interface Subjects {
  readonly threads: readonly TaskId[];
  /** one thread of each */
  readonly processes: readonly TaskId[];
  readonly cpus: readonly number[];
  readonly clocks: readonly ClockId[];
}

/** One pass: view by view in the order of `what`, each over all that it is a view of; clocks last. */
export function looksAt(what: readonly ReadViewName[], { threads, processes, cpus, clocks }: Subjects): Look[] {
  const subjectsOf = { thread: threads, process: processes, cpu: cpus, machine: [0] };
  return [
    ...what.flatMap((name) => subjectsOf[READ_VIEWS[name].of].flatMap((subject) => looksOfView(READ_VIEWS[name].view, subject))),
    ...clocks.map((subject) => ({ view: ReadView.Clock, subject, slot: 0 })),
  ];
}

/** A view of one slot is a look at each. */
function looksOfView(view: ReadView, subject: number): Look[] {
  const slots = view === ReadView.KcpustatField ? NR_CPUSTAT : 1;
  return Array.from({ length: slots }, (_, slot) => ({ view, subject, slot }));
}

const LOCKING: ReadonlySet<ReadView> = new Set(Object.values(READ_VIEWS).filter(({ locks }) => locks).map(({ view }) => view));

export const takesLock = (looks: readonly Look[]): boolean => looks.some(({ view }) => LOCKING.has(view));
