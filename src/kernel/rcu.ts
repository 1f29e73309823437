/**
 * Read-copy-update, as far as a machine without pointers needs it: what is to be freed waits until every CPU
 * has been seen where it can hold no reference (in user mode, idle, at a switch). Nothing is freed here; what
 * matters are the ticks, softirqs and wake-ups that the waiting costs. Without the thread that runs grace
 * periods (`kthreads`) nobody waits.
 *
 *      CPU 1                          CPU 0 (tick in user mode)       rcu_preempt
 *      callRcu: one more waits
 *      tick: softirq: grace period                                    woken: period 7 begins,
 *        7 is requested                                                 sleeps for a jiffy
 *                                     tick: 7 is new: softirq: owes
 *                                     tick: seen: softirq: reports
 *      ...the last one reports                                        woken: period 7 is over
 *      tick: softirq: freed
 *
 * A CPU that idles, with a tick or without, is reported by the thread, which looks each jiffy.
 */
import { LockClass } from '../../shared/lock-order.ts';
import { SoftirqVec } from '../../shared/structs/cpu.ts';
import { CPUMASK_WORDS } from '../../shared/limits.ts';
import type { RcuPage } from '../../shared/structs/rcu.ts';
import { NONE, type CpuId } from '../../shared/units.ts';
import type { KernelCpu } from './kernel-cpu.ts';
import { raiseSoftirq } from './irq/softirq.ts';
import { spinLock, spinUnlock } from './locking/lock.ts';
import { tryToWakeUp } from './sched/wakeup.ts';

/** Something is freed once nobody can be looking at it any more. Interrupts off. @linux kernel/rcu/tree.c call_rcu */
export function callRcu(cpu: KernelCpu): void {
  if (cpu.rcu.gpThread !== NONE) cpu.rcu.fresh += 1;
}

/** Whether the tick must go on, since this CPU waits for something to be freed. @linux kernel/rcu/tree.c rcu_needs_cpu */
export function rcuNeedsCpu({ rcu }: KernelCpu): boolean {
  return rcu.fresh + rcu.waiting > 0;
}

/** The tick. A CPU that it finds in user mode or idle holds no reference. @linux kernel/rcu/tree.c rcu_sched_clock_irq */
export function rcuSchedClockIrq(cpu: KernelCpu, user: boolean): void {
  const { rcu } = cpu;
  if (rcu.gpThread === NONE) return;
  if (user || cpu.curr === cpu.idle) rcu.seen = true;
  if (rcuPending(cpu)) raiseSoftirq(cpu, SoftirqVec.Rcu);
}

/** Neither does a CPU that switches. @linux kernel/rcu/tree_plugin.h rcu_note_context_switch */
export function rcuNoteContextSwitch({ rcu }: KernelCpu): void {
  rcu.seen = true;
}

/** @linux kernel/rcu/tree.c rcu_pending */
function rcuPending({ rcu, image }: KernelCpu): boolean {
  const { started, completed } = image.rcu;
  if (rcu.owes && rcu.seen) return true;
  if (started === completed && rcu.fresh > 0) return true;
  return started !== rcu.started || completed !== rcu.completed;
}

/** The RCU softirq. @linux kernel/rcu/tree.c rcu_core */
export function rcuCore(cpu: KernelCpu): void {
  const { rcu, image } = cpu;
  const page = image.rcu;
  lockRcu(cpu);
  noteGpChanges(cpu, page);
  const wasLast = rcu.owes && rcu.seen && reportQs(cpu, page);
  const wakes = (startThisGp(cpu, page) || wasLast) && rcu.gpThread !== NONE;
  const { wakesUnderRcuLock } = cpu.decisions;
  if (wakes && wakesUnderRcuLock) tryToWakeUp(cpu, rcu.gpThread);
  unlockRcu(cpu);
  if (wakes && !wakesUnderRcuLock) tryToWakeUp(cpu, rcu.gpThread);
}

/** What has begun or ended since this CPU looked last. @linux kernel/rcu/tree.c __note_gp_changes */
function noteGpChanges({ id, rcu }: KernelCpu, page: RcuPage): void {
  const { started, completed } = page;
  // freed
  if (completed >= rcu.waitsFor) rcu.waiting = 0;
  if (started !== rcu.started) {
    rcu.owes = owesQs(page, id);
    rcu.seen = false;
  }
  rcu.started = started;
  rcu.completed = completed;
}

/** Takes this CPU out of the mask; whether it was the last one in it. @linux kernel/rcu/tree.c rcu_report_qs_rdp */
function reportQs({ id, rcu }: KernelCpu, page: RcuPage): boolean {
  rcu.owes = false;
  clearOwed(page, id);
  return page.started !== page.completed && nobodyOwes(page);
}

/**
 * What came last waits for the next period that begins after it; whether the thread must be told.
 * @linux kernel/rcu/tree.c rcu_start_this_gp
 */
function startThisGp({ rcu }: KernelCpu, page: RcuPage): boolean {
  if (rcu.fresh === 0 || rcu.waiting > 0) return false;
  rcu.waiting = rcu.fresh;
  rcu.fresh = 0;
  rcu.waitsFor = page.started + 1;
  if (page.requested >= rcu.waitsFor) return false;
  page.requested = rcu.waitsFor;
  return page.started === page.completed;
}

/** Whether the CPU has still to be seen in the period under way. @dynticks the mask of the one node of a small tree */
export function owesQs(page: RcuPage, cpu: CpuId): boolean {
  return ((page.qsMask(cpu >>> 5) >>> (cpu & 31)) & 1) !== 0;
}

/** The CPU has been seen. @dynticks the mask of the one node of a small tree */
export function clearOwed(page: RcuPage, cpu: CpuId): void {
  page.setQsMask(cpu >>> 5, page.qsMask(cpu >>> 5) & ~(1 << (cpu & 31)));
}

/** Whether all have been seen. @dynticks the mask of the one node of a small tree */
export function nobodyOwes(page: RcuPage): boolean {
  for (let i = 0; i < CPUMASK_WORDS; i++) if (page.qsMask(i) !== 0) return false;
  return true;
}

/** @linux kernel/rcu/tree.h raw_spin_lock_rcu_node */
export function lockRcu(cpu: KernelCpu): void {
  spinLock(cpu, cpu.image.rcu.lock, LockClass.Rcu, 0);
}

/** @linux kernel/rcu/tree.h raw_spin_unlock_rcu_node */
export function unlockRcu(cpu: KernelCpu): void {
  spinUnlock(cpu, cpu.image.rcu.lock, LockClass.Rcu, 0);
}
