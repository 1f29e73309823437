/** One look of a reader, whoever makes it: a task's system call, or a timer's interrupt. */
import type { ClockId } from '../../../shared/structs/timekeeper.ts';
import type { TaskId } from '../../../shared/units.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { CpuClock } from '../sched/thread-group.ts';
import { ReadView, type ReadTarget } from '../user.ts';
import { readClock } from './clock-reads.ts';
import { readCpuIdle, readKcpustat, readKcpustatField } from './cpu-reads.ts';
import { readUptime } from './machine-reads.ts';
import { readChildren, readGroupClock, readRusage, readStat, readTimes } from './process-reads.ts';
import { readTask, readTaskGtime, readTaskStat, readThreadClock, readThreadRusage } from './task-reads.ts';

/** Look number `n` of a target, at this CPU's clock. @dynticks a reader's look */
export function look(cpu: KernelCpu, by: TaskId, target: ReadTarget, n: number): void {
  const { view, subject, slot } = target.looks[n]!;
  const { reader } = target;
  switch (view) {
    case ReadView.TaskCputime: return readTask(cpu, by, subject, target);
    case ReadView.TaskGtime: return readTaskGtime(cpu, by, subject, reader);
    case ReadView.TaskStat: return readTaskStat(cpu, by, subject, reader);
    case ReadView.RusageThread: return readThreadRusage(cpu, by, subject, reader);
    case ReadView.ThreadVirt: return readThreadClock(cpu, by, subject, CpuClock.Virt, reader);
    case ReadView.ThreadProf: return readThreadClock(cpu, by, subject, CpuClock.Prof, reader);
    case ReadView.ThreadSched: return readThreadClock(cpu, by, subject, CpuClock.Sched, reader);
    case ReadView.Stat: return readStat(cpu, by, subject, reader);
    case ReadView.Rusage: return readRusage(cpu, by, subject, reader);
    case ReadView.ClockVirt: return readGroupClock(cpu, by, subject, CpuClock.Virt, reader);
    case ReadView.ClockProf: return readGroupClock(cpu, by, subject, CpuClock.Prof, reader);
    case ReadView.ClockSched: return readGroupClock(cpu, by, subject, CpuClock.Sched, reader);
    case ReadView.Kcpustat: return readKcpustat(cpu, by, subject, reader);
    case ReadView.KcpustatField: return readKcpustatField(cpu, by, subject, slot, reader);
    case ReadView.Idle: return readCpuIdle(cpu, by, subject, reader);
    case ReadView.Uptime: return readUptime(cpu, by, reader);
    case ReadView.Clock: return readClock(cpu, by, subject as ClockId);
    case ReadView.RusageChildren: return readChildren(cpu, by, subject);
    case ReadView.Times: return readTimes(cpu, by, subject, reader);
  }
}
