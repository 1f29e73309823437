import { describe, expect, it } from 'vitest';
import { PassChecker } from '../../scripts/rtapp/pass-checker.ts';
import { factsOf, simulate } from '../../src/sim.ts';
import { resolveScenario } from '../../src/workload/resolve.ts';
import { parseWorkload } from '../../src/workload/rtapp/parse-workload.ts';
import { Source } from '../../src/workload/rtapp/source.ts';
import { REAL_RTAPP, SCENARIOS, jsonFilesUnder } from '../support/rtapp-files.ts';

const CUT_NS = 2_000_000_000;
const real = jsonFilesUnder(REAL_RTAPP);
const own = jsonFilesUnder(SCENARIOS).filter(({ name }) => ['contention.json', 'forks.json', 'classes.json'].includes(name));

/** Runs a file, cut to two simulated seconds, under one accounting. */
async function run(text: string, name: string, cputime: 'tick' | 'gen') {
  const whole = resolveScenario(text, name, { cputime });
  const scenario = { ...whole, durationNs: Math.min(whole.durationNs ?? CUT_NS, CUT_NS) };
  const facts = factsOf(scenario);
  const passes = new PassChecker(parseWorkload(new Source(name), text).tasks, (task) => facts.tasks[task]!.declaration);
  const result = await simulate(scenario, { consumers: [passes] });
  return { passes, broken: result.verdicts.filter(({ verdict }) => verdict.verdict === 'broken').map(({ id }) => id) };
}

describe('a workload that runs', () => {
  it.each(own.flatMap(({ name, text }) => [[name, 'tick', text], [name, 'gen', text]] as const))(
    'begins each event of a phase once in each pass: %s under %s', async (name, cputime, text) => {
      const { passes, broken } = await run(text, name, cputime);
      expect(passes.complaints).toEqual([]);
      expect(passes.passes).toBeGreaterThan(10);
      expect(broken).toEqual([]);
    },
  );

  it('is complained of when a pass misses an event, or begins one twice', async () => {
    const text = '{"tasks": {"t": {"loop": 3, "run0": 10, "sleep1": 10, "run2": 10}}}';
    const other = '{"tasks": {"t": {"loop": 3, "run0": 10, "sleep1": 10}}}';
    const scenario = { ...resolveScenario(text, 't.json'), durationNs: 100_000_000 };
    const checker = new PassChecker(parseWorkload(new Source('t.json'), other).tasks, () => 0);
    await simulate(scenario, { consumers: [checker] });
    expect(checker.passes).toBe(0);
    expect(checker.complaints[0]).toContain('ran events "0 1 2", expected "0 1"');
  });
});

// rt-app's own examples are no part of this repository; a checkout may have them beside it
const WHERE = real.length > 0 ? 'beside this checkout' : 'skipped: none is beside this checkout';
describe.skipIf(real.length === 0)(`every real rt-app file, cut to two simulated seconds (${WHERE})`, () => {
  it.each(real.flatMap(({ name, text }) => [[name, 'tick', text], [name, 'gen', text]] as const))(
    'runs unmodified and is held: %s under %s', async (name, cputime, text) => {
      const { passes, broken } = await run(text, name, cputime);
      expect(passes.complaints).toEqual([]);
      expect(passes.passes).toBeGreaterThan(0);
      expect(broken).toEqual([]);
    },
  );
});
