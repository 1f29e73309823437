import { describe, expect, it } from 'vitest';
import { Mode } from '../../shared/events.ts';
import { CpuConservation } from '../../src/check/oracles/cpu-conservation.ts';
import { MachineConservation } from '../../src/check/oracles/machine-conservation.ts';
import { EventStream, runFacts, TICK } from '../support/event-stream.ts';
import { judgeStream, witnessOf } from '../support/verdicts.ts';

const TICK_TIMER = { hrtimer: 0, function: 0 };
const facts = runFacts(1, 'tick', []);

/**
 * An idle CPU whose tick is due at each whole tick, comes at those of `comes` and is put up for the next date; what its
 * slots hold at `end`, in ticks.
 */
function late(comes: readonly number[], charged: number, end: number): EventStream {
  const stream = new EventStream().add('context', 0, 0, { task: 0 }).add('hrtimer_start', 0, 0, { ...TICK_TIMER, expires: TICK });
  let due = 1;
  for (const at of comes) {
    if (at >= due) due = Math.floor(at) + 1;
    stream.add('tick', 0, at * TICK, { task: 0, mode: 1 }).add('hrtimer_start', 0, at * TICK, { ...TICK_TIMER, expires: due * TICK });
  }
  return stream.add('kcpustat_final', 0, end * TICK, { cpu: 0, idle: charged * TICK }).add('task_final', 0, end * TICK, { task: 0 });
}

const a01 = (stream: EventStream, end: number) => judgeStream(CpuConservation, facts, stream, end * TICK);

describe('what ticks charge, beside the grid', () => {
  it('asks for one charge of a late tick, however many it passes over, and no more', () => {
    // the second tick is ten late
    const comes = [1, 12.5, 13, 14];
    expect(a01(late(comes, 4, 14.5), 14.5)).toEqual({ verdict: 'held', checked: 1 });
    expect(witnessOf(a01(late(comes, 1, 14.5), 14.5)).says).toContain(`differs by ${3.5 * TICK} ns; ${2 * TICK} ns are allowed`);
    expect(witnessOf(a01(late(comes, 14, 14.5), 14.5)).says).toContain(`which differs by ${9.5 * TICK} ns`);
    expect(judgeStream(MachineConservation, facts, late(comes, 4, 14.5), 14.5 * TICK).verdict).toBe('held');
  });

  it('asks for what the last tick passed over', () => {
    expect(a01(late([1, 12.5], 2, 12.6), 12.6).verdict).toBe('held');
  });

  it('asks for two charges where a tick comes early, and again when it is due', () => {
    const comes = Array.from({ length: 10 }, (_, i) => [i + 0.999, i + 1]).flat();
    expect(a01(late(comes, 20, 10.5), 10.5).verdict).toBe('held');
    expect(witnessOf(a01(late(comes, 10, 10.5), 10.5)).says).toContain(`differs by ${10.5 * TICK} ns`);
  });

  it('judges in spite of a counter that jumps: by no more than the jump', () => {
    const source = { id: 0, drifts: [], skews: [{ cpu: 0, at: 0, byNs: TICK }] };
    const jumping = { ...facts, clocks: { sources: [source], frequencies: [] } } as unknown as typeof facts;
    const of = (charged: number) => judgeStream(CpuConservation, jumping, late([1, 12.5, 13, 14], charged, 14.5), 14.5 * TICK);
    expect([of(7).verdict, of(8).verdict]).toEqual(['held', 'broken']);
  });

  it('asks for no tick of a CPU whose processor is stolen, but for one that it had time for', () => {
    const stolen = (end: number) =>
      late([1, 2, 3, 4], 4, end).add('context', 0, 4.5 * TICK, { task: 0, mode: Mode.Steal }).add('context', 0, 8.5 * TICK, { task: 0 });
    const of = (end: number) => judgeStream(CpuConservation, { ...facts, steals: true }, stolen(end), end * TICK).verdict;
    expect([of(9.9), of(10.5)]).toEqual(['held', 'broken']);
    // a periodic tick puts up no date
    const periodic = (stolen: boolean) => {
      const stream = new EventStream().add('context', 0, 0, { task: 0 });
      for (const at of [1, 2, 3]) stream.add('tick', 0, at * TICK, { task: 0, mode: 0 });
      if (stolen) stream.add('context', 0, 3.5 * TICK, { task: 0, mode: Mode.Steal });
      return stream.add('kcpustat_final', 0, 9 * TICK, { cpu: 0, idle: 3 * TICK });
    };
    const verdict = (stream: EventStream) => judgeStream(CpuConservation, { ...facts, steals: true }, stream, 9 * TICK).verdict;
    expect([verdict(periodic(true)), verdict(periodic(false))]).toEqual(['held', 'broken']);
  });

  it('gives a stall back no tick that was not due', () => {
    // firmware had the CPU for three ticks at some time; the tick that is due at 5 never comes, though the CPU is free
    const stalled = { ...facts, stalledNs: [3 * TICK] };
    const of = (end: number) => judgeStream(CpuConservation, stalled, late([1, 2, 3, 4], 4, end), end * TICK).verdict;
    expect([of(7.9), of(8.9), of(9.9)]).toEqual(['held', 'held', 'broken']);
    expect(judgeStream(CpuConservation, stalled, late([1, 2, 3, 4], 1, 4.5), 4.5 * TICK).verdict).toBe('broken');
  });
});

describe('what is timed beside ticks', () => {
  const timed = runFacts(1, 'tick+irqtime', []);
  /** Ten interrupts of 1.8 ticks each: a tick that comes when one is over charges nothing, the next one all of it. */
  const interrupts = (idle: number): EventStream => {
    const stream = new EventStream().add('context', 0, 0, { mode: Mode.Idle, task: 0 });
    const tick = (at: number) => stream.add('context', 0, at, { mode: Mode.Irq, task: 0 })
      .add('tick', 0, at, { task: 0, mode: 1 }).add('context', 0, at, { mode: Mode.Idle, task: 0 })
      .add('hrtimer_start', 0, at, { ...TICK_TIMER, expires: (Math.floor(at / TICK) + 1) * TICK });
    stream.add('hrtimer_start', 0, 0, { ...TICK_TIMER, expires: TICK });
    for (let at = 0; at < 20 * TICK; at += 2 * TICK) {
      stream.add('context', 0, at + TICK / 10, { mode: Mode.Irq, task: 0 })
        .add('context', 0, at + 1.9 * TICK, { mode: Mode.Idle, task: 0 });
      tick(at + 1.9 * TICK);
      tick(at + 2 * TICK);
    }
    return stream.add('kcpustat_final', 0, 20 * TICK, { cpu: 0, irq: 18 * TICK, idle }).add('task_final', 0, 20 * TICK, { task: 0 });
  };

  it('is counted where it is longer than the tick that it came off', () => {
    const of = (ticks: number) => judgeStream(CpuConservation, timed, interrupts(ticks * TICK), 20 * TICK).verdict;
    expect([of(7.9), of(8), of(10), of(12), of(12.1)]).toEqual(['broken', 'held', 'held', 'held', 'broken']);
    expect(judgeStream(MachineConservation, timed, interrupts(10 * TICK), 20 * TICK).verdict).toBe('held');
  });
});
