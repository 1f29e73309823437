/**
 * jiffies: ticks since boot, advanced by whichever CPU has the do_timer duty, or by any CPU that
 * finds it has been neglected.
 *
 * The first look needs no lock: `tickNextPeriod` is stored last, so a CPU that reads an old value
 * only takes the lock for nothing.
 *
 *      CPU 0 (its tick)                       CPU 1 (rescue)
 *      now >= tickNextPeriod                  now >= tickNextPeriod
 *      lock                                   lock: waits
 *        jiffies 41 -> 42
 *        tickNextPeriod += 4 ms
 *      unlock
 *                                             looks again: now < tickNextPeriod, nothing to do
 */
import { Event } from '../../../shared/events.ts';
import { LockClass } from '../../../shared/lock-order.ts';
import { JiffiesPage, TICK_DO_TIMER_NONE } from '../../../shared/structs/global.ts';
import {
  readSeqcountBegin, readSeqcountRetry, writeSeqcountBegin, writeSeqcountEnd,
} from '../../../shared/sync/seqcount.ts';
import type { CpuId, Ns } from '../../../shared/units.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { spinLock, spinUnlock } from '../locking/lock.ts';
import { calcGlobalLoad } from '../sched/loadavg.ts';
import { updateWallTime } from './timekeeping-update.ts';

/**
 * Catches jiffies up with `now`. Returns whether they moved.
 * @linux kernel/time/tick-sched.c tick_do_update_jiffies64
 */
export function tickDoUpdateJiffies64(cpu: KernelCpu, now: Ns): boolean {
  const page = cpu.image.jiffies;
  if (now < page.tickNextPeriod) return false;
  spinLock(cpu, page.lock, LockClass.Jiffies, 0);
  const due = now >= page.tickNextPeriod;
  if (due) {
    const ticks = 1 + Math.floor((now - page.tickNextPeriod) / cpu.config.tickNs);
    advance(cpu, ticks, page.lastJiffiesUpdate + ticks * cpu.config.tickNs);
    calcGlobalLoad(cpu);
  }
  spinUnlock(cpu, page.lock, LockClass.Jiffies, 0);
  if (due) updateWallTime(cpu);
  return due;
}

/**
 * The periodic tick's way: one jiffy, whatever the clock says.
 * @linux kernel/time/tick-common.c tick_periodic
 */
export function doTimer(cpu: KernelCpu): void {
  const page = cpu.image.jiffies;
  spinLock(cpu, page.lock, LockClass.Jiffies, 0);
  advance(cpu, 1, page.lastJiffiesUpdate + cpu.config.tickNs);
  calcGlobalLoad(cpu);
  spinUnlock(cpu, page.lock, LockClass.Jiffies, 0);
  updateWallTime(cpu);
}

/** One write section under the lock: `ticks` more jiffies, the last of them at `boundary`. */
function advance(cpu: KernelCpu, ticks: number, boundary: Ns): void {
  const page = cpu.image.jiffies;
  writeSeqcountBegin(cpu.memory, page.seq);
  page.lastJiffiesUpdate = boundary;
  if (cpu.decisions.tearsJiffies) tear(cpu);
  page.jiffies += ticks > 1 && cpu.decisions.countsExtraJiffy ? ticks + 1 : ticks;
  page.tickNextPeriod = boundary + cpu.config.tickNs;
  writeSeqcountEnd(cpu.memory, page.seq);
  cpu.arch.trace6(
    Event.jiffies_update, ticks, page.jiffies, boundary, page.tickNextPeriod, cpu.memory.load(page.seq),
  );
}

/** The planted fault: the section is closed between the instant and its number. */
function tear(cpu: KernelCpu): void {
  const { seq } = cpu.image.jiffies;
  writeSeqcountEnd(cpu.memory, seq);
  cpu.arch.linger();
  writeSeqcountBegin(cpu.memory, seq);
}

/** Instant of the next jiffy boundary. @linux kernel/time/tick-common.c tick_next_period */
export function tickNextPeriod(cpu: KernelCpu): Ns {
  const page = cpu.image.jiffies;
  for (;;) {
    const seq = readSeqcountBegin(cpu.memory, page.seq);
    const next = page.tickNextPeriod;
    if (!readSeqcountRetry(cpu.memory, page.seq, seq)) return next;
  }
}

/**
 * The last jiffy boundary, and in `tick.lastJiffies` its number: both of one moment.
 * @linux kernel/time/tick-sched.c get_jiffies_update
 */
export function getJiffiesUpdate(cpu: KernelCpu): Ns {
  const page = cpu.image.jiffies;
  for (;;) {
    const seq = readSeqcountBegin(cpu.memory, page.seq);
    const boundary = page.lastJiffiesUpdate;
    const { jiffies } = page;
    if (readSeqcountRetry(cpu.memory, page.seq, seq)) continue;
    cpu.tick.lastJiffies = jiffies;
    return boundary;
  }
}

/** Who has the duty, or -1. @linux kernel/time/tick-common.c tick_do_timer_cpu */
export function tickDoTimerCpu(cpu: KernelCpu): CpuId {
  return cpu.image.jiffies.tickDoTimerCpu;
}

/** Gives the duty to `owner`. @linux kernel/time/tick-common.c tick_do_timer_cpu */
export function setTickDoTimerCpu(cpu: KernelCpu, owner: CpuId): void {
  cpu.image.jiffies.tickDoTimerCpu = owner;
  cpu.arch.trace(Event.tick_do_timer_cpu, owner);
}

/** Whether this CPU advances jiffies in its tick; takes an orphaned duty. @linux kernel/time/tick-sched.c tick_sched_do_timer */
export function tickSchedDoTimer(cpu: KernelCpu, now: Ns): void {
  if (tickDoTimerCpu(cpu) === TICK_DO_TIMER_NONE) setTickDoTimerCpu(cpu, cpu.id);
  if (tickDoTimerCpu(cpu) === cpu.id) tickDoUpdateJiffies64(cpu, now);
  rescueStalledJiffies(cpu, now);
}

/** After some ticks of its own that saw jiffies stand still, a CPU advances them itself. */
function rescueStalledJiffies(cpu: KernelCpu, now: Ns): void {
  const { tick } = cpu;
  const { jiffies } = cpu.image.jiffies;
  if (tick.lastTickJiffies !== jiffies) {
    tick.lastTickJiffies = jiffies;
    tick.stalledJiffies = 0;
    return;
  }
  tick.stalledJiffies += 1;
  if (tick.stalledJiffies < cpu.config.version.maxStalledJiffies || cpu.decisions.neverRescues) return;
  rescue(cpu, now);
  tick.stalledJiffies = 0;
  tick.lastTickJiffies = cpu.image.jiffies.jiffies;
}

/** One rescuer is enough, where the version knows that: the others would only wait for the lock. */
function rescue(cpu: KernelCpu, now: Ns): void {
  const rescuing = cpu.image.jiffies.base + JiffiesPage.at.rescuing;
  if (!cpu.config.version.oneRescuer) tickDoUpdateJiffies64(cpu, now);
  else if (cpu.memory.exchange(rescuing, 1) === 0) {
    tickDoUpdateJiffies64(cpu, now);
    cpu.memory.store(rescuing, 0);
  }
}
