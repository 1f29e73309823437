/**
 * Read-copy-update, as far as a machine without pointers needs it: what is to be freed waits until every CPU
 * has been seen where it can hold no reference (idle, at a switch, outside of readers). Nothing is freed here; what
 * matters are the ticks, softirqs and wake-ups that the waiting costs. Without the thread that runs grace
 * periods (`kthreads`) nobody waits.
 *
 *      CPU 1                          CPU 0 (tick in user mode)       rcu_preempt
 *      callRcu: one more waits
 *      tick: softirq: grace period                                    woken: period 7 begins,
 *        7 is requested                                                 sleeps for a jiffy
 *                                     tick: 7 is new: softirq: owes
 *      callRcu; tick: softirq: 8 is   tick: seen: softirq: reports
 *        requested
 *      ...the last one reports                                        woken: period 7 is over, 8 begins
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
import { SOFTIRQ_MASK } from './irq/preempt-count.ts';
import { raiseSoftirq } from './irq/softirq.ts';
import { spinLock, spinUnlock } from './locking/lock.ts';
import { tryToWakeUp } from './sched/wakeup.ts';

/** Something is freed once nobody can be looking at it any more. Interrupts off. @linux kernel/rcu/tree.c call_rcu */
export function callRcu(cpu: KernelCpu): void {
  if (cpu.rcu.gpThread !== NONE) cpu.rcu.fresh += 1;
}

/** Whether the tick must go on, since this CPU waits for something to be freed. @linux kernel/rcu/tree.c rcu_needs_cpu */
export function rcuNeedsCpu({ rcu }: KernelCpu): boolean {
  return rcu.fresh + rcu.waiting + rcu.ready > 0;
}

/**
 * The tick. Readers can be preempted, and say themselves where they read. So a CPU that the tick finds outside, in the
 * kernel too, holds no reference: no event of ours ends inside. Of one that it finds where it cannot be preempted,
 * in a softirq or idle, it says nothing; the idle one is seen by the thread.
 * @linux kernel/rcu/tree_plugin.h rcu_flavor_sched_clock_irq
 */
export function rcuSchedClockIrq(cpu: KernelCpu): void {
  const { rcu, state } = cpu;
  if (rcu.gpThread === NONE) return;
  if (cpu.curr !== cpu.idle && (state.preemptCount & SOFTIRQ_MASK) === 0) rcu.seen = true;
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
  let wakes = noteGpChanges(cpu, page);
  if (rcu.owes && rcu.seen) wakes = reportQs(cpu, page) || wakes;
  if (page.started === page.completed) wakes = accelerateCbs(cpu, page) || wakes;
  wakes &&= rcu.gpThread !== NONE;
  const { wakesUnderRcuLock } = cpu.decisions;
  if (wakes && wakesUnderRcuLock) tryToWakeUp(cpu, rcu.gpThread);
  unlockRcu(cpu);
  if (wakes && !wakesUnderRcuLock) tryToWakeUp(cpu, rcu.gpThread);
}

/**
 * What has begun or ended since this CPU looked last; whether the thread must be told of a new wish.
 * @linux kernel/rcu/tree.c __note_gp_changes
 */
export function noteGpChanges(cpu: KernelCpu, page: RcuPage): boolean {
  const { id, rcu } = cpu;
  const { started, completed } = page;
  if (started === rcu.started && completed === rcu.completed) return false;
  advanceCbs(cpu, completed);
  if (started !== rcu.started) {
    rcu.owes = owesQs(page, id);
    rcu.seen = false;
  }
  rcu.started = started;
  rcu.completed = completed;
  return accelerateCbs(cpu, page);
}

/**
 * Takes this CPU out of the mask. The period cannot end before that, so what has come meanwhile will do with the next
 * one. Whether the thread must be told: of that wish, or that this CPU was the last one.
 * @linux kernel/rcu/tree.c rcu_report_qs_rdp
 */
function reportQs(cpu: KernelCpu, page: RcuPage): boolean {
  cpu.rcu.owes = false;
  clearOwed(page, cpu.id);
  const wished = accelerateCbs(cpu, page);
  return (page.started !== page.completed && nobodyOwes(page)) || wished;
}

/** What waited for a period that is over is freed. @linux kernel/rcu/rcu_segcblist.c rcu_segcblist_advance */
function advanceCbs({ rcu }: KernelCpu, completed: number): void {
  if (completed < rcu.waitsFor) return;
  rcu.waiting = rcu.ready;
  rcu.waitsFor = rcu.readyFor;
  rcu.ready = 0;
  if (completed >= rcu.waitsFor) rcu.waiting = 0;
}

/**
 * What has come since waits for the first period that has not begun yet. That is wished for while another is under way, so
 * that the thread goes on to it without being woken; if none is, the thread must be told.
 * @linux kernel/rcu/tree.c rcu_accelerate_cbs, rcu_start_this_gp
 */
function accelerateCbs({ rcu }: KernelCpu, page: RcuPage): boolean {
  if (rcu.fresh === 0) return false;
  const next = page.started + 1;
  if (rcu.waiting === 0 || rcu.waitsFor === next) {
    rcu.waiting += rcu.fresh;
    rcu.waitsFor = next;
  } else {
    rcu.ready += rcu.fresh;
    rcu.readyFor = next;
  }
  rcu.fresh = 0;
  if (page.requested >= next) return false;
  page.requested = next;
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
