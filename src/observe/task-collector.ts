/** Gathers from the event stream what /proc/<pid>/stat and its neighbours show of each task at the end of a run. */
import type { RunFacts, TaskFacts } from '../../shared/event-consumer.ts';
import type { EventName } from '../../shared/events.ts';
import { TaskState } from '../../shared/structs/task.ts';
import type { CpuId, Ns, TaskId } from '../../shared/units.ts';
import { adjustCputime, type CputimePair } from './cputime-adjust.ts';
import { finalCputime, pendingKcpustat, type PendingCputime, type Reader, type TaskCputime } from './cputime-final.ts';
import { fieldIndex, type EventHandler } from './event-handlers.ts';
import type { ProcProcess, ProcTask, ProcTimes } from './machine-snapshot.ts';

const SWITCH_PREV = fieldIndex('sched_switch', 'prev');
const SWITCH_PREV_PRIO = fieldIndex('sched_switch', 'prev_prio');
const SWITCH_NEXT = fieldIndex('sched_switch', 'next');
const SWITCH_NEXT_PRIO = fieldIndex('sched_switch', 'next_prio');
const WAKEUP_TASK = fieldIndex('sched_wakeup', 'task');
const WAKEUP_PRIO = fieldIndex('sched_wakeup', 'prio');
const FORK_PARENT = fieldIndex('sched_process_fork', 'parent');
const FORK_CHILD = fieldIndex('sched_process_fork', 'child');
const final = (name: string): number => fieldIndex('task_final', name);
const FINAL_TASK = final('task');
const PROCESS_TASK = fieldIndex('process_final', 'task');
const CPUS_TASK = fieldIndex('task_cpus_final', 'task');
const CPUS_FIRST = fieldIndex('task_cpus_final', 'cpus0');

/** @linux include/linux/sched/prio.h DEFAULT_PRIO */
const DEFAULT_PRIO = 120;

/** What is kept of a task while the stream goes by. */
interface TaskRecord {
  /** leader of the process that forked it, and when that one had begun: its record may have had another task since */
  parent: TaskId;
  parentStartNs: Ns;
  startNs: Ns;
  prio: number;
  allowed: CpuId[];
  /** its last words; null while they have not come */
  last: LastWords | null;
}

/** What `task_final` says, as a reader would see it. */
interface LastWords {
  readonly state: number;
  readonly waitsForIo: boolean;
  readonly processor: CpuId;
  readonly cputime: TaskCputime;
  readonly pending: PendingOfTask;
  /** run time as it was charged last, and with the stretch under way */
  readonly charged: Ns;
  readonly runtime: Ns;
  /** its process sums it up; else it has been reaped, and its times are among those of dead threads */
  readonly listed: boolean;
  /** what the monotonic filter has handed out */
  readonly prev: CputimePair;
  readonly counts: Pick<ProcTask, 'runDelayNs' | 'timeslices' | 'voluntarySwitches' | 'involuntarySwitches'>;
}

/** What `process_final` says: of threads that are gone, of children, and of the filter. */
interface ProcessRecord {
  /** on its list */
  readonly threads: number;
  readonly dead: TaskCputime;
  readonly runtime: Ns;
  readonly children: TaskCputime;
  readonly prev: CputimePair;
}

const NO_TIME: TaskCputime = { utime: 0, stime: 0, gtime: 0 };
const NO_PROCESS: ProcessRecord = { threads: 0, dead: NO_TIME, runtime: 0, children: NO_TIME, prev: NO_TIME };

/** What a task has not been charged yet, and where its user time would go. */
export interface PendingOfTask extends PendingCputime {
  readonly nice: boolean;
}

const NOTHING_PENDING: PendingOfTask = { nice: false, user: 0, system: 0, guest: 0, idle: 0 };

export class TaskCollector {
  readonly handlers: Partial<Record<EventName, EventHandler>>;
  /** since boot, of threads too */
  forks = 0;
  private readonly facts: RunFacts;
  private readonly tasks: readonly TaskRecord[];
  /** by leader */
  private readonly processes: ProcessRecord[];

  constructor(facts: RunFacts) {
    this.facts = facts;
    this.tasks = facts.tasks.map((task) => newTask(DEFAULT_PRIO + task.nice));
    this.processes = facts.tasks.map(() => NO_PROCESS);
    this.handlers = this.register();
  }

