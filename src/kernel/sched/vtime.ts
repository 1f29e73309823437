/**
 * CPU time without a tick (VIRT_CPU_ACCOUNTING_GEN): at each edge between user mode, kernel and idle
 * the time since the last edge is charged to what the task was doing. Whatever is below a tick waits
 * in an accumulator that travels with the task.
 *
 * Writer: the CPU on which the task is current, with interrupts off.  Readers: any CPU, at any time.
 * Every write section has one silhouette: begin, account what has passed, new state, end.
 *
 *      CPU 0 (user_exit)                      CPU 1 (task_cputime)
 *      seq 8 -> 9
 *        starttime 100 -> 130
 *                                             seq is 9: odd, wait
 *        utime 7 -> 37
 *        state USER -> SYS
 *      seq 9 -> 10
 *                                             seq is 10: state SYS, starttime 130, utime 37;
 *                                             still 10: good
 *
 * Without the sequence the reader could pair starttime 130 with utime 7: 30 ns of user time gone.
 */
import { KernelBug } from '../../../shared/assert.ts';
import { Cpustat } from '../../../shared/structs/cpu.ts';
import { VtimeState, type Vtime } from '../../../shared/structs/task.ts';
import { writeSeqcountBegin } from '../../../shared/sync/seqcount.ts';
import { NOBODY, type Ns, type TaskId } from '../../../shared/units.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { markGuest, unmarkGuest } from './cputime-accounting.ts';
import {
  accountGuestTime, accountIdleTime, accountSystemIndexTime, accountUserTime, stealAccountProcessTime,
} from './cputime.ts';
import { publishVtime, vtimeClock } from './vtime-record.ts';

/** The kernel is left for user mode. @linux kernel/sched/cputime.c vtime_user_enter */
export function vtimeUserEnter(cpu: KernelCpu, task: TaskId): void {
  const vtime = begin(cpu, task);
  if (cpu.decisions.vtimeStateFirst) changeStateFirst(cpu, task, vtime);
  accountSystem(cpu, task, vtime, take(cpu, task, vtime));
  vtime.state = VtimeState.User;
  publishVtime(cpu, task, vtime);
}

/** User mode is left for the kernel. @linux kernel/sched/cputime.c vtime_user_exit */
export function vtimeUserExit(cpu: KernelCpu, task: TaskId): void {
  // the historic order, if that fault is on: the clock is moved before anybody is warned
  const early = cpu.decisions.vtimeDeltaOutsideSection ? takeEarly(cpu, task) : 0;
  const vtime = begin(cpu, task);
  accountUser(cpu, task, vtime, early + take(cpu, task, vtime));
  vtime.state = VtimeState.Sys;
  publishVtime(cpu, task, vtime);
}

/** The kernel is left for the task's guest; whoever sees the mark sees the state. @linux kernel/sched/cputime.c vtime_guest_enter */
export function vtimeGuestEnter(cpu: KernelCpu): void {
  const task = cpu.curr;
  const vtime = begin(cpu, task);
  accountSystem(cpu, task, vtime, take(cpu, task, vtime));
  markGuest(cpu);
  vtime.state = VtimeState.Guest;
  publishVtime(cpu, task, vtime);
}

/** The guest is left. @linux kernel/sched/cputime.c vtime_guest_exit */
export function vtimeGuestExit(cpu: KernelCpu): void {
  const task = cpu.curr;
  const vtime = begin(cpu, task);
  accountGuest(cpu, task, vtime, take(cpu, task, vtime));
  unmarkGuest(cpu);
  vtime.state = VtimeState.Sys;
  publishVtime(cpu, task, vtime);
}

/**
 * `next` has taken the CPU over from `prev`. Two sections, each of its own sequence: in between a
 * reader finds no task that claims this CPU and must look again.
 * @linux kernel/sched/cputime.c vtime_task_switch_generic
 */
export function vtimeTaskSwitch(cpu: KernelCpu, prev: TaskId, next: TaskId): void {
  const left = begin(cpu, prev);
  if (left.state === VtimeState.Idle) accountIdleTime(cpu, take(cpu, prev, left));
  else accountKernel(cpu, prev, left, take(cpu, prev, left));
  if (cpu.chargesLeavers) chargeRemainders(cpu, prev, left);
  left.state = VtimeState.Inactive;
  left.cpu = NOBODY;
  publishVtime(cpu, prev, left);
  enter(cpu, next, stateOf(cpu, next));
}

/**
 * A record begins a new life: what its last task had not been charged for is nobody's any more.
 * @linux kernel/fork.c copy_process
 */
export function vtimeInit(cpu: KernelCpu, task: TaskId): void {
  if (cpu.memory.load(cpu.image.vtimes[task]!.seq) === 0) return;
  const vtime = begin(cpu, task);
  vtime.state = VtimeState.Inactive;
  vtime.cpu = NOBODY;
  vtime.utime = 0;
  vtime.stime = 0;
  vtime.gtime = 0;
  publishVtime(cpu, task, vtime);
}

