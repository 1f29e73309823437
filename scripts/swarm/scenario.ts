/** The scenario of a seed. */
import type { Ns } from '../../shared/units.ts';
import { BadInput } from '../../src/workload/bad-input.ts';
import { timeText } from '../../src/workload/quantity.ts';
import { resolveScenario } from '../../src/workload/resolve.ts';
import type { Scenario } from '../../src/workload/scenario.ts';
import { Draws } from './draws.ts';
import { randomMachine } from './random-machine.ts';
import { randomProcesses, randomWorkload } from './random-workload.ts';

/** Draws of one seed until one of them is a machine that can be. */
const DRAWS_MAX = 50;

export interface SwarmScenario {
  readonly text: string;
  readonly scenario: Scenario;
}

/** The first of the seed's draws that is a scenario. */
export function scenarioOf(seed: number, durationNs: Ns): SwarmScenario {
  const draws = new Draws(seed);
  let last: unknown;
  for (let i = 0; i < DRAWS_MAX; i++) {
    const { cpus, block } = randomMachine(draws);
    const tasks = randomWorkload(draws, cpus);
    const processes = draws.chance(0.4) ? { processes: randomProcesses(draws, tasks) } : {};
    const text = JSON.stringify({ tasks, dynticks: { ...block, ...processes, seed, duration: timeText(durationNs) } }, null, 1);
    try {
      return { text, scenario: resolveScenario(text, `swarm-${seed}.json`, {}, []) };
    } catch (error) {
      if (!(error instanceof BadInput)) throw error;
      last = error;
    }
  }
  throw last;
}