  /** Processes with what is left of them, and their threads: neither idle tasks nor records that nobody has. */
  finish(): ProcProcess[] {
    const leaders = this.facts.tasks.filter(({ task, leader }) => task >= this.facts.cpus && leader === undefined);
    const others = this.facts.tasks.filter(({ leader }) => leader !== undefined);
    return leaders
      .map((leader) => [leader, ...others.filter((each) => each.leader === leader.task)].filter(({ task }) => this.exists(task)))
      .filter((threads) => threads.length > 0)
      .map((threads) => this.processOf(threads));
  }

  /** Until it is reaped: a leader that has ended waits for its last thread, and for its parent if that asks for children. */
  private exists(task: TaskId): boolean {
    return this.tasks[task]!.last?.listed ?? false;
  }

  /** Who lost their parent are children of the task that booted, since there is no init. @linux kernel/exit.c find_new_reaper */
  private ppidOf({ parent, parentStartNs }: TaskRecord): number {
    const { startNs } = this.tasks[parent]!;
    return startNs === parentStartNs && this.isAlive(parent) ? this.facts.tasks[parent]!.pid : 0;
  }

  /** Whether a thread of that leader's process goes on. */
  private isAlive(leader: TaskId): boolean {
    return this.facts.tasks.some((each) => (each.leader ?? each.task) === leader && isLiving(this.tasks[each.task]!.last));
  }

  private processOf(facts: readonly TaskFacts[]): ProcProcess {
    const [{ task: leader }] = facts as [TaskFacts];
    const tgid = facts[0]!.pid;
    const process = this.processes[leader]!;
    const records = facts.map(({ task }) => this.tasks[task]!);
    const times = timesOf(process, records.map(({ last }) => last!));
    const ppid = this.ppidOf(records[0]!);
    const children = { cutimeNs: times.cutimeNs, cstimeNs: times.cstimeNs, cguestNs: times.cguestNs };
    const threads = facts.map((each, i) => procTask(each, records[i]!, { tgid, ppid, threads: process.threads, ...children }));
    return { leader: threads[0]!, threads, times };
  }

  /** What the accounts of the CPU that runs it lack. */
  pendingOf(task: TaskId): PendingOfTask {
    return this.tasks[task]?.last?.pending ?? NOTHING_PENDING;
  }

  private register(): TaskCollector['handlers'] {
    const onWakeup: EventHandler = (_cpu, _t, f, at) => { this.tasks[f[at + WAKEUP_TASK]!]!.prio = f[at + WAKEUP_PRIO]!; };
    return {
      sched_switch: (_cpu, _t, f, at) => this.onSwitch(f, at),
      sched_wakeup: onWakeup,
      sched_wakeup_new: onWakeup,
      sched_process_fork: (_cpu, t, f, at) => this.onFork(t, f[at + FORK_PARENT]!, f[at + FORK_CHILD]!),
      task_final: (_cpu, t, f, at) => { this.tasks[f[at + FINAL_TASK]!]!.last = lastWords(t, f, at, this.facts.reader); },
      process_final: (_cpu, _t, f, at) => { this.processes[f[at + PROCESS_TASK]!] = processWords(f, at, this.facts.reader); },
      task_cpus_final: (_cpu, _t, f, at) => { this.tasks[f[at + CPUS_TASK]!]!.allowed = cpusOf(f, at + CPUS_FIRST, this.facts.cpus); },
    };
  }

  private onSwitch(fields: Float64Array, at: number): void {
    this.tasks[fields[at + SWITCH_PREV]!]!.prio = fields[at + SWITCH_PREV_PRIO]!;
    this.tasks[fields[at + SWITCH_NEXT]!]!.prio = fields[at + SWITCH_NEXT_PRIO]!;
  }

  private onFork(t: Ns, parent: TaskId, child: TaskId): void {
    const task = this.tasks[child]!;
    this.forks += 1;
    task.startNs = t;
    task.parent = this.facts.tasks[parent]!.leader ?? parent;
    task.parentStartNs = this.tasks[task.parent]!.startNs;
  }
}

const newTask = (prio: number): TaskRecord => ({ parent: 0, parentStartNs: 0, startNs: 0, prio, allowed: [], last: null });

const isLiving = (last: LastWords | null): boolean => last !== null && last.listed && last.state !== TaskState.Dead;

const OF = {
  cpu: final('cpu'), state: final('state'), sumExecRuntime: final('sum_exec_runtime'), execStart: final('exec_start'),
  onCpu: final('on_cpu'), nice: final('nice'), inIowait: final('in_iowait'), nvcsw: final('nvcsw'), nivcsw: final('nivcsw'),
  runDelay: final('run_delay'), pcount: final('pcount'), prevUtime: final('prev_utime'), prevStime: final('prev_stime'),
  listed: final('listed'),
} as const;

