import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EventClass } from '../../shared/events.ts';
import { MessageKind } from '../../shared/structs/cpu.ts';
import { Inbox, classOfMessage, unheard, type Message } from '../../src/machine/inbox.ts';

const message = fc.record({
  kind: fc.constantFrom(MessageKind.CallFunctionSingle, MessageKind.Reschedule, MessageKind.DeviceIrq, MessageKind.BringUp),
  origin: fc.nat(3), due: fc.nat(6),
});

/** The order of arrival when nothing can begin before `now`: instant, class, sender, the sender's count. */
function sorted(messages: readonly Message[], now: number): Message[] {
  const key = (m: Message): number[] => [Math.max(m.due, now), classOfMessage(m.kind), m.origin, m.n];
  return [...messages].sort((a, b) => key(a).map((x, i) => x - key(b)[i]!).find((d) => d !== 0) ?? 0);
}

describe('an inbox', () => {
  test('gives its messages in the order of their events, however they came in', () => {
    fc.assert(fc.property(fc.array(message, { minLength: 1, maxLength: 12, size: 'max' }), fc.nat(6), (given, now) => {
      const inbox = new Inbox();
      given.forEach(({ kind, origin, due }, n) => inbox.put(kind, origin, 0, 0, due, n, 0));
      const wanted = sorted(inbox.waiting, now).map(({ n }) => n);
      const got: number[] = [];
      for (let first = inbox.first(now); first; first = inbox.first(now)) {
        got.push(first.n);
        inbox.take(first);
      }
      expect(got).toEqual(wanted);
    }));
  });

  test('gives a late message before one that is later still only by its key: both can begin now', () => {
    const inbox = new Inbox();
    inbox.put(MessageKind.Reschedule, 1, 0, 0, 10, 0, 0);
    inbox.put(MessageKind.Reschedule, 0, 0, 0, 20, 0, 0);
    expect([inbox.first(15)!.origin, inbox.first(20)!.origin]).toEqual([1, 0]);
  });

  test('finds what nobody was told of with the next message on its list, and not before it is due', () => {
    const inbox = new Inbox();
    const dues = (): number[][] => inbox.waiting.map(({ n, due }) => [n, due]).sort((a, b) => a[0]! - b[0]!);
    inbox.put(MessageKind.Reschedule, 0, 0, 0, 5, 0, 0);
    inbox.put(MessageKind.Reschedule, 0, 0, 0, unheard(10), 1, 0);
    inbox.put(MessageKind.Reschedule, 1, 0, 0, unheard(40), 2, 0);
    expect([dues(), inbox.first(60)!.n]).toEqual([[[0, 5]], 0]);
    inbox.put(MessageKind.Reschedule, 2, 0, 0, 30, 3, 0);
    expect(dues()).toEqual([[0, 5], [1, 30], [2, 40], [3, 30]]);
    inbox.put(MessageKind.Reschedule, 2, 0, 0, 50, 4, 0);
    expect(dues()).toEqual([[0, 5], [1, 30], [2, 40], [3, 30], [4, 50]]);
  });

  test('carries all that the sender said, also in an object that is used again', () => {
    const inbox = new Inbox();
    inbox.put(MessageKind.Reschedule, 1, 2, 3, 4, 5, 6);
    inbox.take(inbox.first(0)!);
    inbox.put(MessageKind.DeviceIrq, 7, 8, 9, 10, 11, 12);
    expect(inbox.waiting).toEqual([{ kind: MessageKind.DeviceIrq, origin: 7, a: 8, b: 9, due: 10, n: 11, cause: 12 }]);
  });

  test('makes a device interrupt a device event and all else an IPI', () => {
    expect([MessageKind.DeviceIrq, MessageKind.Reschedule, MessageKind.BringUp, MessageKind.ProgramDevice].map(classOfMessage))
      .toEqual([EventClass.Device, EventClass.Ipi, EventClass.Ipi, EventClass.Ipi]);
  });
});
