/** Everybody stops, one function runs, everybody goes on. */
import type { KernelCpu } from './kernel-cpu.ts';

/** What can run while all CPUs stand still. */
export const StopFunction = {
  /** arg = the clock source. @linux kernel/time/timekeeping.c change_clocksource */
  ChangeClocksource: 0,
} as const;
export type StopFunction = (typeof StopFunction)[keyof typeof StopFunction];

export type StopFunctions = readonly ((cpu: KernelCpu, arg: number) => void)[];

/**
 * Runs `fn(arg)` on this CPU while all others stand still with interrupts off. The caller's step is
 * over with it: what comes after runs when everybody goes on.
 * @linux kernel/stop_machine.c stop_machine
 */
export function stopMachine(cpu: KernelCpu, functions: StopFunctions, fn: StopFunction, arg: number): void {
  functions[fn]!(cpu, arg);
}
