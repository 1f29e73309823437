/**
 * Timers that count CPU time: setting them, and starting them again. Nobody programs an event for them: a tick looks
 * whether any is due (`posix-cpu-expiry.ts`), by one value a clock, which must never be later than the first timer.
 *
 *      CPU 0 (sets one for 50)                CPU 1 (a tick of another thread)
 *      siglock: the clock shows 7
 *        due at 57; first one due: 57 (was 90)
 *      unlock
 *                                             the clock shows 58: 58 >= 57, there is something to do
 *
 * Without a tick nobody looks. Linux keeps the tick of a CPU whose task, or whose process, has such a timer; where a
 * scenario forces it off the timer does not fire.
 */
import { Event } from '../../../shared/events.ts';
import type { PosixCputimers } from '../../../shared/structs/posix-cpu-timers.ts';
import type { PosixTimer } from '../../../shared/structs/signal.ts';
import { ClockId } from '../../../shared/structs/timekeeper.ts';
import type { UserRegs } from '../../../shared/structs/task.ts';
import { KTIME_MAX, type Ns, type ProcessId, type TaskId } from '../../../shared/units.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { processOf } from '../process.ts';
import { taskSchedRuntime } from '../sched/core.ts';
import { Outcome } from '../syscalls/outcome.ts';
import { CpuClock } from './posix-cpu-clock.ts';
import { lockTaskSighand, sampleOf, threadGroupStartCputime, unlockTaskSighand } from './thread-group-cputimer.ts';

/** `cputimer_arm` of an interval timer: none of the POSIX timers. */
export const NO_POSIX_TIMER = -1;

/** Linux's numbers of the interval timers. @linux include/uapi/linux/time.h ITIMER_PROF, ITIMER_VIRTUAL */
export const itimerNumberOf = (clock: number): number => (clock === CpuClock.Prof ? 2 : 1);

/** Whether a timer counts CPU time. @linux kernel/time/posix-timers.c clockid_to_kclock */
export function isCpuClock(clock: ClockId): boolean {
  return clock === ClockId.ProcessCputime || clock === ClockId.ThreadCputime;
}

/** Whether it counts that of one thread. @linux include/linux/posix-timers.h CPUCLOCK_PERTHREAD */
export const isPerThread = ({ clock }: PosixTimer): boolean => clock === ClockId.ThreadCputime;
/** The same as the trace has it. @dynticks a field of an event */
export const perThread = (timer: PosixTimer): number => (isPerThread(timer) ? 1 : 0);

/**
 * ITIMER_PROF or ITIMER_VIRTUAL (`argC`: the clock): fires when the process has had `argA` ns (0: never), then each `argB`
 * (0: once). A tick more, since the clock may be ahead by what it had not been charged with when it began.
 * @linux kernel/time/itimer.c set_cpu_itimer
 */
export function setCpuItimer(cpu: KernelCpu, task: TaskId, { argA, argB, argC: clock }: UserRegs): Outcome {
  const process = processOf(cpu, task);
  const pct = lockTaskSighand(cpu, process);
  const isOn = pct.itExpires(clock) > 0 || argA > 0;
  const now = isOn ? sampleOf(threadGroupStartCputime(cpu, process, pct, task), clock as CpuClock) : 0;
  const expires = argA === 0 ? 0 : now + argA + (cpu.decisions.itimerWithoutTick ? 0 : cpu.config.tickNs);
  // also when it is taken away: 0 is due at once, and whoever looks finds the first of those that are left
  if (isOn) lowerCache(cpu, pct, clock, expires);
  pct.setItExpires(clock, expires);
  pct.setItIncr(clock, argA > 0 ? argB : 0);
  unlockTaskSighand(cpu, process);
  cpu.arch.trace6(Event.itimer_state, itimerNumberOf(clock), task, argA, argB);
  traceCputimer(cpu, Event.cputimer_arm, task, clock, 0, NO_POSIX_TIMER, now, expires, argB, argA);
  return Outcome.Done;
}

/** `expires` may be the first. */
function lowerCache(cpu: KernelCpu, pct: PosixCputimers, clock: number, expires: Ns): void {
  const first = pct.nextevt(clock);
  if (expires < first && (first === KTIME_MAX || !cpu.decisions.keepsExpiryCache)) pct.setNextevt(clock, expires);
}

/**
 * A POSIX timer on a CPU clock, its lock held, not armed. False: it is due already, and its caller fires it.
 * @linux kernel/time/posix-cpu-timers.c posix_cpu_timer_set
 */
