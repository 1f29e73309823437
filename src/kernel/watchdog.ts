/**
 * The soft lockup detector: a timer on each CPU that does housekeeping, bound to it, wakes the CPU's stopper thread each
 * four seconds. A thread that does not come to run for long would be the sign of a CPU that is stuck in the kernel.
 */
import { ClockId } from '../../shared/structs/timekeeper.ts';
import { HrtimerFunction, HrtimerMode } from '../../shared/structs/hrtimer.ts';
import { watchdogTimerOf } from './image.ts';
import type { HrtimerCallback, KernelCpu } from './kernel-cpu.ts';
import { tryToWakeUp } from './sched/wakeup.ts';
import { hrtimerForwardNow, hrtimerInit, hrtimerStart } from './time/hrtimer.ts';

const WATCHDOG_TIMER = HrtimerMode.Rel | HrtimerMode.Pinned | HrtimerMode.Hard;

/** A CPU comes up: its timer begins, if the kernel has such a row for it. @linux kernel/watchdog.c watchdog_enable */
export function watchdogEnable(cpu: KernelCpu): void {
  const { background } = cpu.config.workload;
  const row = background.findIndex(({ timer, cpu: on }) => timer === 'hrtimer' && on === cpu.id);
  if (row < 0) return;
  const timer = watchdogTimerOf(cpu.image, cpu.id);
  const { every } = background[row]!;
  hrtimerInit(cpu, timer, ClockId.Monotonic, WATCHDOG_TIMER, HrtimerFunction.WatchdogTimerFn, row);
  hrtimerStart(cpu, timer, every, every, WATCHDOG_TIMER);
}

/** Wakes the thread, and comes again. @linux kernel/watchdog.c watchdog_timer_fn */
export const watchdogTimerFn: HrtimerCallback = (cpu, timer) => {
  const row = cpu.config.workload.background[timer.data]!;
  tryToWakeUp(cpu, row.task);
  hrtimerForwardNow(cpu, timer, row.every);
  return true;
};
