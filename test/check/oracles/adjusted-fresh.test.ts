import { describe, expect, it } from 'vitest';
import { Mode } from '../../../shared/events.ts';
import { AdjustedFresh } from '../../../src/check/oracles/adjusted-fresh.ts';
import { EventStream, racingFacts, runFacts, TICK } from '../../support/event-stream.ts';
import { judgeStream, witnessOf } from '../../support/verdicts.ts';

const facts = runFacts(2, 'gen', ['spinner-0', 'reader-0']);
const SPINNER = 2;
const READER = 3;
const MS = 1_000_000;
const context = (stream: EventStream, cpu: number, t: number, mode: Mode, task = SPINNER) => stream.add('context', cpu, t, { mode, task });
const told = (stream: EventStream, t: number, utime: number, stime = 0) =>
  stream.add('cputime_adjust', 1, t, { by: READER, task: SPINNER, rtime: utime + stime, utime, stime, turn: 2 });
/** It has been in user mode on CPU 0 since 100 ms. */
const spins = () => context(new EventStream(), 0, 100 * MS, Mode.User);
const judge = (stream: EventStream, of = facts) => judgeStream(AdjustedFresh, of, stream);

describe('R-04, the adjusted pair keeps up', () => {
  it('holds as long as it is at most a tick and an event behind', () => {
    expect(judge(told(spins(), 140 * MS, 40 * MS - TICK - MS))).toEqual({ verdict: 'held', checked: 1 });
  });

  it('finds a pair that stands still while the task runs', () => {
    expect(witnessOf(judge(told(spins(), 140 * MS, 40 * MS - TICK - MS - 1))).says)
      .toBe('reader-0 was told at 140000000 ns that spinner-0 had run 34999999 ns; it had run 40000000 ns');
  });

  it('allows a tick to be as late as a counter has jumped: the clock stands for who is behind', () => {
    const clocks = { sources: [{ id: 0, hz: 1e9, readNs: 0, drifts: [], skews: [{ cpu: 1, at: 0, byNs: 3 * MS }] }], frequencies: [] };
    const of = (behind: number) => judge(told(spins(), 140 * MS, 40 * MS - behind), { ...facts, clocks }).verdict;
    expect([of(TICK + 4 * MS), of(TICK + 4 * MS + 1)]).toEqual(['held', 'broken']);
  });

  it('counts the kernel and guests, and neither interrupts nor what was stolen nor sleep', () => {
    const stream = spins();
    [Mode.System, Mode.Irq, Mode.Softirq, Mode.Guest, Mode.Steal].forEach((mode, i) => context(stream, 0, (110 + 10 * i) * MS, mode));
    context(stream, 0, 160 * MS, Mode.Idle, 0);
    const ran = 30 * MS;
    expect(judge(told(stream, 900 * MS, ran - TICK - MS)).verdict).toBe('held');
    expect(judge(told(stream, 900 * MS, ran - TICK - MS - 1)).verdict).toBe('broken');
  });

  it('adds up what it has run on several CPUs, and forgets an earlier life', () => {
    const stream = context(context(spins(), 0, 130 * MS, Mode.Idle, 0), 1, 200 * MS, Mode.User);
    expect(judge(told(stream, 220 * MS, 44 * MS)).verdict).toBe('broken');
    expect(judge(told(stream.add('sched_process_fork', 0, 221 * MS, { child: SPINNER }), 222 * MS, 0)).verdict).toBe('broken');
    const reborn = context(spins(), 0, 130 * MS, Mode.Idle, 0).add('sched_process_fork', 0, 131 * MS, { child: SPINNER });
    expect(judge(told(reborn, 140 * MS, 0)).verdict).toBe('held');
  });

  it('allows for how far CPUs stand apart where they race', () => {
    const racing = racingFacts(facts, 2 * MS);
    expect(judge(told(spins(), 140 * MS, 40 * MS - TICK - 3 * MS), racing).verdict).toBe('held');
    expect(judge(told(spins(), 140 * MS, 40 * MS - TICK - 3 * MS - 1), racing).verdict).toBe('broken');
  });

  it('allows for interrupts where they are timed', () => {
    const timed = runFacts(2, 'tick+irqtime', ['spinner-0', 'reader-0']);
    const stream = context(context(spins(), 0, 140 * MS, Mode.Irq), 0, 141 * MS, Mode.User);
    expect(judge(told(stream, 141 * MS, 39 * MS - TICK - MS), timed).verdict).toBe('held');
    expect(judge(told(stream, 141 * MS, 39 * MS - TICK - MS - 1), timed).verdict).toBe('broken');
  });

  it('is not exercised by a task that has never run', () => {
    expect(judge(told(new EventStream(), 5, 0))).toEqual({ verdict: 'not exercised' });
  });
});
