/** An inline engine for a scenario's text, whose machine a test may look into. */
import type { EventConsumer } from '../../shared/event-consumer.ts';
import { EVENT_ARITY, EVENTS } from '../../shared/events.ts';
import { InlineEngine } from '../../src/engine/inline-engine.ts';
import { FAULTS } from '../../src/machine/faults.ts';
import { machineSetupOf } from '../../src/setup.ts';
import { resolveScenario, type Overrides } from '../../src/workload/resolve.ts';
import type { Scenario } from '../../src/workload/scenario.ts';

export const resolve = (text: string, overrides: Overrides = {}, name = 'w.json'): Scenario =>
  resolveScenario(text, name, overrides, FAULTS.map(({ id }) => id));

export function engineOf(scenario: Scenario, limitNs: number, consumers: readonly EventConsumer[] = []): InlineEngine {
  return new InlineEngine({ ...machineSetupOf(scenario, limitNs), consumers });
}

/** Runs to the limit and hands the rest of the stream on. */
export function runToLimit(engine: InlineEngine, limitNs: number): void {
  while (engine.run(1_000) === undefined);
  engine.finish(limitNs);
}

export interface Row {
  readonly name: string;
  readonly cpu: number;
  readonly t: number;
  readonly fields: readonly number[];
}

/** Keeps every record. */
export class Rows implements EventConsumer {
  readonly all: Row[] = [];
  onEvent(id: number, cpu: number, t: number, fields: Float64Array, at: number): void {
    this.all.push({ name: EVENTS[id]!.name, cpu, t, fields: [...fields.subarray(at, at + EVENT_ARITY[id]!)] });
  }
  named(name: string): Row[] {
    return this.all.filter((row) => row.name === name);
  }
}
