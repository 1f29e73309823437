/**
 * Charging CPU time: the elementary operations, and the tick that uses them where no context
 * tracking runs. Where it does, `vtime.ts` decides what is charged and when.
 */
import { Cpustat } from '../../../shared/structs/cpu.ts';
import type { Ns, TaskId } from '../../../shared/units.ts';
import type { KernelCpu } from '../kernel-cpu.ts';

/** @linux kernel/sched/cputime.c account_user_time */
export function accountUserTime(cpu: KernelCpu, task: TaskId, delta: Ns): void {
  const record = cpu.image.tasks[task]!;
  record.utime += delta;
  charge(cpu, record.nice > 0 ? Cpustat.Nice : Cpustat.User, delta);
}

/** Time of the kernel in the name of a task. @linux kernel/sched/cputime.c account_system_time */
export function accountSystemTime(cpu: KernelCpu, task: TaskId, delta: Ns): void {
  cpu.image.tasks[task]!.stime += delta;
  charge(cpu, Cpustat.System, delta);
}

/** @linux kernel/sched/cputime.c account_idle_time */
export function accountIdleTime(cpu: KernelCpu, delta: Ns): void {
  charge(cpu, cpu.rq.nrIowait > 0 ? Cpustat.Iowait : Cpustat.Idle, delta);
}

/**
 * The tick samples: whatever it interrupted is charged a whole tick.
 * @linux kernel/sched/cputime.c account_process_tick
 */
export function accountProcessTick(cpu: KernelCpu, user: boolean): void {
  const { curr, config } = cpu;
  if (user) accountUserTime(cpu, curr, config.tickNs);
  else if (curr !== cpu.idle) accountSystemTime(cpu, curr, config.tickNs);
  else accountIdleTime(cpu, config.tickNs);
}

/** Ticks that an idle CPU did without. @linux kernel/sched/cputime.c account_idle_ticks */
export function accountIdleTicks(cpu: KernelCpu, ticks: number): void {
  accountIdleTime(cpu, ticks * cpu.config.tickNs);
}

function charge(cpu: KernelCpu, slot: number, delta: Ns): void {
  const { kcpustat } = cpu;
  kcpustat.setCpustat(slot, kcpustat.cpustat(slot) + delta);
}
