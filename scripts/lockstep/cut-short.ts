/** Scenarios as long as a comparison has patience for: lockstep pays for each event that it has to put in order. */
import { EventKind } from '../../shared/memory/guards.ts';
import type { PlainMemory } from '../../shared/memory/plain-memory.ts';
import { InlineEngine } from '../../src/engine/inline-engine.ts';
import { machineSetupOf } from '../../src/setup.ts';
import { LIMIT_WITHOUT_DURATION_NS, type Scenario } from '../../src/workload/scenario.ts';

/** The scenario, ended where it has had so many ordered events if it has not come to its end before, and how many they are. */
export function cutShort(scenario: Scenario, orderedMax: number): { scenario: Scenario; ordered: number } {
  const limitNs = scenario.durationNs ?? LIMIT_WITHOUT_DURATION_NS;
  // in a run with cuts, memory is seen through a window; where the events are differs little
  const engine = new InlineEngine({ ...machineSetupOf({ ...scenario, cuts: [] }, limitNs), consumers: [] });
  const memory = engine.image.memory as PlainMemory;
  for (let ordered = 0; ; ) {
    if (ordered === orderedMax) return { scenario: { ...scenario, durationNs: engine.now + 1 }, ordered };
    const first = engine['first']();
    memory.runAs(first.id, EventKind.Local);
    if (first.nextIsOrdered()) ordered += 1;
    if (engine.run(1) !== undefined) return { scenario, ordered };
  }
}
