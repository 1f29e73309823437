/**
 * The menu governor: how long will this CPU sleep? At most until its next timer; how much of that it slept
 * in the past, by the order of its length, gives a factor; and if the last sleeps were much alike the next will
 * be so too. The deepest state that pays off in that time is chosen. If it is shorter than a tick,
 * stopping the tick does not pay.
 *
 * Simplified: no demand on latency from outside, and no difference between a CPU on which tasks
 * wait for I/O and others.
 */
import type { Ns } from '../../../shared/units.ts';
import type { IdleState } from '../config.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { tickNohzGetSleepLength } from '../time/tick-sleep-length.ts';
import { tickStopped } from '../time/tick-sched-stop.ts';
import type { CpuidleGovernor } from './cpuidle.ts';

/** @linux drivers/cpuidle/governors/menu.c BUCKETS */
const BUCKETS = 6;
const INTERVALS = 8;
/** The factors' fixed point, and how slowly they follow. */
const RESOLUTION = 1_024;
const DECAY = 8;
const UNITY = RESOLUTION * DECAY;
/** Sleeps beyond this are all the same. @linux drivers/cpuidle/governors/menu.c MAX_INTERESTING */
const MAX_INTERESTING_NS: Ns = 50_000_000;
const US: Ns = 1_000;

export class MenuGovernor implements CpuidleGovernor {
  stopsTick = true;
  private readonly states: readonly IdleState[];
  private readonly factors = new Float64Array(BUCKETS).fill(UNITY);
  private readonly intervals = new Float64Array(INTERVALS);
  private at = 0;
  private bucket = 0;
  private nextTimerNs: Ns = 0;
  private last = -1;
  private lastResidencyNs: Ns = 0;
  private tickWoke = false;
  // of the intervals looked at last
  private average = 0;
  private variance = 0;
  private longest = 0;

  constructor(states: readonly IdleState[]) {
    this.states = states;
  }

  /** @linux drivers/cpuidle/governors/menu.c menu_select */
  select(cpu: KernelCpu): number {
    if (this.last >= 0) this.update(cpu.config.tickNs);
    this.nextTimerNs = tickNohzGetSleepLength(cpu);
    this.bucket = bucketOf(this.nextTimerNs);
    const { tickNs } = cpu.config;
    const stopped = tickStopped(cpu);
    let predicted = Math.min(this.corrected(), this.typicalIntervalNs());
    // with the tick off a wrong guess would keep the CPU awake for good: believe in the timer
    if (stopped && predicted < tickNs) predicted = this.nextTimerNs;
    let state = this.deepestFor(predicted);
    this.stopsTick = stopped || predicted >= tickNs;
    // the tick stays, so it ends the sleep
    if (!this.stopsTick) state = Math.min(state, this.deepestFor(cpu.untilNextEvent));
    return state;
  }

  /** @linux drivers/cpuidle/governors/menu.c menu_reflect */
  reflect(entered: number, residencyNs: Ns, gotTick: boolean): void {
    this.last = entered;
    this.lastResidencyNs = residencyNs;
    this.tickWoke = gotTick;
  }

  private deepestFor(ns: Ns): number {
    let state = 0;
    for (let i = 1; i < this.states.length; i++) if (this.states[i]!.targetResidencyNs <= ns) state = i;
    return state;
  }

  private corrected(): Ns {
    return Math.floor((this.nextTimerNs * this.factors[this.bucket]!) / UNITY);
  }

  /** What the last sleep teaches. @linux drivers/cpuidle/governors/menu.c menu_update */
  private update(tickNs: Ns): void {
    const latency = this.states[this.last]!.exitLatencyNs;
    const took = this.lastResidencyNs;
    // a tick that should not have been there says only that it would have been long
    const long = this.tickWoke && this.nextTimerNs > tickNs;
    const slept = long ? 9 * MAX_INTERESTING_NS / 10 : took > 2 * latency ? took - latency : took / 2;
    const measured = Math.min(Math.floor(slept), this.nextTimerNs);
    const factor = this.factors[this.bucket]!;
    const known = this.nextTimerNs > 0 && measured < MAX_INTERESTING_NS;
    const share = known ? Math.floor((RESOLUTION * measured) / this.nextTimerNs) : RESOLUTION;
    this.factors[this.bucket] = Math.max(1, factor - Math.floor(factor / DECAY) + share);
    this.intervals[this.at] = Math.floor(measured / US);
    this.at = (this.at + 1) % INTERVALS;
    this.last = -1;
  }

  /**
   * The average of the last sleeps, if they are much alike once the longest are left out.
   * @linux drivers/cpuidle/governors/menu.c get_typical_interval
   */
  private typicalIntervalNs(): Ns {
    let limit = Number.MAX_SAFE_INTEGER;
    for (;;) {
      const kept = this.averageUpTo(limit);
      const { average, variance } = this;
      const alike = average * average > 36 * variance && 4 * kept >= 3 * INTERVALS;
      if (alike || variance <= 400) return Math.floor(average) * US;
      if (4 * kept <= 3 * INTERVALS) return Number.MAX_SAFE_INTEGER;
      limit = this.longest - 1;
    }
  }

  /** Average, variance and longest of the intervals of at most `limit`; returns how many they are. */
  private averageUpTo(limit: number): number {
    let kept = 0;
    let sum = 0;
    let squares = 0;
    this.longest = 0;
    for (let i = 0; i < INTERVALS; i++) {
      const us = this.intervals[i]!;
      if (us > limit) continue;
      kept += 1;
      sum += us;
      squares += us * us;
      if (us > this.longest) this.longest = us;
    }
    this.average = kept === 0 ? 0 : sum / kept;
    this.variance = kept === 0 ? 0 : squares / kept - this.average * this.average;
    return kept;
  }
}

/** Orders of magnitude of a sleep. @linux drivers/cpuidle/governors/menu.c which_bucket */
function bucketOf(ns: Ns): number {
  let bucket = 0;
  for (let limit = 10 * US; bucket < BUCKETS - 1 && ns >= limit; limit *= 10) bucket += 1;
  return bucket;
}
