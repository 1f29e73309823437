/**
 * Charging CPU time: the elementary operations, and the tick that uses them where it samples.
 * Where contexts are tracked, `vtime.ts` decides what is charged and when; where edges are measured, `vtime-native.ts`.
 */
import { Cpustat } from '../../../shared/structs/cpu.ts';
import type { Ns, TaskId } from '../../../shared/units.ts';
import { HARDIRQ_MASK, HARDIRQ_OFFSET, SOFTIRQ_OFFSET } from '../irq/preempt-count.ts';
import type { KernelCpu } from '../kernel-cpu.ts';

/** @linux kernel/sched/cputime.c account_user_time */
export function accountUserTime(cpu: KernelCpu, task: TaskId, delta: Ns): void {
  const record = cpu.image.tasks[task]!;
  record.utime += delta;
  charge(cpu, record.nice > 0 ? Cpustat.Nice : Cpustat.User, delta);
}

/** Guest time is user time too. @linux kernel/sched/cputime.c account_guest_time */
export function accountGuestTime(cpu: KernelCpu, task: TaskId, delta: Ns): void {
  const record = cpu.image.tasks[task]!;
  record.gtime += delta;
  accountUserTime(cpu, task, delta);
  charge(cpu, record.nice > 0 ? Cpustat.GuestNice : Cpustat.Guest, delta);
}

/** Time of the kernel in the name of a task. @linux kernel/sched/cputime.c account_system_index_time */
export function accountSystemIndexTime(cpu: KernelCpu, task: TaskId, delta: Ns, index: number): void {
  cpu.image.tasks[task]!.stime += delta;
  charge(cpu, index, delta);
}

/**
 * The same, by what the preempt count says of who took it; `offset` is the caller's own part of that.
 * @linux kernel/sched/cputime.c account_system_time
 */
export function accountSystemTime(cpu: KernelCpu, task: TaskId, offset: number, delta: Ns): void {
  accountSystemIndexTime(cpu, task, delta, systemIndex(cpu.state.preemptCount - offset));
}

function systemIndex(count: number): number {
  if ((count & HARDIRQ_MASK) !== 0) return Cpustat.Irq;
  return (count & SOFTIRQ_OFFSET) !== 0 ? Cpustat.Softirq : Cpustat.System;
}

/** @linux kernel/sched/cputime.c account_idle_time */
export function accountIdleTime(cpu: KernelCpu, delta: Ns): void {
  charge(cpu, cpu.rq.nrIowait > 0 ? Cpustat.Iowait : Cpustat.Idle, delta);
}

/**
 * The tick samples: whatever it interrupted is charged a whole tick. A softirq that it finds on an idle CPU is
 * the idle task's.
 * @linux kernel/sched/cputime.c account_process_tick
 */
export function accountProcessTick(cpu: KernelCpu, user: boolean): void {
  const { curr, config: { tickNs }, state } = cpu;
  if (user) accountUserTime(cpu, curr, tickNs);
  else if (curr !== cpu.idle || state.preemptCount !== HARDIRQ_OFFSET) accountSystemTime(cpu, curr, HARDIRQ_OFFSET, tickNs);
  else accountIdleTime(cpu, tickNs);
}

/** Ticks that an idle CPU did without. @linux kernel/sched/cputime.c account_idle_ticks */
export function accountIdleTicks(cpu: KernelCpu, ticks: number): void {
  accountIdleTime(cpu, ticks * cpu.config.tickNs);
}

/** One slot of this CPU's. @linux kernel/sched/cputime.c task_group_account_field */
export function charge({ kcpustat }: KernelCpu, slot: number, delta: Ns): void {
  kcpustat.setCpustat(slot, kcpustat.cpustat(slot) + delta);
}
