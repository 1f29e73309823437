import { describe, expect, it } from 'vitest';
import {
  chooseEngine, DEFAULT_ENGINE, engineFacts, engineLine, engineLines, idleFlags, isFree, type EngineFlags,
} from '../../src/cli/engines.ts';
import type { EngineChoice } from '../../src/engine/run.ts';
import { BadInput } from '../../src/workload/bad-input.ts';
import type { Overrides } from '../../src/workload/resolve.ts';
import { fileOf, resolveFile } from '../support/shipped.ts';

const PLAIN = resolveFile(fileOf('mix'));
const CUT = resolveFile(fileOf('fault-torn-vtime'));
const free: EngineChoice = { kind: 'threads', sync: 'free', memory: 'wasm' };
const lockstep: EngineChoice = { kind: 'threads', sync: 'lockstep', memory: 'wasm' };

describe('the engine', () => {
  it('is the default one where no flag speaks of it', () => {
    expect(chooseEngine({}, PLAIN)).toEqual(DEFAULT_ENGINE === 'inline' ? { kind: 'inline' } : free);
  });

  const choices: readonly (readonly [EngineFlags, typeof PLAIN, EngineChoice])[] = [
    [{ kind: 'inline' }, PLAIN, { kind: 'inline' }],
    [{ kind: 'inline' }, CUT, { kind: 'inline' }],
    [{ kind: 'threads' }, PLAIN, free],
    [{ kind: 'threads' }, CUT, lockstep],
    [{ sync: 'lockstep' }, PLAIN, lockstep],
    [{ sync: 'lockstep' }, CUT, lockstep],
    [{ sync: 'free' }, PLAIN, free],
    [{ memory: 'atomics' }, PLAIN, { ...free, memory: 'atomics' }],
    [{ kind: 'threads', memory: 'wasm' }, CUT, lockstep],
  ];
  it.each(choices)('%o: what is not said follows from what is, and from cuts', (flags, scenario, choice) => {
    expect(chooseEngine(flags, scenario)).toEqual(choice);
  });

  const refusals: readonly (readonly [EngineFlags, typeof PLAIN, string])[] = [
    [{ kind: 'inline', sync: 'lockstep' }, PLAIN, 'command line: --sync: found "lockstep" beside --engine inline, expected no such choice '
      + 'where all CPUs are in one thread. Leave --sync away, or say --engine threads.'],
    [{ kind: 'inline', memory: 'wasm' }, PLAIN, 'command line: --memory: found "wasm" beside --engine inline, expected no such choice '
      + 'where all CPUs are in one thread. Leave --memory away, or say --engine threads.'],
    [{ sync: 'free' }, CUT, 'command line: --sync: found "free" for a scenario with cuts, expected "lockstep". '
      + 'A cut needs events in a fixed order: leave --sync away, or say --engine inline.'],
  ];
  it.each(refusals)('%o is refused: flags contradict each other, or the scenario', (flags, scenario, message) => {
    expect(() => chooseEngine(flags, scenario)).toThrow(BadInput);
    expect(() => chooseEngine(flags, scenario)).toThrow(message);
  });
});

describe('flags without effect', () => {
  const notFree = 'without effect, because CPUs race with --engine threads --sync free only.';
  const cases: readonly (readonly [string, EngineChoice, Overrides, typeof PLAIN, readonly string[]])[] = [
    ['none where none was given', { kind: 'inline' }, {}, PLAIN, []],
    ['none where CPUs race', free, { reads: 'fresh', skewNs: 5 }, PLAIN, []],
    ['all of them in one thread', { kind: 'inline' }, { reads: 'racing', skewNs: 5, widenNs: 0 }, PLAIN,
      [`command line: --reads, --skew, --widen: ${notFree}`]],
    ['those that were given, in lockstep', lockstep, { skewNs: 5 }, CUT, [`command line: --skew: ${notFree}`]],
    ['--widen where no fault is switched on', free, { widenNs: 5 }, PLAIN,
      ['command line: --widen: without effect, because no fault is switched on.']],
    ['none where --widen has a fault', free, { widenNs: 5 }, CUT, []],
  ];
  it.each(cases)('are %s', (_, engine, overrides, scenario, says) => {
    expect(idleFlags(engine, overrides, scenario)).toEqual(says);
  });
});

describe('the promise of an engine', () => {
  it('is bytes where events have an order, and a verdict where CPUs race', () => {
    expect([engineFacts({ kind: 'inline' }), engineFacts(lockstep), engineFacts(free)]).toMatchObject([
      { name: 'inline', determinism: expect.stringContaining('the same bytes') },
      { name: 'threads', sync: 'lockstep', memory: 'wasm', determinism: expect.stringMatching(/the same bytes.*as inline/) },
      { name: 'threads', sync: 'free', memory: 'wasm',
        determinism: expect.stringContaining('a verdict, not bytes, is what two runs have in common') },
    ]);
    expect([{ kind: 'inline' } as const, lockstep, free].map(isFree)).toEqual([false, false, true]);
  });

  it('is one line, and the help has all of them', () => {
    expect(engineLine(engineFacts(free))).toMatch(/^engine threads, sync free, memory wasm: real races on real threads; [^\n]+$/);
    expect(engineLines().match(/^engine [^:]+/gm)).toEqual([
      'engine threads, sync free, memory wasm', 'engine threads, sync lockstep, memory wasm', 'engine inline',
    ]);
  });
});
