/**
 * CLOCK_MONOTONIC: a base that somebody moves forward about once a tick, and the counter's advance
 * since then, converted by mult and shift. The sum is exact to the fraction of a ns, so that it does
 * not matter how often or by whom the base is moved.
 *
 * Writers: whoever advanced jiffies, under `lock`.  Readers: any CPU, any time, through `seq`.
 *
 *      CPU 0 (update_wall_time)               CPU 1 (ktime_get)
 *      seq 6 -> 7
 *        cycleLast += 4,000,000
 *                                             seq is 7: odd, wait
 *        baseNs += 4,000,000
 *      seq 7 -> 8
 *                                             seq is 8; cycleLast, baseNs; still 8: good
 */
import { Event } from '../../../shared/events.ts';
import { LockClass } from '../../../shared/lock-order.ts';
import { mulShiftAdd, mulShiftLow } from '../../../shared/math.ts';
import { ClocksourceId } from '../../../shared/structs/global.ts';
import {
  readSeqcountBegin, readSeqcountRetry, writeSeqcountBegin, writeSeqcountEnd,
} from '../../../shared/sync/seqcount.ts';
import type { Cycles, Ns } from '../../../shared/units.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { spinLock, spinUnlock } from '../locking/lock.ts';
import { clocksourceRead, clocksourcesOf, type Clocksource } from './clocksource.ts';

/** @linux kernel/time/timekeeping.c ktime_get */
export function ktimeGet(cpu: KernelCpu): Ns {
  const tk = cpu.image.timekeeper;
  for (;;) {
    const seq = readSeqcountBegin(cpu.memory, tk.seq);
    const delta = counterDelta(cpu, tk.clocksource as ClocksourceId, tk.cycleLast);
    const now = tk.baseNs + mulShiftAdd(delta, tk.mult >>> 0, tk.shift, tk.baseFraction);
    if (!readSeqcountRetry(cpu.memory, tk.seq, seq)) return now;
  }
}

/**
 * Cycles since the last accumulation. Another CPU's counter may be a little ahead of ours, then time
 * stands still rather than jump by 2^64.
 */
function counterDelta(cpu: KernelCpu, id: ClocksourceId, cycleLast: Cycles): Cycles {
  return Math.max(0, clocksourceRead(cpu, id) - cycleLast);
}

/** Boot CPU only: monotonic time starts at 0 on the jiffies clock source. @linux kernel/time/timekeeping.c timekeeping_init */
export function timekeepingInit(cpu: KernelCpu): void {
  const tk = cpu.image.timekeeper;
  spinLock(cpu, tk.lock, LockClass.Timekeeper, 0);
  writeSeqcountBegin(cpu.memory, tk.seq);
  tk.baseNs = 0;
  setClocksource(cpu, clocksourcesOf(cpu.config)[ClocksourceId.Jiffies]!);
  writeSeqcountEnd(cpu.memory, tk.seq);
  spinUnlock(cpu, tk.lock, LockClass.Timekeeper, 0);
}

/**
 * Moves the base to now with the old source, then reads on with the new one.
 * @linux kernel/time/timekeeping.c change_clocksource
 */
export function changeClocksource(cpu: KernelCpu, to: ClocksourceId): void {
  const tk = cpu.image.timekeeper;
  spinLock(cpu, tk.lock, LockClass.Timekeeper, 0);
  writeSeqcountBegin(cpu.memory, tk.seq);
  forward(cpu, counterDelta(cpu, tk.clocksource as ClocksourceId, tk.cycleLast));
  setClocksource(cpu, clocksourcesOf(cpu.config)[to]!);
  finishUpdate(cpu);
  spinUnlock(cpu, tk.lock, LockClass.Timekeeper, 0);
}

/** Whether the tick may go one-shot on the present clock source. @linux kernel/time/timekeeping.c timekeeping_valid_for_hres */
export function timekeepingValidForHres(cpu: KernelCpu): boolean {
  return clocksourcesOf(cpu.config)[cpu.image.timekeeper.clocksource]!.validForHres;
}

/** How long the base may stand still. @linux kernel/time/timekeeping.c timekeeping_max_deferment */
export function timekeepingMaxDeferment(cpu: KernelCpu): Ns {
  return clocksourcesOf(cpu.config)[cpu.image.timekeeper.clocksource]!.maxIdleNs;
}

/**
 * Moves the base forward by whole tick intervals, if at least one has passed.
 * @linux kernel/time/timekeeping.c update_wall_time
 */
export function updateWallTime(cpu: KernelCpu): void {
  const tk = cpu.image.timekeeper;
  spinLock(cpu, tk.lock, LockClass.Timekeeper, 0);
  const delta = counterDelta(cpu, tk.clocksource as ClocksourceId, tk.cycleLast);
  const interval = tk.cycleInterval;
  if (delta >= interval) {
    writeSeqcountBegin(cpu.memory, tk.seq);
    forward(cpu, delta - (delta % interval));
    finishUpdate(cpu);
  }
  spinUnlock(cpu, tk.lock, LockClass.Timekeeper, 0);
}

function forward(cpu: KernelCpu, cycles: Cycles): void {
  const tk = cpu.image.timekeeper;
  const mult = tk.mult >>> 0;
  const { shift, baseFraction } = tk;
  tk.cycleLast += cycles;
  tk.baseNs += mulShiftAdd(cycles, mult, shift, baseFraction);
  tk.baseFraction = mulShiftLow(cycles, mult, shift, baseFraction);
}

function setClocksource(cpu: KernelCpu, source: Clocksource): void {
  const tk = cpu.image.timekeeper;
  tk.clocksource = source.id;
  tk.mult = source.mult | 0;
  tk.shift = source.shift;
  tk.baseFraction = 0;
  tk.cycleLast = clocksourceRead(cpu, source.id);
  tk.cycleInterval = source.id === ClocksourceId.Jiffies ? 1 : Math.round(cpu.config.tscHz / cpu.config.hz);
}

/** Closes the section and, the lock still held, tells the trace what readers find from now on. */
function finishUpdate(cpu: KernelCpu): void {
  const tk = cpu.image.timekeeper;
  writeSeqcountEnd(cpu.memory, tk.seq);
  cpu.arch.trace6(Event.timekeeping_update, tk.cycleLast, tk.baseNs, cpu.memory.load(tk.seq));
}
