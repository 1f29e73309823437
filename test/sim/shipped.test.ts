/** Every scenario that ships, cut short: one digest a seed, nothing broken without a fault, each fault caught. */
import { describe, expect, test } from 'vitest';
import { CPUTIME_FLAVOURS, type CputimeFlavour } from '../../shared/cputime-flavour.ts';
import { FAULTS } from '../../src/machine/faults.ts';
import type { Fault } from '../../src/machine/faults/fault.ts';
import { simulate, type RunResult } from '../../src/sim.ts';
import type { RtAppFile } from '../support/rtapp-files.ts';
import { brokenOf, cpuCounts, faultFree, resolveFile, resolveWhole, withFault, witnessOf } from '../support/shipped.ts';

const verdicts = (run: RunResult): string[] => run.verdicts.map(({ id, verdict }) => `${id} ${verdict.verdict}`);
/** Judged runs of the scenarios as they stand; each is made once. */
const runs = new Map<string, Promise<RunResult>>();
function runOf(file: RtAppFile, cputime: 'auto' | CputimeFlavour): Promise<RunResult> {
  const name = `${file.name} ${cputime}`;
  const run = runs.get(name) ?? simulate(resolveFile(file, { cputime }));
  runs.set(name, run);
  return run;
}

// those with a fault have theirs in test/contract/lockstep.test.ts, where threads come to the bytes of this engine
const machines = faultFree.flatMap((file) => cpuCounts(file).map((cpus) => ({ name: file.name, cpus, file })));
describe.each(machines)('$name on $cpus CPUs', ({ file, cpus }) => {
  test('has one digest', async () => {
    const scenario = resolveFile(file, { cpus });
    const [first, second] = [await simulate(scenario, { judge: false }), await simulate(scenario, { judge: false })];
    expect([second.digest, second.records]).toEqual([first.digest, first.records]);
    expect(first.records).toBeGreaterThan(200);
  });
});

describe.each(faultFree)('$name', (file) => {
  test.each(CPUTIME_FLAVOURS)('breaks nothing under %s', async (cputime) => {
    expect(brokenOf(await runOf(file, cputime))).toEqual({});
  });

  // one CPU alone is never in anybody's way
  test.skipIf(resolveFile(file).cpus === 1)('runs otherwise, and breaks nothing, with ties shuffled', async () => {
    const fixed = await runOf(file, 'auto');
    // two CPUs need not have many ties in so short a time: one seed of three must have turned one round
    let digest = fixed.digest;
    for (let seed = 1; seed <= 3 && digest === fixed.digest; seed++) {
      const shuffled = await simulate(resolveFile(file, { cputime: 'auto', ties: 'shuffled', seed }));
      digest = shuffled.digest;
      expect([verdicts(shuffled), brokenOf(shuffled)]).toEqual([verdicts(fixed), {}]);
    }
    expect(digest).not.toBe(fixed.digest);
  });
});

/** What they show comes late: as much of it as there is. */
const TAKE_TIME = ['clocks.json', 'cputimer.json', 'tickless.json'];

describe('the shipped scenarios together', () => {
  test('exercise every oracle', async () => {
    const long = faultFree.filter(({ name }) => TAKE_TIME.includes(name));
    const all = await Promise.all([
      ...faultFree.flatMap((file) => [runOf(file, 'gen'), runOf(file, 'tick')]),
      ...long.map((file) => simulate(resolveWhole(file, { cputime: 'gen' }))),
    ]);
    const isIdle = (i: number): boolean => all.every(({ verdicts: of }) => of[i]!.verdict.verdict === 'not exercised');
    expect(all[0]!.verdicts.filter((_, i) => isIdle(i)).map(({ id }) => id)).toEqual([]);
  });

  test('have one for every fault of the catalogue', () => {
    expect(withFault.flatMap((file) => resolveFile(file).faults).sort()).toEqual(FAULTS.map(({ id }) => id).sort());
  });
});

const FREE = { kind: 'threads', sync: 'free', memory: 'wasm' } as const;
const faultOf = (file: RtAppFile): Fault => FAULTS.find(({ id }) => id === resolveFile(file).faults[0])!;

describe.each(withFault.filter((file) => faultOf(file).needsRaces))('$name', (file) => {
  test.each([faultOf(file).id, 'none'])('does no harm on one thread, with %s', async (fault) => {
    const run = await simulate(resolveFile(file, { faults: [fault] }));
    expect(brokenOf(run)).toEqual({});
    expect(run.figures.reads.ofRunning).toBeGreaterThan(1_000);
  });

  test('breaks what the fault says where CPUs race, in one of three runs', async () => {
    let caught: string[] = [];
    for (let i = 0; i < 3 && caught.length === 0; i++) {
      const run = await simulate(resolveFile(file, { durationNs: 100e6 }), { engine: FREE });
      caught = faultOf(file).caughtBy.filter((oracle) => oracle in brokenOf(run));
    }
    expect(caught).not.toEqual([]);
  });
});

describe.each(withFault.filter((file) => !faultOf(file).needsRaces))('$name', (file) => {
  const fault = faultOf(file);

  test('breaks what the fault says, on its first run, with every cut reached', async () => {
    const run = await simulate(resolveWhole(file));
    const caught = fault.caughtBy.filter((oracle) => oracle in brokenOf(run));
    expect(caught, JSON.stringify(brokenOf(run))).not.toEqual([]);
    expect(run.missedCuts).toEqual([]);
    for (const oracle of caught) expect(witnessOf(run, oracle).events.length).toBeGreaterThan(0);
  });

  test('is held in the same race without the fault', async () => {
    const run = await simulate(resolveWhole(file, { faults: ['none'] }));
    expect([brokenOf(run), run.missedCuts]).toEqual([{}, []]);
  });
});

describe('the witness of a fault', () => {
  const says = async (name: string, oracle: string): Promise<string> => {
    const run = await simulate(resolveFile(withFault.find((file) => file.name === name)!));
    return witnessOf(run, oracle).says;
  };

  test('names reader, task and version of a torn read', async () => {
    const torn = /^rd \(complete reader\), reading mix-0 at \d+ ns, accepted \w+ \d+ where the version it names has \d+/;
    expect(await says('fault-missing-retry.json', 'V-02')).toMatch(torn);
    expect(await says('fault-b-01.json', 'V-02')).toMatch(torn);
  });

  test('names writer, task and version of a torn write', async () => {
    expect(await says('fault-torn-vtime.json', 'V-01')).toMatch(/^version \d+ of mix-0's vtime, published by CPU 1 at \d+ ns, is worth/);
  });

  test('names the instant for which a reader trusted its own clock', async () => {
    expect(await says('fault-own-clock.json', 'V-02'))
      .toMatch(/^rd \(complete reader\), reading mix-0 at (\d+) ns, looked at \1 ns, beyond the promise \d+ ns that ended its bracket$/);
  });

  test('names sender and receiver of a lost message', async () => {
    expect(await says('fault-dropped-ipi.json', 'S-02'))
      .toMatch(/^message \d+ of CPU \d to CPU \d was due at \d+ ns and never reached its handler/);
  });

  test('names what came before a message of which nobody was told', async () => {
    expect(await says('fault-lost-doorbell.json', 'S-08'))
      .toMatch(/^CPU \d begins another event at \d+ ns, while message \d+ of CPU \d waits for it, due at \d+ ns$/);
  });
});
