/**
 * What one reader is told of one task never goes back, as far as its rule allows: `complete` never;
 * `linux` by what has just gone out of its sight, below a tick.
 *
 *      user 10 ms charged, 3 ms pending          linux: 13      complete: 13
 *      enters the kernel: the 3 ms stay pending  linux: 10 (!)  complete: 13
 */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event } from '../../../shared/events.ts';
import type { CpuId, Ns, TaskId } from '../../../shared/units.ts';
import { KeptEvents, namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription } from '../oracle.ts';
import { hiddenSystem, hiddenUser, instantOf, isRunning, Reader, READER_NAMES, runsUser, takenForWork } from '../vtime-formula.ts';

const [BY, TASK, READER, T, K, P, STATE, VTIME_UTIME, VTIME_STIME, VTIME_GTIME, UTIME, STIME, STARTTIME, STOLEN, STOLEN_SINCE] = places(
  'task_cputime', 'by', 'task', 'reader', 't', 'k', 'p', 'state', 'vtime_utime', 'vtime_stime', 'vtime_gtime',
  'utime', 'stime', 'starttime', 'stolen', 'stolen_since',
);
const [CHILD] = places('sched_process_fork', 'child');

export class ReadMonotonic extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'R-01',
    says: 'one reader of one task never sees its utime, its stime, the version or the instant go back; the linux reader by less than a ' +
      'tick, and only by what its rule hides',
    reference: 'kernel/sched/cputime.c task_cputime',
    blindTo: 'different readers that compare notes, and values that are too low from the first read on (V-02)',
    listens: ['task_cputime', 'sched_process_fork'],
  };

  /** Slot of each (reader task, task, reader) in the two below. */
  readonly #pairs = new Map<number, number>();
  readonly #last: KeptEvents[] = [];
  /** Latest instant for which a running version was evaluated, by pair. */
  readonly #tau: Ns[] = [];
  /** Lives of each record; a child of fork starts from nothing. */
  readonly #life: Uint32Array;
  readonly #lifeOfPair: number[] = [];

  constructor(facts: RunFacts) {
    super(ReadMonotonic.about, facts);
    this.#life = new Uint32Array(facts.tasks.length);
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    if (id === Event.sched_process_fork) this.#life[fields[at + CHILD]]++;
    else this.#onRead(id, cpu, t, fields, at);
  }

  #onRead(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const pair = this.#pairOf(fields[at + BY], fields[at + TASK], fields[at + READER]);
    const last = this.#last[pair];
    if (last.has(0)) {
      this.checked++;
      const back = this.#wentBack(pair, last.rows, last.at(0), fields, at);
      if (back !== undefined) this.#report(back, last, id, cpu, t, fields, at);
    }
    last.keep(0, id, cpu, t, fields, at);
    if (isRunning(fields[at + STATE])) this.#tau[pair] = Math.max(this.#tau[pair], tauOf(fields, at));
  }

  #pairOf(by: TaskId, task: TaskId, reader: number): number {
    const key = (by * this.facts.tasks.length + task) * READER_NAMES.length + reader;
    const known = this.#pairs.get(key);
    const pair = known ?? this.#last.push(new KeptEvents(1, 'task_cputime')) - 1;
    if (known === undefined) this.#pairs.set(key, pair);
    if (this.#lifeOfPair[pair] !== this.#life[task]) {
      this.#lifeOfPair[pair] = this.#life[task];
      this.#last[pair].forget(0);
      this.#tau[pair] = -1;
    }
    return pair;
  }

  #wentBack(pair: number, was: Float64Array, w: number, is: Float64Array, i: number): string | undefined {
    if (is[i + K] < was[w + K]) return `went back from version ${was[w + K]} to ${is[i + K]}`;
    if (isRunning(is[i + STATE]) && tauOf(is, i) < this.#tau[pair]) {
      return `went back from ${this.#tau[pair]} ns to ${tauOf(is, i)} ns`;
    }
    return this.#valueBack('utime', UTIME, hiddenUserOf, was, w, is, i) ?? this.#valueBack('stime', STIME, hiddenSystemOf, was, w, is, i);
  }

  /** With what the reader's rule hides added back on both sides, no value may fall; without, by less than a tick. */
  #valueBack(
    name: string, place: number, hidden: (fields: Float64Array, at: number) => Ns,
    was: Float64Array, w: number, is: Float64Array, i: number,
  ): string | undefined {
    const before = was[w + place];
    const after = is[i + place];
    if (after >= before && after + hidden(is, i) >= before + hidden(was, w)) return undefined;
    if (is[i + READER] === Reader.Complete) return `saw ${name} fall from ${before} to ${after}`;
    // a guest's time and what was pending before it go out of sight together
    const hides = place === UTIME && is[i + VTIME_GTIME] > 0 ? 2 : 1;
    const atMost = hides * this.facts.tickNs + takenOf(was, w);
    if (before - after >= atMost) return `saw ${name} fall from ${before} to ${after}, by a tick or more`;
    if (after + hidden(is, i) >= before + hidden(was, w)) return undefined;
    return `saw ${name} go from ${before} to ${after}, while ${hidden(was, w)} and then ${hidden(is, i)} were out of its ` +
      `sight: the sum fell`;
  }

  #report(back: string, last: KeptEvents, id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    this.broken(() => ({
      says: `${this.nameOf(fields[at + BY])} (${READER_NAMES[fields[at + READER]]} reader), reading ${this.nameOf(fields[at + TASK])} ` +
        `at ${last.rows[last.at(0) + T]} ns and again at ${fields[at + T]} ns, ${back}`,
      events: [last.named(0), namedEvent(id, cpu, t, fields, at)],
    }));
  }
}

// what is taken for work and was stolen is the other way round: there is less than the reader sees
const hiddenUserOf = (f: Float64Array, at: number): Ns =>
  hiddenUser(f[at + READER], f[at + STATE], f[at + VTIME_UTIME], f[at + VTIME_GTIME]) - (runsUser(f[at + STATE]) ? takenOf(f, at) : 0);
const hiddenSystemOf = (f: Float64Array, at: number): Ns =>
  hiddenSystem(f[at + READER], f[at + STATE], f[at + VTIME_STIME]) - (runsUser(f[at + STATE]) ? 0 : takenOf(f, at));
const takenOf = (f: Float64Array, at: number): Ns =>
  takenForWork(f[at + READER], f[at + STATE], f[at + STOLEN], f[at + STOLEN_SINCE], tauOf(f, at));
const tauOf = (f: Float64Array, at: number): Ns => instantOf(f[at + STARTTIME], f[at + T], f[at + P]);
