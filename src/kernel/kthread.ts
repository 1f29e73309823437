/**
 * Kernel threads: tasks that never leave the kernel. Their programs are operations like those of any
 * task, but between two of them they stay in the kernel, cannot be preempted, and give the CPU away where
 * somebody else should have it.
 *
 * Most of what the kernel does by itself comes from the timer wheel; each row of the background has a timer:
 *
 *      delayed_work      timer -> softirq queues the work -> worker does it, and puts the timer up again
 *      deferrable_work   the same, from the wheel that wakes nobody
 *      deferrable        the softirq does it
 *      process_timeout   the row's own thread sleeps on it
 *      hrtimer           an hrtimer of the row's CPU wakes the row's thread
 */
import { TIMER_DEFERRABLE, TimerFunction } from '../../shared/structs/timer.ts';
import { TaskState, type UserRegs } from '../../shared/structs/task.ts';
import type { Jiffies, Ns, TaskId } from '../../shared/units.ts';
import { Path } from './arch.ts';
import type { BackgroundSpec } from './background.ts';
import { backgroundTimerOf, timeoutTimerOf } from './image.ts';
import type { KernelCpu } from './kernel-cpu.ts';
import { Outcome } from './syscalls/outcome.ts';
import { addTimerOn, modTimer, scheduleTimeout, timerSetup, tryToDelTimerSync } from './time/timer.ts';

/** Whether the task is a kernel thread. @linux include/linux/sched.h PF_KTHREAD */
export function isKthread({ config, image }: KernelCpu, task: TaskId): boolean {
  return config.workload.tasks[task - image.map.shape.cpus]?.kernel === true;
}

/** @linux include/linux/jiffies.h nsecs_to_jiffies, rounded up */
export const jiffiesOf = (cpu: KernelCpu, ns: Ns): Jiffies => Math.ceil(ns / cpu.config.tickNs);

/** Sleeps on the timer wheel for `argA` ns, in whole jiffies. @linux kernel/time/sleep_timeout.c schedule_timeout */
export function timeout(cpu: KernelCpu, task: TaskId, regs: UserRegs): Outcome {
  if (regs.stage !== 0) return timeoutIsOver(cpu, task, regs) ? Outcome.Done : Outcome.Working;
  cpu.image.tasks[task]!.state = TaskState.Sleeping;
  scheduleTimeout(cpu, task, jiffiesOf(cpu, regs.argA));
  regs.stage = 1;
  return Outcome.Blocked;
}

/**
 * The sleep has ended: the timer is not needed any more. False: it has woken the task, and on its CPU is not done yet; so
 * the step comes again. @linux kernel/time/sleep_timeout.c schedule_timeout
 */
export function timeoutIsOver(cpu: KernelCpu, task: TaskId, regs: UserRegs): boolean {
  if (tryToDelTimerSync(cpu, timeoutTimerOf(task)) >= 0) return true;
  regs.remaining = cpu.arch.costOf(Path.TimerExpire);
  return false;
}

/** Asleep until somebody wakes the thread. @linux kernel/smpboot.c smpboot_thread_fn */
export function waitAsKthread(cpu: KernelCpu, task: TaskId, regs: UserRegs): Outcome {
  if (regs.stage !== 0) return Outcome.Done;
  cpu.image.tasks[task]!.state = TaskState.Sleeping;
  regs.stage = 1;
  return Outcome.Blocked;
}

/** Boot: the timers of the background are put up, each where it belongs and at a phase of its own. @linux init/main.c do_initcalls */
export function startBackground(cpu: KernelCpu): void {
  const { background } = cpu.config.workload;
  background.forEach((row, i) => {
    const fn = functionOf(row);
    if (fn === null) return;
    const bits = row.timer === 'delayed_work' ? 0 : TIMER_DEFERRABLE;
    timerSetup(cpu, backgroundTimerOf(cpu.image, i), fn, i, bits);
    const first = Math.ceil((jiffiesOf(cpu, row.every) * (i + 1)) / background.length);
    addTimerOn(cpu, backgroundTimerOf(cpu.image, i), row.cpu, cpu.image.jiffies.jiffies + first);
  });
}

function functionOf({ timer }: BackgroundSpec): TimerFunction | null {
  switch (timer) {
    case 'delayed_work': case 'deferrable_work': return TimerFunction.DelayedWork;
    case 'deferrable': return TimerFunction.Callback;
    default: return null;
  }
}

/** The row's timer comes again one period from now. @linux kernel/workqueue.c queue_delayed_work */
export function rearmBackground(cpu: KernelCpu, row: number): void {
  const { every } = cpu.config.workload.background[row]!;
  modTimer(cpu, backgroundTimerOf(cpu.image, row), cpu.image.jiffies.jiffies + jiffiesOf(cpu, every));
}
