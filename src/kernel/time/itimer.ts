/**
 * ITIMER_REAL. Its hrtimer never queues itself again: the next period begins when the signal of the last one is
 * delivered, so that a task that does not run gets no more than one.
 *
 *      fires: SIGALRM pending        delivered: forward by whole periods past now, start
 *      ----------|-----------------------|----------------|------->
 *                old expiry              now              old expiry + n periods
 */
import { Event } from '../../../shared/events.ts';
import { HrtimerMode, HrtimerState } from '../../../shared/structs/hrtimer.ts';
import { Signal, SignalBit } from '../../../shared/structs/signal.ts';
import type { UserRegs } from '../../../shared/structs/task.ts';
import type { TaskId } from '../../../shared/units.ts';
import { itimerOf } from '../image.ts';
import type { HrtimerCallback, KernelCpu } from '../kernel-cpu.ts';
import { sendSignal } from '../signal.ts';
import { Outcome } from '../syscalls/outcome.ts';
import { hrtimerCancel, hrtimerForwardNow, hrtimerRestart, hrtimerStart } from './hrtimer.ts';

/** Linux's number of the timer. @linux include/uapi/linux/time.h ITIMER_REAL */
const ITIMER_REAL = 0;

/** First expiry `argA` ns from now (0: none), then each `argB` ns (0: once). @linux kernel/time/itimer.c do_setitimer */
export function setItimer(cpu: KernelCpu, task: TaskId, { argA, argB }: UserRegs): Outcome {
  const signals = cpu.image.signals[task]!;
  const timer = itimerOf(cpu.image, task);
  hrtimerCancel(cpu, timer);
  signals.realIncr = argA > 0 ? argB : 0;
  signals.hasTimers = 1;
  if (argA > 0) hrtimerStart(cpu, timer, argA, argA, HrtimerMode.Rel);
  cpu.arch.trace6(Event.itimer_state, ITIMER_REAL, task, argA, argB);
  return Outcome.Done;
}

/** @linux kernel/time/itimer.c it_real_fn */
export const itRealFn: HrtimerCallback = (cpu, timer) => {
  cpu.arch.trace6(Event.itimer_expire, ITIMER_REAL, timer.data, timer.expires);
  sendSignal(cpu, timer.data, SignalBit.Alarm, Signal.Alarm);
  return false;
};

/** The signal is being delivered: the next period. @linux kernel/signal.c dequeue_signal */
export function itimerRestart(cpu: KernelCpu, task: TaskId): void {
  const { realIncr } = cpu.image.signals[task]!;
  const id = itimerOf(cpu.image, task);
  const timer = cpu.image.timers[id]!;
  if (realIncr === 0 || timer.state === HrtimerState.Enqueued) return;
  hrtimerForwardNow(cpu, timer, realIncr);
  hrtimerRestart(cpu, id);
}
