import { describe, expect, it } from 'vitest';
import { VtimeState } from '../../../shared/structs/task.ts';
import { VtimeAccumulators } from '../../../src/check/oracles/vtime-accumulators.ts';
import { VtimeStates } from '../../../src/check/oracles/vtime-states.ts';
import { EventStream, runFacts, TICK } from '../../support/event-stream.ts';
import { judgeStream, witnessOf } from '../../support/verdicts.ts';

const facts = runFacts(3, ['gen', 'gen', 'tick'], ['thread0-0']);
const T = 3;
const { Inactive, Idle, Sys, User, Guest } = VtimeState;

describe('C-01, states of vtime', () => {
  /** Versions of the task on CPU 0, one a state. */
  const walk = (...states: number[]) => {
    const stream = new EventStream();
    states.forEach((state, i) => stream.add('vtime_publish', 0, 10 * i, { task: T, k: i + 1, state, cpu: state === Inactive ? -1 : 0 }));
    return stream;
  };
  const judge = (stream: EventStream) => judgeStream(VtimeStates, facts, stream);

  it('holds along the edges of the hooks', () => {
    expect(judge(walk(Sys, Sys, User, Sys, Guest, Guest, Sys, Inactive, Guest, Inactive, Sys))).toEqual({ verdict: 'held', checked: 11 });
  });

  it('is not exercised where nothing is tracked', () => {
    expect(judge(walk())).toEqual({ verdict: 'not exercised' });
  });

  it.each([
    ['User cannot become User', [Sys, User, User]],
    ['User cannot become Inactive', [Sys, User, Inactive]],
    ['Inactive cannot become User', [User]],
    ['Guest cannot become User', [Sys, Guest, User]],
    ['Sys cannot become Idle', [Sys, Idle]],
  ])('finds that %s', (says, states) => {
    const witness = witnessOf(judge(walk(...states)));
    expect(witness.says).toContain(`vtime of thread0-0 at ${10 * (states.length - 1)} ns: ${says}`);
    expect(witness.events.at(-1)).toMatchObject({ fields: { state: states.at(-1) } });
  });

  it('finds idle states of other tasks and other states of idle tasks', () => {
    expect(witnessOf(judge(walk(Idle))).says).toContain('state Idle is not for such a task');
    const idle = new EventStream().add('vtime_publish', 0, 5, { task: 0, state: Sys, cpu: 0 });
    expect(witnessOf(judge(idle)).says).toContain('vtime of swapper/0 at 5 ns: state Sys is not for such a task');
  });

  it('finds a foreign writer, a wrong cpu, and a cpu of nobody', () => {
    const foreign = walk(Sys).add('vtime_publish', 1, 20, { task: T, state: Sys, cpu: 1 });
    expect(witnessOf(judge(foreign)).says).toContain('CPU 1 writes the record while the task runs on CPU 0');
    expect(witnessOf(judge(new EventStream().add('vtime_publish', 1, 20, { task: T, state: Sys, cpu: 0 }))).says)
      .toContain('CPU 1 writes that it runs on CPU 0');
    expect(witnessOf(judge(walk(Sys).add('vtime_publish', 0, 20, { task: T, state: Inactive, cpu: 0 }))).says)
      .toContain('inactive, yet on CPU 0');
  });

  it('finds a hook on a CPU that accounts by ticks, except the start of its idle task', () => {
    const idle = new EventStream().add('vtime_publish', 2, 5, { task: 2, state: Idle, cpu: 2 });
    expect(judge(idle).verdict).toBe('held');
    expect(witnessOf(judge(new EventStream().add('vtime_publish', 2, 5, { task: T, state: Sys, cpu: 2 }))).says)
      .toContain('CPU 2 accounts by ticks and must not write it');
  });

  it('lets a fork empty the record of an earlier life, once', () => {
    const emptied = walk(Sys, Inactive).add('sched_process_fork', 2, 30, { child: T })
      .add('vtime_publish', 2, 30, { task: T, state: Inactive, cpu: -1 });
    expect(judge(emptied).verdict).toBe('held');
    expect(witnessOf(judge(emptied.add('vtime_publish', 2, 40, { task: T, state: Inactive, cpu: -1 }))).says)
      .toContain('Inactive cannot become Inactive');
  });
});

describe('C-03, accumulators', () => {
  const judge = (fields: Record<string, number>) =>
    judgeStream(VtimeAccumulators, facts, new EventStream().add('vtime_publish', 0, 10, { task: T, k: 4, ...fields }));

  it('holds from 0 to below a tick, is not exercised without vtime', () => {
    expect(judge({ vtime_utime: 0, vtime_stime: TICK - 1 })).toEqual({ verdict: 'held', checked: 1 });
    expect(judgeStream(VtimeAccumulators, facts, new EventStream())).toEqual({ verdict: 'not exercised' });
  });

  it('finds a whole tick that nobody charged, and a negative rest', () => {
    const witness = witnessOf(judge({ vtime_stime: TICK }));
    expect(witness.says).toBe(`version 4 of thread0-0's vtime has vtime_stime ${TICK}; from 0 to below a tick (${TICK}) is allowed`);
    expect(witness.events[0]!.fields.vtime_stime).toBe(TICK);
    expect(witnessOf(judge({ vtime_utime: -1 })).says).toContain('has vtime_utime -1');
  });

  it('finds a remainder in a task that leaves a CPU where it should have been charged', () => {
    const left = { vtime_utime: 3, state: Inactive };
    expect(judge(left).verdict).toBe('held');
    const exact = judgeStream(VtimeAccumulators, runFacts(3, 'gen-exact', ['thread0-0']), new EventStream()
      .add('vtime_publish', 0, 10, { task: T, k: 4, ...left }));
    expect(witnessOf(exact).says).toContain('has vtime_utime 3; from 0 to below 1 is allowed');
    expect(witnessOf(judge({ vtime_gtime: TICK })).says).toContain('has vtime_gtime');
  });
});
