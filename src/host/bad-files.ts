/** Messages about files and folders that the user must mend, in the one form that all bad input has. */
import { BadInput } from '../workload/bad-input.ts';

/** About `--out`, or the folder of runs that stands for it. */
export function badOutput(path: string, found: string, expected: string, hint: string): BadInput {
  return new BadInput({ file: 'command line', path: `--out ${path}`, found, expected, hint });
}

/** About the scenario's file as a whole. */
export function badScenarioFile(file: string, found: string, expected: string, hint?: string): BadInput {
  return new BadInput({ file, path: '', found, expected, hint });
}
