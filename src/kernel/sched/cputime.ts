/**
 * Charging CPU time: the elementary operations, and the tick that uses them where it samples.
 * Where contexts are tracked, `vtime.ts` decides what is charged and when; where edges are measured, `vtime-native.ts`.
 */
import { Event } from '../../../shared/events.ts';
import { Cpustat } from '../../../shared/structs/cpu.ts';
import { KTIME_MAX, type Ns, type TaskId } from '../../../shared/units.ts';
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
 * The same, by what the preempt count says of who took it; `offset` is the caller's own part of that. If no other
 * interrupt did, and the task bears the mark of a guest, it was the guest.
 * @linux kernel/sched/cputime.c account_system_time
 */
function accountSystemTime(cpu: KernelCpu, task: TaskId, offset: number, delta: Ns): void {
  const count = cpu.state.preemptCount - offset;
  if (count === 0 && cpu.image.tasks[task]!.vcpu !== 0) accountGuestTime(cpu, task, delta);
  else accountSystemIndexTime(cpu, task, delta, systemIndex(count));
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
  const { curr, config, state } = cpu;
  const rest = config.tickNs - stealAccountProcessTime(cpu, KTIME_MAX);
  if (rest <= 0) return;
  if (user) accountUserTime(cpu, curr, rest);
  else if (curr !== cpu.idle || state.preemptCount !== HARDIRQ_OFFSET) accountSystemTime(cpu, curr, HARDIRQ_OFFSET, rest);
  else accountIdleTime(cpu, rest);
}

/** Ticks that an idle CPU did without. @linux kernel/sched/cputime.c account_idle_ticks */
export function accountIdleTicks(cpu: KernelCpu, ticks: number): void {
  const rest = ticks * cpu.config.tickNs - stealAccountProcessTime(cpu, KTIME_MAX);
  if (rest > 0) accountIdleTime(cpu, rest);
}

/**
 * Charges what was stolen since it was asked last, but no more than `most`; the rest is left for the next time.
 * @linux kernel/sched/cputime.c steal_account_process_time
 */
export function stealAccountProcessTime(cpu: KernelCpu, most: Ns): Ns {
  const fresh = freshSteal(cpu);
  if (fresh === 0) return 0;
  const within = stealWithin(fresh, most);
  // ticks take all of it, and what is below 0 is that again if the sum is cut to as many bits
  const steal = most === KTIME_MAX ? fresh : within;
  noteSteal(cpu, steal, fresh);
  charge(cpu, Cpustat.Steal, steal);
  return within;
}

/** No more than `most`; without a sign, what is below 0 is huge. @dynticks Linux's differences have no sign */
export function stealWithin(fresh: Ns, most: Ns): Ns {
  return fresh < 0 ? most : Math.min(fresh, most);
}

/** What the steal clock has gained since it was asked last. @linux arch/x86/include/asm/paravirt.h paravirt_steal_clock */
export function freshSteal({ config, rq, stealTime }: KernelCpu): Ns {
  return config.stealClock ? stealTime.steal - rq.prevStealTime : 0;
}

/** So much of it is taken notice of. @linux kernel/sched/sched.h rq.prev_steal_time */
export function noteSteal(cpu: KernelCpu, steal: Ns, fresh: Ns): void {
  cpu.rq.prevStealTime += steal;
  cpu.arch.trace(Event.account_steal_time, steal, fresh);
}

/** One slot of this CPU's. @linux kernel/sched/cputime.c task_group_account_field */
export function charge({ kcpustat }: KernelCpu, slot: number, delta: Ns): void {
  kcpustat.setCpustat(slot, kcpustat.cpustat(slot) + delta);
}
