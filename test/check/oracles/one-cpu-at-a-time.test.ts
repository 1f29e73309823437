import { describe, expect, it } from 'vitest';
import { OneCpuAtATime } from '../../../src/check/oracles/one-cpu-at-a-time.ts';
import { EventStream, runFacts } from '../../support/event-stream.ts';
import { judgeStream, witnessOf } from '../../support/verdicts.ts';

const facts = runFacts(2, 'tick', ['thread0-0', 'thread1-0']);
const judge = (stream: EventStream) => judgeStream(OneCpuAtATime, facts, stream);
const runs = (stream: EventStream, cpu: number, t: number, task: number) => stream.add('context', cpu, t, { task });
const booted = () => runs(runs(new EventStream(), 0, 0, 0), 1, 0, 1);

describe('X-S1, one CPU at a time', () => {
  it('holds for a task that ends here and begins there', () => {
    const stream = runs(runs(runs(runs(booted(), 0, 10, 2), 0, 20, 2), 0, 50, 0), 1, 50, 2);
    stream.add('sched_switch', 0, 10, { prev: 0, next: 2 }).add('sched_switch', 0, 50, { prev: 2, next: 0 })
      .add('sched_switch', 1, 50, { prev: 1, next: 2 });
    expect(judge(stream)).toEqual({ verdict: 'held', checked: 8 });
  });

  it('is not exercised without contexts', () => {
    expect(judge(new EventStream())).toEqual({ verdict: 'not exercised' });
  });

  it('finds a task on two CPUs', () => {
    const witness = witnessOf(judge(runs(runs(booted(), 0, 10, 2), 1, 20, 2)));
    expect(witness.says).toBe('thread0-0 begins on CPU 1 at 20 ns while it is current on CPU 0');
    expect(witness.events).toMatchObject([{ cpu: 0, t: 10 }, { cpu: 1, t: 20 }]);
  });

  it('finds a task that begins before it has ended elsewhere', () => {
    const witness = witnessOf(judge(runs(runs(runs(booted(), 0, 10, 2), 0, 50, 0), 1, 49, 2)));
    expect(witness.says).toBe('thread0-0 begins on CPU 1 at 49 ns, but ends on CPU 0 only at 50 ns');
  });

  it('finds an idle task on a foreign CPU', () => {
    expect(witnessOf(judge(runs(runs(booted(), 0, 10, 2), 1, 20, 0))).says)
      .toBe('swapper/0 begins on CPU 1 at 20 ns: an idle task on a foreign CPU');
  });

  it('finds a switch that leaves a task that was not running', () => {
    const stream = new EventStream().add('sched_switch', 1, 10, { prev: 1, next: 2 }).add('sched_switch', 1, 20, { prev: 3, next: 1 });
    const witness = witnessOf(judge(stream));
    expect(witness.says).toBe('CPU 1 switches away from thread1-0 at 20 ns, but it was running thread0-0');
    expect(witness.events.map((event) => event.t)).toEqual([10, 20]);
  });

  it('finds a first switch that does not leave the idle task', () => {
    expect(witnessOf(judge(new EventStream().add('sched_switch', 1, 10, { prev: 2, next: 3 }))).says)
      .toContain('but it was running swapper/1');
  });
});
