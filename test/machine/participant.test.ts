import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Event, EventClass } from '../../shared/events.ts';
import { EventKind } from '../../shared/memory/guards.ts';
import { MessageKind } from '../../shared/structs/cpu.ts';
import { KTIME_MAX } from '../../shared/units.ts';
import { asLinux } from '../../src/kernel/decisions.ts';
import { Participant } from '../../src/machine/participant.ts';
import { IPI_DELAY, newBoard } from '../support/board.ts';

/** The bare participant: its candidates are the test's. */
class Bare extends Participant {
  candidates: [due: number, cls: EventClass, origin: number, n: number][] = [];
  override plan(): void {
    this.planNothing();
    for (const [due, cls, origin, n] of this.candidates) this.consider(due, cls, origin, n, origin, n);
    this.considerInbox();
  }
  override kindOfNext(): EventKind {
    return EventKind.Interacting;
  }
  override quietUntil(): number {
    return this.next.time;
  }
  override nextIsOrdered(): boolean {
    return true;
  }
  override run(): void {
    this.begin();
    this.end();
  }
}

const candidate = fc.tuple(fc.nat(4), fc.constantFrom(...Object.values(EventClass)), fc.nat(2), fc.nat(9));

describe('a participant', () => {
  test('takes the candidate with the smallest key, nothing sooner than its own clock', () => {
    fc.assert(fc.property(fc.uniqueArray(candidate, { selector: String, maxLength: 8, size: 'max' }), fc.nat(4), (candidates, now) => {
      const one = new Bare(0, newBoard(1).board);
      one.now = now;
      one.candidates = candidates;
      one.plan();
      const key = ([due, ...rest]: number[]): number[] => [Math.max(due!, now), ...rest];
      const first = [...candidates].map(key).sort((a, b) => a.map((x, i) => x - b[i]!).find((d) => d !== 0) ?? 0)[0] ?? [KTIME_MAX];
      const { time, class: cls, origin, n } = one.next;
      expect(candidates.length > 0 ? [time, cls, origin, n] : [time]).toEqual(first);
    }));
  });

  test('begins an event’s records with its key and its cause, at its start', () => {
    const one = new Bare(0, newBoard(1).board);
    one.candidates = [[70, EventClass.Timer, 0, 4]];
    one.plan();
    one.run();
    expect([...one.stream.rows.subarray(0, one.stream.length)]).toEqual([Event.event, 0, 70, 70, EventClass.Timer, 0, 4, 0, 4]);
  });

  test('sends with its own count and one message’s way, and tells the engine', () => {
    const { board, sentTo } = newBoard(2);
    const [sender, receiver] = [new Bare(0, board), new Bare(1, board)];
    sender.now = 1_000;
    sender.send(1, MessageKind.Reschedule, 5, 6);
    sender.send(1, MessageKind.CallFunctionSingle, 7, 8);
    receiver.takeMessages();
    receiver.plan();
    expect([sentTo, receiver.next.time, receiver.next.class, receiver.next.origin, receiver.next.n])
      .toEqual([[1, 1], 1_000 + IPI_DELAY, EventClass.Ipi, 0, 0]);
    expect(sender.messages).toBe(2);
  });

  test('loses a message where a decision says so: it is on record, and never arrives', () => {
    const { board, sentTo } = newBoard(2, { decisions: { ...asLinux, dropsMessage: (_from, _to, n) => n === 0 } });
    const [sender, receiver] = [new Bare(0, board), new Bare(1, board)];
    sender.send(1, MessageKind.Reschedule, 5, 6);
    receiver.takeMessages();
    receiver.plan();
    expect([sentTo, receiver.next.time, sender.stream.rows[0]]).toEqual([[], KTIME_MAX, Event.csd_queue_cpu]);
  });

  test('puts a message that loses its doorbell on the list, and tells nobody: it is found with the next one', () => {
    const { board, sentTo } = newBoard(2, { decisions: { ...asLinux, losesDoorbell: (_from, _to, n) => n === 0 } });
    const [sender, receiver] = [new Bare(0, board), new Bare(1, board)];
    sender.send(1, MessageKind.Reschedule, 5, 6);
    receiver.takeMessages();
    receiver.plan();
    expect([sentTo, receiver.next.time]).toEqual([[], KTIME_MAX]);
    sender.now = 7_000;
    sender.send(1, MessageKind.Reschedule, 5, 6);
    receiver.takeMessages();
    receiver.plan();
    expect([sentTo, receiver.next.n, receiver.next.time]).toEqual([[1], 0, 7_000 + IPI_DELAY]);
  });
});
