import { describe, expect, test } from 'vitest';
import { Mode } from '../../../shared/events.ts';
import { RunTime } from '../../../src/check/oracles/run-time.ts';
import { EventStream, racingFacts, runFacts } from '../../support/event-stream.ts';
import type { Verdict } from '../../../src/check/oracle.ts';

const T = 2;
const OTHER = 3;
const FACTS = runFacts(2, 'tick+irqtime', ['task', 'other']);
const judge = (stream: EventStream, facts = FACTS): Verdict => stream.feed(new RunTime(facts)).finish(0);
/** By T's own CPU, whose class is told of what others have `refreshed`, too. */
const charged = (stream: EventStream, t: number, runtime: number, refreshed = 0): EventStream =>
  stream.add('sched_stat_runtime', 0, t, { task: T, runtime, told: runtime + refreshed });
/** By a reader on `cpu`, who has charged `untold` by then. */
const refreshed = (stream: EventStream, t: number, runtime: number, { cpu = 1, untold = runtime } = {}): EventStream =>
  stream.add('sched_stat_runtime', cpu, t, { task: T, runtime, untold });
/** T runs from 1,000 on, and is interrupted from 1,100 to 1,150. */
const interrupted = (): EventStream => new EventStream()
  .add('context', 0, 0, { mode: Mode.Idle, task: 0 })
  .add('context', 0, 1_000, { mode: Mode.User, task: T })
  .add('context', 0, 1_100, { mode: Mode.Irq, task: T })
  .add('context', 0, 1_150, { mode: Mode.User, task: T });

