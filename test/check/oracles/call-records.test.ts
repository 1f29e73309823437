import { describe, expect, it } from 'vitest';
import { MessageKind } from '../../../shared/structs/cpu.ts';
import { CallRecords } from '../../../src/check/oracles/call-records.ts';
import { EventStream, racingFacts, runFacts } from '../../support/event-stream.ts';
import { judgeStream, witnessOf } from '../../support/verdicts.ts';

const { CallFunctionSync: SYNC, CallFunctionMany: MANY, CallFunctionAsync: ASYNC } = MessageKind;
const facts = runFacts(3, 'tick', []);
const judge = (stream: EventStream, end?: number) => judgeStream(CallRecords, facts, stream, end);

/** One line: what, by whom, at which instant, for which owner or target. */
const lock = (s: EventStream, t: number, owner: number, cpu: number, kind: number, fn = 3) =>
  s.add('csd_lock', kind === ASYNC ? 0 : owner, t, { owner, cpu, function: fn, kind });
const unlock = (s: EventStream, t: number, owner: number, cpu: number, kind: number, fn = 3) =>
  s.add('csd_unlock', cpu, t, { owner, cpu, function: fn, kind });
const entry = (s: EventStream, t: number, origin: number, cpu: number, kind: number) =>
  s.add('csd_function_entry', cpu, t, { origin, n: t, kind });
const exit = (s: EventStream, t: number, origin: number, cpu: number, kind: number) =>
  s.add('csd_function_exit', cpu, t, { origin, n: t, kind });
const done = (s: EventStream, t: number, cpu: number) => s.add('smp_call_function_done', cpu, t, { function: 3 });

const served = (s: EventStream, cpu: number) => unlock(exit(entry(s, 700, 0, cpu, SYNC), 701, 0, cpu, SYNC), 702, 0, cpu, SYNC);

describe('S-01, records of calls', () => {
  it('holds where the caller waits for two CPUs, and where it waits for none', () => {
    const awaited = done(served(served(lock(lock(new EventStream(), 100, 0, 1, SYNC), 101, 0, 2, SYNC), 1), 2), 1_300, 0);
    expect(judge(awaited)).toEqual({ verdict: 'held', checked: 5 });
    const alone = exit(entry(unlock(lock(new EventStream(), 100, 0, 1, MANY), 700, 0, 1, MANY), 700, 0, 1, MANY), 701, 0, 1, MANY);
    expect(judge(alone).verdict).toBe('held');
    expect(judge(new EventStream())).toEqual({ verdict: 'not exercised' });
  });

  it('knows the records of two functions of one CPU apart', () => {
    const both = lock(lock(new EventStream(), 100, 1, 1, ASYNC, 0), 101, 1, 1, ASYNC, 1);
    const first = entry(unlock(both, 700, 1, 1, ASYNC, 0), 700, 0, 1, ASYNC);
    expect(judge(entry(unlock(first, 701, 1, 1, ASYNC, 1), 701, 0, 1, ASYNC)).verdict).toBe('held');
  });

  it('finds a record that is unlocked before an awaited function has run', () => {
    const witness = witnessOf(judge(entry(unlock(lock(new EventStream(), 100, 0, 1, SYNC), 700, 0, 1, SYNC), 700, 0, 1, SYNC)));
    expect(witness.says).toBe('CPU 1 at 700 ns: unlocks the record by which CPU 0 waits for function 3 before that has run');
  });

  it('finds a function that runs with its record locked, though nobody waits', () => {
    const witness = witnessOf(judge(entry(lock(new EventStream(), 100, 0, 1, MANY), 700, 0, 1, MANY)));
    expect(witness.says).toBe('CPU 1 at 700 ns: runs a function of CPU 0, which waits for nothing, with its record still locked');
  });

  it('finds a record that is locked twice, unlocked twice, or never unlocked', () => {
    const twice = lock(lock(new EventStream(), 100, 0, 1, MANY), 110, 0, 1, MANY);
    expect(witnessOf(judge(twice)).says).toBe('CPU 0 at 110 ns: locks a record that CPU 0 locked at 100 ns and nobody has unlocked');
    expect(witnessOf(judge(unlock(new EventStream(), 700, 0, 1, MANY))).says).toContain('unlocks a record of CPU 0 that is not locked');
    const left = lock(new EventStream(), 100, 0, 1, SYNC);
    expect(judge(left, 1_000_100).verdict).toBe('held');
    expect(witnessOf(judge(left, 1_000_101)).says).toMatch(/^the record by which CPU 0 calls CPU 1 is locked since 100 ns/);
  });

  it('lets a record be locked as long as the CPU that is called has no processor', () => {
    const left = lock(new EventStream(), 100, 0, 1, SYNC);
    const stalled = (stalledNs: number[]) => judgeStream(CallRecords, { ...facts, stalledNs }, left, 1_005_100).verdict;
    expect([stalled([0, 5_000, 0]), stalled([5_000, 4_999, 5_000])]).toEqual(['held', 'broken']);
  });

  it('lets a record seem locked twice where CPUs race, and no more', () => {
    const racing = racingFacts(facts, 1_000_000);
    const twice = lock(lock(new EventStream(), 100, 0, 1, MANY), 99, 0, 1, MANY);
    expect(judgeStream(CallRecords, racing, twice, 200).verdict).toBe('held');
    expect(judgeStream(CallRecords, racing, lock(twice, 120, 0, 1, MANY), 200).verdict).toBe('broken');
  });

  it('finds a caller that goes on too early', () => {
    const early = done(served(lock(lock(new EventStream(), 100, 0, 1, SYNC), 101, 0, 2, SYNC), 1), 800, 0);
    expect(witnessOf(judge(early)).says).toBe('CPU 0 at 800 ns: goes on while 1 of the calls that it waits for have not been made');
  });
});
