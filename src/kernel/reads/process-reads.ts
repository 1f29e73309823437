/** A reader's looks at a whole process: the sums over its threads, by Linux's files, calls and clocks. */
import { Event } from '../../../shared/events.ts';
import type { TaskId } from '../../../shared/units.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { beginLook, sayPasses } from '../locking/read-passes.ts';
import type { ReaderKind } from '../sched/cputime-read.ts';
import { threadGroupCputime, threadGroupCputimeAdjusted } from '../sched/thread-group.ts';
import { childTimes, nsecToClockT } from '../sys.ts';
import { cpuClockOf, type CpuClock } from '../time/posix-cpu-clock.ts';
import { RusageWho, codeOf, traceRusage } from './task-reads.ts';

/** What /proc/<pid>/stat shows of its times. @linux fs/proc/array.c do_task_stat */
export function readStat(cpu: KernelCpu, by: TaskId, member: TaskId, reader: ReaderKind): void {
  lookAtGroup(cpu, by, member, reader);
  adjustGroup(cpu, by, member);
}

/** What RUSAGE_SELF shows of it. @linux kernel/sys.c getrusage */
export function readRusage(cpu: KernelCpu, by: TaskId, member: TaskId, reader: ReaderKind): void {
  lookAtGroup(cpu, by, member, reader);
  adjustGroup(cpu, by, member);
  traceRusage(cpu, by, member, RusageWho.Self, cpu.adjusted, cpu.groupCputime);
}

/** What RUSAGE_CHILDREN shows of it. @linux kernel/sys.c getrusage */
export function readChildren(cpu: KernelCpu, by: TaskId, member: TaskId): void {
  const { childTimes: times } = cpu;
  childTimes(cpu, member, times);
  traceRusage(cpu, by, member, RusageWho.Children, times, times);
}

/** Its times and its children's in clock ticks. @linux kernel/sys.c do_sys_times */
export function readTimes(cpu: KernelCpu, by: TaskId, member: TaskId, reader: ReaderKind): void {
  const { adjusted, childTimes: times } = cpu;
  lookAtGroup(cpu, by, member, reader);
  adjustGroup(cpu, by, member);
  childTimes(cpu, member, times);
  cpu.arch.trace6(
    Event.times, by, member, nsecToClockT(adjusted.utime), nsecToClockT(adjusted.stime),
    nsecToClockT(times.utime), nsecToClockT(times.stime),
  );
}

/** Its CPU clocks. @linux kernel/time/posix-cpu-timers.c cpu_clock_sample_group */
export function readGroupClock(cpu: KernelCpu, by: TaskId, member: TaskId, clock: CpuClock, reader: ReaderKind): void {
  const { arch, groupCputime } = cpu;
  lookAtGroup(cpu, by, member, reader);
  const { utime, stime, sumExecRuntime } = groupCputime;
  const value = cpuClockOf(clock, utime, stime, sumExecRuntime);
  arch.trace6(Event.cpu_clock_sample, by, member, clock, 0, arch.schedClock(), value);
}

/** Leaves the sums in `cpu.groupCputime`. */
function lookAtGroup(cpu: KernelCpu, by: TaskId, member: TaskId, reader: ReaderKind): void {
  const { arch, fields, groupCputime } = cpu;
  const t = arch.schedClock();
  beginLook(cpu);
  threadGroupCputime(cpu, member, reader, groupCputime);
  fields[0] = by;
  fields[1] = member;
  fields[2] = codeOf(reader);
  fields[3] = t;
  fields[4] = groupCputime.version;
  fields[5] = groupCputime.threads;
  fields[6] = groupCputime.firstTau;
  fields[7] = groupCputime.lastTau;
  fields[8] = groupCputime.utime;
  fields[9] = groupCputime.stime;
  fields[10] = groupCputime.sumExecRuntime;
  sayPasses(cpu, 11);
  arch.traceFields(Event.thread_group_cputime, fields);
}

function adjustGroup(cpu: KernelCpu, by: TaskId, member: TaskId): void {
  const { arch, adjusted, groupCputime } = cpu;
  threadGroupCputimeAdjusted(cpu, member, groupCputime, adjusted);
  if (adjusted.turn < 0) return;
  arch.trace6(
    Event.thread_group_cputime_adjusted, by, member, groupCputime.sumExecRuntime, adjusted.utime, adjusted.stime, adjusted.turn,
  );
}