/** Boot: the idle task's clock starts. @linux kernel/sched/cputime.c vtime_init_idle */
export function vtimeInitIdle(cpu: KernelCpu): void {
  enter(cpu, cpu.idle, VtimeState.Idle);
}

/** A task that was preempted in its guest comes back in it. */
function stateOf(cpu: KernelCpu, task: TaskId): VtimeState {
  if (task === cpu.idle) return VtimeState.Idle;
  return cpu.image.tasks[task]!.vcpu !== 0 ? VtimeState.Guest : VtimeState.Sys;
}

/**
 * The hypervisor's record changes, by `store`: readers of the running task must find it as it was when its clock was taken last.
 * @dynticks Linux's readers know nothing of it
 */
export function vtimeTheft(cpu: KernelCpu, store: (cpu: KernelCpu) => void): void {
  const vtime = begin(cpu, cpu.curr);
  store(cpu);
  publishVtime(cpu, cpu.curr, vtime);
}

/** Readers look again until `publishVtime` has ended the section. */
function begin(cpu: KernelCpu, task: TaskId): Vtime {
  const vtime = cpu.image.vtimes[task]!;
  writeSeqcountBegin(cpu.memory, vtime.seq);
  return vtime;
}

function enter(cpu: KernelCpu, task: TaskId, state: VtimeState): void {
  const vtime = begin(cpu, task);
  vtime.state = state;
  vtime.starttime = vtimeClock(cpu);
  vtime.cpu = cpu.id;
  publishVtime(cpu, task, vtime);
}

/** What has passed since the last edge, but for what was stolen; the clock starts again. @linux kernel/sched/cputime.c get_vtime_delta */
function take(cpu: KernelCpu, task: TaskId, vtime: Vtime): Ns {
  if (vtime.state === VtimeState.Inactive) {
    throw new KernelBug(`time taken of task ${task}, which runs nowhere: an edge without a switch to it`);
  }
  const start = vtime.starttime;
  const delta = Math.max(0, vtimeClock(cpu) - start);
  vtime.starttime = start + delta;
  if (cpu.decisions.tearVtimeWrite && delta > 0) tear(cpu, task, vtime);
  return delta - stealAccountProcessTime(cpu, delta);
}

function takeEarly(cpu: KernelCpu, task: TaskId): Ns {
  const delta = take(cpu, task, cpu.image.vtimes[task]!);
  cpu.arch.linger();
  return delta;
}

/** The planted fault: the section is closed between the clock and what it measured. */
function tear(cpu: KernelCpu, task: TaskId, vtime: Vtime): void {
  publishVtime(cpu, task, vtime);
  cpu.arch.linger();
  begin(cpu, task);
}

/** What the kernel is charged with unless the task bears the mark of a guest. @linux kernel/sched/cputime.c vtime_account_kernel */
function accountKernel(cpu: KernelCpu, task: TaskId, vtime: Vtime, delta: Ns): void {
  const guest = cpu.decisions.guestTestOnCurrent ? cpu.image.tasks[cpu.curr]!.vcpu !== 0 : vtime.state === VtimeState.Guest;
  if (guest) accountGuest(cpu, task, vtime, delta);
  else accountSystem(cpu, task, vtime, delta);
}

/** The historic order, in a section of its own: what has passed in the kernel is user time, to whoever looks now. */
function changeStateFirst(cpu: KernelCpu, task: TaskId, vtime: Vtime): void {
  vtime.state = VtimeState.User;
  publishVtime(cpu, task, vtime);
  cpu.arch.linger();
  begin(cpu, task);
}

/** @linux kernel/sched/cputime.c vtime_account_guest */
function accountGuest(cpu: KernelCpu, task: TaskId, vtime: Vtime, delta: Ns): void {
  const pending = vtime.gtime + delta;
  const due = pending >= cpu.config.tickNs;
  if (due) accountGuestTime(cpu, task, pending);
  vtime.gtime = due ? 0 : pending;
}

/** @linux kernel/sched/cputime.c vtime_account_system */
function accountSystem(cpu: KernelCpu, task: TaskId, vtime: Vtime, delta: Ns): void {
  const pending = vtime.stime + delta;
  const due = pending >= cpu.config.tickNs;
  if (due) accountSystemIndexTime(cpu, task, pending, Cpustat.System);
  vtime.stime = due ? 0 : pending;
}

/** @linux kernel/sched/cputime.c vtime_user_exit */
function accountUser(cpu: KernelCpu, task: TaskId, vtime: Vtime, delta: Ns): void {
  const pending = vtime.utime + delta;
  const due = pending >= cpu.config.tickNs;
  if (due) accountUserTime(cpu, task, pending);
  vtime.utime = due ? 0 : pending;
}

/** A task that leaves has earned its remainders here. @dynticks flavour gen-exact */
function chargeRemainders(cpu: KernelCpu, task: TaskId, vtime: Vtime): void {
  accountUserTime(cpu, task, vtime.utime);
  accountSystemIndexTime(cpu, task, vtime.stime, Cpustat.System);
  accountGuestTime(cpu, task, vtime.gtime);
  vtime.utime = 0;
  vtime.stime = 0;
  vtime.gtime = 0;
}
