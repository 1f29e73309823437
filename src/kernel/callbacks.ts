/** What calls, softirqs and irq_works run: the tables that the kernel's lower parts are given at boot. */
import type { Callbacks, SmpCallback, SoftirqAction, TimerCallback } from './kernel-cpu.ts';
import { rcuCore } from './rcu.ts';
import { schedBalanceSoftirq } from './sched/balance.ts';
import { nohzCsdFunc } from './sched/nohz-balance.ts';
import { tryToWakeUp } from './sched/wakeup.ts';
import { rearmBackground } from './kthread.ts';
import { queueWork } from './workqueue.ts';
import { unbindTickDevice } from './time/clockevents-register.ts';
import { clocksourceWatchdog } from './time/clocksource-watchdog.ts';
import { retriggerNextEvent } from './time/hrtimer-clock-set.ts';
import { hrtimerRunSoftirq } from './time/hrtimer-interrupt.ts';
import { runTimerSoftirq } from './time/timer.ts';

/** A call from which nothing is wanted but that it is made: each access of the machine is ordered already. */
const nothing: SmpCallback = () => undefined;

// table: in the order of SmpFunction
const SMP_CALLBACKS: readonly SmpCallback[] = [nohzCsdFunc, retriggerNextEvent, nothing, nothing, unbindTickDevice];

// table: in the order of SoftirqVec; a softirq that nobody raises has no action
const SOFTIRQ_ACTIONS: readonly SoftirqAction[] = [
  undefined, runTimerSoftirq, undefined, undefined, undefined, undefined, undefined, schedBalanceSoftirq, hrtimerRunSoftirq, rcuCore,
];

/** Wakes the task that sleeps on it. @linux kernel/time/sleep_timeout.c process_timeout */
function processTimeout(cpu: Parameters<TimerCallback>[0], task: number): void {
  tryToWakeUp(cpu, task);
}

/** The row's work goes to its worker. @linux kernel/workqueue.c delayed_work_timer_fn */
function delayedWorkTimerFn(cpu: Parameters<TimerCallback>[0], row: number): void {
  queueWork(cpu, cpu.config.workload.background[row]!.pool, row);
}

// table: in the order of IrqWork; what follows from either happens on the interrupt's way out
const IRQ_WORKS = [nothingToDo, nothingToDo];

function nothingToDo(): void {}

// table: in the order of TimerFunction
const TIMER_CALLBACKS: readonly TimerCallback[] = [processTimeout, delayedWorkTimerFn, rearmBackground, clocksourceWatchdog];

export const CALLBACKS: Callbacks = {
  smp: SMP_CALLBACKS, softirqs: SOFTIRQ_ACTIONS, irqWorks: IRQ_WORKS, timers: TIMER_CALLBACKS,
};
