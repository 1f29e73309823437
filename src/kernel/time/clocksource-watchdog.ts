/**
 * The watchdog: a timer that goes from CPU to CPU and compares each counter that may be wrong with one that is
 * not. A counter that is wrong is marked, and a thread takes it out of use, because the machine must stand
 * still for the switch, which no interrupt can ask for.
 *
 *      CPU 0 (timer, jiffy 125)     hpet 1,000   tsc 900         a first pair: only noted
 *      CPU 1 (timer, jiffy 250)     hpet 8,159,090  tsc ...      500 ms by hpet, 503 ms by tsc: tsc is unstable
 *        wakes kwatchdog -------->  rating 0; the next best source, while all stand still
 *
 * Two counters are read one after the other, and an interrupt of the firmware may come in between. So the
 * watchdog is read again behind: if that took long, the pair is worth nothing.
 */
import { Event } from '../../../shared/events.ts';
import { mulShift } from '../../../shared/math.ts';
import { Printk } from '../../../shared/printk.ts';
import { ClocksourceFlag, ClocksourceId, NO_CLOCKSOURCE } from '../../../shared/structs/timekeeper.ts';
import { KernelTimer, TimerFunction } from '../../../shared/structs/timer.ts';
import { NONE, type CpuId, type Cycles, type Ns } from '../../../shared/units.ts';
import { kernelTimerOf } from '../image.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { printk } from '../printk.ts';
import { disableSchedClockIrqtime } from '../sched/irqtime.ts';
import { tryToWakeUp } from '../sched/wakeup.ts';
import { clocksourceDelta, clocksourceRead, spendRead, type Clocksource } from './clocksource.ts';
import { clocksourcesInOrder, lockClocksources, traceClocksource, unlockClocksources } from './clocksource-list.ts';
import { tickClockNotify } from './tick-oneshot.ts';
import { addTimerOn, timerSetup } from './timer.ts';

const { IsContinuous, MustVerify, Reselect, Unstable, ValidForHres, Watchdog } = ClocksourceFlag;

/** What a check comes to. */
export const WatchdogVerdict = { Baseline: 0, Good: 1, Skewed: 2, LongInterval: 3, Busy: 4, SlowRead: 5 } as const;
export type WatchdogVerdict = (typeof WatchdogVerdict)[keyof typeof WatchdogVerdict];

/** A longer time between two checks makes a fixed margin meaningless. @linux kernel/time/clocksource.c WATCHDOG_INTERVAL_MAX_NS */
const INTERVAL_MAX_NS: Ns = 1_000_000_000;
/** How long a machine that is too busy to be judged is left alone. @linux kernel/time/clocksource.c */
const PAUSE_SECONDS = 300;

/** What a look at watchdog and source found. */
interface Sample {
  watchdog: Cycles;
  source: Cycles;
  verdict: WatchdogVerdict;
}

/** Whether it is on the watch list. @linux kernel/time/clocksource.c watchdog_list */
export function isWatched(cpu: KernelCpu, id: ClocksourceId): boolean {
  const { order, rating, flags } = cpu.image.clocksources[id]!;
  return order !== 0 && rating > 0 && (flags & MustVerify) !== 0;
}

/**
 * Chooses who watches: the best that needs no watching; `fallback`: another than the present one. Returns
 * whether there is one. The page is locked.
 * @linux kernel/time/clocksource.c clocksource_select_watchdog
 */
export function clocksourceSelectWatchdog(cpu: KernelCpu, fallback: boolean): boolean {
  const { clocksourcePage: page, clocksources } = cpu.image;
  const old = page.watchdog;
  const trusted = clocksourcesInOrder(cpu).filter((id) => (clocksources[id]!.flags & MustVerify) === 0);
  const best = trusted.find((id) => !fallback || id !== old) ?? NO_CLOCKSOURCE;
  if (best === NO_CLOCKSOURCE && fallback) return false;
  if (best !== old) {
    page.watchdog = best;
    resetWatchdog(cpu);
  }
  startWatchdog(cpu);
  return best !== NO_CLOCKSOURCE;
}

/** All baselines are worth nothing. @linux kernel/time/clocksource.c clocksource_reset_watchdog */
function resetWatchdog(cpu: KernelCpu): void {
  for (const state of cpu.image.clocksources) if ((state.flags & Watchdog) !== 0) state.flags &= ~Watchdog;
}

