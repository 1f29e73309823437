/**
 * Softirqs: work that an interrupt leaves for its way out, with interrupts on again. What is raised while
 * they run is run too, but not for ever: after some rounds, or some time, or when another task shall run,
 * the rest is left to ksoftirqd, a thread like any other. Two limits, because jiffies may stand still.
 *
 *      interrupt                             on its way out
 *      raise TIMER                           round 1: TIMER, SCHED    (TIMER raises TIMER again)
 *      raise SCHED                           round 2: TIMER           (and again)
 *                                            ...
 *                                            round 10: TIMER          (and again)
 *                                            wakes ksoftirqd, which goes on when its turn comes
 */
import { Event, Mode } from '../../../shared/events.ts';
import { MAX_SOFTIRQ_RESTART, SOFTIRQ_IDLE_REPORTS } from '../../../shared/limits.ts';
import { Printk } from '../../../shared/printk.ts';
import { NR_SOFTIRQS, SoftirqVec } from '../../../shared/structs/cpu.ts';
import { KernelBug } from '../../../shared/assert.ts';
import { SystemState } from '../../../shared/structs/global.ts';
import { TaskState } from '../../../shared/structs/task.ts';
import { NONE, type TaskId } from '../../../shared/units.ts';
import { Path } from '../arch.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { printk } from '../printk.ts';
import { tryToWakeUp } from '../sched/wakeup.ts';
import { Outcome } from '../syscalls/outcome.ts';
import { SOFTIRQ_OFFSET } from './preempt-count.ts';

/** Softirqs run for so long at most, in whole jiffies. @linux kernel/softirq.c MAX_SOFTIRQ_TIME */
const MAX_SOFTIRQ_NS = 2_000_000;

/**
 * Interrupts off. Whoever is in no interrupt has no way out on which it would run, so ksoftirqd is woken.
 * @linux kernel/softirq.c raise_softirq_irqoff
 */
export function raiseSoftirq(cpu: KernelCpu, vec: SoftirqVec): void {
  cpu.state.softirqPending |= 1 << vec;
  cpu.arch.trace(Event.softirq_raise, vec);
  if (cpu.state.preemptCount === 0) wakeupSoftirqd(cpu);
}

/** Whether timers of the wheel are due and wait for their softirq. @linux include/linux/interrupt.h local_timer_softirq_pending */
export function localTimerSoftirqPending(cpu: KernelCpu): boolean {
  return (cpu.state.softirqPending & (1 << SoftirqVec.Timer)) !== 0;
}

/**
 * Runs what is pending, lowest number first, and what that raises again, within the limits.
 * @linux kernel/softirq.c handle_softirqs
 */
export function handleSoftirqs(cpu: KernelCpu): void {
  const { state, arch, config, image, decisions } = cpu;
  const end = image.jiffies.jiffies + Math.ceil(MAX_SOFTIRQ_NS / config.tickNs);
  const rounds = decisions.softirqRounds ?? MAX_SOFTIRQ_RESTART;
  arch.setMode(Mode.Softirq);
  state.preemptCount += SOFTIRQ_OFFSET;
  cpu.accounting.softirqEnter(cpu);
  cpu.irqsOff -= 1;
  for (let round = 1; ; round++) {
    runPending(cpu, round);
    if (state.softirqPending === 0) break;
    if (round < rounds && state.needResched === 0 && image.jiffies.jiffies < end) continue;
    wakeupSoftirqd(cpu);
    break;
  }
  cpu.irqsOff += 1;
  cpu.accounting.softirqExit(cpu);
  state.preemptCount -= SOFTIRQ_OFFSET;
}

/** One round: what is pending now. */
function runPending(cpu: KernelCpu, round: number): void {
  const { state, decisions } = cpu;
  const pending = state.softirqPending;
  state.softirqPending = 0;
  for (let vec = 0; vec < NR_SOFTIRQS; vec++) if (pending & (1 << vec)) runSoftirq(cpu, vec);
  if (decisions.raisesSoftirqAgain(cpu.id, round)) raiseSoftirq(cpu, SoftirqVec.Sched);
}

/**
 * A CPU is about to stop its tick, and softirqs wait: something forgot to run them. The first such reports
 * are written into the log. RCU may wait.
 * @linux kernel/time/tick-sched.c report_idle_softirq
 */
export function reportIdleSoftirq(cpu: KernelCpu): boolean {
  const pending = cpu.state.softirqPending & ~(1 << SoftirqVec.Rcu);
  if (pending === 0 || cpu.softirqReports >= SOFTIRQ_IDLE_REPORTS) return false;
  cpu.softirqReports += 1;
  printk(cpu, Printk.softirqPending, pending);
  return true;
}

/** @linux kernel/softirq.c wakeup_softirqd */
function wakeupSoftirqd(cpu: KernelCpu): void {
  const thread = cpu.config.workload.ksoftirqds[cpu.id] ?? NONE;
  // before there are threads, the next interrupt's way out must do
  if (thread !== NONE && cpu.image.system.state === SystemState.Running) tryToWakeUp(cpu, thread);
}

/** What ksoftirqd does when it runs: one helping, as on an interrupt's way out. @linux kernel/softirq.c run_ksoftirqd */
export function runKsoftirqd(cpu: KernelCpu, task: TaskId): Outcome {
  if (cpu.state.softirqPending === 0) {
    cpu.image.tasks[task]!.state = TaskState.Sleeping;
    return Outcome.Blocked;
  }
  cpu.irqsOff += 1;
  handleSoftirqs(cpu);
  cpu.irqsOff -= 1;
  cpu.arch.setMode(Mode.System);
  return Outcome.Done;
}

function runSoftirq(cpu: KernelCpu, vec: number): void {
  const { arch, state } = cpu;
  state.setSoftirqs(vec, state.softirqs(vec) + 1);
  arch.trace(Event.softirq_entry, vec);
  arch.spend(Path.Softirq);
  const action = cpu.callbacks.softirqs[vec];
  if (action === undefined) throw new KernelBug(`softirq ${vec} has no handler: whoever raised it must bring one`);
  action(cpu);
  arch.trace(Event.softirq_exit, vec);
}