describe('C-08, run time', () => {
  test('holds where interrupts are left out', () => expect(judge(charged(interrupted(), 1_300, 250))).toMatchObject({ verdict: 'held' }));
  test('holds where one is still to be left out, as it was under way when the clock was read', () => {
    const stream = charged(charged(interrupted(), 1_160, 110), 1_300, 140);
    expect(judge(stream)).toMatchObject({ verdict: 'held' });
  });
  test('is not exercised where nobody is charged', () => {
    expect(judge(interrupted())).toMatchObject({ verdict: 'not exercised' });
  });

  test('finds an interrupt that was taken for work', () => {
    const verdict = judge(charged(interrupted(), 1_300, 300));
    expect(verdict.verdict === 'broken' && verdict.witness.says).toBe(
      'task has had CPU 0 for 250 ns at 1300 ns, interrupts and thefts left out, and was charged 300 ns of run time; 0 ns of it may have ' +
        'been owed before, and 0 ns be owed now; it may begin 0 ns before, and 0 ns of thefts be forgotten',
    );
  });
  test('finds time that the task did not get', () => {
    expect(judge(charged(interrupted(), 1_300, 249))).toMatchObject({ verdict: 'broken' });
  });

  test('knows that interrupts are a task’s time where they are not timed', () => {
    expect(judge(charged(interrupted(), 1_300, 300), runFacts(2, 'gen', ['task']))).toMatchObject({ verdict: 'held' });
    expect(judge(charged(interrupted(), 1_300, 250), runFacts(2, 'gen', ['task']))).toMatchObject({ verdict: 'broken' });
  });
  test('knows when a CPU ceases to time them', () => {
    const stream = new EventStream().add('sched_clock_irqtime', 0, 0, { enabled: 0 })
      .add('context', 0, 1_000, { mode: Mode.Irq, task: T });
    expect(judge(charged(stream, 1_300, 300))).toMatchObject({ verdict: 'held' });
  });

  test.each([['softirq', Mode.Softirq], ['theft', Mode.Steal]])('leaves out a %s', (_, mode) => {
    const stream = (): EventStream => new EventStream()
      .add('context', 0, 1_000, { mode: Mode.User, task: T })
      .add('context', 0, 1_100, { mode, task: T })
      .add('context', 0, 1_200, { mode: Mode.User, task: T });
    expect(judge(charged(stream(), 1_400, 300))).toMatchObject({ verdict: 'held' });
    expect(judge(charged(stream(), 1_400, 400))).toMatchObject({ verdict: 'broken' });
  });

  test('leaves ksoftirqd its softirqs', () => {
    const facts = { ...FACTS, tasks: [...FACTS.tasks.slice(0, 2), { ...FACTS.tasks[2]!, name: 'ksoftirqd/0', kernel: true as const }] };
    const stream = (): EventStream => new EventStream().add('context', 0, 1_000, { mode: Mode.Softirq, task: T });
    expect(judge(charged(stream(), 1_400, 400), facts)).toMatchObject({ verdict: 'held' });
    expect(judge(charged(stream(), 1_400, 0), facts)).toMatchObject({ verdict: 'broken' });
  });

  test('lets a task pay for the interrupt before it, and no more', () => {
    const stream = (): EventStream => new EventStream()
      .add('context', 0, 900, { mode: Mode.Irq, task: 0 })
      .add('context', 0, 960, { mode: Mode.System, task: 0 })
      .add('context', 0, 970, { mode: Mode.System, task: T });
    expect(judge(charged(stream(), 1_300, 280))).toMatchObject({ verdict: 'held' });
    expect(judge(charged(stream(), 1_300, 279))).toMatchObject({ verdict: 'broken' });
  });

  test('counts what another CPU has charged, as the task’s own found it', () => {
    const stream = (own: number): EventStream => charged(refreshed(interrupted(), 1_200, 150), 1_300, own, 150);
    expect(judge(stream(100))).toMatchObject({ verdict: 'held' });
    expect(judge(stream(101))).toMatchObject({ verdict: 'broken' });
  });

  test('lets a task have what another CPU charged it of a theft, and no more', () => {
    const stream = (own: number): EventStream => charged(refreshed(new EventStream()
      .add('context', 0, 1_000, { mode: Mode.User, task: T })
      .add('context', 0, 1_100, { mode: Mode.Steal, task: T }), 1_160, 160)
      .add('context', 0, 1_200, { mode: Mode.User, task: T }), 1_400, own, 160);
    expect(judge(stream(200))).toMatchObject({ verdict: 'held' });
    expect(judge(stream(301))).toMatchObject({ verdict: 'broken' });
    expect(judge(stream(139))).toMatchObject({ verdict: 'broken' });
  });

  test('has a stretch begin with the last charge of the task before: the switch does not read the clock again', () => {
    const stream = (runtime: number): EventStream => charged(new EventStream()
      .add('context', 0, 1_000, { mode: Mode.User, task: OTHER })
      .add('sched_stat_runtime', 0, 1_200, { task: OTHER, runtime: 200, told: 200 })
      .add('context', 0, 1_230, { mode: Mode.System, task: T }), 1_300, runtime);
    expect(judge(stream(100))).toMatchObject({ verdict: 'held' });
    expect(judge(stream(101))).toMatchObject({ verdict: 'broken' });
  });

  test('judges what the task’s own CPU charges for a reader, too', () => {
    const stream = (own: number): EventStream => refreshed(refreshed(interrupted(), 1_200, 150), 1_250, own, { cpu: 0, untold: 150 + own });
    expect(judge(stream(50))).toMatchObject({ verdict: 'held' });
    expect(judge(stream(51))).toMatchObject({ verdict: 'broken' });
    expect(judge(charged(stream(50), 1_300, 50, 200))).toEqual({ verdict: 'held', checked: 2 });
  });

  // as on threads: CPU 1 charged the task in its turn, by the run queue's lock, but its clock was behind, or ahead
  test.each([['before its turn', 900], ['after its own charge', 1_350]])('does not ask where that stands in the stream: %s', (_, t) => {
    const stream = (own: number): EventStream => {
      const rows = new EventStream();
      if (t < 1_000) refreshed(rows, t, 150);
      rows.add('context', 0, 1_000, { mode: Mode.User, task: T });
      charged(rows, 1_300, own, 150);
      if (t > 1_000) refreshed(rows, t, 150);
      return charged(rows, 1_400, 100);
    };
    const racing = racingFacts(FACTS, 1_000);
    expect(judge(stream(150), racing)).toEqual({ verdict: 'held', checked: 2 });
    expect(judge(stream(151), racing)).toMatchObject({ verdict: 'broken' });
  });
});
