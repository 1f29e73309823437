/**
 * Interrupts and softirqs by the clock (IRQ_TIME_ACCOUNTING). Each of their edges charges what has passed since the
 * last one, if an interrupt or softirq had it, to the CPU; the next tick samples as ever, but charges only what they
 * have left of it.
 *
 *      task | interrupt | task | interrupt: the tick
 *      0      10      25         4,000        4,000 us: IRQ has 15 us, the tick charges the task 3,985
 *
 * A softirq that ksoftirqd serves is that thread's own time: by the scheduler's clock it runs, and its ticks go to
 * SOFTIRQ. Without that it would be charged with its own work as an interruption, and never seem to run.
 *
 * Only a clock that is the same everywhere can do this. When the tsc turns out to be none, all CPUs are back with
 * plain ticks, each at its next edge.
 */
import { Event } from '../../../shared/events.ts';
import { Cpustat } from '../../../shared/structs/cpu.ts';
import { KTIME_MAX, type Ns, type TaskId } from '../../../shared/units.ts';
import { HARDIRQ_MASK, HARDIRQ_OFFSET, SOFTIRQ_OFFSET } from '../irq/preempt-count.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import {
  accountGuestTime, accountIdleTicks, accountIdleTime, accountProcessTick, accountSystemIndexTime, accountUserTime, charge,
  stealAccountProcessTime,
} from './cputime.ts';

/** Boot: whether the clock is good enough. @linux kernel/sched/cputime.c enable_sched_clock_irqtime */
export function enableSchedClockIrqtime(cpu: KernelCpu): void {
  const { tsc } = cpu.config;
  cpu.image.system.schedClockIrqtime = tsc === 'noirqtime' || tsc === 'unstable' ? 0 : 1;
}

/** It is not, after all. @linux kernel/sched/cputime.c disable_sched_clock_irqtime */
export function disableSchedClockIrqtime(cpu: KernelCpu): void {
  cpu.image.system.schedClockIrqtime = 0;
}

/** A CPU comes up. @dynticks each CPU notes for itself from when on it times its interrupts, and until when */
export function irqtimeInit(cpu: KernelCpu): void {
  cpu.irqtime.irqStartTime = cpu.arch.schedClock();
  noteIrqtime(cpu, cpu.image.system.schedClockIrqtime !== 0);
}

/** @linux kernel/sched/sched.h irqtime_enabled */
function irqtimeEnabled(cpu: KernelCpu): boolean {
  const enabled = cpu.image.system.schedClockIrqtime !== 0;
  if (enabled !== cpu.irqtimeOn) noteIrqtime(cpu, enabled);
  return enabled;
}

function noteIrqtime(cpu: KernelCpu, enabled: boolean): void {
  cpu.irqtimeOn = enabled;
  cpu.arch.trace(Event.sched_clock_irqtime, enabled ? 1 : 0);
}

/** An edge; `offset` is what it has just added to the preempt count. @linux kernel/sched/cputime.c irqtime_account_irq */
function irqtimeAccountIrq(cpu: KernelCpu, offset: number): void {
  if (!irqtimeEnabled(cpu)) return;
  const { irqtime, state } = cpu;
  const delta = cpu.arch.schedClock() - irqtime.irqStartTime;
  irqtime.irqStartTime += delta;
  const count = state.preemptCount - offset;
  if ((count & HARDIRQ_MASK) !== 0) accountDelta(cpu, delta, Cpustat.Irq);
  else if ((count & SOFTIRQ_OFFSET) !== 0 && !isKsoftirqd(cpu, cpu.curr)) accountDelta(cpu, delta, Cpustat.Softirq);
}

/** @linux kernel/sched/cputime.c irqtime_account_delta */
function accountDelta(cpu: KernelCpu, delta: Ns, slot: number): void {
  const { irqtime } = cpu;
  if (cpu.decisions.chargesIrqTimeByTicks) cpu.irqBacklog[slot === Cpustat.Irq ? 0 : 1]! += delta;
  else charge(cpu, slot, delta);
  irqtime.total += delta;
  irqtime.tickDelta += delta;
}

/** @linux include/linux/interrupt.h this_cpu_ksoftirqd */
function isKsoftirqd(cpu: KernelCpu, task: TaskId): boolean {
  return cpu.config.workload.ksoftirqds[cpu.id] === task;
}

/** What was stolen, and what of interrupts no tick has left out yet; it has now. @linux kernel/sched/cputime.c account_other_time */
function accountOtherTime(cpu: KernelCpu): Ns {
  const { irqtime } = cpu;
  const delta = irqtime.tickDelta;
  irqtime.tickDelta = 0;
  return stealAccountProcessTime(cpu, KTIME_MAX) + delta;
}

/** @linux kernel/sched/cputime.c account_process_tick, irqtime_account_process_tick */
export function irqtimeAccountTick(cpu: KernelCpu, user: boolean): void {
  if (irqtimeEnabled(cpu)) irqtimeAccountProcessTick(cpu, user, 1);
  else accountProcessTick(cpu, user);
}

/** @linux kernel/sched/cputime.c account_idle_ticks, irqtime_account_idle_ticks */
export function irqtimeAccountIdleTicks(cpu: KernelCpu, ticks: number): void {
  if (irqtimeEnabled(cpu)) irqtimeAccountProcessTick(cpu, false, ticks);
  else accountIdleTicks(cpu, ticks);
}

/** Where interrupts took more than the ticks were long, the rest of it is forgotten. */
function irqtimeAccountProcessTick(cpu: KernelCpu, user: boolean, ticks: number): void {
  const { curr } = cpu;
  if (cpu.decisions.chargesIrqTimeByTicks && chargeBacklog(cpu)) return;
  const rest = ticks * cpu.config.tickNs - accountOtherTime(cpu);
  if (rest <= 0) return;
  if (isKsoftirqd(cpu, curr)) accountSystemIndexTime(cpu, curr, rest, Cpustat.Softirq);
  else if (user) accountUserTime(cpu, curr, rest);
  else if (curr === cpu.idle) accountIdleTime(cpu, rest);
  else if (cpu.image.tasks[curr]!.vcpu !== 0) accountGuestTime(cpu, curr, rest);
  else accountSystemIndexTime(cpu, curr, rest, Cpustat.System);
}

/** The historic way: whichever kind of interrupt has a tick's time to its name is charged that tick, however many there were. */
function chargeBacklog(cpu: KernelCpu): boolean {
  const { irqBacklog: backlog, config: { tickNs } } = cpu;
  cpu.irqtime.tickDelta = 0;
  const kind = backlog[0]! >= tickNs ? 0 : 1;
  if (backlog[kind]! < tickNs) return false;
  backlog[kind]! -= tickNs;
  charge(cpu, kind === 0 ? Cpustat.Irq : Cpustat.Softirq, tickNs);
  return true;
}

/** An interrupt is entered or left, or a softirq: the four edges. @linux kernel/sched/cputime.c irqtime_account_irq */
export const irqtimeHardirqEnter = (cpu: KernelCpu): void => irqtimeAccountIrq(cpu, HARDIRQ_OFFSET);
/** @linux include/linux/vtime.h account_softirq_enter */
export const irqtimeSoftirqEnter = (cpu: KernelCpu): void => irqtimeAccountIrq(cpu, SOFTIRQ_OFFSET);
/** @linux include/linux/vtime.h account_hardirq_exit, account_softirq_exit */
export const irqtimeIrqExit = (cpu: KernelCpu): void => irqtimeAccountIrq(cpu, 0);
