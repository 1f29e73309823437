import { describe, expect, it } from 'vitest';
import type { EngineChoice } from '../../src/engine/run.ts';
import { parseRunOptions } from '../../src/cli/options.ts';
import { reproduceLine, shellWord } from '../../src/cli/reproduce.ts';
import { runRecord } from '../host/run-record.ts';

describe('the line that gives a run again', () => {
  it('names what the run is a function of, and not where it was kept or how it was shown', () => {
    const options = parseRunOptions('my file.json', {
      cmdline: ['nohz_full=1-3', "x='y z'"], cpus: '8', duration: '1500us', fault: ['none'], ties: 'shuffled',
      require: ['G-01'], out: 'here', json: true, quiet: true, trace: 'off', engine: 'inline', reads: 'fresh', skew: '250us', widen: '0ms',
    });
    expect(reproduceLine(options, null)).toBe(
      "dynticks run 'my file.json' --engine inline --cpus 8 --duration 1500us --ties shuffled --reads fresh --skew 250us --widen 0s"
      + " --fault none --cmdline 'nohz_full=1-3 x='\\''y z'\\''' --require G-01");
  });

  it('names the seed and the engine that were used, said or not', () => {
    const lineOf = (engine: EngineChoice): string => reproduceLine(parseRunOptions('mix', {}), { scenario: runRecord().scenario, engine });
    expect(lineOf({ kind: 'inline' })).toBe('dynticks run mix --engine inline --seed 7');
    expect(lineOf({ kind: 'threads', sync: 'free', memory: 'wasm' })).toBe('dynticks run mix --engine threads --sync free --seed 7');
  });

  it('names the memory where it was asked for', () => {
    const decided = { scenario: runRecord().scenario, engine: { kind: 'threads', sync: 'lockstep', memory: 'atomics' } } as const;
    expect(reproduceLine(parseRunOptions('mix', { sync: 'lockstep', memory: 'atomics' }), decided))
      .toBe('dynticks run mix --engine threads --sync lockstep --memory atomics --seed 7');
  });
});

it('a word that a shell would split is quoted', () => {
  expect(['a-b/c.json', 'a b', '$x', '', "it's"].map(shellWord)).toEqual(['a-b/c.json', "'a b'", "'$x'", "''", "'it'\\''s'"]);
});
