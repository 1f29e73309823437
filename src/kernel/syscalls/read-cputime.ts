/**
 * A reader's system call: it looks at CPU time, or at clocks, one look after the other, each in an event
 * of its own and at that event's very start. So nothing that another CPU does before the reader's clock
 * is still to come.
 */
import type { UserRegs } from '../../../shared/structs/task.ts';
import type { ClockId } from '../../../shared/structs/timekeeper.ts';
import type { TaskId } from '../../../shared/units.ts';
import { Path } from '../arch.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { readClock } from '../reads/clock-reads.ts';
import { readCpuIdle, readKcpustat, readKcpustatField } from '../reads/cpu-reads.ts';
import { readUptime } from '../reads/machine-reads.ts';
import { readChildren, readGroupClock, readRusage, readStat, readTimes } from '../reads/process-reads.ts';
import { readTask, readTaskGtime, readTaskStat, readThreadClock, readThreadRusage } from '../reads/task-reads.ts';
import { CpuClock } from '../sched/thread-group.ts';
import { ReadView, type ReadTarget } from '../user.ts';
import { Outcome } from './outcome.ts';

/** One pass of a reader. @dynticks a reader's system call */
export function readCputime(cpu: KernelCpu, by: TaskId, regs: UserRegs): Outcome {
  const target = cpu.config.workload.reads[regs.argA]!;
  if (regs.stage > 0) look(cpu, by, target, regs.stage - 1);
  if (regs.stage === target.looks.length) return Outcome.Done;
  regs.stage += 1;
  regs.remaining = cpu.arch.costOf(Path.ReadCputime);
  return Outcome.Working;
}

/** Look number `n` of a target, at this CPU's clock. @dynticks a reader's system call */
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
