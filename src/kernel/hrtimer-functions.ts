/** What an hrtimer can call, by `HrtimerFunction`. */
import type { HrtimerCallback } from './kernel-cpu.ts';
import { readerTimerFn } from './reads/reader-timer.ts';
import { dlTaskTimer } from './sched/deadline.ts';
import { hrtimerWakeup } from './syscalls/sleep.ts';
import { itRealFn } from './time/itimer.ts';
import { posixTimerFn } from './time/posix-timers.ts';
import { tickNohzHandler } from './time/tick-sched.ts';
import { timerfdTmrproc } from './time/timerfd.ts';
import { watchdogTimerFn } from './watchdog.ts';

// table: in the order of HrtimerFunction
export const HRTIMER_FUNCTIONS: readonly HrtimerCallback[] = [
  tickNohzHandler, hrtimerWakeup, dlTaskTimer, itRealFn, posixTimerFn, timerfdTmrproc, watchdogTimerFn, readerTimerFn,
];
