/**
 * A step: the stretch of work that a task had under way is over. In user mode that means the next
 * operation of its program; an operation that needs the kernel enters it here, and when it is done
 * the task is back in user mode with the following operation under way.
 */
import { assert } from '../../../shared/assert.ts';
import { Event } from '../../../shared/events.ts';
import { TaskState, type UserRegs } from '../../../shared/structs/task.ts';
import type { TaskId } from '../../../shared/units.ts';
import { Path } from '../arch.ts';
import { doWait, exitNotify } from '../exit.ts';
import { runKsoftirqd } from '../irq/softirq.ts';
import { RegsMode, pauseStretch, returnToTask, startStretch, syscallEnter, syscallExit, vmExit } from '../irq/entry.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { callRcu } from '../rcu.ts';
import { rcuGpKthread } from '../rcu-gp.ts';
import { isKthread, timeout, waitAsKthread } from '../kthread.ts';
import { schedule } from '../sched/core.ts';
import { startReaderTimer } from '../reads/reader-timer.ts';
import { doSignal, exitSignals, sigprocmask } from '../signal.ts';
import { doSchedYield, schedSetattr } from '../sched/syscalls.ts';
import { setItimer } from '../time/itimer.ts';
import { handlePosixCpuTimers } from '../time/posix-cpu-expiry.ts';
import { processCpuNsleep } from '../time/posix-cpu-nsleep.ts';
import { setCpuItimer } from '../time/posix-cpu-timers.ts';
import { timerDeleteCall, timerGettime, timerSettime } from '../time/posix-timers.ts';
import { timerfdRead, timerfdSettime } from '../time/timerfd.ts';
import { ktimeGet } from '../time/timekeeping.ts';
import { OpKind } from '../user.ts';
import { workerThread } from '../workqueue.ts';
import { call } from './call.ts';
import { clockCall, kwatchdog } from './clock-calls.ts';
import { NOT_STARTED, fork } from './fork.ts';
import { Outcome } from './outcome.ts';
import { pipeRead, pipeWrite } from './pipe.ts';
import { readCputime } from './read-cputime.ts';
import { clockNanosleep, ioSleep, nanosleep, pause, rtappTimer } from './sleep.ts';
import { barrierWait, condBroadcast, condSignal, condWait, mutexLock, mutexUnlock, semPost, semWait } from './sync.ts';

/** The running task's stretch has ended. @dynticks the step entry */
export function taskStep(cpu: KernelCpu): void {
  pauseStretch(cpu);
  if (cpu.workDue) return workStep(cpu);
  if (cpu.signalDue) return signalStep(cpu);
  const task = cpu.curr;
  const regs = cpu.image.regs[task]!;
  assert(task !== cpu.idle, 'a step of the idle task: it has no program');
  if (regs.mode === RegsMode.User && isUserWork(regs.kind)) {
    nextOperation(cpu, task, regs);
    startStretch(cpu);
    return;
  }
  if (regs.mode === RegsMode.User) syscallEnter(cpu);
  if (regs.mode === RegsMode.Guest) vmExit(cpu, regs);
  cpu.irqsOff = 0;
  const outcome = invoke(cpu, task, regs);
  cpu.irqsOff = 1;
  if (outcome === Outcome.Done) {
    if (isKthread(cpu, task)) nextOfKthread(cpu, task, regs);
    else {
      syscallExit(cpu);
      nextOperation(cpu, task, regs);
    }
  } else if (outcome !== Outcome.Working) schedule(cpu);
  returnToTask(cpu);
}

/** What a tick has left to the running task, before it goes on in user mode. @linux kernel/task_work.c task_work_run */
function workStep(cpu: KernelCpu): void {
  cpu.workDue = false;
  handlePosixCpuTimers(cpu, cpu.curr);
  returnToTask(cpu);
}

/** The handlers of the running task have run; it goes on where it was. @linux arch/x86/kernel/signal.c arch_do_signal_or_restart */
function signalStep(cpu: KernelCpu): void {
  cpu.signalDue = false;
  doSignal(cpu, cpu.curr);
  returnToTask(cpu);
}

/** It stays in the kernel, which nobody preempts; so it gives way itself. @linux kernel/sched/core.c cond_resched */
function nextOfKthread(cpu: KernelCpu, task: TaskId, regs: UserRegs): void {
  nextOperation(cpu, task, regs);
  if (cpu.state.needResched !== 0) schedule(cpu);
}

/** Asks the program what comes next; marks take no time and are passed on the way. */
function nextOperation(cpu: KernelCpu, task: TaskId, regs: UserRegs): void {
  const { op, arch, image } = cpu;
  const { user } = cpu.config.workload;
  const { declaration } = image.tasks[task]!;
  for (;;) {
    user.next(task, declaration, regs, op);
    if (op.event >= 0) arch.trace6(Event.rtapp_event, task, op.event, op.kind);
    if (op.kind !== OpKind.Mark) break;
    arch.trace6(Event.rtapp_loop, task, op.a, regs.threadLoop, op.b, regs.phaseLoop);
  }
  regs.kind = op.kind;
  regs.argA = op.a;
  regs.argB = op.b;
  regs.argC = op.c;
  regs.stage = 0;
  // work of no length at all still takes the instructions around it, so that no loop stands still in time
  const work = isUserWork(op.kind) && op.a > 0 ? op.a : arch.costOf(Path.UserGap);
  regs.remaining = work;
  if (op.kind === OpKind.RunUntil) regs.until = arch.schedClock() + work;
}

/** Operations that never enter the kernel. @dynticks a program is operations here */
export function isUserWork(kind: number): boolean {
  return kind === OpKind.Run || kind === OpKind.RunUntil;
}