function lastWords(t: Ns, fields: Float64Array, at: number, reader: Reader): LastWords {
  const of = (field: keyof typeof OF): number => fields[at + OF[field]]!;
  const underWay = of('onCpu') === 1 ? Math.max(0, t - of('execStart')) : 0;
  return {
    state: of('state'),
    waitsForIo: of('inIowait') === 1,
    processor: of('cpu'),
    cputime: finalCputime(t, fields, at, reader),
    pending: { ...pendingKcpustat(t, fields, at, reader), nice: of('nice') > 0 },
    charged: of('sumExecRuntime'),
    runtime: of('sumExecRuntime') + underWay,
    listed: of('listed') === 1,
    prev: { utime: of('prevUtime'), stime: of('prevStime') },
    counts: {
      runDelayNs: of('runDelay'), timeslices: of('pcount'), voluntarySwitches: of('nvcsw'), involuntarySwitches: of('nivcsw'),
    },
  };
}

function processWords(fields: Float64Array, at: number, reader: Reader): ProcessRecord {
  const of = (name: string): number => fields[at + fieldIndex('process_final', name)]!;
  const rest = (name: string): number => (reader === 'complete' ? of(`rest_${name}`) : 0);
  return {
    threads: of('threads'),
    dead: { utime: of('utime') + rest('utime'), stime: of('stime') + rest('stime'), gtime: of('gtime') + rest('gtime') },
    runtime: of('rtime'),
    children: { utime: of('cutime'), stime: of('cstime'), gtime: of('cgtime') },
    prev: { utime: of('prev_utime'), stime: of('prev_stime') },
  };
}

/** The sums, scaled to run times as charged last: Linux refreshes those of no other process. @linux fs/proc/array.c do_task_stat */
function timesOf({ dead, runtime, children, prev }: ProcessRecord, threads: readonly LastWords[]): ProcTimes {
  const listed = threads.filter((thread) => thread.listed);
  const sum = (of: (thread: LastWords) => Ns, start: Ns): Ns => listed.reduce((total, thread) => total + of(thread), start);
  const raw = { utime: sum(({ cputime }) => cputime.utime, dead.utime), stime: sum(({ cputime }) => cputime.stime, dead.stime) };
  const adjusted = adjustCputime(raw, sum(({ charged }) => charged, runtime), prev);
  return {
    utimeNs: adjusted.utime, stimeNs: adjusted.stime, guestNs: sum(({ cputime }) => cputime.gtime, dead.gtime),
    cutimeNs: children.utime, cstimeNs: children.stime, cguestNs: children.gtime,
  };
}

/** Bits of a mask, 32 a field. */
function cpusOf(fields: Float64Array, at: number, cpus: number): CpuId[] {
  const isSet = (cpu: CpuId): boolean => ((fields[at + (cpu >>> 5)]! >>> (cpu & 31)) & 1) === 1;
  return Array.from({ length: cpus }, (_, cpu) => cpu).filter(isSet);
}

/** A thread's own file asks for its run time afresh. @linux fs/proc/array.c do_task_stat */
function procTask(
  { pid, name, kernel }: TaskFacts, { startNs, prio, allowed, last }: TaskRecord,
  shared: Pick<ProcTask, 'tgid' | 'ppid' | 'threads' | 'cutimeNs' | 'cstimeNs' | 'cguestNs'>,
): ProcTask {
  const { cputime, runtime, charged, prev, processor, counts, state, waitsForIo } = last!;
  const adjusted = adjustCputime(cputime, runtime, prev);
  return {
    pid, name, startNs, prio, processor, ...shared,
    kernelThread: kernel === true,
    state: stateLetter(state, waitsForIo),
    utimeNs: adjusted.utime, stimeNs: adjusted.stime, guestNs: cputime.gtime,
    runtimeNs: charged,
    ...counts,
    cpusAllowed: allowed,
  };
}

/** A task that is being woken counts as running; one that has ended and is still there is a zombie. */
function stateLetter(state: number, waitsForIo: boolean): ProcTask['state'] {
  if (state === TaskState.Running || state === TaskState.Waking) return 'R';
  if (state === TaskState.Sleeping) return waitsForIo ? 'D' : 'S';
  return 'Z';
}
