/**
 * One step of a strand: what it does next, and what it does after each result that this may have. The
 * steps of a strand form a tree, which is all that is ever known of its code.
 *
 *      load seq -- 0 --> load utime -- 10 --> load seq ...
 *                                   -- 20 --> load seq ...
 *               -- 1 --> load seq, when something changed
 */

export const Op = {
  Load: 0, Store: 1, Add: 2, Or: 3, And: 4, Exchange: 5, Cas: 6,
  LoadLong: 7, StoreLong: 8, AddLong: 9, ExchangeLong: 10, CasLong: 11,
  /** not atomic: only a test's memory issues them */
  PlainLoad: 12, PlainStore: 13,
  Wait: 14,
  /** a strand that sleeps: the step is its time-out */
  Asleep: 15,
  Notify: 16,
  /** touch no cell */
  Choose: 17, MaskIrqs: 18, UnmaskIrqs: 19,
  /** no steps: its ends */
  Done: 20, Thrown: 21,
} as const;
export type Op = (typeof Op)[keyof typeof Op];

const OPS = 22;
/** `at` of a step that touches no cell. */
export const NO_CELL = -1;

/** What an operation does to its cell. */
export const READS = 1;
export const WRITES = 2;
/** It changes who sleeps there, or whom a later step wakes. */
export const QUEUES = 4;
/** 64 bits. */
export const WIDE = 8;
/** Not atomic. */
export const PLAIN = 16;

const BOTH = READS | WRITES;

export const TRAITS: Readonly<Uint8Array> = Uint8Array.from([
  READS, WRITES, BOTH, BOTH, BOTH, BOTH, BOTH,
  READS | WIDE, WRITES | WIDE, BOTH | WIDE, BOTH | WIDE, BOTH | WIDE,
  READS | PLAIN, WRITES | PLAIN,
  READS | QUEUES, QUEUES, QUEUES,
  0, 0, 0, 0, 0,
]);

/** By two operations on one cell: whether their order matters to anybody. */
const CONFLICTS = Uint8Array.from({ length: OPS * OPS }, (_, i) => {
  const [a, b] = [TRAITS[Math.floor(i / OPS)]!, TRAITS[i % OPS]!];
  const overValue = (a & BOTH) !== 0 && (b & BOTH) !== 0 && ((a | b) & WRITES) !== 0;
  return Number(overValue || (a & b & QUEUES) !== 0);
});

/** What `wait` returns, by the number in the log. */
export const WAIT_RESULTS = ['ok', 'not-equal', 'timed-out'] as const;
export const WaitResult = { Ok: 0, NotEqual: 1, TimedOut: 2 } as const;

export class Step {
  readonly op: Op;
  readonly at: number;
  /** Operand; of `wait` the time-out; of `choose` how many options there are. */
  readonly value: number;
  /** Of `cas` and `wait`. */
  readonly expected: number;
  /** It called `relax` before: it can go on only when a cell that it read since its last `relax` has changed. */
  readonly relaxed: boolean;
  /** Of `choose`: what is chosen. */
  readonly label: string;
  /** Of `Done`: what the strand returned; of `Thrown`: what it threw. */
  readonly outcome: unknown;
  /** Of `wait`: what it is while it sleeps. */
  readonly asleep: Step | undefined;
  /** Tells it from all other steps of its tree; of a sleep it is that of the `wait`, below 0. */
  number = 0;
  private text: string | undefined;
  /** The result that was followed first, kept apart since most steps have but one. */
  private result = 0;
  private next: Step | undefined;
  private others: Map<number, Step> | undefined;

  constructor(op: Op, at: number, value: number, expected: number, relaxed: boolean, label = '', outcome?: unknown) {
    this.op = op;
    this.at = at;
    this.value = value;
    this.expected = expected;
    this.relaxed = relaxed;
    this.label = label;
    this.outcome = outcome;
    this.asleep = op === Op.Wait ? new Step(Op.Asleep, at, value, expected, false) : undefined;
  }

  static end(op: typeof Op.Done | typeof Op.Thrown, outcome: unknown): Step {
    return new Step(op, NO_CELL, 0, 0, false, '', outcome);
  }

  /** What comes after `result`, as far as it is known. */
  after(result: number): Step | undefined {
    return this.result === result && this.next !== undefined ? this.next : this.others?.get(result);
  }

  learn(result: number, step: Step): void {
    if (this.next === undefined) {
      this.result = result;
      this.next = step;
    } else {
      (this.others ??= new Map()).set(result, step);
    }
  }

  numberAs(number: number): void {
    this.number = number;
    if (this.asleep !== undefined) this.asleep.number = -number;
  }

  forget(): void {
    this.next = undefined;
    this.others = undefined;
    this.asleep?.forget();
  }

  /** Of an end: its outcome, to compare and to print. */
  get outcomeText(): string {
    return (this.text ??= this.op === Op.Done ? JSON.stringify(this.outcome) ?? '-' : this.op === Op.Thrown ? String(this.outcome) : '...');
  }

  /** Whether the code behind both would do the same thing next. */
  means(other: Step): boolean {
    return this.op === other.op && this.at === other.at && Object.is(this.value, other.value)
      && this.expected === other.expected && this.relaxed === other.relaxed && this.label === other.label;
  }
}

/** Whether the strand has no step left. */
export function isEnd(step: Step): boolean {
  return step.op >= Op.Done;
}

/** Whether two steps of different CPUs must be tried in both orders. */
export function conflict(a: Step, b: Step): boolean {
  return a.at === b.at && a.at !== NO_CELL && CONFLICTS[a.op * OPS + b.op] !== 0;
}
