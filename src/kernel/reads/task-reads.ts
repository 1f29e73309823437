/**
 * A reader's looks at a thread. Beside the value a look leaves a bracket in the trace: version and
 * promise of the record before and after, so that an oracle can say which versions it may have seen;
 * and whose promise each was, since the task may move to another CPU in between.
 */
import { Event } from '../../../shared/events.ts';
import type { Task } from '../../../shared/structs/task.ts';
import type { TaskId } from '../../../shared/units.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { beginLook, countRetries } from '../locking/read-passes.ts';
import { taskSchedRuntime } from '../sched/core.ts';
import { taskCputimeAdjusted } from '../sched/cputime-adjust.ts';
import { promiseOfRunner, taskCputime, taskGtime, type ReaderKind, type TaskCputime } from '../sched/cputime-read.ts';
import { CpuClock, cpuClockOf } from '../time/posix-cpu-clock.ts';
import type { ReadTarget } from '../user.ts';
import type { Looker } from './looker.ts';

/** Its CPU time as charged and pending. @dynticks a reader's look */
export function readTask(cpu: KernelCpu, by: TaskId, task: TaskId, { reader, adjusted }: ReadTarget): void {
  const running = lookAtCputime(cpu, by, task, reader);
  if (adjusted) adjustTask(cpu, by, task, running);
}

/** Its time as guest. @dynticks a reader's look */
export function readTaskGtime(cpu: Looker, by: TaskId, task: TaskId, reader: ReaderKind): void {
  const { arch, fields, memory } = cpu;
  const vtime = cpu.image.vtimes[task]!;
  const sample = cpu.cputime;
  fields[4] = memory.load(vtime.seq) >>> 1;
  fields[15] = vtime.cpu;
  fields[5] = promiseOfRunner(cpu, fields[15]);
  beginLook(cpu);
  const gtime = taskGtime(cpu, task, reader, sample);
  countRetries(cpu);
  fields[16] = vtime.cpu;
  fields[7] = promiseOfRunner(cpu, fields[16]);
  fields[6] = memory.load(vtime.seq) >>> 1;
  fields[0] = by;
  fields[1] = task;
  fields[2] = codeOf(reader);
  fields[3] = sample.clock;
  fields[8] = sample.version;
  fields[9] = sample.promise;
  fields[10] = sample.state;
  fields[11] = sample.starttime;
  fields[12] = sample.rawGtime;
  fields[13] = sample.vtimeGtime;
  fields[14] = gtime;
  fields[17] = sample.stolen;
  fields[18] = sample.stolenSince;
  fields[19] = cpu.passes.retries;
  arch.traceFields(Event.task_gtime, fields);
}

/** What /proc/<pid>/task/<tid>/stat shows of its times. @linux fs/proc/array.c do_task_stat */
export function readTaskStat(cpu: KernelCpu, by: TaskId, task: TaskId, reader: ReaderKind): void {
  const running = lookAtCputime(cpu, by, task, reader);
  adjustTask(cpu, by, task, running);
  readTaskGtime(cpu, by, task, reader);
}

/** What RUSAGE_THREAD shows of it. @linux kernel/sys.c getrusage */
export function readThreadRusage(cpu: KernelCpu, by: TaskId, task: TaskId, reader: ReaderKind): void {
  const running = lookAtCputime(cpu, by, task, reader);
  adjustTask(cpu, by, task, running);
  traceRusage(cpu, by, task, RusageWho.Thread, cpu.adjusted, cpu.image.tasks[task]!);
}

/** Its clocks of user time, and of all time that was charged. @linux kernel/time/posix-cpu-timers.c cpu_clock_sample */
export function readThreadClock(cpu: Looker, by: TaskId, task: TaskId, clock: CpuClock, reader: ReaderKind): void {
  const { arch, cputime } = cpu;
  lookAtCputime(cpu, by, task, reader);
  arch.trace6(Event.cpu_clock_sample, by, task, clock, 1, cputime.clock, cpuClockOf(clock, cputime.utime, cputime.stime, 0));
}

