import { describe, expect, it } from 'vitest';
import { parseRunOptions } from '../../src/cli/options.ts';
import { reproduceLine, shellWord } from '../../src/cli/reproduce.ts';
import { runRecord } from '../host/run-record.ts';

describe('the line that gives a run again', () => {
  it('names what the run is a function of, and not where it was kept or how it was shown', () => {
    const options = parseRunOptions('my file.json', {
      cmdline: ['nohz_full=1-3', "x='y z'"], cpus: '8', duration: '1500us', fault: ['none'], ties: 'shuffled',
      require: ['G-01'], out: 'here', json: true, quiet: true, trace: 'off',
    });
    expect(reproduceLine(options, null)).toBe(
      "dynticks run 'my file.json' --engine inline --cpus 8 --duration 1500us --ties shuffled --fault none"
      + " --cmdline 'nohz_full=1-3 x='\\''y z'\\''' --require G-01");
  });

  it('names the seed that was used, said or not', () => {
    expect(reproduceLine(parseRunOptions('mix', {}), runRecord().scenario)).toBe('dynticks run mix --engine inline --seed 7');
  });
});

it('a word that a shell would split is quoted', () => {
  expect(['a-b/c.json', 'a b', '$x', '', "it's"].map(shellWord)).toEqual(['a-b/c.json', "'a b'", "'$x'", "''", "'it'\\''s'"]);
});
