/**
 * Random cross calls from all CPUs at once, after the kernel's own scftorture: single ones, many, with and
 * without waiting, membarriers, between tasks that sleep, work, and are preempted. Every function that was
 * called runs, once for each target; nobody waits for ever; all oracles hold.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { EventConsumer } from '../../shared/event-consumer.ts';
import { Event } from '../../shared/events.ts';
import { MessageKind } from '../../shared/structs/cpu.ts';
import type { EngineChoice } from '../../src/engine/run.ts';
import { closePoolsAfterwards, free, lockstep, runOn } from '../support/engines.ts';
import { resolve } from '../support/engine.ts';
import { brokenOf } from '../support/shipped.ts';

interface Caller {
  readonly cpu: number;
  readonly run: number;
  readonly cpus: readonly number[];
  readonly wait: boolean;
  readonly membarrier: boolean;
  readonly twice: boolean;
  readonly sleep: number;
}
interface Torture {
  readonly cpus: number;
  readonly hz: number;
  readonly cmdline: string;
  readonly seed: number;
  readonly callers: readonly Caller[];
}

const callers = (cpus: number): fc.Arbitrary<Caller> => fc.record({
  cpu: fc.nat(cpus - 1),
  run: fc.integer({ min: 1, max: 700 }),
  cpus: fc.uniqueArray(fc.nat(cpus - 1), { minLength: 1 }),
  wait: fc.boolean(), membarrier: fc.boolean(), twice: fc.boolean(),
  sleep: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 3_000 })),
});
const tortures: fc.Arbitrary<Torture> = fc.integer({ min: 2, max: 6 }).chain((cpus) => fc.record({
  cpus: fc.constant(cpus),
  hz: fc.constantFrom(100, 250, 1000),
  cmdline: fc.constantFrom('', 'nohz=off', 'highres=off', 'skew_tick=1'),
  seed: fc.nat(1_000),
  callers: fc.array(callers(cpus), { minLength: 2, maxLength: 2 * cpus }),
}));

const callOf = ({ cpus, wait, membarrier }: Caller): object => (membarrier ? { membarrier: true } : { cpus, wait });

function scenarioOf({ cpus, hz, cmdline, seed, callers: all }: Torture) {
  const tasks = Object.fromEntries(all.map((caller, i) => [`t${i}`, {
    cpus: [caller.cpu], run: caller.run, call0: callOf(caller), ...(caller.twice ? { call1: callOf(caller) } : {}),
    ...(caller.sleep > 0 ? { sleep: caller.sleep } : { run2: 50 }),
  }]));
  return resolve(JSON.stringify({ tasks, dynticks: {} }), { cpus, hz, cmdline, seed, ties: 'shuffled', durationNs: 60e6 });
}

/** Functions called on others, and functions run. */
class Counts implements EventConsumer {
  called = 0;
  ran = 0;
  onEvent(id: number, _cpu: number, _t: number, fields: Float64Array, at: number): void {
    if (id === Event.smp_call_function_many) this.called += fields[at + 1]!;
    const kind = fields[at + 2];
    if (id === Event.csd_function_exit && (kind === MessageKind.CallFunctionSync || kind === MessageKind.CallFunctionMany)) this.ran += 1;
  }
}

async function torture(engine: EngineChoice, given: Torture): Promise<void> {
  const counts = new Counts();
  const run = await runOn(engine, scenarioOf(given), { consumers: [counts] });
  expect([run.reason, brokenOf(run)]).toEqual(['duration', {}]);
  // what was under way when the run ended has not run yet
  expect(counts.ran).toBeLessThanOrEqual(counts.called);
  expect(counts.ran).toBeGreaterThanOrEqual(counts.called - given.cpus * given.cpus);
}

describe('calls from everywhere', () => {
  closePoolsAfterwards();

  test('on one thread: each is made, and all oracles hold', async () => {
    await fc.assert(fc.asyncProperty(tortures, (given) => torture({ kind: 'inline' }, given)), { numRuns: 40, seed: 11 });
  }, 120_000);

  test.each([['lockstep', lockstep('wasm')], ['free', free('wasm')]] as const)('on threads, %s', async (_name, engine) => {
    await fc.assert(fc.asyncProperty(tortures, (given) => torture(engine, given)), { numRuns: 6, seed: 12 });
  }, 120_000);
});
