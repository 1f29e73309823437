import { describe, expect, it } from 'vitest';
import { Mode } from '../../../shared/events.ts';
import { CputimerEarly } from '../../../src/check/oracles/cputimer-early.ts';
import { CputimerLate } from '../../../src/check/oracles/cputimer-late.ts';
import { EventStream, racingFacts, runFacts, TICK } from '../../support/event-stream.ts';
import { judgeStream, witnessOf } from '../../support/verdicts.ts';

const T = 2;
const U = 3;
const PROF = 0;
const SCHED = 2;
const MS = 1e6;
const tracked = runFacts(2, 'gen', ['t', 'u']);
const sampled = runFacts(2, 'tick', ['t', 'u']);
const together = { ...tracked, processes: [{ name: 'p', threads: [T, U], age: { utime: 0, stime: 0 } }] };

/** Task T has CPU 1 in user mode from 10 ms on, and a timer on its process's CPU time set there for 50 ms. */
const armed = (given: Record<string, number> = {}) => new EventStream()
  .add('context', 1, 5 * MS, { mode: Mode.System, task: 1 })
  .add('sched_switch', 1, 10 * MS, { prev: 1, next: T })
  .add('context', 1, 10 * MS, { mode: Mode.User, task: T })
  .add('cputimer_arm', 1, 10 * MS, {
    task: T, clock: PROF, timer: -1, sample: 0, expires: 50 * MS + TICK, interval: 50 * MS, value: 50 * MS, ...given,
  });
const expires = (stream: EventStream, t: number, expires: number, given: Record<string, number> = {}) =>
  stream.add('cputimer_expire', 1, t, { task: T, clock: PROF, timer: -1, interval: 50 * MS, ...given, sample: expires, expires });
const POSIX = { clock: SCHED, timer: 7, expires: 50 * MS };

describe('P-01, not early', () => {
  const says = (stream: EventStream, facts = tracked) => witnessOf(judgeStream(CputimerEarly, facts, stream)).says;

  it('holds for a timer that fires when its process has had that much, each time', () => {
    const good = expires(expires(armed(), 60 * MS, 54 * MS), 110 * MS, 104 * MS);
    expect(judgeStream(CputimerEarly, tracked, good)).toEqual({ verdict: 'held', checked: 2 });
  });

  it('finds one that is early by a nanosecond, and a period that is', () => {
    expect(says(expires(armed(), 60 * MS - 1, 54 * MS)))
      .toBe('a timer of t fires at 59999999 ns, due when user and system time is 50000000 ns: it is 49999999 ns');
    expect(says(expires(expires(armed(), 60 * MS, 54 * MS), 110 * MS - 1, 104 * MS))).toContain('it is 99999999 ns');
  });

  it('finds one that counted while its task did not run', () => {
    const away = armed().add('sched_switch', 1, 40 * MS, { prev: T, next: 1 }).add('context', 1, 40 * MS, { mode: Mode.Idle, task: 1 });
    expect(says(expires(away, 60 * MS, 54 * MS))).toContain('it is 30000000 ns');
  });

  it('judges a timer on run time by switches, and one of a thread by that thread', () => {
    const stream = (given: Record<string, number>, t: number) => expires(armed({ ...POSIX, ...given }), t, 50 * MS, { ...POSIX, ...given });
    expect(judgeStream(CputimerEarly, sampled, stream({}, 60 * MS)).verdict).toBe('held');
    expect(says(stream({ thread: 1 }, 60 * MS - 1), sampled)).toContain('due when run time is 50000000 ns');
  });

  it('takes ticks for the truth where they sample', () => {
    const ticks = armed();
    for (let n = 1; n <= 13; n++) ticks.add('tick', 1, 10 * MS + n * TICK, { task: T });
    expect(judgeStream(CputimerEarly, sampled, expires(ticks, 63 * MS, 54 * MS)).verdict).toBe('held');
    expect(says(expires(armed().add('tick', 1, 60 * MS, { task: T }), 63 * MS, 54 * MS), sampled)).toContain('it is 4000000 ns');
  });

  it('goes on with a POSIX timer by its overruns, and forgets one that is taken away', () => {
    const once = expires(armed(POSIX), 60 * MS, 50 * MS, POSIX);
    const twice = expires(once.add('posixtimer_deliver', 1, 61 * MS, { timer: 7, task: T, overruns: 1 }), 150 * MS, 150 * MS, POSIX);
    expect(says(twice)).toContain('due when run time is 150000000 ns: it is 140000000 ns');
    const off = armed().add('cputimer_arm', 1, 20 * MS, { task: T, clock: PROF, timer: -1, expires: 0 });
    expect(judgeStream(CputimerEarly, tracked, expires(off, 30 * MS, 54 * MS)).verdict).toBe('not exercised');
  });

  it('allows several threads what Linux counts twice, and does not judge them where CPUs race', () => {
    const early = expires(armed(), 60 * MS - 2 * TICK, 54 * MS);
    expect(judgeStream(CputimerEarly, together, early).verdict).toBe('held');
    expect(says(expires(armed(), 60 * MS - 2 * TICK - 1, 54 * MS), together)).toContain('a timer of p fires');
    expect(judgeStream(CputimerEarly, racingFacts(together, 1e6), early).verdict).toBe('not exercised');
  });

  it('begins anew with a process, whose record had another before', () => {
    const reborn = armed().add('sched_switch', 1, 40 * MS, { prev: T, next: 1 }).add('context', 1, 40 * MS, { mode: Mode.Idle, task: 1 })
      .add('sched_process_fork', 1, 41 * MS, { parent: 1, child: T });
    expect(judgeStream(CputimerEarly, tracked, expires(reborn, 42 * MS, 54 * MS)).verdict).toBe('not exercised');
  });
});

