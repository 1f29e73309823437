/** The machines of the benchmark of threads, and how they are booted. */
import type { EventConsumer } from '../../shared/event-consumer.ts';
import type { ThreadsChoice } from '../../src/engine/run.ts';
import { threadsPlanOf } from '../../src/engines.ts';
import { ThreadsMachine } from '../../src/host/threads/threads-machine.ts';
import { resolveScenario } from '../../src/workload/resolve.ts';
import type { Scenario } from '../../src/workload/scenario.ts';

const FOREVER_NS = 100_000 * 1e9;

export function tickMachine(cpus: number): Scenario {
  const text = JSON.stringify({ tasks: { later: { delay: 1_000_000_000, run: 1 } } });
  return resolveScenario(text, 'ticks.json', { cpus, hz: 1000, durationNs: FOREVER_NS });
}

/** A task on each CPU: two microseconds in user mode, one in the kernel, for ever. */
export function stormMachine(): Scenario {
  const edge = (cpu: number) => ({ cpus: [cpu], run: 2, syscall: '1us' });
  const text = JSON.stringify({ tasks: { storm0: edge(0), storm1: edge(1) } });
  return resolveScenario(text, 'storm.json', { cpus: 2, cputime: 'gen', durationNs: FOREVER_NS });
}

export function bootThreads(
  scenario: Scenario, choice: Omit<ThreadsChoice, 'kind'>, consumers: readonly EventConsumer[],
): Promise<ThreadsMachine> {
  return ThreadsMachine.boot(threadsPlanOf(scenario, FOREVER_NS, consumers, { kind: 'threads', ...choice }));
}
