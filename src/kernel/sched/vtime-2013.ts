/**
 * CPU time without a tick as Linux 3.9 merged it in 2013. What today's form (`vtime.ts`) does otherwise, it learnt since:
 *
 * | | 2013 | today |
 * | --- | --- | --- |
 * | record | seqlock, snapshot, whence | seqcount, starttime, state, CPU, accumulators |
 * | charges | at each edge, whatever it is | a tick or more |
 * | interrupts, softirqs | edges of their own | part of what they interrupt |
 * | guest, idle | a flag of the task, a kind of task | states |
 * | switch | flush, sleeping, next: three sections | two |
 *
 *      CPU 0 (switch prev -> next)            CPU 1 (task_cputime of prev)
 *      prev: stime += 30, snapshot 130
 *                                             whence SYS: stime + (140 - 130): 10 ns that are next's
 *      prev: SLEEPING
 *                                             whence SLEEPING: stime
 *
 * So what Linux's reader adds between the first two sections goes away with the second. Here it adds nothing: it
 * goes no further than CPU 0 has promised to have come, which is the instant of the switch.
 *
 * Not as it was: the delta of user time is taken inside the section (fault B-01 takes it before), the idle task's
 * flush has a section too, an interrupt in user mode crosses the user edge first, what was stolen is nobody's, and the
 * record says on which CPU the task runs, for whoever needs that CPU's promise.
 *
 * Writer: the CPU on which the task is current, with interrupts off.  Readers: any CPU, at any time.
 */
import { KernelBug } from '../../../shared/assert.ts';
import { LockClass } from '../../../shared/lock-order.ts';
import { Cpustat } from '../../../shared/structs/cpu.ts';
import { VtimeState, type Vtime } from '../../../shared/structs/task.ts';
import { writeSeqcountBegin } from '../../../shared/sync/seqcount.ts';
import { NOBODY, type Ns, type TaskId } from '../../../shared/units.ts';
import { HARDIRQ_OFFSET, SOFTIRQ_OFFSET } from '../irq/preempt-count.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { spinLock, spinUnlock } from '../locking/lock.ts';
import { markGuest, unmarkGuest } from './cputime-accounting.ts';
import { accountGuestTime, accountIdleTime, accountSystemIndexTime, accountUserTime, stealAccountProcessTime } from './cputime.ts';
import { publishVtime, vtimeClock } from './vtime-record.ts';

/**
 * The kernel is left for user mode. Whence changes before the time is charged, which no reader sees.
 * @linux kernel/sched/cputime.c vtime_user_enter
 */
export function vtime2013UserEnter(cpu: KernelCpu): void {
  const vtime = begin(cpu, cpu.curr);
  const delta = take(cpu, cpu.curr, vtime);
  vtime.state = VtimeState.User;
  accountKernel(cpu, cpu.curr, cpu.state.preemptCount, delta);
  end(cpu, cpu.curr, vtime);
}

/** User mode is left for the kernel. @linux kernel/sched/cputime.c vtime_account_user */
export function vtime2013UserExit(cpu: KernelCpu): void {
  const task = cpu.curr;
  const early = cpu.decisions.vtimeDeltaOutsideSection ? takeEarly(cpu, task) : 0;
  const vtime = begin(cpu, task);
  vtime.state = VtimeState.Sys;
  accountUserTime(cpu, task, early + take(cpu, task, vtime));
  end(cpu, task, vtime);
}

/** The kernel is left for the task's guest. @linux kernel/sched/cputime.c vtime_guest_enter */
export function vtime2013GuestEnter(cpu: KernelCpu): void {
  const vtime = begin(cpu, cpu.curr);
  accountKernel(cpu, cpu.curr, cpu.state.preemptCount, take(cpu, cpu.curr, vtime));
  markGuest(cpu);
  end(cpu, cpu.curr, vtime);
}

/** The guest is left. @linux kernel/sched/cputime.c vtime_guest_exit */
export function vtime2013GuestExit(cpu: KernelCpu): void {
  const vtime = begin(cpu, cpu.curr);
  accountKernel(cpu, cpu.curr, cpu.state.preemptCount, take(cpu, cpu.curr, vtime));
  unmarkGuest(cpu);
  end(cpu, cpu.curr, vtime);
}

