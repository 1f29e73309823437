/**
 * The ladder governor, for machines whose tick always runs: one state deeper after some sleeps that were long
 * enough for it, one shallower after a sleep that was not.
 */
import type { Ns } from '../../../shared/units.ts';
import type { IdleState } from '../config.ts';
import type { CpuidleGovernor } from './cpuidle.ts';

/** Long sleeps in a row that lead a state deeper. @linux drivers/cpuidle/governors/ladder.c PROMOTION_COUNT */
const PROMOTION_COUNT = 4;

export class LadderGovernor implements CpuidleGovernor {
  readonly stopsTick = true;
  private readonly states: readonly IdleState[];
  private at = 0;
  private residencyNs: Ns = 0;
  private promotions = 0;

  constructor(states: readonly IdleState[]) {
    this.states = states;
  }

  /** @linux drivers/cpuidle/governors/ladder.c ladder_select_state */
  select(): number {
    const { states } = this;
    const awayFor = this.residencyNs - states[this.at]!.exitLatencyNs;
    if (this.at < states.length - 1 && awayFor > states[this.at]!.exitLatencyNs) {
      this.promotions += 1;
      if (this.promotions >= PROMOTION_COUNT) this.moveTo(this.at + 1);
    } else if (this.at > 0 && awayFor < states[this.at]!.exitLatencyNs) this.moveTo(this.at - 1);
    return this.at;
  }

  /** @linux drivers/cpuidle/governors/ladder.c ladder_reflect */
  reflect(entered: number, residencyNs: Ns): void {
    this.at = entered;
    this.residencyNs = residencyNs;
  }

  private moveTo(state: number): void {
    this.at = state;
    this.promotions = 0;
  }
}