/** One pass over the system call under way. @linux arch/x86/entry/common.c do_syscall_64 */
function invoke(cpu: KernelCpu, task: TaskId, regs: UserRegs): Outcome {
  if (regs.stage === 0 && regs.kind !== NOT_STARTED) cpu.arch.spend(Path.Syscall);
  switch (regs.kind) {
    case NOT_STARTED: return retFromFork(cpu, regs);
    case OpKind.Exit: return doExit(cpu, task);
    case OpKind.Sleep: return nanosleep(cpu, task, regs);
    case OpKind.Reap: return doWait(cpu, task, regs);
    case OpKind.ReaderTimer: return startReaderTimer(cpu, task, regs);
    case OpKind.Io: return ioSleep(cpu, task, regs);
    case OpKind.Timer: return rtappTimer(cpu, task, regs);
    case OpKind.Lock: return mutexLock(cpu, task, regs);
    case OpKind.Unlock: return mutexUnlock(cpu, task, regs);
    case OpKind.CondWait: return condWait(cpu, task, regs);
    case OpKind.CondSignal: return condSignal(cpu, task, regs);
    case OpKind.CondBroadcast: return condBroadcast(cpu, task, regs);
    case OpKind.Barrier: return barrierWait(cpu, task, regs);
    case OpKind.SemPost: return semPost(cpu, task, regs);
    case OpKind.SemWait: return semWait(cpu, task, regs);
    case OpKind.Fork: return fork(cpu, task, regs);
    case OpKind.ReadCputime: return readCputime(cpu, task, regs);
    case OpKind.Syscall: return freeingWork(cpu, regs);
    case OpKind.Guest: return kvmRun(regs);
    case OpKind.Call: return call(cpu, regs);
    case OpKind.Timeout: return timeout(cpu, task, regs);
    case OpKind.PipeRead: return pipeRead(cpu, task, regs);
    case OpKind.PipeWrite: return pipeWrite(cpu, task, regs);
    case OpKind.KthreadWork: return workInKernel(regs);
    case OpKind.RcuGpKthread: return rcuGpKthread(cpu, task, regs);
    case OpKind.SetItimer: return setItimer(cpu, task, regs);
    case OpKind.SetCpuItimer: return setCpuItimer(cpu, task, regs);
    case OpKind.ClockNanosleep: return clockNanosleep(cpu, task, regs);
    case OpKind.CpuNanosleep: return processCpuNsleep(cpu, task, regs);
    case OpKind.TimerSettime: return timerSettime(cpu, task, regs);
    case OpKind.TimerfdSettime: return timerfdSettime(cpu, task, regs);
    case OpKind.TimerfdRead: return timerfdRead(cpu, task, regs);
    case OpKind.Pause: return pause(cpu, task, regs);
    case OpKind.KthreadWait: return waitAsKthread(cpu, task, regs);
    case OpKind.Ksoftirqd: return runKsoftirqd(cpu, task);
    case OpKind.Work: return workerThread(cpu, task, regs);
    case OpKind.ClockCall: return clockCall(cpu, task, regs);
    case OpKind.Kwatchdog: return kwatchdog(cpu, task, regs);
    default: return invokeSimple(cpu, task, regs);
  }
}

/** The calls that are done in one pass. */
function invokeSimple(cpu: KernelCpu, task: TaskId, regs: UserRegs): Outcome {
  const { workload } = cpu.config;
  switch (regs.kind) {
    case OpKind.Yield: doSchedYield(cpu); break;
    case OpKind.SetAttributes: schedSetattr(cpu, task, workload.attributes[regs.argA]!); break;
    case OpKind.TimerGettime: timerGettime(cpu, task, regs); break;
    case OpKind.TimerDelete: timerDeleteCall(cpu, task, regs); break;
    case OpKind.Sigprocmask: sigprocmask(cpu, task, regs.argA); break;
    case OpKind.SetSlack: cpu.image.tasks[task]!.timerSlackNs = regs.argA; break;
    default: assert(false, `operation ${regs.kind} has no system call: a kind was added in one place only`);
  }
  return Outcome.Done;
}

/** A new task's first breath. @linux arch/x86/kernel/process.c ret_from_fork */
function retFromFork(cpu: KernelCpu, regs: UserRegs): Outcome {
  regs.firstStart = ktimeGet(cpu);
  return Outcome.Done;
}

/** @linux kernel/exit.c do_exit */
function doExit(cpu: KernelCpu, task: TaskId): Outcome {
  const record = cpu.image.tasks[task]!;
  cpu.arch.trace(Event.sched_process_exit, task, 0);
  exitSignals(cpu, task);
  record.state = TaskState.Dead;
  callRcu(cpu);
  exitNotify(cpu, task);
  return Outcome.Gone;
}

/** Such work at the end of which something may be freed, as when a file is closed. @linux fs/file_table.c file_free */
function freeingWork(cpu: KernelCpu, regs: UserRegs): Outcome {
  if (regs.stage !== 0 && regs.argC !== 0) callRcu(cpu);
  return workInKernel(regs);
}

/** The task becomes a virtual CPU, until its guest has done so much. @linux virt/kvm/kvm_main.c kvm_vcpu_ioctl */
function kvmRun(regs: UserRegs): Outcome {
  if (regs.stage !== 0) return Outcome.Done;
  regs.remaining = Math.max(1, regs.argA);
  regs.stage = 1;
  regs.mode = RegsMode.Guest;
  return Outcome.Working;
}

/** Work that the program asks of the kernel; interrupts may come meanwhile, preemption may not. */
function workInKernel(regs: UserRegs): Outcome {
  if (regs.stage !== 0) return Outcome.Done;
  regs.remaining = Math.max(1, regs.argA);
  regs.stage = 1;
  return Outcome.Working;
}
