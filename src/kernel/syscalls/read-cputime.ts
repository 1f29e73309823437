/**
 * A reader task's look at CPU time, or at clocks. Beside the value it leaves a bracket in the trace: version and
 * promise of the record before and after, so that an oracle can say which versions it may have seen;
 * and whose promise each was, since the task may move to another CPU in between.
 */
import { Event } from '../../../shared/events.ts';
import type { ClockId } from '../../../shared/structs/timekeeper.ts';
import type { UserRegs } from '../../../shared/structs/task.ts';
import type { TaskId } from '../../../shared/units.ts';
import { Path } from '../arch.ts';
import { getCpuSleepTime } from '../time/idle-sleep.ts';
import { tickNohzActive } from '../time/tick-sched.ts';
import { RETRY_BUCKETS, type KernelCpu } from '../kernel-cpu.ts';
import { taskSchedRuntime } from '../sched/core.ts';
import { cputimeAdjust } from '../sched/cputime-adjust.ts';
import { promiseOfRunner, taskCputime } from '../sched/cputime-read.ts';
import { kcpustatCpuFetch } from '../sched/kcpustat-read.ts';
import { clockGettime } from '../time/clock-gettime.ts';
import type { ReadTarget } from '../user.ts';
import { Outcome } from './outcome.ts';

/**
 * A reader's system call: one look after the other, each in an event of its own and at that event's
 * very start. So nothing that another CPU does before the reader's clock is still to come.
 * @dynticks a reader's system call
 */
export function readCputime(cpu: KernelCpu, by: TaskId, regs: UserRegs): Outcome {
  const target = cpu.config.workload.reads[regs.argA]!;
  if (regs.stage > 0) look(cpu, by, target, regs.stage - 1);
  if (regs.stage === looksOf(target)) return Outcome.Done;
  regs.stage += 1;
  regs.remaining = cpu.arch.costOf(Path.ReadCputime);
  return Outcome.Working;
}

/** How many tasks, CPUs and clocks a target is. @dynticks a reader's system call */
export function looksOf(target: ReadTarget): number {
  return target.tasks.length + target.cpus.length + target.clocks.length;
}

/** Look number `n` of a target, at this CPU's clock: its tasks first, then its CPUs, then clocks. @dynticks a reader's system call */
export function look(cpu: KernelCpu, by: TaskId, target: ReadTarget, n: number): void {
  const { tasks, cpus, clocks } = target;
  if (n < tasks.length) readTask(cpu, by, tasks[n]!, target);
  else if (n < tasks.length + cpus.length) readCpu(cpu, by, cpus[n - tasks.length]!, target);
  else readClock(cpu, by, clocks[n - tasks.length - cpus.length]!);
}

function readTask(cpu: KernelCpu, by: TaskId, task: TaskId, target: ReadTarget): void {
  const { arch, fields, memory } = cpu;
  const vtime = cpu.image.vtimes[task]!;
  const sample = cpu.cputime;
  const k0 = memory.load(vtime.seq) >>> 1;
  const p0Cpu = vtime.cpu;
  const p0 = promiseOfRunner(cpu, p0Cpu);
  const running = taskCputime(cpu, task, target.reader, sample);
  cpu.readRetries[Math.min(sample.retries, RETRY_BUCKETS - 1)]! += 1;
  const p1Cpu = vtime.cpu;
  const p1 = promiseOfRunner(cpu, p1Cpu);
  const k1 = memory.load(vtime.seq) >>> 1;
  fields[0] = by;
  fields[1] = task;
  fields[2] = target.reader === 'complete' ? 1 : 0;
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
  arch.traceFields(Event.task_cputime, fields);
  if (target.adjusted) readAdjusted(cpu, by, task, running);
}

/** What it shows, beside what this CPU's own clock showed when the look began. */
function readClock(cpu: KernelCpu, by: TaskId, clock: ClockId): void {
  const t = cpu.arch.schedClock();
  const value = clockGettime(cpu, clock);
  cpu.arch.trace6(Event.clock_gettime, by, clock, t, value);
}

/** As /proc does: a running task's run time is asked for afresh, a sleeping one's stands in its record. */
function readAdjusted(cpu: KernelCpu, by: TaskId, task: TaskId, running: boolean): void {
  const { cputime: sample, adjusted } = cpu;
  const rtime = running ? taskSchedRuntime(cpu, task) : cpu.image.tasks[task]!.sumExecRuntime;
  cputimeAdjust(cpu, task, sample.utime, sample.stime, rtime, adjusted);
  cpu.arch.trace6(Event.cputime_adjust, by, task, rtime, adjusted.utime, adjusted.stime, adjusted.turn);
}

function readCpu(cpu: KernelCpu, by: TaskId, target: number, { reader }: ReadTarget): void {
  const { arch, fields } = cpu;
  kcpustatCpuFetch(cpu, target, reader, fields, 4);
  fields[0] = by;
  fields[1] = target;
  fields[2] = reader === 'complete' ? 1 : 0;
  fields[3] = arch.schedClock();
  arch.traceFields(Event.kcpustat_cpu_fetch, fields);
  if (tickNohzActive(cpu)) readIdleTime(cpu, by, target);
}

/** Where ticks may stop, /proc/stat shows how long the CPU has slept instead. */
function readIdleTime(cpu: KernelCpu, by: TaskId, target: number): void {
  const times = cpu.idleTimes;
  getCpuSleepTime(cpu, target, times);
  cpu.arch.trace6(Event.cpu_idle_time, by, target, times.version, times.now, times.idle, times.iowait);
}