/** @linux kernel/time/clocksource.c clocksource_start_watchdog */
function startWatchdog(cpu: KernelCpu): void {
  const page = cpu.image.clocksourcePage;
  const watches = cpu.config.clocksources.some(({ id }) => isWatched(cpu, id));
  if (page.watchdogRunning !== 0 || page.watchdog === NO_CLOCKSOURCE || !watches) return;
  const timer = kernelTimerOf(cpu.image, KernelTimer.ClocksourceWatchdog);
  page.watchdogRunning = 1;
  timerSetup(cpu, timer, TimerFunction.ClocksourceWatchdog, 0);
  addTimerOn(cpu, timer, nextOnline(cpu, -1), cpu.image.jiffies.jiffies + interval(cpu));
}

/** @linux kernel/time/clocksource.c WATCHDOG_INTERVAL */
const interval = (cpu: KernelCpu): number => cpu.config.hz >> 1;

/** One round of checks; the next one runs on the next CPU. @linux kernel/time/clocksource.c clocksource_watchdog */
export function clocksourceWatchdog(cpu: KernelCpu): void {
  const page = lockClocksources(cpu);
  let pause = 0;
  let work = false;
  if (page.watchdogRunning !== 0 && page.watchdog !== NO_CLOCKSOURCE) {
    for (const { id } of cpu.config.clocksources) {
      if (!isWatched(cpu, id)) continue;
      if (check(cpu, id) === WatchdogVerdict.Busy) pause = PAUSE_SECONDS * cpu.config.hz;
      work ||= (cpu.image.clocksources[id]!.flags & (Unstable | Reselect)) !== 0;
    }
    const timer = kernelTimerOf(cpu.image, KernelTimer.ClocksourceWatchdog);
    addTimerOn(cpu, timer, nextOnline(cpu, cpu.id), cpu.image.timerLists[timer]!.expires + interval(cpu) + pause);
  }
  unlockClocksources(cpu);
  if (work) wakeWorker(cpu);
}

function nextOnline({ image }: KernelCpu, after: CpuId): CpuId {
  const { cpus } = image;
  for (let i = 1; i <= cpus.length; i++) {
    const cpu = (after + i) % cpus.length;
    if (cpus[cpu]!.online !== 0) return cpu;
  }
  return after;
}

/** One source: what its last interval says of it. */
function check(cpu: KernelCpu, id: ClocksourceId): WatchdogVerdict {
  const { clocksources: states, clocksourcePage: page } = cpu.image;
  const state = states[id]!;
  if ((state.flags & Unstable) !== 0) return WatchdogVerdict.Skewed;
  const source = cpu.config.clocksources[id]!;
  const watchdog = cpu.config.clocksources[page.watchdog]!;
  const sample = takeSample(cpu, source, watchdog);
  if (sample.verdict !== WatchdogVerdict.Good) return unread(cpu, source, watchdog, sample.verdict);
  const first = (state.flags & Watchdog) === 0;
  // a first pair may come after another watchdog's
  const wdNs = first ? 0 : nsBetween(watchdog, state.wdLast, sample.watchdog);
  const csNs = first ? 0 : nsBetween(source, state.csLast, sample.source);
  state.flags |= Watchdog;
  state.wdLast = sample.watchdog;
  state.csLast = sample.source;
  const verdict = first ? WatchdogVerdict.Baseline : judge(cpu, source, watchdog, csNs, wdNs);
  traceCheck(cpu, source, watchdog, csNs, wdNs, verdict);
  if (verdict === WatchdogVerdict.Skewed) clocksourceUnstable(cpu, source, watchdog, csNs, wdNs);
  else if (verdict === WatchdogVerdict.Good) mayCarryTicks(cpu, source, watchdog);
  return verdict;
}

function judge(cpu: KernelCpu, source: Clocksource, watchdog: Clocksource, csNs: Ns, wdNs: Ns): WatchdogVerdict {
  if (Math.max(csNs, wdNs) > INTERVAL_MAX_NS && !cpu.decisions.judgesLongIntervals) {
    printk(cpu, Printk.longReadout, csNs, wdNs);
    return WatchdogVerdict.LongInterval;
  }
  return Math.abs(csNs - wdNs) > marginOf(source, watchdog) ? WatchdogVerdict.Skewed : WatchdogVerdict.Good;
}

const marginOf = (source: Clocksource, watchdog: Clocksource): Ns => source.uncertaintyMargin + watchdog.uncertaintyMargin;

const nsBetween = (source: Clocksource, last: Cycles, now: Cycles): Ns =>
  mulShift(clocksourceDelta(source, now, last), source.mult, source.shift);

/**
 * Watchdog, source, watchdog, and the watchdog once more: if the first three took long and the last two did
 * not, it was the source; if those did, too, the machine is busy.
 * @linux kernel/time/clocksource.c cs_watchdog_read
 */
