/** New tasks: those of the workload at boot, and the forks of a running one. */
import { Event } from '../../../shared/events.ts';
import { FORK_POOL, TIMERS_PER_TASK } from '../../../shared/limits.ts';
import { LimitReached } from '../../../shared/assert.ts';
import { Task, TaskState, type UserRegs } from '../../../shared/structs/task.ts';
import type { TaskId } from '../../../shared/units.ts';
import { Path } from '../arch.ts';
import { handOverTask, type KernelImage } from '../image.ts';
import { RegsMode } from '../irq/entry.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { joinThreadGroup, processOf, reapedBefore, threadGroupLeader } from '../process.ts';
import { setAttributesOfNewTask } from '../sched/syscalls.ts';
import { schedInfoInit } from '../sched/sched-info.ts';
import { prevCputimeInit } from '../sched/cputime-adjust.ts';
import { vtimeInit } from '../sched/vtime.ts';
import { wakeUpNewTask } from '../sched/wakeup.ts';
import type { TaskSpec } from '../user.ts';
import { signalsInit } from '../signal.ts';
import { posixCpuTimersInitGroup } from '../time/thread-group-cputimer.ts';
import { Outcome } from './outcome.ts';

/** `UserRegs.kind` of a task that has not begun. */
export const NOT_STARTED = -1;

/** Starts a task of declaration `argA`'s pool. @linux kernel/fork.c kernel_clone */
export function fork(cpu: KernelCpu, task: TaskId, regs: UserRegs): Outcome {
  cpu.arch.spend(Path.Fork);
  const child = claimFreeTask(cpu, regs.argA);
  handOverTask(cpu.image, child, cpu.id);
  copyProcess(cpu, task, child, specOf(cpu, child));
  wakeUpNewTask(cpu, child);
  return Outcome.Done;
}

function specOf(cpu: KernelCpu, task: TaskId): TaskSpec {
  return cpu.config.workload.tasks[task - cpu.image.map.shape.cpus]!;
}

/**
 * A new task's records: never run, no time charged, its attributes as declared. The record may have
 * had a task before, so everything that could tell of it is cleared.
 * @linux kernel/fork.c copy_process
 */
export function copyProcess(cpu: KernelCpu, parent: TaskId, task: TaskId, spec: TaskSpec): void {
  const { image } = cpu;
  const record = image.tasks[task]!;
  cpu.arch.trace(Event.sched_process_fork, parent, task);
  record.onCpu = 0;
  record.cpu = cpu.id;
  record.onRq = 0;
  record.declaration = spec.declaration;
  record.instance = spec.instance;
  record.timerSlackNs = image.tasks[parent]!.timerSlackNs;
  record.nvcsw = 0;
  record.nivcsw = 0;
  record.utime = 0;
  record.stime = 0;
  record.gtime = 0;
  record.sumExecRuntime = 0;
  record.refreshed = 0;
  schedInfoInit(record);
  setAttributesOfNewTask(image, task, spec.attributes);
  vtimeInit(cpu, task);
  prevCputimeInit(cpu, task);
  record.inIowait = 0;
  clearRegs(image, task);
  signalsInit(cpu, task);
  joinThreadGroup(cpu, parent, task);
  const process = processOf(cpu, task);
  if (threadGroupLeader(cpu, process) === task) posixCpuTimersInitGroup(cpu, process);
}

function clearRegs(image: KernelImage, task: TaskId): void {
  const regs = image.regs[task]!;
  regs.pc = 0;
  regs.threadLoop = 0;
  regs.phaseLoop = 0;
  regs.mode = RegsMode.Kernel;
  regs.kind = NOT_STARTED;
  regs.remaining = 0;
  regs.stage = 0;
  for (let i = 0; i < TIMERS_PER_TASK; i++) regs.setTimerNext(i, 0);
}

/**
 * A record of the pool that nobody uses: claimed by compare-and-swap, since any CPU may fork.
 *
 * Where CPUs race, the CPU on which its last task died may be ahead in time of the one that forks. What
 * is dead in memory is free only for a step that began after that death, or one task would end after the
 * next one's birth:
 *
 *      CPU 0                                  CPU 1
 *      at 940: task dies, state = Dead
 *      onCpu = 0
 *                                             a step that began at 910: Dead, off its CPU; but not yet, at 910
 */
function claimFreeTask(cpu: KernelCpu, declaration: number): TaskId {
  const { image, memory } = cpu;
  const pool = cpu.config.workload.forkPools[declaration]!;
  for (let task = pool.first; task < pool.first + pool.size; task++) {
    const record = image.tasks[task]!;
    const { state } = record;
    const free = state === TaskState.Free || (state === TaskState.Dead && record.onCpu === 0 && record.listed === 0);
    if (!free || memory.cas(record.base + Task.at.state, state, TaskState.Waking) !== state) continue;
    if (record.onCpu === 0 && record.execStart < cpu.stepDue && reapedBefore(cpu, task, cpu.stepDue)) return task;
    // it died, or was reaped, too late for this step; or somebody else had it since the look, and that CPU is not done with it
    record.state = TaskState.Dead;
  }
  throw new LimitReached(`${FORK_POOL} forks of one declaration live at once (FORK_POOL): usually a forked task that never ends`);
}
