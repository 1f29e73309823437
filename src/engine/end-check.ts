/**
 * Whether a run may end before its limit: when all tasks of the workload have ended, or none of them
 * can ever wake again. It looks at shared memory only, and may be asked only when no event runs: on
 * one thread between two events, on threads while everybody is parked.
 */
import { SystemState } from '../../shared/structs/global.ts';
import { HrtimerState } from '../../shared/structs/hrtimer.ts';
import { UNLINKED } from '../../shared/structs/timer.ts';
import { TaskState } from '../../shared/structs/task.ts';
import type { Ns, TaskId, TimerId } from '../../shared/units.ts';
import { itimerOf, posixTimerOf, sleepTimerOf, timerfdTimerOf, timeoutTimerOf, type KernelImage } from '../kernel/image.ts';
import type { MachineSetup } from './machine-setup.ts';
import type { EndReason } from './run.ts';

/** How often, in simulated time, an engine asks: before the first event at or after each multiple. */
export const END_CHECK_NS: Ns = 50_000_000;

/** When to ask again, after it was asked before an event at `time`. */
export function endCheckAfter(time: Ns): Ns {
  return time - (time % END_CHECK_NS) + END_CHECK_NS;
}

export class EndCheck {
  private readonly image: KernelImage;
  private readonly workers: readonly TaskId[];
  private readonly endsWithTasks: boolean;

  constructor(image: KernelImage, { workers, endsWithTasks }: Pick<MachineSetup, 'workers' | 'endsWithTasks'>) {
    this.image = image;
    this.workers = workers;
    this.endsWithTasks = endsWithTasks;
  }

  /** Why the run is over, if it is. */
  reason(): EndReason | undefined {
    if (!this.endsWithTasks || !this.isRunning() || this.workers.length === 0) return undefined;
    const { tasks } = this.image;
    if (this.workers.every((task) => isGone(tasks[task]!.state))) return 'all tasks ended';
    return this.stuckTasks().length > 0 ? 'nothing can ever wake' : undefined;
  }

  /**
   * Tasks that sleep with nothing that could ever wake them: none while any task of the workload runs
   * or has a timer, since that one may.
   */
  stuckTasks(): TaskId[] {
    if (!this.isRunning()) return [];
    const living = this.workers.filter((task) => !isGone(this.image.tasks[task]!.state));
    return living.every((task) => this.sleepsForEver(task)) ? living : [];
  }

  private isRunning(): boolean {
    return this.image.system.state === SystemState.Running;
  }

  private sleepsForEver(task: TaskId): boolean {
    return this.image.tasks[task]!.state === TaskState.Sleeping && !this.hasTimer(task);
  }

  private hasTimer(task: TaskId): boolean {
    const timer = this.image.timers[sleepTimerOf(this.image, task)]!;
    const onWheel = this.image.timerLists[timeoutTimerOf(task)]!;
    return timer.state !== HrtimerState.Inactive || this.hasSignalTimer(task) || onWheel.prev !== UNLINKED;
  }

  /** A timer that sends it a signal, or one that is a file, which any task may read. */
  private hasSignalTimer(task: TaskId): boolean {
    const { timers, posixTimers, timerfds } = this.image;
    const isQueued = (timer: TimerId) => timers[timer]!.state !== HrtimerState.Inactive;
    return isQueued(itimerOf(this.image, task))
      || posixTimers.some(({ owner }, i) => owner === task && isQueued(posixTimerOf(this.image, i)))
      || timerfds.some((_, i) => isQueued(timerfdTimerOf(this.image, i)));
  }
}

function isGone(state: TaskState): boolean {
  return state === TaskState.Dead || state === TaskState.Free;
}
