/**
 * What the threads engine shares beside the machine itself: how far each participant has come, which
 * window is open, the baton of a cut, and the rings that carry the participants' records to whoever
 * merges them. The inline engine leaves all of it alone.
 */
import { anyWriter, long, struct, word, type ViewOf } from '../memory/struct.ts';
import type { CpuId, Ns, TaskId } from '../units.ts';

/**
 * Where one participant stands: a CPU, or the coordinator, which is number `cpus`. It is written by
 * its participant alone, inside a window or while it arrives; the one who opens the next window reads
 * all of them.
 */
export const Standing = struct(
  'standing',
  {
    promise: long<Ns>('it stores nothing stamped earlier; never decreases'),
    announced: anyWriter(long<Ns>('earliest due time of messages that it may not have taken yet; lowered by senders')),
    nextTime: long<Ns>('start of its next event; KTIME_MAX when there is none'),
    nextN: long('key of that event: the origin’s count'),
    nextClass: word('key of that event: its class'),
    nextOrigin: word<CpuId>('key of that event: who began it'),
    nextOrdered: word('1: that event is itself one that must be ordered'),
    orderedFrom: long<Ns>('it starts no ordered event earlier'),
    now: long<Ns>('its clock: the end of its last event'),
    lastStart: long<Ns>('start of the event that it runs or ran last'),
    spunIn: long<Ns>('start of the last event in which it has waited long for another’s section'),
    events: long('events run'),
    turn: anyWriter(word('number of the last window that it was asked to take part in')),
    left: word('number of the last window that it was done with; -1 until it has joined'),
  },
  { writer: 'owning cpu' },
);
export type Standing = ViewOf<typeof Standing>;

/** What whoever takes part in a window does. */
export const WindowMode = {
  /** nobody has opened one yet */
  None: 0,
  /** events before the horizon, as far as each may start */
  Run: 1,
  /** lockstep: the one participant whose ordered event comes first runs up to the horizon */
  Turn: 2,
  /** the run is over */
  Stop: 3,
} as const;
export type WindowMode = (typeof WindowMode)[keyof typeof WindowMode];

/** The window that is open. Written by the one who opens it, while everybody else waits. */
export const WindowPage = struct(
  'window',
  {
    arrived: word('participants of this window that are done with it'),
    expected: word('participants of this window'),
    number: word('how many windows have been opened, wrapping'),
    mode: word<WindowMode>('what they do'),
    horizon: long<Ns>('no event starts at this instant or later'),
    horizonClass: word('lockstep: rest of the key that ends the window; -1: before all events of that instant'),
    horizonCpu: word<CpuId>('lockstep: the same'),
    horizonOrigin: word<CpuId>('lockstep: the same'),
    horizonN: long('lockstep: the same'),
    reached: long<Ns>('everything before this instant is done and recorded, by everybody'),
    limit: long<Ns>('no window goes further; the coordinator moves it'),
    parked: word('1: the limit is reached, and nobody has a window to take part in'),
    end: long<Ns>('the instant at which a stopped run ends'),
    stopped: word('participants that have stopped: a count of its own, or a stop would be taken for an arrival'),
    inBatch: word('participants that are inside their batch of events at this moment'),
    overlapping: long('windows that have seen two of them there at once'),
    overlapSeen: word('number of the last such window'),
    opened: long('windows opened'),
    ping: word('start-up: CPU 0 waits here for CPU 1, to measure a hand-over'),
    pong: word('start-up: the other way round'),
    spinLoads: word('how often a thread looks for its turn before it sleeps'),
  },
  { writer: 'any cpu' },
);
export type WindowPage = ViewOf<typeof WindowPage>;

/** What a cut asks of another CPU's thread. */
export const BatonKind = { Look: 0, Event: 1 } as const;
export type BatonKind = (typeof BatonKind)[keyof typeof BatonKind];

/** Lockstep: a cut inside one CPU's event lets another CPU's thread do something, and waits for it. */
export const Baton = struct(
  'baton',
  {
    to: word<CpuId>('whose turn it is; -1 when nobody holds it'),
    kind: word<BatonKind>('what it does'),
    task: word<TaskId>('Look: the reader'),
    read: word('Look: which of the workload’s reads'),
    nth: word('Look: which look of it'),
    at: long<Ns>('Look: the clock of the CPU whose event is cut'),
    done: word('the answer: 1 done, 2 it would have to wait, 3 there was nothing to do; 0 none yet'),
    from: word<CpuId>('who waits for the answer'),
  },
  { writer: 'any cpu' },
);
export type Baton = ViewOf<typeof Baton>;

/**
 * Control cells of a ring of doubles from one participant to the thread that merges. The doubles lie in
 * memory of their own: they change hands by `head` and `tail`, and no two threads ever touch one at a time.
 */
export const StreamRing = struct(
  'stream_ring',
  {
    head: long('doubles written since the start; stored by the participant after it wrote them'),
    tail: anyWriter(long('doubles read; stored by the reader after it copied them')),
    room: anyWriter(word('bell: rung by the reader when it has made room')),
    full: word('1 while the participant sleeps on it'),
  },
  { writer: 'owning cpu' },
);
export type StreamRing = ViewOf<typeof StreamRing>;
