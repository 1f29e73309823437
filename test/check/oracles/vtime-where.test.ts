import { describe, expect, it } from 'vitest';
import { Mode } from '../../../shared/events.ts';
import { VtimeState } from '../../../shared/structs/task.ts';
import { VtimeClock } from '../../../src/check/oracles/vtime-clock.ts';
import { VtimeContext } from '../../../src/check/oracles/vtime-context.ts';
import { VtimeCurrent } from '../../../src/check/oracles/vtime-current.ts';
import { EventStream, runFacts } from '../../support/event-stream.ts';
import { judgeStream, witnessOf } from '../../support/verdicts.ts';

const T = 2;
const facts = runFacts(2, ['gen', 'tick'], ['thread0-0', 'thread0-1']);
const { Inactive, Idle, Sys, User, Guest } = VtimeState;

/** CPU 0 goes from idle to the task, and with it to user mode. */
const aDay = () =>
  new EventStream()
    .add('context', 0, 5, { mode: Mode.System, task: 0 })
    .add('vtime_publish', 0, 10, { task: 0, k: 1, state: Idle, cpu: 0, starttime: 10 }).add('context', 0, 20, { mode: Mode.Idle, task: 0 })
    .add('vtime_publish', 0, 100, { task: 0, k: 2, state: Inactive, cpu: -1, starttime: 100 })
    .add('vtime_publish', 0, 100, { task: T, k: 1, state: Sys, cpu: 0, starttime: 100 })
    .add('context', 0, 100, { mode: Mode.System, task: T })
    .add('vtime_publish', 0, 130, { task: T, k: 2, state: User, cpu: 0, starttime: 130 })
    .add('context', 0, 130, { mode: Mode.User, task: T });

describe('C-02, vtime runs where the task does', () => {
  it('holds for a CPU whose task is the active one, and asks for nothing before its accounts begin', () => {
    expect(judgeStream(VtimeCurrent, facts, aDay())).toEqual({ verdict: 'held', checked: 3 });
  });

  it('is not exercised where nothing is tracked', () => {
    const ticking = new EventStream().add('context', 1, 5, { mode: Mode.User, task: T })
      .add('vtime_publish', 1, 6, { task: 1, state: Idle });
    expect(judgeStream(VtimeCurrent, facts, ticking)).toEqual({ verdict: 'not exercised' });
  });

  it('finds a CPU that runs another task, or one that nobody accounts for', () => {
    const other = aDay().add('context', 0, 200, { mode: Mode.System, task: T + 1 });
    expect(witnessOf(judgeStream(VtimeCurrent, facts, other)).says).toBe('CPU 0 runs thread0-1 at 200 ns, but by its vtime thread0-0');
    const nobody = aDay().add('vtime_publish', 0, 200, { task: T, k: 3, state: Inactive, cpu: -1 })
      .add('context', 0, 200, { mode: Mode.System, task: T });
    expect(witnessOf(judgeStream(VtimeCurrent, facts, nobody)).says).toContain('by its vtime nobody');
  });
});

describe('C-04, the clock of a record', () => {
  it('holds as long as it follows its CPU', () => {
    expect(judgeStream(VtimeClock, facts, aDay())).toEqual({ verdict: 'held', checked: 4 });
    expect(judgeStream(VtimeClock, facts, new EventStream())).toEqual({ verdict: 'not exercised' });
  });

  it('finds one that is ahead of its CPU', () => {
    const ahead = aDay().add('vtime_publish', 0, 170, { task: T, k: 3, state: Sys, cpu: 0, starttime: 171 });
    expect(witnessOf(judgeStream(VtimeClock, facts, ahead)).says)
      .toBe("version 3 of thread0-0's vtime, published at 170 ns, starts at 171: 1 ns ahead of its CPU");
  });

  it('finds one that goes back, but lets a record rest', () => {
    const back = aDay().add('vtime_publish', 0, 170, { task: T, k: 3, state: Sys, cpu: 0, starttime: 129 });
    expect(witnessOf(judgeStream(VtimeClock, facts, back)).says).toContain('the version before had 130');
    const rests = aDay().add('vtime_publish', 0, 170, { task: T, k: 3, state: Inactive, cpu: -1, starttime: 0 });
    expect(judgeStream(VtimeClock, facts, rests).verdict).toBe('held');
  });
});

describe('C-06, vtime and the machine’s context', () => {
  const goes = (mode: Mode, state: number, cpu = 0) =>
    new EventStream().add('vtime_publish', cpu, 10, { task: T, k: 1, state, cpu }).add('context', cpu, 10, { mode, task: T });

  it('holds for each mode and the states that fit it', () => {
    for (const [mode, state] of [[Mode.User, User], [Mode.Guest, Guest], [Mode.Idle, Idle], [Mode.System, Sys], [Mode.Irq, Guest],
      [Mode.Softirq, Idle], [Mode.Steal, User]] as const) {
      expect(judgeStream(VtimeContext, facts, goes(mode, state)), `${mode} ${state}`).toEqual({ verdict: 'held', checked: 1 });
    }
  });

  it('finds user mode that vtime takes for the kernel, and the reverse', () => {
    expect(witnessOf(judgeStream(VtimeContext, facts, goes(Mode.User, Sys))).says)
      .toBe('CPU 0 goes into mode User at 10 ns, where its vtime says Sys');
    expect(witnessOf(judgeStream(VtimeContext, facts, goes(Mode.Irq, User))).says).toContain('mode Irq');
    expect(judgeStream(VtimeContext, facts, goes(Mode.Guest, Sys)).verdict).toBe('broken');
    expect(judgeStream(VtimeContext, facts, goes(Mode.Idle, Sys)).verdict).toBe('broken');
  });

  it('asks nothing of a CPU that samples, nor of one that has published nothing', () => {
    expect(judgeStream(VtimeContext, facts, goes(Mode.User, Sys, 1))).toEqual({ verdict: 'not exercised' });
    const silent = new EventStream().add('context', 0, 1, { mode: Mode.User });
    expect(judgeStream(VtimeContext, facts, silent)).toEqual({ verdict: 'not exercised' });
  });
});
