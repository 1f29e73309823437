import { describe, expect, it } from 'vitest';
import { MessagesDelivered } from '../../../src/check/oracles/messages-delivered.ts';
import { EventStream, IPI_DELAY, runFacts } from '../../support/event-stream.ts';
import { judgeStream, witnessOf } from '../../support/verdicts.ts';

const facts = runFacts(2, 'tick', []);
const judge = (stream: EventStream, end?: number) => judgeStream(MessagesDelivered, facts, stream, end);
const send = (stream: EventStream, from: number, to: number, n: number, t: number) =>
  stream.add('csd_queue_cpu', from, t, { cpu: to, kind: 1, n, due: t + IPI_DELAY });
const handle = (stream: EventStream, on: number, origin: number, n: number, t: number, kind = 1) =>
  stream.add('csd_function_entry', on, t, { origin, n, kind });

describe('S-02, no message lost', () => {
  it('holds when each message is handled, the coordinator’s too', () => {
    const stream = send(send(send(new EventStream(), 0, 1, 1, 100), 0, 1, 2, 110), 2, 0, 1, 120);
    handle(handle(handle(stream, 1, 0, 1, 600), 1, 0, 2, 610), 0, 2, 1, 700);
    expect(judge(stream)).toEqual({ verdict: 'held', checked: 6 });
  });

  it('holds for more messages under way than there were ever before', () => {
    const stream = new EventStream();
    for (let n = 0; n < 300; n++) send(stream, 0, 1, n, 100 + n);
    for (let n = 0; n < 300; n++) handle(stream, 1, 0, n, 1000 + n);
    expect(judge(stream)).toEqual({ verdict: 'held', checked: 600 });
  });

  it('forgives a message that is under way when the run ends, is not exercised without any', () => {
    expect(judge(send(new EventStream(), 0, 1, 1, 100), 100 + IPI_DELAY + 1_000_000).verdict).toBe('held');
    expect(judge(new EventStream())).toEqual({ verdict: 'not exercised' });
  });

  it('finds a message that was dropped', () => {
    const witness = witnessOf(judge(send(new EventStream(), 0, 1, 7, 100), 101 + IPI_DELAY + 1_000_000));
    expect(witness.says).toBe('message 7 of CPU 0 to CPU 1 was due at 600 ns and never reached its handler; the run ended at 1000601 ns');
    expect(witness.events).toMatchObject([{ cpu: 0, t: 100, event: 'csd_queue_cpu', fields: { n: 7, cpu: 1, due: 600 } }]);
  });

  it('finds a message handled twice, never sent, early, by the wrong CPU, or as another kind', () => {
    const sent = () => send(new EventStream(), 0, 1, 1, 100);
    expect(witnessOf(judge(handle(handle(sent(), 1, 0, 1, 600), 1, 0, 1, 610))).says)
      .toBe('CPU 1 at 610 ns handles message 1 of CPU 0, which is not under way: never sent, or handled before');
    expect(witnessOf(judge(handle(new EventStream(), 1, 0, 5, 600))).says).toContain('handles message 5 of CPU 0');
    expect(witnessOf(judge(handle(sent(), 1, 0, 1, 599))).says)
      .toBe('message 1 of CPU 0 was handled at 599 ns, before it was due at 600 ns');
    const stray = witnessOf(judge(handle(sent(), 0, 0, 1, 600)));
    expect(stray.says).toBe('message 1 of CPU 0 was sent to CPU 1 but handled by CPU 0');
    expect(stray.events.map((event) => event.event)).toEqual(['csd_queue_cpu', 'csd_function_entry']);
    expect(witnessOf(judge(handle(sent(), 1, 0, 1, 600, 2))).says).toBe('message 1 of CPU 0 was sent as kind 1 but handled as kind 2');
  });

  it('finds a number that is used again while it is under way', () => {
    expect(witnessOf(judge(send(send(new EventStream(), 0, 1, 1, 100), 0, 1, 1, 200))).says)
      .toBe('CPU 0 sends a second message 1 while the first is under way');
  });
});