/** @linux kernel/sched/cputime.c vtime_account_irq_enter */
export const vtime2013IrqEnter = (cpu: KernelCpu): void => flush(cpu, cpu.curr, cpu.state.preemptCount - HARDIRQ_OFFSET);
/** @linux kernel/sched/cputime.c vtime_account_irq_enter, of a softirq */
export const vtime2013SoftirqEnter = (cpu: KernelCpu): void => flush(cpu, cpu.curr, cpu.state.preemptCount - SOFTIRQ_OFFSET);
/** @linux kernel/sched/cputime.c vtime_gen_account_irq_exit */
export const vtime2013IrqExit = (cpu: KernelCpu): void => flush(cpu, cpu.curr, cpu.state.preemptCount);

/** `next` has taken the CPU over from `prev`. @linux kernel/sched/cputime.c vtime_common_task_switch, arch_vtime_task_switch */
export function vtime2013TaskSwitch(cpu: KernelCpu, prev: TaskId, next: TaskId): void {
  flush(cpu, prev, cpu.state.preemptCount);
  const left = begin(cpu, prev);
  left.state = VtimeState.Inactive;
  left.cpu = NOBODY;
  end(cpu, prev, left);
  start(cpu, next);
}

/** As `vtimeTheft`, by the lock that all sections take. @dynticks Linux's readers know nothing of it */
export function vtime2013Theft(cpu: KernelCpu, store: (cpu: KernelCpu) => void): void {
  const vtime = begin(cpu, cpu.curr);
  store(cpu);
  end(cpu, cpu.curr, vtime);
}

/** Boot: the idle task's clock starts. @linux kernel/sched/cputime.c vtime_init_idle */
export function vtime2013InitIdle(cpu: KernelCpu): void {
  start(cpu, cpu.idle);
}

function start(cpu: KernelCpu, task: TaskId): void {
  const vtime = begin(cpu, task);
  vtime.state = VtimeState.Sys;
  vtime.starttime = vtimeClock(cpu);
  vtime.cpu = cpu.id;
  end(cpu, task, vtime);
}

/** Charges what the task, or its interrupts, have done until now; `count`: the preempt count meanwhile. */
function flush(cpu: KernelCpu, task: TaskId, count: number): void {
  const vtime = begin(cpu, task);
  const delta = take(cpu, task, vtime);
  if (task === cpu.idle && count === 0) accountIdleTime(cpu, delta);
  else accountKernel(cpu, task, count, delta);
  end(cpu, task, vtime);
}

/**
 * The whole preempt count is given as the caller's own part, by which an interrupt counts as system time. A softirq,
 * whose bits are no interrupt's, makes the difference negative, and what is not zero counts as an interrupt.
 * @linux kernel/sched/cputime.c __vtime_account_system
 */
function accountKernel(cpu: KernelCpu, task: TaskId, count: number, delta: Ns): void {
  const asked = cpu.decisions.guestTestOnCurrent ? cpu.curr : task;
  if (cpu.image.tasks[asked]!.vcpu !== 0) accountGuestTime(cpu, task, delta);
  else accountSystemIndexTime(cpu, task, delta, (count & SOFTIRQ_OFFSET) !== 0 ? Cpustat.Irq : Cpustat.System);
}

/** @linux kernel/sched/cputime.c get_vtime_delta */
function take(cpu: KernelCpu, task: TaskId, vtime: Vtime): Ns {
  if (vtime.state === VtimeState.Inactive) {
    throw new KernelBug(`time taken of task ${task}, which sleeps: an edge without a switch to it`);
  }
  const from = vtime.starttime;
  const delta = Math.max(0, vtimeClock(cpu) - from);
  vtime.starttime = from + delta;
  return delta - stealAccountProcessTime(cpu, delta);
}

function takeEarly(cpu: KernelCpu, task: TaskId): Ns {
  const delta = take(cpu, task, cpu.image.vtimes[task]!);
  cpu.arch.linger();
  return delta;
}

/** @linux include/linux/seqlock.h write_seqlock */
function begin(cpu: KernelCpu, task: TaskId): Vtime {
  const vtime = cpu.image.vtimes[task]!;
  spinLock(cpu, vtime.lock, LockClass.Vtime, task);
  writeSeqcountBegin(cpu.memory, vtime.seq);
  return vtime;
}

/** @linux include/linux/seqlock.h write_sequnlock */
function end(cpu: KernelCpu, task: TaskId, vtime: Vtime): void {
  publishVtime(cpu, task, vtime);
  spinUnlock(cpu, vtime.lock, LockClass.Vtime, task);
}