/** Its clock of run time. @linux kernel/time/posix-cpu-timers.c cpu_clock_sample */
export function readThreadRuntime(cpu: KernelCpu, by: TaskId, task: TaskId): void {
  const value = taskSchedRuntime(cpu, task);
  cpu.arch.trace6(Event.cpu_clock_sample, by, task, CpuClock.Sched, 1, cpu.arch.schedClock(), value);
}

/** As /proc does. */
function adjustTask(cpu: KernelCpu, by: TaskId, task: TaskId, running: boolean): void {
  const { cputime, adjusted } = cpu;
  taskCputimeAdjusted(cpu, task, running, cputime, adjusted);
  if (adjusted.turn < 0) return;
  cpu.arch.trace6(Event.cputime_adjust, by, task, adjusted.rtime, adjusted.utime, adjusted.stime, adjusted.turn);
}

/** Leaves the sample in `cpu.cputime`. Returns whether the run time in the task's record is stale. @dynticks a reader's look */
export function lookAtCputime(cpu: Looker, by: TaskId, task: TaskId, reader: ReaderKind): boolean {
  const { arch, fields, memory } = cpu;
  const vtime = cpu.image.vtimes[task]!;
  const sample = cpu.cputime;
  const k0 = memory.load(vtime.seq) >>> 1;
  const p0Cpu = vtime.cpu;
  const p0 = promiseOfRunner(cpu, p0Cpu);
  beginLook(cpu);
  const running = taskCputime(cpu, task, reader, sample);
  countRetries(cpu);
  const p1Cpu = vtime.cpu;
  const p1 = promiseOfRunner(cpu, p1Cpu);
  const k1 = memory.load(vtime.seq) >>> 1;
  fields[0] = by;
  fields[1] = task;
  fields[2] = codeOf(reader);
  fields[3] = sample.clock;
  fields[4] = k0;
  fields[5] = p0;
  fields[6] = k1;
  fields[7] = p1;
  fields[8] = sample.version;
  fields[9] = sample.promise;
  fields[10] = sample.state;
  fields[11] = sample.starttime;
  fields[12] = sample.rawUtime;
  fields[13] = sample.rawStime;
  fields[14] = sample.vtimeUtime;
  fields[15] = sample.vtimeStime;
  fields[16] = sample.vtimeGtime;
  fields[17] = sample.utime;
  fields[18] = sample.stime;
  fields[19] = p0Cpu;
  fields[20] = p1Cpu;
  fields[21] = cpu.passes.retries;
  fields[22] = sample.stolen;
  fields[23] = sample.stolenSince;
  arch.traceFields(Event.task_cputime, fields);
  return running;
}

/** As events have it. @dynticks a reader's look */
export const codeOf = (reader: ReaderKind): number => (reader === 'complete' ? 1 : 0);

/** Whose usage is asked for. @linux include/uapi/linux/resource.h RUSAGE_SELF, RUSAGE_CHILDREN, RUSAGE_THREAD */
export const RusageWho = { Self: 0, Children: -1, Thread: 1 } as const;

/** What getrusage answers. @dynticks a reader's look */
export function traceRusage(
  { arch, fields }: KernelCpu, by: TaskId, of: TaskId, who: number,
  { utime, stime }: Pick<TaskCputime, 'utime' | 'stime'>, { nvcsw, nivcsw }: Pick<Task, 'nvcsw' | 'nivcsw'>,
): void {
  fields[0] = by;
  fields[1] = of;
  fields[2] = who;
  fields[3] = arch.schedClock();
  fields[4] = utime;
  fields[5] = stime;
  fields[6] = nvcsw;
  fields[7] = nivcsw;
  arch.traceFields(Event.getrusage, fields);
}
