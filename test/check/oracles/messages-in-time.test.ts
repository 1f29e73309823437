import { describe, expect, it } from 'vitest';
import { EventClass } from '../../../shared/events.ts';
import { MessageKind } from '../../../shared/structs/cpu.ts';
import { MessagesInTime } from '../../../src/check/oracles/messages-in-time.ts';
import { EventStream, IPI_DELAY, runFacts } from '../../support/event-stream.ts';
import { judgeStream, witnessOf } from '../../support/verdicts.ts';

const facts = runFacts(2, 'tick', []);
const COORDINATOR = 2;
const judge = (stream: EventStream) => judgeStream(MessagesInTime, facts, stream);
const send = (stream: EventStream, from: number, to: number, n: number, t: number, kind: MessageKind = MessageKind.Reschedule) =>
  stream.add('csd_queue_cpu', from, t, { cpu: to, kind, n, due: t + IPI_DELAY });
/** A timer interrupt or a step of a CPU. */
const begin = (stream: EventStream, cpu: number, time: number, cls: number = EventClass.Timer, cause = cpu) =>
  stream.add('event', cpu, time, { time, class: cls, origin: cpu, cause_origin: cause });
/** The receiver handles a message in an event that begins at `time`; it was free since `since`. */
const handle = (
  stream: EventStream, cpu: number, origin: number, n: number, time: number, since: number, kind: MessageKind = MessageKind.Reschedule,
) => {
  const cls = kind === MessageKind.DeviceIrq ? EventClass.Device : EventClass.Ipi;
  return stream.add('event', cpu, time, { time, class: cls, origin, n, cause_origin: origin })
    .add('csd_function_entry', cpu, time, { origin, n, kind, since });
};

/** CPU 0 sends message 1 to CPU 1 at 100: it is due at 600. */
const sent = () => send(new EventStream(), 0, 1, 1, 100);

