/** The timer wheel: timers in jiffies, run by the TIMER softirq of the CPU that they were put on. */
import { KTIME_MAX, type Jiffies, type Ns } from '../../../shared/units.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { hrtimerRunQueues } from './hrtimer.ts';

/** The tick's look at both kinds of timers: hrtimers while it polls them, and the wheel. @linux kernel/time/timer.c run_local_timers */
export function runLocalTimers(cpu: KernelCpu): void {
  hrtimerRunQueues(cpu);
}

/**
 * The instant of the first timer of this CPU's wheel, KTIME_MAX when it is empty. `basej` and `basem` are one
 * jiffy boundary: its number and its instant.
 * @linux kernel/time/timer.c get_next_timer_interrupt
 */
export function getNextTimerInterrupt(_cpu: KernelCpu, _basej: Jiffies, _basem: Ns): Ns {
  return KTIME_MAX;
}

/**
 * The same, and the base counts as idle if nothing of it is due within a tick; whether it does is `base.isIdle`.
 * @linux kernel/time/timer.c timer_base_try_to_set_idle
 */
export function timerBaseTryToSetIdle(cpu: KernelCpu, basej: Jiffies, basem: Ns): Ns {
  return getNextTimerInterrupt(cpu, basej, basem);
}

/** The tick runs again. @linux kernel/time/timer.c timer_clear_idle */
export function timerClearIdle(_cpu: KernelCpu): void {
  // no wheel yet
}
