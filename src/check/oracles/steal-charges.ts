/**
 * Stolen time is charged once, and no more of it than has passed; and nothing that is ever recorded is less than nothing. A
 * steal clock that began anew, taken for the one before, would say of the difference that it is huge.
 */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { EVENTS, Event, Mode } from '../../../shared/events.ts';
import type { CpuId, Ns } from '../../../shared/units.ts';
import { namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription } from '../oracle.ts';

const [MODE] = places('context', 'mode');
const [STEAL, FRESH] = places('account_steal_time', 'steal', 'fresh');
const FINALS = ['kcpustat_final', 'task_final'] as const;

export class StealCharges extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'A-08',
    says: 'what a CPU charges as stolen is at most what its steal clock has gained, all of it at most what was really stolen from it, ' +
      'and no account ends below zero',
    reference: 'kernel/sched/cputime.c steal_account_process_time',
    blindTo: 'what is never charged (C-07)',
    listens: ['context', 'account_steal_time', ...FINALS],
  };

  readonly #stolen: Float64Array;
  readonly #since: Float64Array;
  readonly #charged: Float64Array;

  constructor(facts: RunFacts) {
    super(StealCharges.about, facts);
    this.#stolen = new Float64Array(facts.cpus);
    this.#since = new Float64Array(facts.cpus).fill(-1);
    this.#charged = new Float64Array(facts.cpus);
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    switch (id) {
      case Event.context: return this.#onContext(cpu, t, fields[at + MODE]);
      case Event.account_steal_time: return this.#onCharge(id, cpu, t, fields, at);
      default: return this.#onFinal(id, cpu, t, fields, at);
    }
  }

  #onContext(cpu: CpuId, t: Ns, mode: number): void {
    if (this.#since[cpu] >= 0) this.#stolen[cpu] += t - this.#since[cpu];
    this.#since[cpu] = mode === Mode.Steal ? t : -1;
  }

  #onCharge(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const steal = fields[at + STEAL];
    this.#charged[cpu] += steal;
    const really = this.#stolen[cpu] + (this.#since[cpu] >= 0 ? t - this.#since[cpu] : 0);
    this.checked++;
    if (steal >= 0 && steal <= fields[at + FRESH] && this.#charged[cpu] <= really) return;
    this.broken(() => ({
      says: `CPU ${cpu} charges ${steal} ns as stolen at ${t} ns, of ${fields[at + FRESH]} that its steal clock has gained; ${really} ns ` +
        `were really stolen from it so far, and ${this.#charged[cpu]} are charged now`,
      events: [namedEvent(id, cpu, t, fields, at)],
    }));
  }

  /** Counts are no times, and ids may be -1. */
  #onFinal(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const names = EVENTS[id].fields;
    for (let i = 0; i < names.length; i++) {
      if (names[i].type !== 'ns' || fields[at + i] >= 0) continue;
      this.broken(() => ({
        says: `${names[i].name} of ${id === Event.task_final ? this.nameOf(fields[at]) : `CPU ${cpu}`} ends at ${fields[at + i]} ns`,
        events: [namedEvent(id, cpu, t, fields, at)],
      }));
    }
  }
}