describe('P-02, not late', () => {
  const says = (stream: EventStream, facts = tracked) => witnessOf(judgeStream(CputimerLate, facts, stream)).says;
  const broken = (stream: EventStream, facts = tracked) => judgeStream(CputimerLate, facts, stream).verdict === 'broken';
  const charge = (stream: EventStream, ns: number, task = T) =>
    stream.add('vtime_publish', 1, 60 * MS, { task, utime: ns - MS, stime: MS });
  const charged = (ns: number) => charge(armed(), ns);
  /** A tick interrupts the task at `t`, which goes on in user mode after it. */
  const tick = (stream: EventStream, t: number) => stream.add('context', 1, t, { mode: Mode.Irq, task: T }).add('tick', 1, t, { task: T });
  const user = (stream: EventStream, t: number) => stream.add('context', 1, t, { mode: Mode.User, task: T });
  const DUE = 54 * MS;

  it('counts of a thread that has ended what it left its process, and nothing of what it is charged afterwards', () => {
    const runs = (stream: EventStream, task: number, runtime: number) => stream.add('sched_stat_runtime', 1, 20 * MS, { task, runtime });
    const leaves = (rtime: number) => {
      const left = runs(runs(armed(POSIX), T, 30 * MS), U, 10 * MS).add('exit_signal', 0, 20 * MS, { task: U, rtime });
      return runs(left, U, 25 * MS)
        .add('tick', 1, 60 * MS, { task: T }).add('sched_stat_runtime', 1, 60 * MS, { task: T, runtime: 0 })
        .add('context', 1, 60 * MS + 1, { mode: Mode.User, task: T });
    };
    const of = (rtime: number) => judgeStream(CputimerLate, together, leaves(rtime)).verdict;
    expect([of(20 * MS - 1), of(20 * MS)]).toEqual(['not exercised', 'broken']);
  });

  it('holds where a tick finds it, and it fires before the task goes on', () => {
    const good = user(expires(tick(charged(DUE), 70 * MS), 70 * MS + 10, DUE), 70 * MS + 20);
    expect(judgeStream(CputimerLate, tracked, good)).toEqual({ verdict: 'held', checked: 1 });
  });

  it('finds a task in user mode though a tick should have found its timer, to the nanosecond of what was charged', () => {
    expect(broken(user(tick(charged(DUE - 1), 70 * MS), 70 * MS + 20))).toBe(false);
    expect(says(user(tick(charged(DUE), 70 * MS), 70 * MS + 20)))
      .toContain('t is in user mode at 70000020 ns, and a timer of t has not fired that a tick should have found: due when user and');
  });

  it('asks for none that came to be due after the tick', () => {
    const over = tick(charged(DUE - 1), 70 * MS).add('context', 1, 70 * MS, { mode: Mode.System, task: T });
    expect(broken(user(charge(over, DUE), 71 * MS))).toBe(false);
  });

  it('knows by how much the clock was ahead when the timer was set', () => {
    const ahead = charge(armed({ sample: 3 * MS, expires: 57 * MS }), DUE);
    expect(broken(user(tick(ahead, 70 * MS), 70 * MS + 20))).toBe(true);
    expect(broken(user(tick(charge(armed({ sample: 3 * MS, expires: 57 * MS }), DUE - 1), 70 * MS), 70 * MS + 20))).toBe(false);
  });

  it('adds up the threads of a process, those that are gone too', () => {
    const two = (last: number) => charge(charge(armed(), 30 * MS), last, U).add('sched_process_fork', 1, 61 * MS, { parent: T, child: U });
    expect(broken(user(tick(two(24 * MS), 70 * MS), 70 * MS + 20), together)).toBe(true);
    expect(broken(user(tick(two(24 * MS - 1), 70 * MS), 70 * MS + 20), together)).toBe(false);
    expect(broken(user(tick(two(24 * MS), 70 * MS), 70 * MS + 20), racingFacts(together, 1e6))).toBe(false);
  });

  it('finds a period that is left out', () => {
    const once = user(expires(tick(charged(DUE), 70 * MS), 70 * MS + 10, DUE), 70 * MS + 20);
    expect(says(user(tick(charge(once, 104 * MS), 120 * MS), 120 * MS + 20))).toContain(`is ${104 * MS} ns`);
  });

  it('counts ticks where they sample, and measured edges up to the tick', () => {
    const hits = (count: number) => {
      const stream = armed();
      for (let n = 1; n <= count; n++) user(tick(stream, 10 * MS + n * TICK), 10 * MS + n * TICK + 1);
      return stream;
    };
    expect(broken(hits(13), sampled)).toBe(false);
    expect(broken(hits(14), sampled)).toBe(true);
    const native = runFacts(2, 'native', ['t', 'u']);
    expect(broken(user(tick(armed(), 64 * MS - 1), 64 * MS + 20), native)).toBe(false);
    expect(broken(user(tick(armed(), 64 * MS), 64 * MS + 20), native)).toBe(true);
  });

  it('goes by what the scheduler has charged of run time, at that tick too, and by nothing that was stolen or left out', () => {
    const late = (first: number, inTick: number) => user(
      tick(armed(POSIX).add('sched_stat_runtime', 1, 60 * MS, { task: T, runtime: first }), 70 * MS)
        .add('sched_stat_runtime', 1, 70 * MS, { task: T, runtime: inTick }), 70 * MS + 20,
    );
    expect(broken(late(49 * MS, MS - 1), sampled)).toBe(false);
    expect(says(late(49 * MS, MS), sampled)).toContain('due when run time is 50000000 ns, it is 50000000 ns');
    // where CPUs race, others' charges may not have been there
    expect(broken(late(49 * MS, MS), racingFacts(sampled, 1e6))).toBe(false);
  });

  it('does not ask for one that waits for the delivery of its signal', () => {
    const runs = armed(POSIX).add('sched_stat_runtime', 1, 60 * MS, { task: T, runtime: 50 * MS });
    const waits = user(expires(tick(runs, 64 * MS), 64 * MS + 10, 50 * MS, POSIX), 64 * MS + 20);
    expect(judgeStream(CputimerLate, sampled, user(tick(waits, 200 * MS), 200 * MS + 20)).verdict).toBe('held');
  });

  it('is not exercised without such timers', () => {
    expect(judgeStream(CputimerLate, tracked, user(tick(new EventStream(), DUE), DUE + 1))).toEqual({ verdict: 'not exercised' });
  });
});
