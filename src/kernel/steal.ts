/**
 * The machine may be a guest itself, and its CPUs do without their processors at times: a hypervisor lets others run. It
 * says how long in all (`StealTime`), which it writes while the CPU stands still; what the kernel makes of that stands in
 * `sched/cputime.ts`.
 *
 *      task | theft         | task | edge: 7 have passed, 4 of them stolen: 3 for the task
 *      0    2               6      7
 *
 * Where contexts are tracked, a theft begins and ends inside the running task's vtime section. So whoever reads the task
 * finds with its starttime how much of the time since then was stolen, and since when the theft under way goes on.
 */
import { Event } from '../../shared/events.ts';
import { KTIME_MAX, type Ns } from '../../shared/units.ts';
import { RegsMode } from './irq/entry.ts';
import type { KernelCpu } from './kernel-cpu.ts';
import { OpKind } from './user.ts';

/** The processor is taken from this CPU, whatever it does. @dynticks the hypervisor's part */
export function theftBegins(cpu: KernelCpu): void {
  cpu.accounting.theft(cpu, noteBegin);
}

/** It has it back, and goes on where it was. @linux arch/x86/kvm/x86.c record_steal_time */
export function theftEnds(cpu: KernelCpu): void {
  const now = cpu.arch.schedClock();
  shiftWork(cpu, now, now - cpu.stealTime.since);
  cpu.accounting.theft(cpu, noteEnd);
}

/** No theft is under way. Whether there could be one: a CPU that is not up has no processor to lose. @dynticks the hypervisor's part */
export function hasProcessor({ state, stealTime }: KernelCpu): boolean {
  return state.online !== 0 && stealTime.since === 0;
}

/**
 * The hypervisor has a new record, which begins at 0. The kernel adds to it what the old one has said: its steal clock goes on, and
 * nothing is lost. KVM has the same by going on with the old record.
 * @linux drivers/xen/time.c xen_manage_runstate_time
 */
export function stealRecordRestarts(cpu: KernelCpu): void {
  const kept = cpu.decisions.stealClockGoesBack ? 0 : cpu.stealTime.steal;
  cpu.arch.trace(Event.steal_clock_restart, kept, cpu.rq.prevStealTime);
  if (cpu.decisions.stealClockGoesBack) cpu.accounting.theft(cpu, forget);
}

function noteBegin({ stealTime, arch }: KernelCpu): void {
  stealTime.since = arch.schedClock();
  stealTime.changed = stealTime.since;
}

function noteEnd({ stealTime, arch }: KernelCpu): void {
  stealTime.steal += arch.schedClock() - stealTime.since;
  stealTime.since = 0;
  stealTime.changed = arch.schedClock();
}

/** The historic way: the clock is what the record says. */
function forget({ stealTime, arch }: KernelCpu): void {
  stealTime.changed = arch.schedClock();
  stealTime.steal = 0;
}

/** Work stood still meanwhile; only who waits for an instant has come nearer to it. */
function shiftWork(cpu: KernelCpu, now: Ns, stolen: Ns): void {
  if (cpu.stretchStart !== KTIME_MAX) cpu.stretchStart += stolen;
  if (cpu.stepDue === KTIME_MAX) return;
  cpu.stepDue = waitsForInstant(cpu) ? Math.max(now, cpu.stepDue) : cpu.stepDue + stolen;
}

function waitsForInstant(cpu: KernelCpu): boolean {
  if (cpu.curr === cpu.idle || cpu.signalDue) return false;
  const { kind, mode } = cpu.image.regs[cpu.curr]!;
  return kind === OpKind.RunUntil && mode === RegsMode.User;
}
