import { describe, expect, it } from 'vitest';
import { parseRunOptions, type RawRunOptions } from '../../src/cli/options.ts';
import { traceLimitText } from '../../src/cli/trace-limit.ts';
import { BadInput } from '../../src/workload/bad-input.ts';

const parse = (raw: RawRunOptions) => parseRunOptions('mix', raw);

describe('the flags of run', () => {
  it('decide nothing that was not said', () => {
    expect(parse({})).toEqual({
      scenario: 'mix', overrides: {}, engine: {}, require: [], trace: { kind: 'full' }, out: null, json: false, quiet: false,
    });
  });

  it('become choices of the right type', () => {
    const raw: RawRunOptions = {
      cpus: '8', hz: '1000', duration: '1.5ms', seed: '0', kernel: '6.12', ties: 'shuffled', cputime: 'gen', reader: 'complete',
      fault: ['B-01', 'dropped-ipi'], engine: 'threads', sync: 'lockstep', memory: 'atomics', reads: 'fresh', skew: '250us', widen: '0s',
    };
    const { overrides, engine } = parse(raw);
    expect(overrides).toEqual({
      cpus: 8, hz: 1000, durationNs: 1_500_000, seed: 0, kernel: '6.12', ties: 'shuffled', cputime: 'gen', reader: 'complete',
      faults: ['B-01', 'dropped-ipi'], reads: 'fresh', skewNs: 250_000, widenNs: 0,
    });
    expect(engine).toEqual({ kind: 'threads', sync: 'lockstep', memory: 'atomics' });
  });

  it('append one --cmdline to the other, so that the last of a repeated parameter wins', () => {
    expect(parse({ cmdline: ['nohz_full=1', 'nohz_full=2-3'] }).overrides.cmdline).toBe('nohz_full=1 nohz_full=2-3');
  });

  it('cap the trace', () => {
    const limits = ['off', 'full', 'ring:64M', 'ring:64k', 'ring:2G'].map((trace) => parse({ trace }).trace);
    expect(limits).toEqual([
      { kind: 'off' }, { kind: 'full' }, ...[2 ** 26, 2 ** 16, 2 ** 31].map((bytes) => ({ kind: 'ring', bytes })),
    ]);
    expect(limits.map(traceLimitText)).toEqual(['off', 'full', 'ring:64M', 'ring:64k', 'ring:2G']);
  });

  it.each([
    ['ring:64K', 'ring:64k'], ['ring:64m', 'ring:64M'], ['ring:1g', 'ring:1G'], ['ring:65536k', 'ring:64M'],
    ['ring:1025k', 'ring:1025k'], ['ring:1536M', 'ring:1536M'],
  ])('cap the trace at %s, recorded as %s', (trace, recorded) => {
    expect(traceLimitText(parse({ trace }).trace)).toBe(recorded);
  });

  const refusals: readonly (readonly [RawRunOptions, string])[] = [
    [{ engine: 'turbo' }, '--engine: found "turbo", expected "threads" or "inline"'],
    [{ sync: 'strict' }, '--sync: found "strict", expected "free" or "lockstep"'],
    [{ memory: 'plain' }, '--memory: found "plain", expected "wasm" or "atomics"'],
    [{ reads: 'stale' }, '--reads: found "stale", expected "racing" or "fresh"'],
    [{ skew: '250' }, '--skew: found "250", a number without a unit, expected a time with its unit'],
    [{ widen: '-1us' }, '--widen: found "-1us", expected a time with its unit'],
    [{ cpus: '0' }, '--cpus: found "0", expected a whole number, 1 to 256'],
    [{ cpus: '100000' }, '--cpus: found "100000", expected a whole number, 1 to 256'],
    [{ cpus: '4.5' }, '--cpus: found "4.5"'],
    [{ cpus: '' }, '--cpus: found ""'],
    [{ cpus: '0x4' }, '--cpus: found "0x4"'],
    [{ seed: '-1' }, '--seed: found "-1", expected a whole number, 0 to 2^53 - 1'],
    [{ seed: '9007199254740992' }, '--seed: found "9007199254740992"'],
    [{ hz: '300' }, '--hz: found "300", expected "100" or "250" or "1000"'],
    [{ kernel: '2.6.25' }, '--kernel: found "2.6.25", expected "6.12"'],
    [{ duration: '5' }, '--duration: found "5", a number without a unit, expected a time with its unit'],
    [{ duration: '-5s' }, '--duration: found "-5s"'],
    [{ duration: '0s' }, '--duration: found "0s", expected a time above zero'],
    [{ duration: '9007199254740992ns' }, '--duration: found "9007199254740992ns", expected less than 2^53 ns'],
    [{ ties: 'random' }, '--ties: found "random", expected "fixed" or "shuffled"'],
    [{ cputime: 'vtime' }, '--cputime: found "vtime"'],
    [{ reader: '' }, '--reader: found ""'],
    [{ trace: 'ring' }, '--trace: found "ring"'],
    [{ trace: 'ring:1k' }, '--trace: found "ring:1k", expected a ring of 64k to 2G'],
    [{ out: '' }, '--out: found an empty path'],
  ];
  it.each(refusals)('refuse %o', (raw, message) => {
    expect(() => parse(raw)).toThrow(BadInput);
    expect(() => parse(raw)).toThrow(`command line: ${message}`);
  });
});