describe('S-08, messages in time', () => {
  it('holds for a message that comes when it is due, and for one that comes when its receiver is free', () => {
    expect(judge(handle(sent(), 1, 0, 1, 600, 580))).toEqual({ verdict: 'held', checked: 1 });
    expect(judge(handle(begin(sent(), 1, 590), 1, 0, 1, 920, 920))).toEqual({ verdict: 'held', checked: 1 });
    expect(judge(handle(begin(sent(), 1, 590), 1, 0, 1, 600, 600)).verdict).toBe('held');
  });

  it('is not exercised without messages, nor by one that is under way when the run ends', () => {
    expect(judge(new EventStream())).toEqual({ verdict: 'not exercised' });
    expect(judge(begin(sent(), 1, 599))).toEqual({ verdict: 'not exercised' });
  });

  it('holds for several that waited, in the order of class, sender and number', () => {
    const stream = send(send(send(begin(new EventStream(), 1, 50, EventClass.Step), 0, 1, 7, 100), 0, 1, 3, 110), COORDINATOR, 1, 9, 120,
      MessageKind.DeviceIrq);
    handle(stream, 1, COORDINATOR, 9, 2_000, 2_000, MessageKind.DeviceIrq);
    handle(handle(stream, 1, 0, 3, 2_300, 2_300), 1, 0, 7, 2_600, 2_600);
    expect(judge(stream)).toEqual({ verdict: 'held', checked: 3 });
  });

  it('finds a lost doorbell: the receiver begins something else first', () => {
    for (const time of [600, 4_000]) {
      const witness = witnessOf(judge(begin(sent(), 1, time)));
      expect(witness.says).toBe(`CPU 1 begins another event at ${time} ns, while message 1 of CPU 0 waits for it, due at 600 ns`);
      expect(witness.events.map(({ event }) => event)).toEqual(['csd_queue_cpu', 'event']);
    }
  });

  it('finds a message that begins later than it could, and says it once', () => {
    const witness = witnessOf(judge(handle(sent(), 1, 0, 1, 700, 580)));
    expect(witness.says).toBe('message 1 of CPU 0, due at 600 ns, is handled by CPU 1 in an event that begins at 700 ns; the CPU was ' +
      'free since 580 ns, so 600 ns was the time');
    expect(witness.events.map(({ event }) => event)).toEqual(['csd_queue_cpu', 'csd_function_entry']);
    const late = judge(handle(begin(sent(), 1, 4_000), 1, 0, 1, 9_000, 4_300));
    expect(late).toMatchObject({ verdict: 'broken', checked: 1, violations: 1 });
  });

  it('finds a message that begins while its receiver is busy', () => {
    expect(witnessOf(judge(handle(sent(), 1, 0, 1, 700, 800))).says).toContain('so 800 ns was the time');
  });

  it('finds a message that another one overtakes', () => {
    const two = () => send(sent(), COORDINATOR, 1, 4, 200);
    const overtaken = witnessOf(judge(handle(two(), 1, COORDINATOR, 4, 700, 580)));
    expect(overtaken.says).toBe('CPU 1 handles message 4 of CPU 2 at 700 ns, while message 1 of CPU 0 waits for it, due at 600 ns');
    expect(witnessOf(judge(handle(begin(two(), 1, 590), 1, COORDINATOR, 4, 900, 900))).says)
      .toContain('while message 1 of CPU 0 waits');
    const inTurn = handle(handle(begin(two(), 1, 590), 1, 0, 1, 900, 900), 1, COORDINATOR, 4, 1_200, 1_200);
    expect(judge(inTurn).verdict).toBe('held');
  });

  it('does not ask why a message is handled that it knows nothing of: that is S-02’s', () => {
    expect(judge(handle(new EventStream(), 1, 0, 5, 600, 500))).toEqual({ verdict: 'not exercised' });
    expect(judge(handle(sent(), 0, 0, 1, 600, 500))).toEqual({ verdict: 'not exercised' });
  });

  it('does not judge what the machine has not come to by itself, nor the first event after a cut', () => {
    expect(judge(begin(sent(), 1, 4_000, EventClass.Step, -1))).toEqual({ verdict: 'not exercised' });
    const cut = () => begin(sent().add('cut', 0, 300), 1, 4_000);
    expect(judge(cut())).toEqual({ verdict: 'not exercised' });
    expect(witnessOf(judge(begin(cut(), 1, 8_000))).says).toContain('begins another event at 8000 ns');
  });

  it('lets one interrupt serve all calls that have come, in an order of their own, and nothing else with them', () => {
    const CALL = MessageKind.CallFunctionMany;
    const three = () => send(send(send(begin(new EventStream(), 1, 50, EventClass.Step), 0, 1, 3, 100, CALL), 0, 1, 4, 110, CALL),
      COORDINATOR, 1, 2, 120, CALL);
    const served = (stream: EventStream, origin: number, n: number, kind: MessageKind = CALL) =>
      stream.add('csd_function_entry', 1, 2_000, { origin, n, kind, since: 2_000 });
    const event = (stream: EventStream) =>
      stream.add('event', 1, 2_000, { time: 2_000, class: EventClass.Ipi, origin: 0, n: 3, cause_origin: 0 });
    expect(judge(served(served(served(event(three()), COORDINATOR, 2), 0, 4), 0, 3))).toEqual({ verdict: 'held', checked: 3 });
    const along = send(three(), 0, 1, 1, 90);
    expect(judge(served(served(event(along), 0, 3), 0, 1, MessageKind.Reschedule)).verdict).toBe('broken');
  });

  it('lets a CPU that stands still hear of the stop alone, and of the rest as soon as it goes on', () => {
    const { StopMachine, Reschedule } = MessageKind;
    const state = (stream: EventStream, t: number, s: number) => stream.add('multi_stop_state', 1, t, { state: s });
    const parked = () => state(begin(send(new EventStream(), 0, 1, 1, 100, StopMachine), 1, 50, EventClass.Step), 60, 2);
    const stop = (stream: EventStream) =>
      handle(send(send(stream, 0, 1, 5, 200), 0, 1, 9, 300, StopMachine), 1, 0, 9, 800, 60, StopMachine);
    const first = handle(parked(), 1, 0, 1, 600, 60, StopMachine);
    expect(judge(handle(state(stop(first), 810, 4), 1, 0, 5, 900, 900, Reschedule)).verdict).toBe('held');
    expect(witnessOf(judge(stop(state(first, 700, 4)))).says).toContain('while message 5 of CPU 0 waits for it');
  });
});
