/**
 * How long each task waited to run, and how often it came to: what schedstat shows. A task waits from its way
 * onto the queue, or from its preemption, until it runs:
 *
 *      woken at 100        runs at 130          preempted at 200     runs at 260          sleeps at 300
 *      lastQueued = 100    runDelay = 30        lastQueued = 200     runDelay = 90        the CPU ran 110 for it
 *
 * Callers hold rq.lock and have updated the rq clock. Who throttles waits too: nobody takes it off the queue for good.
 */
import { TaskState, type Task } from '../../../shared/structs/task.ts';
import type { TaskId } from '../../../shared/units.ts';
import type { KernelCpu } from '../kernel-cpu.ts';

/** A new task has neither waited nor run. @linux kernel/sched/core.c sched_fork */
export function schedInfoInit(t: Task): void {
  t.lastQueued = 0;
  t.lastArrival = 0;
  t.runDelay = 0;
  t.pcount = 0;
}

/** It waits from now on, unless it did already, elsewhere. @linux kernel/sched/stats.h sched_info_enqueue */
export function schedInfoEnqueue({ rq }: KernelCpu, t: Task): void {
  if (t.lastQueued === 0) t.lastQueued = rq.clock;
}

/** The CPU changes hands. What the idle task does interests nobody. @linux kernel/sched/stats.h sched_info_switch */
export function schedInfoSwitch(cpu: KernelCpu, prev: TaskId, next: TaskId): void {
  const { tasks } = cpu.image;
  if (prev !== cpu.idle) depart(cpu, tasks[prev]!);
  if (next !== cpu.idle) arrive(cpu, tasks[next]!);
}

/** @linux kernel/sched/stats.h sched_info_depart */
function depart(cpu: KernelCpu, t: Task): void {
  const { rq } = cpu;
  rq.cpuTime += rq.clock - t.lastArrival;
  if (t.state === TaskState.Running) schedInfoEnqueue(cpu, t);
}

/** @linux kernel/sched/stats.h sched_info_arrive */
function arrive({ rq }: KernelCpu, t: Task): void {
  if (t.lastQueued === 0) return;
  // it may have begun to wait on a CPU whose clock is ahead
  const waited = Math.max(0, rq.clock - t.lastQueued);
  t.lastQueued = 0;
  t.runDelay += waited;
  t.lastArrival = rq.clock;
  t.pcount += 1;
  rq.runDelay += waited;
  rq.pcount += 1;
}