export function posixCpuTimerSet(cpu: KernelCpu, index: number, timer: PosixTimer, value: Ns, absolute: boolean): boolean {
  const { owner, interval } = timer;
  const process = processOf(cpu, owner);
  const pct = lockTaskSighand(cpu, process);
  const now = cpuClockSample(cpu, timer, process, pct);
  const expires = value + (absolute ? 0 : now);
  timer.expires = expires;
  const comes = now < expires;
  if (comes) armTimer(cpu, timer, pct);
  unlockTaskSighand(cpu, process);
  traceCputimer(cpu, Event.cputimer_arm, owner, CpuClock.Sched, perThread(timer), index, now, expires, interval, expires - now);
  return comes;
}

/**
 * Its signal is being delivered: the next period that is to come. Returns how many have gone by.
 * @linux kernel/time/posix-cpu-timers.c posix_cpu_timer_rearm
 */
export function posixCpuTimerRearm(cpu: KernelCpu, timer: PosixTimer): number {
  const process = processOf(cpu, timer.owner);
  const pct = lockTaskSighand(cpu, process);
  const periods = periodsUntil(timer, cpuClockSample(cpu, timer, process, pct));
  timer.expires += periods * timer.interval;
  armTimer(cpu, timer, pct);
  unlockTaskSighand(cpu, process);
  return periods;
}

/** How long until it is due, by its clock; 0: it is off. Its lock held. @linux kernel/time/posix-cpu-timers.c posix_cpu_timer_get */
export function posixCpuTimerGet(cpu: KernelCpu, timer: PosixTimer): Ns {
  const { owner, expires, interval, queued } = timer;
  if (expires === 0) return 0;
  const process = processOf(cpu, owner);
  const now = cpuClockSample(cpu, timer, process, lockTaskSighand(cpu, process));
  unlockTaskSighand(cpu, process);
  const passed = interval > 0 && queued !== 0 ? periodsUntil(timer, now) * interval : 0;
  return Math.max(1, expires + passed - now);
}

/** How many periods have begun since it was first due, that one included. @linux kernel/time/posix-cpu-timers.c bump_cpu_timer */
function periodsUntil({ expires, interval }: PosixTimer, now: Ns): number {
  return now < expires ? 0 : Math.floor((now - expires) / interval) + 1;
}

/** It is set anew or ends, its lock held. @linux kernel/time/posix-cpu-timers.c disarm_timer */
export function disarmTimer(cpu: KernelCpu, index: number, timer: PosixTimer): void {
  const { owner, expires } = timer;
  if (expires === 0) return;
  const process = processOf(cpu, owner);
  const pct = lockTaskSighand(cpu, process);
  // whoever has found it due finds its mark gone
  timer.firing = 0;
  if (timer.armed !== 0) {
    timer.armed = 0;
    triggerBaseRecalcExpires(cpu, timer, pct);
  }
  timer.expires = 0;
  unlockTaskSighand(cpu, process);
  traceCputimer(cpu, Event.cputimer_arm, owner, CpuClock.Sched, perThread(timer), index, 0, 0, 0, 0);
}

/** If it was the first, the next tick looks which one is now. @linux kernel/time/posix-cpu-timers.c trigger_base_recalc_expires */
function triggerBaseRecalcExpires(cpu: KernelCpu, timer: PosixTimer, pct: PosixCputimers): void {
  const { owner, expires } = timer;
  if (!isPerThread(timer)) {
    if (pct.nextevt(CpuClock.Sched) === expires) pct.setNextevt(CpuClock.Sched, 0);
  } else if (cpu.image.signals[owner]!.nextevt === expires) cpu.image.signals[owner]!.nextevt = 0;
}

/** @linux kernel/time/posix-cpu-timers.c cpu_clock_sample, cpu_clock_sample_group */
function cpuClockSample(cpu: KernelCpu, timer: PosixTimer, process: ProcessId, pct: PosixCputimers): Ns {
  if (isPerThread(timer)) return taskSchedRuntime(cpu, timer.owner);
  return sampleOf(threadGroupStartCputime(cpu, process, pct, timer.owner), CpuClock.Sched);
}

/** Ticks look for it from now on; siglock held. @linux kernel/time/posix-cpu-timers.c arm_timer */
function armTimer(cpu: KernelCpu, timer: PosixTimer, pct: PosixCputimers): void {
  const { owner, expires } = timer;
  timer.armed = 1;
  if (!isPerThread(timer)) return lowerCache(cpu, pct, CpuClock.Sched, expires);
  const signals = cpu.image.signals[owner]!;
  if (expires < signals.nextevt) signals.nextevt = expires;
}

/** A timer is set, or has been found due. @dynticks Linux has tracepoints of interval timers only */
export function traceCputimer(
  { arch, fields }: KernelCpu, id: number, task: TaskId, clock: number, thread: number, timer: number,
  sample: Ns, expires: Ns, interval: Ns, value: Ns,
): void {
  fields[0] = task;
  fields[1] = clock;
  fields[2] = thread;
  fields[3] = timer;
  fields[4] = sample;
  fields[5] = expires;
  fields[6] = interval;
  fields[7] = value;
  arch.traceFields(id, fields);
}
