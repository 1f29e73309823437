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
 * The CPU for a task that wakes: where it ran last if that idles, else where it is woken, if that idles, else the next idle
 * one after it, else where it ran last; always within its affinity.
 * @linux kernel/sched/core.c select_task_rq
 */
export function selectTaskRq(cpu: KernelCpu, task: TaskId): CpuId {
  const { image } = cpu;
  const t = image.tasks[task]!;
  const target = wakeAffine(cpu, t);
  const idle = selectIdleSibling(image, t, target);
  if (idle !== NOBODY) return idle;
  return isAllowed(t, target) ? target : firstAllowed(image, t);
}

/**
 * All CPUs share one cache: where a waker idles, in an interrupt, is as good as where the task ran.
 * @linux kernel/sched/fair.c wake_affine_idle
 */
function wakeAffine({ image, id }: KernelCpu, t: Task): CpuId {
  return idleCpu(image, id) && isAllowed(t, id) && !idleCpu(image, t.cpu) ? id : t.cpu;
}

/** The first idle one from `target` on, all the way round. @linux kernel/sched/fair.c select_idle_sibling */
function selectIdleSibling(image: KernelImage, t: Task, target: CpuId): CpuId {
  const { cpus } = image.map.shape;
  for (let i = 0; i < cpus; i++) {
    const other = (target + i) % cpus;
    if (isAllowed(t, other) && idleCpu(image, other)) return other;
  }
  return NOBODY;
}

/** @linux kernel/sched/core.c select_fallback_rq */
function firstAllowed({ map: { shape: { cpus } } }: KernelImage, t: Task): CpuId {
  for (let other = 0; other < cpus; other++) if (isAllowed(t, other)) return other;
  throw new KernelBug(`task ${t.base} may run on no CPU of this machine; the scenario checks affinities`);
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
