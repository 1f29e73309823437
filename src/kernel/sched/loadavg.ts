/**
 * The load average: how many tasks want to run, smoothed over 1, 5 and 15 minutes.
 *
 * Nobody counts all CPUs at one moment. Each counts itself once a window of five seconds, in its own tick,
 * and adds what has changed to a sum; ten ticks after the window's end whoever has the jiffies lock takes the
 * sum and moves the averages. A CPU that stops its tick would miss its turn, so it adds its change before,
 * in a slot apart; and which slot depends on the window, or a change would be taken a window too early.
 *
 *      jiffies           1251        1261
 *      CPU 0 (ticks)     counts       folds slot 0 into the sum, moves averages, flips the slots
 *      CPU 1 (stops)   slot 0 | slot 1
 */
import { Event } from '../../../shared/events.ts';
import { Rq } from '../../../shared/structs/cpu.ts';
import { LoadPage } from '../../../shared/structs/global.ts';
import type { CpuId, Jiffies } from '../../../shared/units.ts';
import type { KernelCpu } from '../kernel-cpu.ts';

/** Fixed point of the averages. @linux include/linux/sched/loadavg.h FSHIFT */
export const FSHIFT = 11;
export const FIXED_1 = 1 << FSHIFT;
/** 1/exp(5sec/1min), and of 5 and 15 minutes. @linux include/linux/sched/loadavg.h EXP_1 */
const EXP = [1884, 2014, 2037] as const;
/** How long the others have to count themselves after a window's end. */
const GRACE: Jiffies = 10;

/** Length of a window. @linux include/linux/sched/loadavg.h LOAD_FREQ */
export const loadFreq = (hz: number): Jiffies => 5 * hz + 1;

/** Boot: the first window. @linux kernel/sched/core.c sched_init */
export function loadInit(cpu: KernelCpu): void {
  const window = loadFreq(cpu.config.hz);
  cpu.rq.calcLoadActive = 0;
  cpu.rq.calcLoadUpdate = window;
  if (cpu.id === 0) cpu.image.load.update = window;
}

/** This CPU's turn to count itself. @linux kernel/sched/loadavg.c calc_global_load_tick */
export function calcGlobalLoadTick(cpu: KernelCpu): void {
  const { rq, memory, image } = cpu;
  if (image.jiffies.jiffies < rq.calcLoadUpdate) return;
  const delta = foldActive(cpu, rq);
  if (delta !== 0) memory.addLong(image.load.base + LoadPage.at.tasks, delta);
  rq.calcLoadUpdate += loadFreq(cpu.config.hz);
}

/** What has changed since it counted last. @linux kernel/sched/loadavg.c calc_load_fold_active */
function foldActive({ memory }: KernelCpu, rq: Rq): number {
  // whoever waits for a device counts as if it ran
  const active = rq.nrRunning + rq.nrIowait;
  // in one step: the CPU may stop its tick while another counts for it
  return active - memory.exchangeLong(rq.base + Rq.at.calcLoadActive, active);
}

/** It stops its tick. @linux kernel/sched/loadavg.c calc_load_nohz_start */
export function calcLoadNohzStart(cpu: KernelCpu): void {
  calcLoadNohzFold(cpu, cpu.rq);
}

/**
 * Another does the tick of a CPU whose own is stopped, for longer than a window perhaps.
 * @linux kernel/sched/loadavg.c calc_load_nohz_remote
 */
export function calcLoadNohzRemote(cpu: KernelCpu, target: CpuId): void {
  calcLoadNohzFold(cpu, cpu.image.rqs[target]!);
}

/** @linux kernel/sched/loadavg.c calc_load_nohz_fold */
function calcLoadNohzFold(cpu: KernelCpu, rq: Rq): void {
  const { memory, image } = cpu;
  const { load } = image;
  const delta = foldActive(cpu, rq);
  if (delta === 0) return;
  const late = image.jiffies.jiffies >= load.update ? 1 : 0;
  memory.addLong(slotAt(load, load.nohzIndex + late), delta);
}

/** It ticks again, in whichever window. @linux kernel/sched/loadavg.c calc_load_nohz_stop */
export function calcLoadNohzStop(cpu: KernelCpu): void {
  const { rq, image, config } = cpu;
  const { jiffies } = image.jiffies;
  const { update } = image.load;
  // between a window's end and its fold this CPU is in the sum already
  const counted = jiffies >= update && jiffies < update + GRACE;
  rq.calcLoadUpdate = counted ? update + loadFreq(config.hz) : update;
}

/** Whoever advances jiffies, its lock held. @linux kernel/sched/loadavg.c calc_global_load */
export function calcGlobalLoad(cpu: KernelCpu): void {
  const { memory, image, config } = cpu;
  const { load } = image;
  const { jiffies } = image.jiffies;
  const window = load.update;
  if (jiffies < window + GRACE) return;
  const slept = memory.exchangeLong(slotAt(load, load.nohzIndex), 0);
  if (slept !== 0) memory.addLong(load.base + LoadPage.at.tasks, slept);
  const active = Math.max(0, load.tasks) * FIXED_1;
  average(load, active, 1);
  load.update = window + loadFreq(config.hz);
  catchUp(load, active, jiffies, loadFreq(config.hz));
  load.nohzIndex += 1;
  cpu.arch.trace6(Event.calc_global_load, jiffies, active, load.avenrun(0), load.avenrun(1), load.avenrun(2));
}

/** Windows that passed while everybody slept. @linux kernel/sched/loadavg.c calc_global_nohz */
function catchUp(load: LoadPage, active: number, jiffies: Jiffies, freq: Jiffies): void {
  const window = load.update;
  if (jiffies < window + GRACE) return;
  const missed = 1 + Math.floor((jiffies - window - GRACE) / freq);
  average(load, active, missed);
  load.update = window + missed * freq;
}

function average(load: LoadPage, active: number, windows: number): void {
  for (let i = 0; i < EXP.length; i++) load.setAvenrun(i, calcLoadN(load.avenrun(i), EXP[i]!, active, windows));
}

/** `windows` windows with the same load. @linux kernel/sched/loadavg.c calc_load_n */
export function calcLoadN(load: number, exp: number, active: number, windows: number): number {
  return calcLoad(load, fixedPowerInt(exp, windows), active);
}

/** a1 = a0 * e + a * (1 - e), rounded up while it rises. @linux include/linux/sched/loadavg.h calc_load */
function calcLoad(load: number, exp: number, active: number): number {
  const sum = load * exp + active * (FIXED_1 - exp) + (active >= load ? FIXED_1 - 1 : 0);
  return Math.floor(sum / FIXED_1);
}

/** x^n in fixed point. @linux kernel/sched/loadavg.c fixed_power_int */
function fixedPowerInt(x: number, n: number): number {
  let result = FIXED_1;
  let power = x;
  for (let left = n; left > 0; left >>>= 1) {
    if ((left & 1) !== 0) result = rounded(result * power);
    power = rounded(power * power);
  }
  return result;
}

const rounded = (product: number): number => Math.floor((product + (FIXED_1 >> 1)) / FIXED_1);

const slotAt = (load: LoadPage, index: number) => load.base + LoadPage.at.nohz + 8 * (index & 1);
