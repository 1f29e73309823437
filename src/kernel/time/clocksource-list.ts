/**
 * Which clock source the timekeeper reads: the best of those that are registered, or the one that the user
 * asked for, if the machine can use it. A switch happens while all CPUs stand still.
 *
 * Writers: the boot CPU, the watchdog's worker, a task that writes to sysfs; under the page's lock.
 */
import { Event } from '../../../shared/events.ts';
import { LockClass } from '../../../shared/lock-order.ts';
import { Printk } from '../../../shared/printk.ts';
import { ClocksourceFlag, ClocksourceId, NO_CLOCKSOURCE } from '../../../shared/structs/timekeeper.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { spinLock, spinUnlock } from '../locking/lock.ts';
import { printk } from '../printk.ts';
import { StopFunction, stopMachine } from '../stop-machine.ts';
import { tickClockNotify } from './tick-oneshot.ts';
import { TickMode } from './tick-common.ts';
import { changeClocksource } from './timekeeping-update.ts';

const { ValidForHres, Unstable } = ClocksourceFlag;

/** Boot CPU, before anything is registered. @dynticks Linux has static storage */
export function clocksourceInit(cpu: KernelCpu): void {
  const page = lockClocksources(cpu);
  page.current = NO_CLOCKSOURCE;
  page.watchdog = NO_CLOCKSOURCE;
  page.override = overrideOf(cpu);
  page.nextOrder = 1;
  unlockClocksources(cpu);
}

/** `clocksource=`, if there is such a thing. @linux kernel/time/clocksource.c boot_override_clocksource */
function overrideOf(cpu: KernelCpu): number {
  const found = cpu.config.clocksources.findIndex(({ name }) => name === cpu.config.clocksource);
  return found < 0 ? NO_CLOCKSOURCE : found;
}

/** @linux kernel/time/clocksource.c clocksource_mutex */
export function lockClocksources(cpu: KernelCpu): KernelCpu['image']['clocksourcePage'] {
  const page = cpu.image.clocksourcePage;
  spinLock(cpu, page.lock, LockClass.Clocksources, 0);
  return page;
}

/** @linux kernel/time/clocksource.c clocksource_mutex */
export function unlockClocksources(cpu: KernelCpu): void {
  spinUnlock(cpu, cpu.image.clocksourcePage.lock, LockClass.Clocksources, 0);
}

/** With the page's lock: what has changed of a clock source. @dynticks for whoever judges the selection */
export function traceClocksource(cpu: KernelCpu, id: ClocksourceId): void {
  const { order, rating, flags } = cpu.image.clocksources[id]!;
  cpu.arch.trace6(Event.clocksource_state, id, order, rating, flags);
}

/**
 * Switches to the source that ought to be read, if it is another one; `skipCurrent`: the present one is about
 * to go. Returns whether there is one. The caller's step is over with it.
 * @linux kernel/time/clocksource.c __clocksource_select
 */
export function clocksourceSelect(cpu: KernelCpu, skipCurrent: boolean): boolean {
  const page = lockClocksources(cpu);
  const oneshot = cpu.tick.mode === TickMode.Oneshot;
  const found = page.finishedBooting === 0 ? NO_CLOCKSOURCE : clocksourceFindBest(cpu, oneshot, skipCurrent);
  const best = found === NO_CLOCKSOURCE ? found : withOverride(cpu, found, oneshot, skipCurrent);
  const { current } = page;
  if (found !== NO_CLOCKSOURCE) {
    cpu.arch.trace6(Event.clocksource_select, best, current, oneshot ? 1 : 0, page.override, skipCurrent ? 1 : 0);
  }
  unlockClocksources(cpu);
  if (best !== NO_CLOCKSOURCE && best !== current) timekeepingNotify(cpu, best);
  return best !== NO_CLOCKSOURCE;
}

/**
 * Highest rating, first come among equals; with a one-shot tick only what can carry one.
 * @linux kernel/time/clocksource.c clocksource_find_best
 */
function clocksourceFindBest(cpu: KernelCpu, oneshot: boolean, skipCurrent: boolean): ClocksourceId | -1 {
  const { clocksources, clocksourcePage: page } = cpu.image;
  let best: ClocksourceId | -1 = NO_CLOCKSOURCE;
  for (let id = 0; id < clocksources.length; id++) {
    const { order, rating, flags } = clocksources[id]!;
    if (order === 0 || (skipCurrent && id === page.current)) continue;
    if (oneshot && (flags & ValidForHres) === 0) continue;
    const before = best === NO_CLOCKSOURCE ? undefined : clocksources[best]!;
    const better = before === undefined || rating > before.rating || (rating === before.rating && order < before.order);
    const first = before === undefined || order < before.order;
    if (cpu.decisions.takesFirstSource ? first : better) best = id as ClocksourceId;
  }
  return best;
}

/** Those on the list, best first, as sysfs shows them. @linux kernel/time/clocksource.c available_clocksource_show */
export function clocksourcesInOrder(cpu: KernelCpu): ClocksourceId[] {
  const { clocksources } = cpu.image;
  const listed = clocksources.flatMap(({ order }, id) => (order === 0 ? [] : [id as ClocksourceId]));
  return listed.sort((a, b) => clocksources[b]!.rating - clocksources[a]!.rating || clocksources[a]!.order - clocksources[b]!.order);
}

/** What the user asked for goes before what is best. @linux kernel/time/clocksource.c __clocksource_select */
function withOverride(cpu: KernelCpu, best: ClocksourceId, oneshot: boolean, skipCurrent: boolean): ClocksourceId {
  const page = cpu.image.clocksourcePage;
  const { override } = page;
  if (override === NO_CLOCKSOURCE || (skipCurrent && override === page.current)) return best;
  const { order, flags } = cpu.image.clocksources[override]!;
  if (order === 0) return best;
  if (!oneshot || (flags & ValidForHres) !== 0) return override as ClocksourceId;
  if ((flags & Unstable) !== 0) {
    printk(cpu, Printk.overrideUnstable, override);
    page.override = NO_CLOCKSOURCE;
  } else printk(cpu, Printk.overrideDeferred, override);
  return best;
}

/** The timekeeper is to read another source. @linux kernel/time/timekeeping.c timekeeping_notify */
function timekeepingNotify(cpu: KernelCpu, to: ClocksourceId): void {
  stopMachine(cpu, STOP_FUNCTIONS, StopFunction.ChangeClocksource, to);
}

/**
 * While all others stand still: the switch, and whatever follows from it. Each CPU's tick looks again whether
 * it can be one-shot.
 * @linux kernel/time/timekeeping.c change_clocksource
 */
function switchClocksource(cpu: KernelCpu, to: number): void {
  if (cpu.image.timekeeper.clocksource !== to) changeClocksource(cpu, to as ClocksourceId);
  const page = lockClocksources(cpu);
  page.current = to;
  unlockClocksources(cpu);
  tickClockNotify(cpu);
  printk(cpu, Printk.switchedToClocksource, to);
}

const STOP_FUNCTIONS = [switchClocksource];
