import { describe, expect, it } from 'vitest';
import { EventClass } from '../../../shared/events.ts';
import { StopStates } from '../../../src/check/oracles/stop-states.ts';
import { EventStream, IPI_DELAY, racingFacts, runFacts } from '../../support/event-stream.ts';
import { judgeStream, witnessOf } from '../../support/verdicts.ts';

const facts = runFacts(2, 'tick', []);
const judge = (stream: EventStream) => judgeStream(StopStates, facts, stream);
const says = (stream: EventStream): string => witnessOf(judge(stream)).says;

const asked = (): EventStream => new EventStream().add('stop_machine', 0, 100, { function: 0, cpus: 2 });
const begins = (s: EventStream, cpu: number, time: number, cls: number = EventClass.Ipi) => s.add('event', cpu, time, { time, class: cls });
const enters = (s: EventStream, cpu: number, state: number, t: number) => begins(s, cpu, t).add('multi_stop_state', cpu, t, { state });
/** Both CPUs enter these states, one after the other. */
const both = (s: EventStream, ...states: number[]): EventStream =>
  states.reduce((stream, state) => enters(enters(stream, 0, state, 1_000 * state), 1, state, 1_000 * state + 10), s);
const runs = (s: EventStream, cpu = 0) => s.add('stop_machine_function', cpu, 3_020, { function: 0, arg: 1 });

describe('S-04, a stop of the machine', () => {
  it('holds where all go through all states, and one runs the function', () => {
    const stop = both(runs(both(asked(), 1, 2, 3)), 4);
    expect(judge(stop)).toEqual({ verdict: 'held', checked: 9 });
    expect(judge(both(runs(both(stop.add('stop_machine', 1, 9_000, { cpus: 2 }), 1, 2, 3), 1), 4)).verdict).toBe('held');
    expect(judge(new EventStream())).toEqual({ verdict: 'not exercised' });
  });

  it('finds a state that is left out, or entered before the others are through with the one before', () => {
    expect(says(enters(both(asked(), 1), 0, 3, 3_000))).toBe('CPU 0 at 3000 ns goes from state 1 of a stop to 3');
    expect(says(enters(enters(asked(), 0, 1, 1_000), 0, 2, 2_000)))
      .toBe('CPU 0 at 2000 ns enters state 2 when 1 of 2 CPUs have entered the one before');
  });

  it('lets who moves a state on be a little behind where CPUs race', () => {
    const behind = (by: number): EventStream => enters(enters(enters(asked(), 0, 1, 1_000), 0, 2, 2_000), 1, 1, 2_000 + by);
    const racing = racingFacts(facts, 1_000_000);
    expect(judgeStream(StopStates, racing, behind(IPI_DELAY)).verdict).toBe('held');
    expect(witnessOf(judgeStream(StopStates, racing, behind(IPI_DELAY + 1))).says).toContain('long after another has entered the next');
  });

  it('finds a timer, a step or a jiffy while the machine stands still, and not before', () => {
    expect(judge(begins(both(asked(), 1), 1, 1_500, EventClass.Timer)).verdict).toBe('held');
    for (const cls of [EventClass.Timer, EventClass.Step]) {
      expect(says(begins(both(asked(), 1, 2), 1, 2_500, cls))).toBe('CPU 1 at 2500 ns begins a timer or a step while it is to stand still');
    }
    expect(says(both(asked(), 1, 2).add('jiffies_update', 0, 2_600))).toBe('CPU 0 at 2600 ns advances jiffies while it is to stand still');
    expect(judge(both(runs(both(asked(), 1, 2, 3)), 4).add('jiffies_update', 0, 5_000)).verdict).toBe('held');
  });

  it('finds a function that runs elsewhere, at another time, twice, or never', () => {
    expect(says(runs(both(asked(), 1, 2, 3), 1))).toBe('CPU 1 at 3020 ns runs the function, for which CPU 0 has asked');
    expect(says(runs(both(asked(), 1, 2)))).toBe('CPU 0 at 3020 ns runs the function of a stop outside its state');
    expect(says(runs(runs(both(asked(), 1, 2, 3))))).toBe('CPU 0 at 3020 ns runs the function once more');
    expect(says(both(asked(), 1, 2, 3, 4).add('stop_machine', 0, 9_000, { cpus: 2 })))
      .toBe('stop 0 of the machine was left by 2 of 2 CPUs, and its function ran 0 times');
  });
});
