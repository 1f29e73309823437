/**
 * Softirqs run a bounded number of rounds at a time, and none that was raised is left lying.
 *
 *      round 1   TIMER  SCHED
 *      round 2   TIMER                 not after the last one: a new round
 *      ...
 *      round 10  TIMER                 the rest is ksoftirqd's
 */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event, Mode } from '../../../shared/events.ts';
import { MAX_SOFTIRQ_RESTART } from '../../../shared/limits.ts';
import { NR_SOFTIRQS } from '../../../shared/structs/cpu.ts';
import { NONE, type CpuId, type Ns } from '../../../shared/units.ts';
import { namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription, Verdict } from '../oracle.ts';

const [RAISED] = places('softirq_raise', 'vec');
const [ENTERED] = places('softirq_entry', 'vec');
const [MODE] = places('context', 'mode');
const [WOKEN] = places('sched_wakeup', 'task');
const [PREV, PREV_STATE] = places('sched_switch', 'prev', 'prev_state');

/** Ticks that may come before a softirq is run whose CPU has been busy with something else. */
const TICKS_LATE = 2;

export class SoftirqLimits extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'S-03',
    says: `softirqs run at most ${MAX_SOFTIRQ_RESTART} rounds at a time, and one that was raised runs within ${TICKS_LATE} ticks unless ` +
      'ksoftirqd has it to do and waits for its turn',
    reference: 'kernel/softirq.c handle_softirqs, MAX_SOFTIRQ_RESTART',
    blindTo: 'a new round that begins with a higher number than the last one ended with',
    listens: ['softirq_raise', 'softirq_entry', 'context', 'sched_wakeup', 'sched_switch'],
  };

  /** Of the run under way: the number that ran last, and its rounds. */
  readonly #last: Int32Array;
  readonly #rounds: Int32Array;
  /** By CPU and number: when it was raised and has not run since; -1: it is not pending. */
  readonly #raisedAt: Float64Array;
  /** By task: the CPU whose ksoftirqd it is; and by CPU whether that is awake. */
  readonly #threadOf: Int32Array;
  readonly #awake: Uint8Array;

  constructor(facts: RunFacts) {
    super(SoftirqLimits.about, facts);
    this.#last = new Int32Array(facts.cpus).fill(NONE);
    this.#rounds = new Int32Array(facts.cpus);
    this.#raisedAt = new Float64Array(facts.cpus * NR_SOFTIRQS).fill(-1);
    this.#threadOf = Int32Array.from(facts.tasks, ({ name }) => {
      const cpu = /^ksoftirqd\/(\d+)$/.exec(name)?.[1];
      return cpu === undefined ? NONE : Number(cpu);
    });
    this.#awake = new Uint8Array(facts.cpus);
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    switch (id) {
      case Event.softirq_raise: return this.#onRaise(cpu, t, fields[at + RAISED]);
      case Event.softirq_entry: return this.#onEntry(id, cpu, t, fields, at);
      case Event.context: return this.#onContext(cpu, fields[at + MODE]);
      case Event.sched_wakeup: return this.#onThread(fields[at + WOKEN], 1);
      default: if (fields[at + PREV_STATE] !== 0) this.#onThread(fields[at + PREV], 0);
    }
  }

  override finish(end: Ns): Verdict {
    for (let cpu = 0; cpu < this.facts.cpus; cpu++) {
      for (let vec = 0; vec < NR_SOFTIRQS; vec++) this.#judgeWait(cpu, vec, end, 'has not run when the run ends');
    }
    return this.verdict();
  }

  #onRaise(cpu: CpuId, t: Ns, vec: number): void {
    if (this.#raisedAt[cpu * NR_SOFTIRQS + vec] < 0) this.#raisedAt[cpu * NR_SOFTIRQS + vec] = t;
  }

  #onContext(cpu: CpuId, mode: number): void {
    if (mode !== Mode.Softirq) return;
    this.#rounds[cpu] = 1;
    this.#last[cpu] = NONE;
  }

  #onEntry(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const vec = fields[at + ENTERED];
    this.checked++;
    if (vec <= this.#last[cpu]) this.#rounds[cpu]++;
    this.#last[cpu] = vec;
    if (this.#rounds[cpu] > MAX_SOFTIRQ_RESTART) {
      this.broken(() => ({
        says: `CPU ${cpu} at ${t} ns begins round ${this.#rounds[cpu]} of its softirqs, of which ${MAX_SOFTIRQ_RESTART} are ` +
          'allowed at a time',
        events: [namedEvent(id, cpu, t, fields, at)],
      }));
    }
    this.#judgeWait(cpu, vec, t, 'runs only now');
    this.#raisedAt[cpu * NR_SOFTIRQS + vec] = -1;
  }

  #judgeWait(cpu: CpuId, vec: number, t: Ns, how: string): void {
    const raised = this.#raisedAt[cpu * NR_SOFTIRQS + vec];
    if (raised < 0 || this.#awake[cpu] === 1 || t - raised <= TICKS_LATE * this.facts.tickNs) return;
    this.broken(() => ({ says: `softirq ${vec} of CPU ${cpu}, raised at ${raised} ns, ${how}, at ${t} ns`, events: [] }));
  }

  #onThread(task: number, awake: number): void {
    const cpu = this.#threadOf[task] ?? NONE;
    if (cpu !== NONE) this.#awake[cpu] = awake;
  }
}
