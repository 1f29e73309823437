/**
 * Runs a machine on the inline engine event by event and holds every CPU to what its lookahead has said:
 * after each event all of them are asked, as local events, so that memory refuses a look at foreign records.
 */
import { LimitReached } from '../../shared/assert.ts';
import { EventClass } from '../../shared/events.ts';
import { EventKind } from '../../shared/memory/guards.ts';
import type { PlainMemory } from '../../shared/memory/plain-memory.ts';
import { KTIME_MAX, type Ns } from '../../shared/units.ts';
import type { InlineEngine } from '../../src/engine/inline-engine.ts';
import type { Inbox } from '../../src/machine/inbox.ts';
import type { SimCpu } from '../../src/machine/sim-cpu.ts';

/** The kinds up to which an engine lets a CPU go unasked. */
const QUIETEST = [EventKind.Local, EventKind.Reading] as const;
const NAMES = ['local', 'reading', 'interacting'];

/** What one CPU has said, and what it is about to do. */
interface Watched {
  readonly cpu: SimCpu;
  /** By `QUIETEST`: the latest instant that it has ever said and no message has lowered since. */
  readonly until: Ns[];
  /** The same: what it said first after its last event above; -1: it has not been asked since. */
  readonly first: Ns[];
  /** Names of all that was sent to it. */
  readonly messages: Set<string>;
  events: number;
  time: Ns;
  class: number;
  kind: EventKind;
}

export class LookaheadWatch {
  readonly complaints: string[] = [];
  /** By `QUIETEST`: events above that kind, and those whose instant was told to the ns when the one before was over. */
  readonly above = QUIETEST.map(() => 0);
  readonly foreseen = QUIETEST.map(() => 0);
  private readonly engine: InlineEngine;
  private readonly memory: PlainMemory;
  private readonly watched: readonly Watched[];

  constructor(engine: InlineEngine) {
    this.engine = engine;
    this.memory = engine.image.memory as PlainMemory;
    this.watched = engine.cpus.map((cpu) => ({
      cpu, until: QUIETEST.map(() => 0), first: QUIETEST.map(() => -1), messages: new Set(),
      events: 0, time: KTIME_MAX, class: 0, kind: EventKind.Interacting,
    }));
  }

  /** Runs to the limit, or so many events. */
  run(most = Infinity): this {
    for (let i = 0; i < most; i++) {
      for (const one of this.watched) this.note(one);
      if (this.runOne()) break;
      for (const one of this.watched) this.check(one);
      for (const one of this.watched) this.ask(one);
    }
    return this;
  }

  /** Returns whether the run is over: a machine that has reached a limit of its own has done nothing wrong. */
  private runOne(): boolean {
    try {
      return this.engine.run(1) !== undefined;
    } catch (thrown) {
      if (thrown instanceof LimitReached) return true;
      throw thrown;
    }
  }

  /** What the CPU would do next. */
  private note(one: Watched): void {
    const { next, events } = one.cpu;
    one.events = events;
    one.time = next.time;
    one.class = next.class;
    if (next.time === KTIME_MAX) return;
    this.memory.runAs(one.cpu.id, EventKind.Reading);
    one.kind = one.cpu.kindOfNext();
  }

  /** If it was this CPU that ran: not before it was allowed to. */
  private check(one: Watched): void {
    const { cpu, until, first, time, kind } = one;
    if (cpu.events === one.events) return;
    QUIETEST.forEach((quietest, i) => {
      if (kind <= quietest) return;
      this.above[i]! += 1;
      if (first[i] === time) this.foreseen[i]! += 1;
      first[i] = -1;
      if (time >= until[i]!) return;
      this.complain(one, `begins what is ${NAMES[kind]} (class ${one.class}) at ${time}; it said ${NAMES[quietest]} until ${until[i]}`);
    });
  }

  private ask(one: Watched): void {
    const { cpu, until, first } = one;
    this.memory.runAs(cpu.id, EventKind.Local);
    const told = QUIETEST.map((quietest) => cpu.quietUntil(quietest, KTIME_MAX));
    this.askNearer(one, told);
    this.checkNext(one, told);
    const message = firstNewDue(one);
    told.forEach((ns, i) => {
      until[i] = Math.max(ns, Math.min(until[i]!, message));
      if (first[i] === -1) first[i] = ns;
    });
  }

  /** Asked for less, it may say less, but not less than it was asked for. */
  private askNearer(one: Watched, told: readonly Ns[]): void {
    const atMost = one.cpu.next.time + 1 + (one.cpu.events * 7_919) % 100_000;
    QUIETEST.forEach((quietest, i) => {
      const near = one.cpu.quietUntil(quietest, atMost);
      if (near > told[i]! || near < Math.min(told[i]!, atMost)) this.complain(one, `says ${near} up to ${atMost} and ${told[i]} at all`);
    });
  }

  /** An event that is quiet leaves something to do in peace, or the engine would stand still. */
  private checkNext(one: Watched, told: readonly Ns[]): void {
    const { cpu } = one;
    const { time, class: cls } = cpu.next;
    if (time === KTIME_MAX) return;
    const ordered = cpu.nextIsOrdered();
    this.memory.runAs(cpu.id, EventKind.Reading);
    const kind = cpu.kindOfNext();
    if (!ordered && kind !== EventKind.Local) this.complain(one, `has a ${NAMES[kind]} event to come and says that it needs no order`);
    QUIETEST.forEach((quietest, i) => {
      const mayRun = kind <= quietest && cls === EventClass.Step;
      if (mayRun ? told[i]! > time : told[i] === time) return;
      this.complain(one, `is ${NAMES[quietest]} until ${told[i]}, its next event is ${NAMES[kind]} at ${time}`);
    });
  }

  private complain({ cpu }: Watched, what: string): void {
    this.complaints.push(`CPU ${cpu.id} at ${cpu.now}: ${what}`);
  }
}

/** When the first message arrives of those that have been sent since the CPU was asked last. */
function firstNewDue({ cpu, messages }: Watched): Ns {
  const { inbox } = cpu as unknown as { readonly inbox: Inbox };
  let first = KTIME_MAX;
  for (const { origin, n, due } of inbox.waiting) {
    const name = `${origin} ${n}`;
    if (!messages.has(name)) first = Math.min(first, due);
    messages.add(name);
  }
  return first;
}
