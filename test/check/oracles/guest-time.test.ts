import { describe, expect, it } from 'vitest';
import { Mode } from '../../../shared/events.ts';
import { VtimeState } from '../../../shared/structs/task.ts';
import { KTIME_MAX } from '../../../shared/units.ts';
import { GuestTime } from '../../../src/check/oracles/guest-time.ts';
import { EventStream, runFacts } from '../../support/event-stream.ts';
import { judgeStream, witnessOf } from '../../support/verdicts.ts';

const T = 2;
const LINUX = 0;
const COMPLETE = 1;
const facts = runFacts(2, 'gen', ['vcpu', 'reader-0']);
const judge = (stream: EventStream) => judgeStream(GuestTime, facts, stream);

/** A guest from 100 to 140, the kernel after it. */
const aDay = () =>
  new EventStream()
    .add('vtime_publish', 0, 100, { task: T, k: 1, state: VtimeState.Guest }).add('context', 0, 100, { mode: Mode.Guest, task: T })
    .add('vtime_publish', 0, 140, { task: T, k: 2, state: VtimeState.Sys }).add('context', 0, 140, { mode: Mode.System, task: T });

const look = (reader: number, gtime: number) =>
  ({ by: 3, task: T, reader, t: 200, k1: 2, p: KTIME_MAX, state: VtimeState.Sys, starttime: 140, vtime_gtime: 40, gtime });

describe('A-06, guest time', () => {
  it('holds for what was spent in a guest, and for linux while the remainder is out of its sight', () => {
    const stream = aDay().add('task_gtime', 1, 200, look(COMPLETE, 40)).add('task_gtime', 1, 200, look(LINUX, 0))
      .add('task_final', 0, 200, { task: T, vtime_state: VtimeState.Sys, starttime: 200, vtime_gtime: 40 });
    expect(judge(stream)).toEqual({ verdict: 'held', checked: 3 });
  });

  it('is not exercised by a machine without guests', () => {
    expect(judge(new EventStream().add('task_final', 0, 9, { task: T }))).toEqual({ verdict: 'not exercised' });
  });

  it('finds a nanosecond told, or recorded', () => {
    expect(witnessOf(judge(aDay().add('task_gtime', 1, 200, look(COMPLETE, 41)))).says)
      .toBe('reader-0 (complete reader) was told that vcpu has gtime 41; at 200 ns it had really had 40, of which 0 are out of that ' +
        'reader’s sight');
    const final = aDay().add('task_final', 0, 200, { task: T, vtime_state: VtimeState.Sys, starttime: 200, vtime_gtime: 39 });
    expect(witnessOf(judge(final)).says).toBe('vcpu ends with gtime 39 ns (pending time included); it really spent 40 ns in a guest');
  });

  it('knows that linux counts what was stolen from a guest since the last flush', () => {
    const robbed = (reader: number, gtime: number) => new EventStream()
      .add('vtime_publish', 0, 100, { task: T, k: 1, state: VtimeState.Guest })
      .add('context', 0, 100, { mode: Mode.Guest, task: T }).add('context', 0, 150, { mode: Mode.Steal, task: T })
      .add('context', 0, 170, { mode: Mode.Guest, task: T })
      .add('task_gtime', 1, 200, {
        by: 3, task: T, reader, t: 200, k1: 1, p: KTIME_MAX, state: VtimeState.Guest, starttime: 100, stolen: 20, gtime,
      });
    expect([judge(robbed(LINUX, 100)).verdict, judge(robbed(COMPLETE, 80)).verdict]).toEqual(['held', 'held']);
    expect([judge(robbed(LINUX, 80)).verdict, judge(robbed(COMPLETE, 100)).verdict]).toEqual(['broken', 'broken']);
  });

  it('finds system time that passes for a guest’s, and the time since boot', () => {
    expect(witnessOf(judge(aDay().add('task_gtime', 1, 200, look(COMPLETE, 100)))).says).toContain('gtime 100');
    expect(judge(aDay().add('task_gtime', 1, 200, look(LINUX, 200))).verdict).toBe('broken');
  });
});
