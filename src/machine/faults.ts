/**
 * Bugs that can be switched on: historic ones of Linux, and planted ones. Each replaces a decision
 * (`src/kernel/decisions.ts`) and names the oracles of which one at least must catch it; a fault that nothing catches
 * is a defect of the oracles.
 */
import { asLinux, type Decisions } from '../kernel/decisions.ts';
import { CLOCK_FAULTS } from './faults/clocks.ts';
import { CPUTIME_FAULTS } from './faults/cputime.ts';
import { CPUTIMER_FAULTS } from './faults/cputimers.ts';
import type { Fault } from './faults/fault.ts';
import { SMP_FAULTS } from './faults/smp.ts';
import { TICK_FAULTS } from './faults/ticks.ts';
import { TIMER_FAULTS } from './faults/timers.ts';

export const FAULTS: readonly Fault[] = [
  ...CPUTIME_FAULTS, ...CPUTIMER_FAULTS, ...SMP_FAULTS, ...CLOCK_FAULTS, ...TICK_FAULTS, ...TIMER_FAULTS,
];

/** All of Linux's decisions with those of the named faults in their place. */
export function decisionsWith(faults: readonly string[]): Decisions {
  return faultsOf(faults).reduce<Decisions>((decisions, fault) => ({ ...decisions, ...fault.decisions }), asLinux);
}

/** Whether any of the named faults needs memory's guards to look away. */
export function breakGuards(faults: readonly string[]): boolean {
  return faultsOf(faults).some(({ breaksGuards = false }) => breaksGuards);
}

function faultsOf(ids: readonly string[]): Fault[] {
  return FAULTS.filter(({ id }) => ids.includes(id));
}
