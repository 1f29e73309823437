/** Where a task shall run, and the message that brings it there. */
import { KernelBug } from '../../../shared/assert.ts';
import { MessageKind, Rq } from '../../../shared/structs/cpu.ts';
import type { Task } from '../../../shared/structs/task.ts';
import { NOBODY, type CpuId, type TaskId } from '../../../shared/units.ts';
import { Path } from '../arch.ts';
import type { KernelImage } from '../image.ts';
import type { KernelCpu } from '../kernel-cpu.ts';

/** Whether the task's affinity mask contains `cpu`. @linux include/linux/cpumask.h cpumask_test_cpu */
export function isAllowed(t: Task, cpu: CpuId): boolean {
  return ((t.allowed(cpu >>> 5) >>> (cpu & 31)) & 1) !== 0;
}

/** A CPU with nothing to do and nothing under way to it. Any CPU may ask; the answer may be old. @linux kernel/sched/syscalls.c idle_cpu */
export function idleCpu(image: KernelImage, cpu: CpuId): boolean {
  const rq = image.rqs[cpu]!;
  const idle: number = cpu;
  return rq.curr === idle && rq.nrRunning === 0 && rq.ttwuPending === 0;
}

/**
 * The CPU for a task that wakes: where it ran last if that idles, else the first idle one, else
 * where it ran last; always within its affinity.
 * @linux kernel/sched/core.c select_task_rq
 */
export function selectTaskRq(cpu: KernelCpu, task: TaskId): CpuId {
  const { image } = cpu;
  const t = image.tasks[task]!;
  const prev = t.cpu;
  const mayStay = isAllowed(t, prev);
  if (mayStay && idleCpu(image, prev)) return prev;
  let first: CpuId = NOBODY;
  for (let other = 0; other < image.map.shape.cpus; other++) {
    if (!isAllowed(t, other)) continue;
    if (idleCpu(image, other)) return other;
    if (first === NOBODY) first = other;
  }
  if (first === NOBODY) throw new KernelBug(`task ${task} may run on no CPU of this machine; the scenario checks affinities`);
  return mayStay ? prev : first;
}

/**
 * Sends a task to another CPU, which puts it on its run queue itself. From here on the task's
 * records are the receiver's; until it has arrived the CPU counts as busy, so that two wakers do not
 * choose one idle CPU. Which message it is, is what /proc/interrupts shows of it:
 *
 * - To a CPU with nothing to run Linux sends the task through its list of calls: CAL.
 * - On a busy one it takes the lock of the queue, puts the task there itself, and interrupts only if that
 *   task shall run at once. Here the CPU puts it there itself in any case (docs/adr/0007-wake-ups-by-message.md),
 *   and counts the interrupt, RES, where Linux would have sent it.
 * @linux kernel/sched/core.c ttwu_queue_cond, __ttwu_queue_wakelist
 */
export function ttwuQueueWakelist(cpu: KernelCpu, task: TaskId, target: CpuId): void {
  const idle = cpu.image.rqs[target]!.nrRunning === 0;
  bringTask(cpu, task, target, idle ? MessageKind.CallFunctionSingle : MessageKind.Reschedule);
}

/**
 * A runnable task leaves this CPU, on which it may no longer be. Linux puts it on the other queue by itself, and
 * only asks that CPU to look.
 * @linux kernel/sched/core.c move_queued_task
 */
export function moveQueuedTask(cpu: KernelCpu, task: TaskId, target: CpuId): void {
  bringTask(cpu, task, target, MessageKind.Reschedule);
}

function bringTask({ image, arch, memory }: KernelCpu, task: TaskId, target: CpuId, kind: MessageKind): void {
  memory.add(image.rqs[target]!.base + Rq.at.ttwuPending, 1);
  arch.spend(Path.SendIpi);
  arch.send(target, kind, task, 0);
}
