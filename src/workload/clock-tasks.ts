/** Tasks that the kernel and the scenario add for the clocks' sake: they stand behind all others. */
import { Policy } from '../../shared/structs/task.ts';
import { OpKind, type ClockStep, type TaskSpec } from '../kernel/user.ts';
import { PHASE_END, ProgramBuilder, type Program } from './program.ts';

export interface ClockDeclarations {
  /** What is done to the clocks, in the order of time. */
  readonly steps: readonly ClockStep[];
  /** Whether any clock source needs watching, and so a thread that takes it out of use. */
  readonly watchdog: boolean;
}

/** The task that sets clocks, if there is anything to set; then, last of all tasks, the watchdog's thread. */
export function clockSpecs({ steps, watchdog }: ClockDeclarations, declaration: number, everywhere: readonly number[] | null): TaskSpec[] {
  const names = [...(steps.length > 0 ? ['settime'] : []), ...(watchdog ? ['kwatchdog'] : [])];
  const attributes = { policy: Policy.Other, nice: 0, rtPriority: 0, dlRuntime: 0, dlDeadline: 0, dlPeriod: 0 };
  return names.map((name, i) => ({
    name, declaration: declaration + i, instance: 0, startsAtBoot: true, delay: 0, kernel: name === 'kwatchdog',
    attributes: { ...attributes, cpus: everywhere },
  }));
}

/** What they do, in the same order. */
export function clockPrograms({ steps, watchdog }: ClockDeclarations): Program[] {
  return [...(steps.length > 0 ? [settime(steps.length)] : []), ...(watchdog ? [kwatchdog()] : [])];
}

function settime(steps: number): Program {
  const out = new ProgramBuilder();
  for (let i = 0; i < steps; i++) out.emit(OpKind.ClockCall, i);
  out.emit(PHASE_END, 1, 0, 1);
  return out.finish(1);
}

function kwatchdog(): Program {
  const out = new ProgramBuilder();
  out.emit(OpKind.Kwatchdog);
  out.emit(PHASE_END, -1, 0, 1);
  return out.finish(-1);
}
