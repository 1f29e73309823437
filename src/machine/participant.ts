/**
 * What the simulated CPUs and the coordinator have in common: a clock, a count that names what they
 * begin, an inbox, a stream of records, and a next event whose key the engine compares.
 */
import { Event, type EventClass } from '../../shared/events.ts';
import type { MachineMap } from '../../shared/machine-map.ts';
import type { EventKind } from '../../shared/memory/guards.ts';
import type { Memory } from '../../shared/memory/memory.ts';
import type { MessageKind } from '../../shared/structs/cpu.ts';
import { sendCsd, takeAll } from '../../shared/sync/call-queue.ts';
import { KTIME_MAX, type CpuId, type Ns } from '../../shared/units.ts';
import type { Decisions } from '../kernel/decisions.ts';
import { Inbox, classOfMessage, unheard, type Message } from './inbox.ts';
import { TraceStream } from './trace-stream.ts';

/** What every participant is built over. */
export interface Board {
  readonly memory: Memory;
  readonly map: MachineMap;
  readonly decisions: Decisions;
  readonly ipiDelayNs: Ns;
  /** Up to where a CPU has done everything: KTIME_MAX unless it is inside an event at this moment. */
  readonly promiseOf: (cpu: CpuId) => Ns;
  /** Tells the engine that `to` has something in its list that is due at `due`. */
  readonly onSend: (to: CpuId, due: Ns) => void;
  /** Called while all of a sender's slots are taken. */
  readonly whileFull: () => void;
  /** A CPU is inside a planted fault, where it does its harm (`Arch.linger`). */
  readonly linger: (cpu: CpuId) => void;
}

/** A participant's next event; `time` is KTIME_MAX when there is none. */
export interface NextEvent {
  time: Ns;
  class: EventClass;
  origin: CpuId;
  n: number;
  causeOrigin: CpuId;
  causeN: number;
}

export abstract class Participant {
  readonly id: CpuId;
  readonly stream = new TraceStream();
  readonly next: NextEvent = { time: KTIME_MAX, class: 0, origin: 0, n: 0, causeOrigin: -1, causeN: 0 };
  /** The participant's clock. Between two events it stands at the end of the last one. */
  now: Ns = 0;
  /** Events run, and how many messages were sent. */
  events = 0;
  messages = 0;
  /** Whether one of its events is running; `next` is that event until it is over. */
  inside = false;

  protected readonly board: Board;
  protected readonly inbox = new Inbox();
  /** End of the last event: the clock, until the next one begins. */
  protected lastEnd: Ns = 0;
  /** What the next message, timer or step is numbered. */
  protected count = 0;
  /** Nothing begins before: its clock, or later while it is on its way out of a rest. */
  protected freeAt: Ns = 0;
  /** The event that runs, or ran last: cause of all that it begins. */
  protected eventOrigin: CpuId = -1;
  protected eventN = 0;

  constructor(id: CpuId, board: Board) {
    this.id = id;
    this.board = board;
  }

  /** Finds the next event anew: after each event of this participant and each message to it. */
  abstract plan(): void;
  /** What the next event may touch. */
  abstract kindOfNext(): EventKind;
  /**
   * An instant before which it begins no event of a kind above `quietest`, whatever it does until then;
   * later than its next event, if that one is not above. A message that it has not taken yet may come
   * sooner. Looks no further than `atMost`. KTIME_MAX: never, unless a message comes.
   */
  abstract quietUntil(quietest: EventKind, atMost: Ns): Ns;
  /** Whether the next event may be of a kind above local. Told by its own records alone, so a timer interrupt always may. */
  abstract nextIsOrdered(): boolean;
  /** Runs the next event. */
  abstract run(): void;

  /** Moves what lies in the shared list to the inbox. */
  takeMessages(): void {
    takeAll(this.board.memory, this.board.map, this.id, this.deliver);
  }

  /** Puts a message on another participant's list; it arrives one IPI delay later. */
  send(to: CpuId, kind: MessageKind, a: number, b: number): void {
    const { memory, map, decisions, ipiDelayNs, onSend, whileFull } = this.board;
    const n = this.count++;
    const due = this.now + ipiDelayNs;
    this.trace6(Event.csd_queue_cpu, to, kind, n, due);
    const nth = this.messages++;
    if (decisions.dropsMessage(this.id, to, nth)) return;
    const silent = decisions.losesDoorbell(this.id, to, nth);
    sendCsd(memory, map, this.id, to, kind, a, b, silent ? unheard(due) : due, n, this.eventN, whileFull);
    if (!silent) onSend(to, due);
  }

  /** Appends a record of at most two fields with the participant's clock. */
  trace(id: number, a: number, b = 0): void {
    this.stream.append(this, id, a, b);
  }

  /** Appends a record of three to six fields. */
  trace6(id: number, a: number, b: number, c: number, d = 0, e = 0, f = 0): void {
    this.stream.append6(this, id, a, b, c, d, e, f);
  }

  /** The clock goes to the event's start; its records begin with its key and its cause. */
  protected begin(): void {
    const { next } = this;
    this.now = next.time;
    this.inside = true;
    this.events += 1;
    this.eventOrigin = next.origin;
    this.eventN = next.n;
    this.trace6(Event.event, next.time, next.class, next.origin, next.n, next.causeOrigin, next.causeN);
  }

  /** The event is over; what it began decides what comes next. */
  protected end(): void {
    this.inside = false;
    this.lastEnd = this.now;
    this.plan();
  }

  protected planNothing(): void {
    this.next.time = KTIME_MAX;
    this.freeAt = this.now;
  }

  /** Takes the candidate as the next event if it comes before the one found so far. */
  protected consider(due: Ns, cls: EventClass, origin: CpuId, n: number, causeOrigin: CpuId, causeN: number): void {
    const { next } = this;
    if (due === KTIME_MAX) return;
    const time = Math.max(due, this.freeAt);
    if (time > next.time || (time === next.time && !precedes(cls, origin, n, next))) return;
    next.time = time;
    next.class = cls;
    next.origin = origin;
    next.n = n;
    next.causeOrigin = causeOrigin;
    next.causeN = causeN;
  }

  /** `only`: a kind of message; -1 all. */
  protected considerInbox(only = -1): void {
    const first = this.inbox.first(this.freeAt, only);
    if (first === undefined) return;
    this.consider(first.due, classOfMessage(first.kind), first.origin, first.n, first.origin, first.cause);
  }

  /** The message that is the next event. */
  protected nextMessage(): Message {
    return this.inbox.named(this.next.origin, this.next.n);
  }

  /** The same, out of the inbox. */
  protected takeNextMessage(): Message {
    const message = this.nextMessage();
    this.inbox.take(message);
    return message;
  }

  private readonly deliver = (
    kind: MessageKind, origin: CpuId, a: number, b: number, due: Ns, n: number, cause: number,
  ): void => this.inbox.put(kind, origin, a, b, due, n, cause);
}

function precedes(cls: EventClass, origin: CpuId, n: number, next: NextEvent): boolean {
  return (cls - next.class || origin - next.origin || n - next.n) < 0;
}
