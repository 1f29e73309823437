/**
 * Messages that have been taken off a participant's list and wait for the instant at which they
 * arrive. Few at a time, so the next one is found by looking at all of them.
 *
 * Of a message whose doorbell was lost nobody is told: its receiver finds it when the next one on its
 * list arrives, or never. That must not depend on when the list is emptied, which is the engine's
 * affair; so the message itself says that it is unheard, by a due time that is negative.
 */
import { EventClass } from '../../shared/events.ts';
import { MessageKind } from '../../shared/structs/cpu.ts';
import { isCall } from '../../shared/structs/smp.ts';
import type { CpuId, Ns } from '../../shared/units.ts';

export interface Message {
  kind: MessageKind;
  origin: CpuId;
  a: number;
  b: number;
  due: Ns;
  /** The sender's own count: with `origin` it names the message. */
  n: number;
  /** Count of the sender's event that sent it. */
  cause: number;
}

/** The due time of a message of which nobody is told. */
export const unheard = (due: Ns): Ns => -due;

export class Inbox {
  readonly waiting: Message[] = [];
  private readonly unheard: Message[] = [];
  private readonly spare: Message[] = [];

  put(kind: MessageKind, origin: CpuId, a: number, b: number, due: Ns, n: number, cause: number): void {
    const message = this.spare.pop() ?? { kind, origin, a, b, due, n, cause };
    message.kind = kind;
    message.origin = origin;
    message.a = a;
    message.b = b;
    message.due = due;
    message.n = n;
    message.cause = cause;
    if (due < 0) this.unheard.push(message);
    else this.arriveWith(message);
  }

  /** The message whose event comes first, given that nothing can begin before `now`; of kind `only`, or -1 of any. */
  first(now: Ns, only = -1): Message | undefined {
    let best: Message | undefined;
    for (let i = 0; i < this.waiting.length; i++) {
      const message = this.waiting[i]!;
      if (only !== -1 && message.kind !== only) continue;
      if (best === undefined || isBefore(message, best, now)) best = message;
    }
    return best;
  }

  /** The one that its sender has numbered so. */
  named(origin: CpuId, n: number): Message {
    let i = this.waiting.length - 1;
    while (this.waiting[i]!.origin !== origin || this.waiting[i]!.n !== n) i--;
    return this.waiting[i]!;
  }

  /** Takes a message out; the object is used again, so read it before the next `put`. */
  take(message: Message): void {
    const { waiting } = this;
    waiting[waiting.indexOf(message)] = waiting[waiting.length - 1]!;
    waiting.pop();
    this.spare.push(message);
  }

  /** Takes out all calls that have come by then, in the order in which they were sent; they are to be given back. */
  takeCalls(by: Ns, into: Message[]): void {
    const { waiting } = this;
    for (let i = waiting.length - 1; i >= 0; i--) {
      const message = waiting[i]!;
      if (!isCall(message.kind) || message.due > by) continue;
      waiting[i] = waiting[waiting.length - 1]!;
      waiting.pop();
      let at = into.push(message) - 1;
      for (; at > 0 && wasSentBefore(message, into[at - 1]!); at--) into[at] = into[at - 1]!;
      into[at] = message;
    }
  }

  /** They have been read. */
  giveBack(messages: Message[]): void {
    for (; messages.length > 0; this.spare.push(messages.pop()!));
  }

  private arriveWith(message: Message): void {
    const { waiting, unheard: late } = this;
    waiting.push(message);
    for (; late.length > 0; waiting.push(late.pop()!)) {
      const found = late[late.length - 1]!;
      found.due = Math.max(unheard(found.due), message.due);
    }
  }
}

/** Class of the event that a message makes at its receiver. */
export function classOfMessage(kind: MessageKind): EventClass {
  return kind === MessageKind.DeviceIrq ? EventClass.Device : EventClass.Ipi;
}

function wasSentBefore(a: Message, b: Message): boolean {
  const order = a.due - b.due || a.origin - b.origin || a.n - b.n;
  return order < 0;
}

function isBefore(a: Message, b: Message, now: Ns): boolean {
  const x = Math.max(a.due, now);
  const y = Math.max(b.due, now);
  if (x !== y) return x < y;
  const order = classOfMessage(a.kind) - classOfMessage(b.kind) || a.origin - b.origin || a.n - b.n;
  return order < 0;
}
