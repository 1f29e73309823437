/** One look of a reader, whoever makes it: a task's system call, or a timer's interrupt. */
import { assert } from '../../../shared/assert.ts';
import type { ClockId } from '../../../shared/structs/timekeeper.ts';
import type { TaskId } from '../../../shared/units.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { CpuClock } from '../time/posix-cpu-clock.ts';
import { ReadView, type ReadTarget } from '../user.ts';
import { readClock } from './clock-reads.ts';
import { readCpuIdle, readCpuLine, readKcpustat, readKcpustatField } from './cpu-reads.ts';
import type { Looker } from './looker.ts';
import { readUptime } from './machine-reads.ts';
import { readChildren, readGroupClock, readRusage, readStat, readTimes } from './process-reads.ts';
import {
  lookAtCputime, readTask, readTaskGtime, readTaskStat, readThreadClock, readThreadRuntime, readThreadRusage,
} from './task-reads.ts';

/** Look number `n` of a target, at this CPU's clock. @dynticks a reader's look */
export function look(cpu: KernelCpu, by: TaskId, target: ReadTarget, n: number): void {
  const { view, subject } = target.looks[n]!;
  const { reader } = target;
  switch (view) {
    case ReadView.TaskCputime: return readTask(cpu, by, subject, target);
    case ReadView.TaskStat: return readTaskStat(cpu, by, subject, reader);
    case ReadView.RusageThread: return readThreadRusage(cpu, by, subject, reader);
    case ReadView.ThreadSched: return readThreadRuntime(cpu, by, subject);
    case ReadView.Stat: return readStat(cpu, by, subject, reader);
    case ReadView.Rusage: return readRusage(cpu, by, subject, reader);
    case ReadView.ClockVirt: return readGroupClock(cpu, by, subject, CpuClock.Virt, reader);
    case ReadView.ClockProf: return readGroupClock(cpu, by, subject, CpuClock.Prof, reader);
    case ReadView.ClockSched: return readGroupClock(cpu, by, subject, CpuClock.Sched, reader);
    case ReadView.Kcpustat: return readCpuLine(cpu, by, subject, reader);
    case ReadView.Idle: return readCpuIdle(cpu, by, subject, reader);
    case ReadView.Uptime: return readUptime(cpu, by, reader);
    case ReadView.Clock: return readClock(cpu, by, subject as ClockId);
    case ReadView.RusageChildren: return readChildren(cpu, by, subject);
    case ReadView.Times: return readTimes(cpu, by, subject, reader);
    default: return lookWithoutLock(cpu, by, target, n);
  }
}

/** Such a look as takes no lock and asks for no clock but its own. @dynticks a reader's look */
export function lookWithoutLock(cpu: Looker, by: TaskId, { looks, reader }: ReadTarget, n: number): void {
  const { view, subject, slot } = looks[n]!;
  switch (view) {
    case ReadView.TaskCputime: lookAtCputime(cpu, by, subject, reader); return;
    case ReadView.TaskGtime: return readTaskGtime(cpu, by, subject, reader);
    case ReadView.ThreadVirt: return readThreadClock(cpu, by, subject, CpuClock.Virt, reader);
    case ReadView.ThreadProf: return readThreadClock(cpu, by, subject, CpuClock.Prof, reader);
    case ReadView.Kcpustat: return readKcpustat(cpu, by, subject, reader);
    case ReadView.KcpustatField: return readKcpustatField(cpu, by, subject, slot, reader);
    default: assert(false, `view ${view} has no look: one was added in one place only`);
  }
}