function takeSample(cpu: KernelCpu, source: Clocksource, watchdog: Clocksource): Sample {
  const margin = marginOf(source, watchdog);
  const tries = Math.floor(Math.log2(cpu.image.map.shape.cpus) / 2) + 2;
  for (let n = 0; n < tries; n++) {
    const before = readNow(cpu, watchdog);
    const found = readNow(cpu, source);
    const behind = readNow(cpu, watchdog);
    const again = readNow(cpu, watchdog);
    if (nsBetween(watchdog, before, behind) <= margin) return { watchdog: behind, source: found, verdict: WatchdogVerdict.Good };
    if (nsBetween(watchdog, behind, again) > margin) return { watchdog: behind, source: found, verdict: WatchdogVerdict.Busy };
  }
  return { watchdog: 0, source: 0, verdict: WatchdogVerdict.SlowRead };
}

function readNow(cpu: KernelCpu, source: Clocksource): Cycles {
  const cycles = clocksourceRead(cpu, source);
  spendRead(cpu, source);
  return cycles;
}

/** No pair could be taken. */
function unread(cpu: KernelCpu, source: Clocksource, watchdog: Clocksource, verdict: WatchdogVerdict): WatchdogVerdict {
  traceCheck(cpu, source, watchdog, 0, 0, verdict);
  if (verdict === WatchdogVerdict.Busy) resetWatchdog(cpu);
  else clocksourceUnstable(cpu, source, watchdog, 0, 0);
  printk(cpu, verdict === WatchdogVerdict.Busy ? Printk.skewTestSkipped : Printk.slowReadBack, source.id, watchdog.id);
  return verdict;
}

function traceCheck(cpu: KernelCpu, source: Clocksource, watchdog: Clocksource, csNs: Ns, wdNs: Ns, verdict: WatchdogVerdict): void {
  cpu.arch.trace6(Event.clocksource_watchdog, source.id, watchdog.id, csNs, wdNs, marginOf(source, watchdog), verdict);
}

/** With the page locked. @linux kernel/time/clocksource.c __clocksource_unstable */
function clocksourceUnstable(cpu: KernelCpu, source: Clocksource, watchdog: Clocksource, csNs: Ns, wdNs: Ns): void {
  const state = cpu.image.clocksources[source.id]!;
  state.flags = (state.flags & ~(ValidForHres | Watchdog)) | Unstable;
  traceClocksource(cpu, source.id);
  if (csNs > 0) {
    printk(cpu, Printk.skewTooLarge, cpu.id, source.id);
    printk(cpu, Printk.skewOfWatchdog, watchdog.id, wdNs);
    printk(cpu, Printk.skewOfSource, source.id, csNs);
  }
  if (source.id !== ClocksourceId.Tsc) return;
  disableSchedClockIrqtime(cpu);
  printk(cpu, Printk.tscUnstable);
}

/** Good as it is, it may carry one-shot ticks, if it could not before. */
function mayCarryTicks(cpu: KernelCpu, source: Clocksource, watchdog: Clocksource): void {
  const { clocksources: states, clocksourcePage: page } = cpu.image;
  const state = states[source.id]!;
  const continuous = state.flags & states[watchdog.id]!.flags & IsContinuous;
  if ((state.flags & ValidForHres) !== 0 || continuous === 0) return;
  state.flags |= page.current === source.id ? ValidForHres : ValidForHres | Reselect;
  traceClocksource(cpu, source.id);
  if (page.current === source.id) tickClockNotify(cpu);
}

/** There is work for the thread that may stop the machine. @linux kernel/time/clocksource.c clocksource_watchdog_work */
function wakeWorker(cpu: KernelCpu): void {
  const { kwatchdog } = cpu.config.workload;
  if (kwatchdog !== NONE) tryToWakeUp(cpu, kwatchdog);
}

/** Whether the worker has something to do. @linux kernel/time/clocksource.c watchdog_work */
export function clocksourceWorkPending(cpu: KernelCpu): boolean {
  return cpu.config.clocksources.some(({ id }) => isWatched(cpu, id) && (cpu.image.clocksources[id]!.flags & (Unstable | Reselect)) !== 0);
}

/**
 * The worker's round: takes what is unstable out of use. Returns whether a source is to be selected.
 * @linux kernel/time/clocksource.c __clocksource_watchdog_kthread
 */
export function clocksourceWatchdogKthread(cpu: KernelCpu): boolean {
  lockClocksources(cpu);
  let select = false;
  for (const { id } of cpu.config.clocksources) {
    const state = cpu.image.clocksources[id]!;
    if (!isWatched(cpu, id) || (state.flags & (Unstable | Reselect)) === 0) continue;
    if ((state.flags & Unstable) !== 0) state.rating = 0;
    state.flags &= ~Reselect;
    traceClocksource(cpu, id);
    select = true;
  }
  unlockClocksources(cpu);
  return select;
}
