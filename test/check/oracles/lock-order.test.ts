import { describe, expect, it } from 'vitest';
import { LockClass } from '../../../shared/lock-order.ts';
import { LockOrder } from '../../../src/check/oracles/lock-order.ts';
import { EventStream, runFacts } from '../../support/event-stream.ts';
import { judgeStream, witnessOf } from '../../support/verdicts.ts';

const facts = runFacts(2, 'tick', []);
const judge = (stream: EventStream) => judgeStream(LockOrder, facts, stream);
const { Rq, HrtimerBase, Timekeeper } = LockClass;

describe('G-02, lock order', () => {
  it('holds for locks taken downwards and released in any order', () => {
    const stream = new EventStream()
      .add('event', 0, 10)
      .add('lock_acquire', 0, 10, { lock: Rq, instance: 0 })
      .add('lock_acquire', 0, 11, { lock: Rq, instance: 1 })
      .add('lock_acquire', 0, 12, { lock: Timekeeper, instance: 0 })
      .add('lock_release', 0, 13, { lock: Rq, instance: 0 })
      .add('lock_release', 0, 14, { lock: Timekeeper, instance: 0 })
      .add('lock_release', 0, 15, { lock: Rq, instance: 1 })
      .add('event', 0, 20);
    expect(judge(stream)).toEqual({ verdict: 'held', checked: 3 });
  });

  it('keeps the CPUs apart', () => {
    const stream = new EventStream()
      .add('lock_acquire', 0, 10, { lock: Timekeeper }).add('lock_acquire', 1, 11, { lock: Rq, instance: 1 })
      .add('lock_release', 1, 12, { lock: Rq, instance: 1 }).add('lock_release', 0, 13, { lock: Timekeeper });
    expect(judge(stream).verdict).toBe('held');
  });

  it('is not exercised without locks', () => {
    expect(judge(new EventStream().add('event', 0, 10))).toEqual({ verdict: 'not exercised' });
  });

  it('finds an inverted pair, also below one that nests well', () => {
    const stream = new EventStream()
      .add('lock_acquire', 0, 10, { lock: HrtimerBase, instance: 0 })
      .add('lock_acquire', 0, 11, { lock: Rq, instance: 1 });
    const witness = witnessOf(judge(stream));
    expect(witness.says).toBe('CPU 0 takes Rq[1] while it holds HrtimerBase[0], which may only nest inside it');
    expect(witness.events.map((event) => event.t)).toEqual([10, 11]);
  });

  it('finds two run queues taken against their numbers, and one lock taken twice', () => {
    const inverted = new EventStream().add('lock_acquire', 0, 10, { lock: Rq, instance: 1 })
      .add('lock_acquire', 0, 11, { lock: Rq, instance: 0 });
    expect(witnessOf(judge(inverted)).says).toContain('takes Rq[0] while it holds Rq[1]');
    const twice = new EventStream().add('lock_acquire', 0, 10, { lock: Rq, instance: 1 })
      .add('lock_acquire', 0, 11, { lock: Rq, instance: 1 });
    expect(witnessOf(judge(twice)).says).toContain('takes Rq[1] while it holds Rq[1]');
  });

  it('finds a lock that is carried into the next event', () => {
    const stream = new EventStream().add('event', 0, 10).add('lock_acquire', 0, 11, { lock: Rq, instance: 0 }).add('event', 0, 20);
    expect(witnessOf(judge(stream)).says).toBe('CPU 0 begins an event at 20 ns with Rq[0] held since 11 ns');
  });

  it('finds a lock that is held at the end, and one that is released unheld', () => {
    const held = new EventStream().add('lock_acquire', 1, 11, { lock: Rq, instance: 1 });
    expect(witnessOf(judge(held)).says).toBe('CPU 1 still holds Rq[1] at the end of the run');
    const unheld = new EventStream().add('lock_release', 1, 11, { lock: Rq, instance: 1 });
    expect(witnessOf(judge(unheld)).says).toBe('CPU 1 releases Rq[1], which it does not hold');
  });
});
