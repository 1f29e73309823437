import { describe, expect, it } from 'vitest';
import { ReadOrder } from '../../../src/check/oracles/read-order.ts';
import { EventStream, racingFacts, runFacts } from '../../support/event-stream.ts';
import { judgeStream, witnessOf } from '../../support/verdicts.ts';

const T = 2;
const LINUX = 0;
const COMPLETE = 1;
const facts = runFacts(2, 'gen', ['thread0-0', 'reader-0']);
const judge = (stream: EventStream, of = facts) => judgeStream(ReadOrder, of, stream);
const saw = (stream: EventStream, cpu: number, t: number, utime: number, reader = COMPLETE) =>
  stream.add('task_cputime', cpu, t, { by: 3, task: T, reader, t, utime, stime: 7 });

describe('R-10, looks in the order that the machine has', () => {
  it('holds where a look sees no less than those before it', () => {
    expect(judge(saw(saw(new EventStream(), 0, 10, 50), 0, 20, 50))).toEqual({ verdict: 'held', checked: 2 });
  });

  it('is not exercised by linux', () => {
    expect(judge(saw(saw(new EventStream(), 0, 10, 50, LINUX), 0, 20, 40, LINUX))).toEqual({ verdict: 'not exercised' });
  });

  it('finds a step back on one CPU, whichever task looks', () => {
    expect(witnessOf(judge(saw(saw(new EventStream(), 0, 10, 50), 0, 20, 49))).says)
      .toBe('reader-0 on CPU 0 saw utime of thread0-0 at 20 ns as 49; a look that came before it had seen 50');
  });

  it('accepts looks of two CPUs that nothing orders', () => {
    expect(judge(saw(saw(new EventStream(), 0, 10, 50), 1, 20, 49)).verdict).toBe('held');
  });

  it('finds a step back along a message, and only of what was known when it was sent', () => {
    const sent = (before: number, after: number) => saw(saw(new EventStream(), 0, 10, before)
      .add('csd_queue_cpu', 0, 11, { cpu: 1, n: 4 }), 0, 12, after)
      .add('csd_function_entry', 1, 600, { origin: 0, n: 4 });
    expect(judge(saw(sent(50, 60), 1, 601, 49)).verdict).toBe('broken');
    expect(judge(saw(sent(50, 60), 1, 601, 50)).verdict).toBe('held');
  });

  it('finds a step back along a lock, if it was taken after the other had let go of it', () => {
    const locked = (taken: number) => saw(new EventStream(), 0, 10, 50).add('lock_acquire', 0, 11, { lock: 2, instance: 1 })
      .add('lock_release', 0, 15, { lock: 2, instance: 1 }).add('lock_acquire', 1, taken, { lock: 2, instance: 1 });
    expect(judge(saw(locked(16), 1, 20, 49)).verdict).toBe('broken');
    expect(judge(saw(locked(15), 1, 20, 49)).verdict).toBe('held');
    const another = saw(new EventStream(), 0, 10, 50).add('lock_release', 0, 15, { lock: 2, instance: 0 })
      .add('lock_acquire', 1, 16, { lock: 2, instance: 1 });
    expect(judge(saw(another, 1, 20, 49)).verdict).toBe('held');
  });

  it('passes on what it was told itself, and keeps to the later of two holdings', () => {
    const chain = saw(new EventStream(), 0, 10, 50).add('csd_queue_cpu', 0, 11, { cpu: 2, n: 1 })
      .add('csd_function_entry', 2, 600, { origin: 0, n: 1 }).add('csd_queue_cpu', 2, 601, { cpu: 1, n: 1 })
      .add('csd_function_entry', 1, 1200, { origin: 2, n: 1 });
    expect(judge(saw(chain, 1, 1201, 49)).verdict).toBe('broken');
    const late = saw(new EventStream(), 0, 10, 50).add('lock_release', 0, 30, { lock: 2 }).add('lock_release', 1, 20, { lock: 2 })
      .add('lock_acquire', 1, 40, { lock: 2 });
    expect(judge(saw(late, 1, 41, 49)).verdict).toBe('broken');
  });

  it('begins anew with a fork, and leaves such records out where CPUs race', () => {
    const again = (utime: number) => saw(saw(saw(new EventStream().add('sched_process_fork', 0, 1, { child: T }), 0, 10, 50)
      .add('sched_process_fork', 0, 11, { child: T }), 0, 12, 5), 0, 13, utime);
    expect(judge(again(5)).verdict).toBe('held');
    expect(judge(again(4)).verdict).toBe('broken');
    expect(judge(again(4), racingFacts(facts, 1000))).toEqual({ verdict: 'held', checked: 1 });
  });
});
