/**
 * Lockstep is not inline in disguise: each CPU's stores come from its own thread, two threads are inside
 * their events at one moment, and what a CPU says of its next events is believed, and held against it.
 */
import { availableParallelism } from 'node:os';
import { describe, expect, test } from 'vitest';
import { layOutMachine } from '../../shared/machine-map.ts';
import { ObservedMemory } from '../../shared/memory/observed-memory.ts';
import { PlainMemory } from '../../shared/memory/plain-memory.ts';
import { CallQueue, Csd } from '../../shared/structs/cpu.ts';
import { InlineEngine } from '../../src/engine/inline-engine.ts';
import { threadsPlanOf } from '../../src/engines.ts';
import { ThreadsMachine } from '../../src/host/threads/threads-machine.ts';
import type { KernelImage } from '../../src/kernel/image.ts';
import type { User } from '../../src/kernel/user.ts';
import { machineSetupOf } from '../../src/setup.ts';
import type { Scenario } from '../../src/workload/scenario.ts';
import { NATIVE } from '../support/each-memory.ts';
import { closePoolsAfterwards, free, lockstep, runOn } from '../support/engines.ts';
import { resolve, runToLimit } from '../support/engine.ts';
import { fileOf, resolveFile, SHORT_NS } from '../support/shipped.ts';

closePoolsAfterwards();

/** Stores of each CPU on the inline engine, to all records but messages and their lists. */
function storesInline(scenario: Scenario): number[] {
  const setup = machineSetupOf(scenario, SHORT_NS);
  const { map } = layOutMachine(setup.shape);
  const stores = Array.from({ length: scenario.cpus + 1 }, () => 0);
  const over = new ObservedMemory(new PlainMemory(map.bytes), map, (struct, _field, op) => {
    if (op === 'store' && struct !== CallQueue.name && struct !== Csd.name) stores[engine['memory'].cpu]! += 1;
  });
  const engine: InlineEngine = new InlineEngine({ ...setup, consumers: [], over });
  runToLimit(engine, SHORT_NS);
  return stores.slice(0, scenario.cpus);
}

describe('each CPU on threads', () => {
  test.each(NATIVE)('stores what it stores inline, by a thread of its own, over %s', async (memory) => {
    const scenario = resolveFile(fileOf('contention'));
    const { threads } = await runOn(lockstep(memory), scenario, { judge: false, trial: { counted: true } });
    const inline = storesInline(scenario);
    expect(threads!.reports.map(({ id, stores }) => [id, stores])).toEqual(inline.map((stores, id) => [id, stores]));
    expect(Math.min(...inline)).toBeGreaterThan(1_000);
    expect(new Set(threads!.reports.map(({ threadId }) => threadId)).size).toBe(scenario.cpus);
  });
});

const CORES = availableParallelism();
const OVERLAPS = 1_000;
const WHERE = CORES < 2 ? 'skipped: this host has one core' : `${CORES} cores`;

describe.skipIf(CORES < 2)(`two threads in a storm of edges (${WHERE})`, () => {
  // windows of a tick each, with a thousand events of each CPU in them: a thread that sleeps is awake long before the other is through
  const text = `{"tasks": {"a": {"cpus": [0], "run": 1, "syscall": "1us"}, "b": {"cpus": [1], "run": 1, "syscall": "1us"}},
    "dynticks": {"cpus": 2, "hz": 1000}}`;

  test.each(NATIVE)(`are in the midst of their events at one moment in ${OVERLAPS} windows, over %s`, async (memory) => {
    const scenario = resolve(text, { durationNs: 60e9 });
    const machine = await ThreadsMachine.boot(threadsPlanOf(scenario, 60e9, [], lockstep(memory)));
    const enough = new AbortController();
    await machine.run({ signal: enough.signal, onProgress: () => { if (machine.windows.overlapping >= OVERLAPS) enough.abort(); } });
    const { overlapping, opened } = machine.windows;
    await machine.close();
    expect(overlapping).toBeGreaterThanOrEqual(OVERLAPS);
    expect(overlapping).toBeLessThan(opened);
  });
});

/** A machine whose task meddles with the image each time that its program is asked what comes next, once it runs and steps are local. */
function withMeddler(meddle: (image: KernelImage) => void): () => void {
  const scenario = resolve('{"tasks": {"t": {"cpus": [1], "run": 300, "syscall": "20us"}}, "dynticks": {"cpus": 2}}');
  const setup = machineSetupOf(scenario, SHORT_NS);
  const { config, config: { workload, workload: { user } } } = setup;
  let asked = 0;
  const meddler: User = {
    next: (task, declaration, regs, op) => {
      if (asked++ >= 20) meddle(engine.image);
      user.next(task, declaration, regs, op);
    },
    quietFor: (...asked) => user.quietFor(...asked),
  };
  const mutant = { ...setup, config: { ...config, workload: { ...workload, user: meddler } }, consumers: [] };
  const engine: InlineEngine = new InlineEngine(mutant);
  return () => runToLimit(engine, SHORT_NS);
}

describe('an event that calls itself local', () => {
  test('may touch the records of its own CPU', () => {
    let seen = 0;
    expect(withMeddler(({ tickScheds, cpus }) => { cpus[1]!.needResched = 0; seen += tickScheds[1]!.device; })).not.toThrow();
    expect(seen).toBeGreaterThan(50);
  });

  test('throws where it loads from another CPU’s record', () => {
    expect(withMeddler(({ rqs }) => rqs[0]!.nrRunning)).toThrow('rq[0].nrRunning is foreign, but loaded in a local event: by CPU 1');
  });

  test('throws where it stores to another CPU’s record', () => {
    const foreign = 'cpu[0].needResched is foreign, but stored in a local event: by CPU 1';
    expect(withMeddler(({ cpus }) => { cpus[0]!.needResched = 0; })).toThrow(foreign);
  });
});

describe('a CPU that says too much of its future', () => {
  const scenario = resolve(`{"tasks": {"a": {"cpus": [0], "run": 40, "sem_post": "s"}, "b": {"cpus": [1], "run": 7, "sem_wait": "s"}},
    "dynticks": {"cpus": 2}}`, { durationNs: SHORT_NS });
  const trial = { cpuEntry: 'test/contract/hasty-cpu.js' };

  test('is found out in lockstep by the event that comes before the bound', async () => {
    const found = /CPU \d.* has an ordered event at \d+, before \d+/;
    await expect(runOn(lockstep('wasm'), scenario, { trial })).rejects.toThrow(found);
  });

  test('is found out in free by the message that would arrive before the horizon', async () => {
    const found = /CPU \d.* sends a message due at \d+, before the horizon \d+/;
    await expect(runOn(free('wasm'), scenario, { trial })).rejects.toThrow(found);
  });
});
