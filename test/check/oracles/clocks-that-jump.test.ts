/** What is late, and what grows, where a CPU's counter was made to jump: as far as it jumped more is allowed, and no further. */
import { expect, it } from 'vitest';
import { TickFlag } from '../../../shared/structs/cpu.ts';
import { ClocksourceId } from '../../../shared/structs/timekeeper.ts';
import { HrtimerForgotten } from '../../../src/check/oracles/hrtimer-forgotten.ts';
import { IdleRead } from '../../../src/check/oracles/idle-read.ts';
import { IdleTicks } from '../../../src/check/oracles/idle-ticks.ts';
import { EventStream, TICK, runFacts } from '../../support/event-stream.ts';
import { judgeStream } from '../../support/verdicts.ts';

const plain = runFacts(2, 'tick', ['reader']);
const JUMP = 10 * TICK;
const source = { id: ClocksourceId.Tsc, hz: 1e9, readNs: 0, drifts: [], skews: [{ at: 0, cpu: 1, byNs: JUMP }] };
const jumping = { ...plain, clocks: { sources: [source], frequencies: [] } };
const jumpsLater = { ...plain, clocks: { sources: [{ ...source, skews: [{ at: 1e9, cpu: 1, byNs: JUMP }] }], frequencies: [] } };

it.each([
  [plain, 0], [jumpsLater, 0], [jumping, JUMP],
] as const)('I-03: a sleep grows by what has passed, and by the jump of a clock', (facts, more) => {
  const reads = (grown: number) => new EventStream()
    .add('idle_sleep', 1, 50, { version: 2, sleeptime: 100 })
    .add('cpu_idle_time', 0, 100, { by: 2, cpu: 1, version: 2, now: 100, idle: 100 })
    .add('idle_sleep', 1, 1_000, { version: 4, sleeptime: 100 + grown })
    .add('cpu_idle_time', 0, 1_100, { by: 2, cpu: 1, version: 4, now: 1_100, idle: 100 + grown });
  expect(judgeStream(IdleRead, facts, reads(1_000 + more)).verdict).toBe('held');
  expect(judgeStream(IdleRead, facts, reads(1_001 + more)).verdict).toBe('broken');
});

it('H-03: a timer by a clock that knows no less than a tick may be three ticks late at the end', () => {
  const queued = (clock: number) => new EventStream().add('timekeeping_change', 0, 10, { source: clock })
    .add('hrtimer_start', 0, 100, { hrtimer: 5, expires: TICK, softexpires: TICK });
  const end = (ticks: number): number => (1 + ticks) * TICK + 1_000_000;
  expect(judgeStream(HrtimerForgotten, plain, queued(ClocksourceId.Jiffies), end(3)).verdict).toBe('held');
  expect(judgeStream(HrtimerForgotten, plain, queued(ClocksourceId.Jiffies), end(3) + 1).verdict).toBe('broken');
  expect(judgeStream(HrtimerForgotten, plain, queued(ClocksourceId.Tsc), end(1) + 1).verdict).toBe('broken');
});

it.each([
  [plain, 'broken'], [jumpsLater, 'broken'], [jumping, 'held'],
] as const)('I-05: more ticks than jiffies come by a clock that stands', (facts, verdict) => {
  const charged = new EventStream().add('tick_nohz_next_event', 1, 10, { basej: 8 })
    .add('tick_nohz_idle_stop', 1, 10, { flags: TickFlag.Stopped })
    .add('tick', 1, 20, { jiffies: 8 }).add('tick', 1, 30, { jiffies: 8 })
    .add('account_idle_ticks', 1, 40, { ticks: -1, jiffies: 9, idle_jiffies: 10 });
  expect(judgeStream(IdleTicks, facts, charged).verdict).toBe(verdict);
});
