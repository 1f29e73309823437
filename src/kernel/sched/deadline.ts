/** The end of a throttled deadline task's wait. */
import { KernelBug } from '../../../shared/assert.ts';
import { TaskState } from '../../../shared/structs/task.ts';
import type { HrtimerCallback } from '../kernel-cpu.ts';
import { lockRq, unlockRq, updateCurr, wakeupPreempt } from './core.ts';
import { replenish } from './dl-entity.ts';
import { queueTask, updateRqClock } from './runqueue.ts';

/**
 * The next period has begun: a new budget, and back to the queue of this CPU, which the task has not
 * left meanwhile. Never queues itself again.
 * @linux kernel/sched/deadline.c dl_task_timer
 */
export const dlTaskTimer: HrtimerCallback = (cpu, timer) => {
  const task = timer.data;
  const t = cpu.image.tasks[task]!;
  if (t.dlThrottled !== 1 || t.state !== TaskState.Running) throw new KernelBug(`task ${task} gets a budget that it does not wait for`);
  lockRq(cpu);
  updateRqClock(cpu);
  updateCurr(cpu);
  t.dlThrottled = 0;
  replenish(t, cpu.rq.clock);
  queueTask(cpu, task);
  wakeupPreempt(cpu, task);
  unlockRq(cpu);
  return false;
};
