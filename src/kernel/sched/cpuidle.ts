/**
 * Idle states: the deeper, the less power, the longer the way out. A governor chooses one by how long it
 * thinks that the CPU will sleep, and with it whether the tick may stop.
 *
 * A state in which the CPU's own event device stops needs another device to wake it; without
 * such a broadcast the next shallower state is entered, as Linux does when the broadcast refuses.
 */
import type { Ns } from '../../../shared/units.ts';
import type { CpuidleConfig, IdleState } from '../config.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { tickNohzIdleGotTick, tickNohzIdleStopTick } from '../time/tick-sched-idle.ts';
import { tickNohzRetainTick, tickStopped } from '../time/tick-sched-stop.ts';
import { LadderGovernor } from './cpuidle-ladder.ts';
import { MenuGovernor } from './cpuidle-menu.ts';

/** What a governor is asked. @linux include/linux/cpuidle.h struct cpuidle_governor */
export interface CpuidleGovernor {
  /** Which state, and in `stopsTick` whether the tick shall stop. */
  select(cpu: KernelCpu): number;
  readonly stopsTick: boolean;
  /** The sleep in state `entered` is over: it took so long, and the tick ended it or not. */
  reflect(entered: number, residencyNs: Ns, gotTick: boolean): void;
}

/** One CPU's use of its idle states. @linux include/linux/cpuidle.h struct cpuidle_device */
export class CpuidleDevice {
  readonly states: readonly IdleState[];
  /** How often each state was entered, and for how long in all. */
  readonly usage: Float64Array;
  readonly timeNs: Float64Array;
  private readonly governor: CpuidleGovernor;
  private entered = 0;
  private enteredAt: Ns = 0;
  private wokenAt: Ns = 0;

  constructor(config: CpuidleConfig) {
    this.states = config.states;
    this.usage = new Float64Array(config.states.length);
    this.timeNs = new Float64Array(config.states.length);
    this.governor = config.governor === 'menu' ? new MenuGovernor(config.states) : new LadderGovernor(config.states);
  }

  /** One idle call: decides on the tick and returns the state to enter. @linux kernel/sched/idle.c cpuidle_idle_call */
  enter(cpu: KernelCpu): number {
    const { governor } = this;
    const state = this.withTimer(governor.select(cpu));
    if (governor.stopsTick || tickStopped(cpu)) tickNohzIdleStopTick(cpu);
    else tickNohzRetainTick(cpu);
    this.entered = state;
    this.enteredAt = cpu.arch.schedClock();
    this.usage[state]! += 1;
    return state;
  }

  /** How long the way out of the present state takes: the machine delays the interrupt by so much. */
  get exitLatencyNs(): Ns {
    return this.states[this.entered]!.exitLatencyNs;
  }

  /** An interrupt has ended the sleep. @linux drivers/cpuidle/cpuidle.c cpuidle_enter_state */
  wake(cpu: KernelCpu): void {
    this.wokenAt = cpu.arch.schedClock();
  }

  /** Back in the loop. @linux drivers/cpuidle/cpuidle.c cpuidle_reflect */
  reflect(cpu: KernelCpu): void {
    const residency = this.wokenAt - this.enteredAt;
    this.timeNs[this.entered]! += residency;
    this.governor.reflect(this.entered, residency, tickNohzIdleGotTick(cpu));
  }

  /** The deepest state up to this one in which the event device goes on. @linux drivers/cpuidle/cpuidle.c find_deepest_state */
  private withTimer(state: number): number {
    let at = state;
    while (at > 0 && this.states[at]!.timerStop) at -= 1;
    return at;
  }
}
