/**
 * Every write section of a sequence leaves it even and two further on; a reader's accepted version
 * lies between the ones that it saw before and after. Time goes on from version to version: the lock
 * around a sequence, or the message that hands a task over, moves the next writer's clock along.
 */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event } from '../../../shared/events.ts';
import type { CpuId, Ns } from '../../../shared/units.ts';
import { InVersionOrder, SEQUENCE_STEP, type AcceptRow } from '../in-version-order.ts';
import { KeptEvents, namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription, Verdict } from '../oracle.ts';
import { RaceBound } from '../race-bound.ts';

const [JIFFIES_VERSION] = places('jiffies_update', 'version');
const [TIMEKEEPER_VERSION] = places('timekeeping_update', 'version');
const [PUBLISH_TASK, PUBLISH_K] = places('vtime_publish', 'task', 'k');
const [READ_BY, READ_TASK, K0, K1, K] = places('task_cputime', 'by', 'task', 'k0', 'k1', 'k');

const JIFFIES = 0;
const TIMEKEEPER = 1;
const SEQUENCE_NAMES = ['jiffies_seq', 'tk_core.seq'];

export class SeqcountVersions extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'G-01',
    says: 'every write section moves its sequence by exactly one version, later than the version before, and leaves it even; readers ' +
      'accept only a version inside their bracket',
    reference: 'include/linux/seqlock.h write_seqcount_begin',
    blindTo: 'sections that publish no event, and what is stored inside a section',
    listens: ['vtime_publish', 'jiffies_update', 'timekeeping_update', 'task_cputime'],
  };

  /** Newest version of each task's vtime record; 0 is the record as the machine booted with it. */
  readonly #k: Float64Array;
  readonly #published: KeptEvents;
  readonly #global = [
    new SequenceFollower(this.#judgeGlobal.bind(this, JIFFIES)),
    new SequenceFollower(this.#judgeGlobal.bind(this, TIMEKEEPER)),
  ];
  readonly #bound: RaceBound;

  constructor(facts: RunFacts) {
    super(SeqcountVersions.about, facts, ['event']);
    this.#bound = new RaceBound(facts);
    this.#k = new Float64Array(facts.tasks.length);
    this.#published = new KeptEvents(facts.tasks.length, 'vtime_publish');
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    switch (id) {
      case Event.vtime_publish: return this.#onPublish(id, cpu, t, fields, at);
      case Event.task_cputime: return this.#onRead(id, cpu, t, fields, at);
      case Event.event: return this.#bound.onBegin(cpu, fields, at);
      case Event.jiffies_update: return this.#take(JIFFIES, fields[at + JIFFIES_VERSION], id, cpu, t, fields, at);
      case Event.timekeeping_update: return this.#take(TIMEKEEPER, fields[at + TIMEKEEPER_VERSION], id, cpu, t, fields, at);
    }
  }

  #take(which: number, version: number, id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    this.#global[which].order.take(version, this.#bound.startOf(cpu, t), id, cpu, t, fields, at);
  }

  override finish(): Verdict {
    for (const sequence of this.#global) sequence.order.flush();
    return this.verdict();
  }

  #onPublish(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const task = fields[at + PUBLISH_TASK];
    const k = fields[at + PUBLISH_K];
    const before = this.#k[task];
    this.checked++;
    if (k !== before + 1) {
      this.broken(() => ({
        says: `vtime of ${this.nameOf(task)} went from version ${before} to ${k} in one write section; exactly ${before + 1} may follow`,
        events: [...this.#lastPublish(task), namedEvent(id, cpu, t, fields, at)],
      }));
    }
    if (this.#published.has(task) && t < this.#published.t(task)) {
      this.broken(() => ({
        says: `version ${k} of ${this.nameOf(task)}'s vtime is published at ${t} ns, before the version before it, at ` +
          `${this.#published.t(task)} ns`,
        events: [...this.#lastPublish(task), namedEvent(id, cpu, t, fields, at)],
      }));
    }
    this.#k[task] = k;
    this.#published.keep(task, id, cpu, t, fields, at);
  }

  #onRead(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const k = fields[at + K];
    const k0 = fields[at + K0];
    const k1 = fields[at + K1];
    this.checked++;
    if (k >= k0 && k <= k1) return;
    const task = fields[at + READ_TASK];
    this.broken(() => ({
      says: `${this.nameOf(fields[at + READ_BY])} accepted version ${k} of ${this.nameOf(task)}'s vtime outside its bracket ${k0} .. ${k1}`,
      events: [...this.#lastPublish(task), namedEvent(id, cpu, t, fields, at)],
    }));
  }

  #judgeGlobal(which: number, id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number, start: Ns): void {
    const sequence = this.#global[which];
    const version = fields[at + (which === JIFFIES ? JIFFIES_VERSION : TIMEKEEPER_VERSION)];
    const wrong = this.#wrong(sequence, version, t, start);
    this.checked++;
    if (wrong !== undefined) {
      this.broken(() => ({
        says: `${SEQUENCE_NAMES[which]} ${wrong}`,
        events: [...(sequence.last >= 0 ? [sequence.kept.named(0)] : []), namedEvent(id, cpu, t, fields, at)],
      }));
    }
    sequence.last = version;
    sequence.start = start;
    sequence.kept.keep(0, id, cpu, t, fields, at);
  }

  #wrong({ last, start: before, kept }: SequenceFollower, version: number, t: Ns, start: Ns): string | undefined {
    if (version % 2 !== 0) return `is odd (${version}) after a write section: a reader would wait for ever`;
    if (last < 0) return undefined;
    if (version !== last + SEQUENCE_STEP) return `went from ${last} to ${version}; exactly ${last + SEQUENCE_STEP} may follow`;
    if (t < kept.t(0)) return `went from ${last} to ${version} at ${t} ns, but to ${last} only at ${kept.t(0)} ns: its lock hands time on`;
    const order = this.#bound.outOfOrder(before, start);
    return order === undefined ? undefined : `went from ${last} to ${version} ${order}`;
  }

  #lastPublish(task: number) {
    return this.#published.has(task) ? [this.#published.named(task)] : [];
  }
}

/** One global sequence: its rows in order, and the last of them. */
class SequenceFollower {
  readonly order: InVersionOrder;
  readonly kept = new KeptEvents(1, 'jiffies_update', 'timekeeping_update');
  last = -1;
  /** When the event began that wrote the last of them. */
  start: Ns = 0;

  constructor(judge: AcceptRow) {
    this.order = new InVersionOrder(judge);
  }
}
