/**
 * CPU time by each edge's own clock (VIRT_CPU_ACCOUNTING_NATIVE, as on powerpc): what has passed since the last edge
 * goes into a bucket of the CPU, by what the CPU was doing until now. A tick and a task switch charge what the buckets
 * hold; then, and only then, tasks and slots are exact.
 *
 *      user       | kernel | interrupt (the tick)       | kernel
 *      utime += 7   stime += 2   hardirq += 1, charge all
 *
 * Nothing travels with a task: its time is charged where it was earned.
 */
import { Cpustat } from '../../../shared/structs/cpu.ts';
import type { Ns, TaskId } from '../../../shared/units.ts';
import { HARDIRQ_MASK, HARDIRQ_OFFSET, SOFTIRQ_OFFSET } from '../irq/preempt-count.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { markGuest, unmarkGuest } from './cputime-accounting.ts';
import {
  accountGuestTime, accountIdleTime, accountSystemIndexTime, accountUserTime, charge, freshSteal, noteSteal, stealWithin,
} from './cputime.ts';

/** A CPU comes up. @linux arch/powerpc/kernel/time.c snapshot_timebase */
export function vtimeNativeInit(cpu: KernelCpu): void {
  cpu.cpuAccounting.starttime = cpu.arch.schedClock();
}

/** The kernel is left for user mode. @linux arch/powerpc/include/asm/cputime.h account_cpu_user_exit */
export function vtimeNativeUserEnter(cpu: KernelCpu): void {
  cpu.cpuAccounting.stime += take(cpu);
}

/** User mode is left for the kernel. @linux arch/powerpc/include/asm/cputime.h account_cpu_user_entry */
export function vtimeNativeUserExit(cpu: KernelCpu): void {
  cpu.cpuAccounting.utime += take(cpu);
}

/** The kernel is left for a guest. @linux include/linux/vtime.h vtime_guest_enter */
export function vtimeNativeGuestEnter(cpu: KernelCpu): void {
  accountTask(cpu, cpu.curr);
  markGuest(cpu);
}

/** The guest is left. @linux include/linux/vtime.h vtime_guest_exit */
export function vtimeNativeGuestExit(cpu: KernelCpu): void {
  accountTask(cpu, cpu.curr);
  unmarkGuest(cpu);
}

/**
 * An edge of an interrupt or softirq; `offset` is what it has just added to the preempt count.
 * @linux kernel/sched/cputime.c vtime_account_irq
 */
function vtimeAccountIrq(cpu: KernelCpu, offset: number): void {
  const count = cpu.state.preemptCount - offset;
  const { cpuAccounting: buckets } = cpu;
  if ((count & HARDIRQ_MASK) !== 0) buckets.hardirqTime += take(cpu);
  else if ((count & SOFTIRQ_OFFSET) !== 0) buckets.softirqTime += take(cpu);
  else accountTask(cpu, cpu.curr);
}

/** A tick: what the interrupt has taken so far counts. @linux arch/powerpc/kernel/time.c vtime_flush */
export function vtimeNativeTick(cpu: KernelCpu): void {
  vtimeAccountIrq(cpu, 0);
  vtimeFlush(cpu, cpu.curr);
}

/** The end of a run is as good as a tick. @dynticks a run has an end */
export function vtimeNativeSettle(cpu: KernelCpu, user: boolean): void {
  if (user) vtimeNativeUserExit(cpu);
  vtimeNativeTick(cpu);
}

/** `prev` has left the CPU. @linux kernel/sched/cputime.c vtime_task_switch */
export function vtimeNativeTaskSwitch(cpu: KernelCpu, prev: TaskId): void {
  accountTask(cpu, prev);
  vtimeFlush(cpu, prev);
}

/**
 * Kernel code of the task, or of its guest while it bears that mark, or the idle loop.
 * @linux arch/powerpc/kernel/time.c vtime_account_kernel, vtime_account_idle
 */
function accountTask(cpu: KernelCpu, task: TaskId): void {
  const { cpuAccounting: buckets } = cpu;
  if (task === cpu.idle) buckets.idleTime += take(cpu);
  else if (cpu.image.tasks[task]!.vcpu !== 0) buckets.gtime += take(cpu);
  else buckets.stime += take(cpu);
}

/** What has passed since the last edge; what was stolen has a bucket of its own. @linux arch/powerpc/kernel/time.c vtime_delta */
function take(cpu: KernelCpu): Ns {
  const { cpuAccounting: buckets } = cpu;
  const now = cpu.arch.schedClock();
  const delta = now - buckets.starttime;
  buckets.starttime = now;
  const fresh = freshSteal(cpu);
  if (fresh === 0) return delta;
  const stolen = stealWithin(fresh, delta);
  noteSteal(cpu, stolen, fresh);
  buckets.stealTime += stolen;
  return delta - stolen;
}

/** All buckets are emptied into the accounts. @linux arch/powerpc/kernel/time.c vtime_flush */
function vtimeFlush(cpu: KernelCpu, task: TaskId): void {
  const { cpuAccounting: buckets } = cpu;
  if (buckets.stealTime > 0) charge(cpu, Cpustat.Steal, buckets.stealTime);
  if (buckets.utime > 0) accountUserTime(cpu, task, buckets.utime);
  if (buckets.gtime > 0) accountGuestTime(cpu, task, buckets.gtime);
  if (buckets.idleTime > 0) accountIdleTime(cpu, buckets.idleTime);
  if (buckets.stime > 0) accountSystemIndexTime(cpu, task, buckets.stime, Cpustat.System);
  if (buckets.hardirqTime > 0) accountSystemIndexTime(cpu, task, buckets.hardirqTime, Cpustat.Irq);
  if (buckets.softirqTime > 0) accountSystemIndexTime(cpu, task, buckets.softirqTime, Cpustat.Softirq);
  buckets.utime = 0;
  buckets.gtime = 0;
  buckets.idleTime = 0;
  buckets.stime = 0;
  buckets.hardirqTime = 0;
  buckets.softirqTime = 0;
  buckets.stealTime = 0;
}

/** @linux include/linux/vtime.h account_hardirq_enter */
export const vtimeNativeHardirqEnter = (cpu: KernelCpu): void => vtimeAccountIrq(cpu, HARDIRQ_OFFSET);
/** @linux include/linux/vtime.h account_softirq_enter */
export const vtimeNativeSoftirqEnter = (cpu: KernelCpu): void => vtimeAccountIrq(cpu, SOFTIRQ_OFFSET);
/** @linux include/linux/vtime.h account_hardirq_exit, account_softirq_exit */
export const vtimeNativeIrqExit = (cpu: KernelCpu): void => vtimeAccountIrq(cpu, 0);
