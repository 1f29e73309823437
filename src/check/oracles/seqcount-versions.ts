/**
 * Every write section of a sequence leaves it even and two further on; a reader's accepted version
 * lies between the ones that it saw before and after.
 */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event } from '../../../shared/events.ts';
import type { CpuId, Ns } from '../../../shared/units.ts';
import { InVersionOrder, SEQUENCE_STEP } from '../in-version-order.ts';
import { KeptEvents, namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription, Verdict } from '../oracle.ts';

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
    says: 'every write section moves its sequence by exactly one version and leaves it even; readers accept only a version inside ' +
      'their bracket',
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

  constructor(facts: RunFacts) {
    super(SeqcountVersions.about, facts);
    this.#k = new Float64Array(facts.tasks.length);
    this.#published = new KeptEvents(facts.tasks.length, 'vtime_publish');
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    switch (id) {
      case Event.vtime_publish: return this.#onPublish(id, cpu, t, fields, at);
      case Event.task_cputime: return this.#onRead(id, cpu, t, fields, at);
      case Event.jiffies_update: return this.#global[JIFFIES].order.take(fields[at + JIFFIES_VERSION], id, cpu, t, fields, at);
      case Event.timekeeping_update: return this.#global[TIMEKEEPER].order.take(fields[at + TIMEKEEPER_VERSION], id, cpu, t, fields, at);
    }
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

  #judgeGlobal(which: number, id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const sequence = this.#global[which];
    const version = fields[at + (which === JIFFIES ? JIFFIES_VERSION : TIMEKEEPER_VERSION)];
    const { last } = sequence;
    this.checked++;
    if (version % 2 !== 0 || (last >= 0 && version !== last + SEQUENCE_STEP)) {
      this.broken(() => ({
        says: version % 2 !== 0
          ? `${SEQUENCE_NAMES[which]} is odd (${version}) after a write section: a reader would wait for ever`
          : `${SEQUENCE_NAMES[which]} went from ${last} to ${version}; exactly ${last + SEQUENCE_STEP} may follow`,
        events: [...(last >= 0 ? [sequence.kept.named(0)] : []), namedEvent(id, cpu, t, fields, at)],
      }));
    }
    sequence.last = version;
    sequence.kept.keep(0, id, cpu, t, fields, at);
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

  constructor(judge: (id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number) => void) {
    this.order = new InVersionOrder(judge);
  }
}
