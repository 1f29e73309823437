import { describe, expect, it } from 'vitest';
import { Mode } from '../../../shared/events.ts';
import { RcuGracePeriod } from '../../../src/check/oracles/rcu-grace-period.ts';
import { EventStream, runFacts } from '../../support/event-stream.ts';
import { judgeStream, witnessOf } from '../../support/verdicts.ts';

const facts = runFacts(2, 'tick', []);
const judge = (stream: EventStream) => judgeStream(RcuGracePeriod, facts, stream);

/** Both CPUs are in the kernel, and period 1 begins at 100. */
function begun(): EventStream {
  const stream = new EventStream();
  for (const cpu of [0, 1]) stream.add('context', cpu, 10, { mode: Mode.System });
  return stream.add('rcu_grace_period', 0, 100, { gp_seq: 1, gpevent: 0 });
}

const ends = (stream: EventStream, t: number, gp_seq = 1): EventStream => stream.add('rcu_grace_period', 0, t, { gp_seq, gpevent: 1 });

describe('S-09, grace periods', () => {
  it.each([
    ['has switched', 'sched_switch', {}], ['is in user mode', 'context', { mode: Mode.User }], ['is idle', 'context', { mode: Mode.Idle }],
  ] as const)('end when each CPU %s', (_, event, fields) => {
    const stream = begun().add('sched_switch', 0, 120, {}).add(event, 1, 150, fields);
    expect(judge(ends(stream, 200))).toEqual({ verdict: 'held', checked: 1 });
  });

  it('end when a CPU has been idle for a moment, though an interrupt has it now', () => {
    const stream = begun().add('sched_switch', 0, 120, {})
      .add('context', 1, 150, { mode: Mode.Idle }).add('context', 1, 160, { mode: Mode.Irq });
    expect(judge(ends(stream, 200)).verdict).toBe('held');
  });

  it('end when a tick has found a task in the kernel, but not in a softirq, nor the idle task', () => {
    const found = (mode: Mode, task: number) => begun().add('sched_switch', 0, 120, {}).add('context', 1, 140, { mode, task })
      .add('context', 1, 150, { mode: Mode.Irq, task }).add('tick', 1, 151, { task });
    expect(judge(ends(found(Mode.System, 2), 200)).verdict).toBe('held');
    expect(judge(ends(found(Mode.Softirq, 2), 200)).verdict).toBe('broken');
    expect(judge(ends(found(Mode.System, 1), 200)).verdict).toBe('broken');
  });

  it('do not wait for a CPU that has not come up', () => {
    const stream = new EventStream().add('context', 0, 10, { mode: Mode.User }).add('rcu_grace_period', 0, 100, { gp_seq: 1, gpevent: 0 });
    expect(judge(ends(stream, 200)).verdict).toBe('held');
    expect(judge(new EventStream())).toEqual({ verdict: 'not exercised' });
  });

  it('may not end while a CPU is in the kernel as it was before', () => {
    const stream = begun().add('sched_switch', 0, 120, {});
    expect(witnessOf(judge(ends(stream, 200))).says)
      .toBe('grace period 1 ends at 200 ns, and CPU 1 was last at 10 ns where it held nothing, before it began');
  });

  it('end one after the other', () => {
    const stream = begun().add('context', 0, 120, { mode: Mode.User }).add('context', 1, 120, { mode: Mode.User });
    expect(witnessOf(judge(ends(stream, 200, 2))).says)
      .toBe('grace period 2 ends at 200 ns, and the one under way is 1, the last that ended 0');
    expect(judge(ends(ends(stream, 200), 300)).verdict).toBe('broken');
  });
});
