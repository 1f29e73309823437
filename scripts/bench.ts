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
import { engineSetupOf } from '../src/sim.ts';
import { resolveScenario } from '../src/workload/resolve.ts';
import type { Scenario } from '../src/workload/scenario.ts';
import type { EventConsumer } from '../shared/event-consumer.ts';

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
  return resolveScenario(text, 'bench.json', { cpus: CPUS, hz: HZ, durationNs: 10_000 * 1e9, cputime });
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

/** Host microseconds for each tick of a CPU, entry to exit, the engine's part included. */
function measure({ scenario, consumers }: Row): { median: number; best: number; records: number } {
  const engine = new InlineEngine(engineSetupOf(scenario, factsOf(scenario), 10_000 * 1e9, consumers));
  engine.run(2 * CPUS * TICKS_A_ROUND);
  const before = engine.records;
  const rounds = Array.from({ length: ROUNDS }, () => {
    const start = process.hrtime.bigint();
    engine.run(CPUS * TICKS_A_ROUND);
    return Number(process.hrtime.bigint() - start) / 1e3 / (CPUS * TICKS_A_ROUND);
  }).sort((a, b) => a - b);
  const records = (engine.records - before) / (ROUNDS * CPUS * TICKS_A_ROUND);
  return { median: rounds[ROUNDS >> 1]!, best: rounds[0]!, records };
}

tuneV8();
console.log(`node ${process.version}, ${hostCpus()[0]!.model}, ${availableParallelism()} cores`);
console.log(`a full kernel tick, ${CPUS} CPUs at ${HZ} Hz, guards on, trace streams on; us of host time\n`);
console.log('median    best  records  machine');
for (const row of rows()) {
  const { median, best, records } = measure(row);
  console.log(`${median.toFixed(2).padStart(6)}  ${best.toFixed(2).padStart(6)}  ${records.toFixed(1).padStart(7)}  ${row.name}`);
}
