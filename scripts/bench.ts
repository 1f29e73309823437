/**
 * `npm run bench`: what the hot paths cost on this host. Median over rounds, beside the best round;
 * figures of a busy host are too high, so docs/PERFORMANCE.md says how to read them.
 */
import { availableParallelism, cpus as hostCpus } from 'node:os';
import { createOracles } from '../src/check/all-oracles.ts';
import { Judge } from '../src/check/judge.ts';
import { InlineEngine } from '../src/engine/inline-engine.ts';
import { tuneV8 } from '../src/host/v8-tuning.ts';
import { Digest } from '../src/observe/digest.ts';
import { FiguresCollector } from '../src/observe/figures.ts';
import { RingTrace } from '../src/observe/ring-trace.ts';
import { TraceBinWriter } from '../src/observe/trace-bin-writer.ts';
import { makeTraceHeader } from '../src/observe/trace-format.ts';
import { factsOf } from '../src/setup.ts';
import { machineSetupOf } from '../src/setup.ts';
import { resolveScenario } from '../src/workload/resolve.ts';
import type { Scenario } from '../src/workload/scenario.ts';
import { EventClass } from '../shared/events.ts';
import type { EventConsumer } from '../shared/event-consumer.ts';
import { EventKind } from '../shared/memory/guards.ts';
import type { PlainMemory } from '../shared/memory/plain-memory.ts';
import { helpIfAsked } from './usage.ts';

helpIfAsked(`npm run bench

What the hot paths cost on this host: median over rounds, beside the best round. docs/PERFORMANCE.md says how to read them.`);

const CPUS = 4;
const HZ = 1000;
/** Simulated time that a warm machine runs in one round: this many ticks on each CPU. */
const TICKS_A_ROUND = 10_000;
const ROUNDS = 15;

interface Row {
  readonly name: string;
  readonly scenario: Scenario;
  readonly consumers: readonly EventConsumer[];
}

/** `busy`: one endless task on each CPU, so that each tick interrupts user mode; else the CPUs idle. */
function tickScenario(cputime: 'tick' | 'gen', busy: boolean): Scenario {
  const task = busy ? { instance: CPUS, run: 1_000_000_000 } : { delay: 1_000_000_000, run: 1 };
  const text = JSON.stringify({ tasks: { load: task } });
  return resolveScenario(text, 'bench.json', { cpus: CPUS, hz: HZ, durationNs: 10_000 * 1e9, cputime, cmdline: 'nohz=off' });
}

function rows(): Row[] {
  const plain = (['tick', 'gen'] as const).flatMap((cputime) => [false, true].map((busy): Row =>
    ({ name: `${cputime}, ${busy ? 'busy' : 'idle'}`, scenario: tickScenario(cputime, busy), consumers: [] })));
  const scenario = tickScenario('gen', true);
  const facts = factsOf(scenario);
  const writer = new TraceBinWriter(makeTraceHeader('bench', 1, facts), new RingTrace(64 << 20).write);
  return [
    ...plain,
    { name: 'gen, busy, all oracles', scenario, consumers: [new Judge(createOracles(facts))] },
    { name: 'gen, busy, as `run` does: oracles, figures, digest, trace.bin', scenario,
      consumers: [new Judge(createOracles(facts)), new FiguresCollector(facts), new Digest(), writer] },
  ];
}

interface Timing {
  readonly median: number;
  readonly best: number;
}

/** Host microseconds for each tick of a round that runs `CPUS * TICKS_A_ROUND` of them. */
function timeRounds(round: () => void): Timing {
  const rounds = Array.from({ length: ROUNDS }, () => {
    const start = process.hrtime.bigint();
    round();
    return Number(process.hrtime.bigint() - start) / 1e3 / (CPUS * TICKS_A_ROUND);
  }).sort((a, b) => a - b);
  return { median: rounds[ROUNDS >> 1]!, best: rounds[0]! };
}

function warmEngine({ scenario, consumers }: Row): InlineEngine {
  const engine = new InlineEngine({ ...machineSetupOf(scenario, 10_000 * 1e9), consumers });
  engine.run(2 * CPUS * TICKS_A_ROUND);
  return engine;
}

/** The whole way: the engine finds each event, and hands its records on. */
function measureEngine(row: Row): Timing {
  const engine = warmEngine(row);
  return timeRounds(() => engine.run(CPUS * TICKS_A_ROUND));
}

/**
 * Entry to exit: nothing but ticks happens on these machines, all CPUs' at one instant, so they can be
 * run in turn without an engine that looks which comes first.
 */
function measureTicks(row: Row): Timing {
  const engine = warmEngine(row);
  const memory = engine.image.memory as PlainMemory;
  return timeRounds(() => {
    for (let tick = 0; tick < TICKS_A_ROUND; tick++) {
      for (const cpu of engine.cpus) {
        if (cpu.next.class !== EventClass.Timer) throw new Error('something else than a tick happens: this measures nothing');
        memory.runAs(cpu.id, EventKind.Interacting);
        cpu.run();
        if (cpu.stream.length > 1 << 15) cpu.stream.dropFirst(cpu.stream.length);
      }
    }
  });
}

const us = (value: number): string => value.toFixed(2).padStart(6);

tuneV8();
console.log(`node ${process.version}, ${hostCpus()[0]!.model}, ${availableParallelism()} cores`);
console.log(`a full kernel tick, ${CPUS} CPUs at ${HZ} Hz, guards on, trace streams on; us of host time, median (best)\n`);
console.log('entry to exit    with the engine  machine');
for (const row of rows()) {
  const engine = measureEngine(row);
  const alone = row.consumers.length === 0 ? measureTicks(row) : null;
  const entryToExit = alone === null ? ''.padEnd(15) : `${us(alone.median)} (${us(alone.best)})`;
  console.log(`${entryToExit}  ${us(engine.median)} (${us(engine.best)})  ${row.name}`);
}
