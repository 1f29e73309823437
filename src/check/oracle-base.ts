/** What every oracle has: its description, its counts, and the first contradiction that it met. */
import type { EventConsumer, RunFacts } from '../../shared/event-consumer.ts';
import type { EventName } from '../../shared/events.ts';
import type { CpuId, Ns, TaskId } from '../../shared/units.ts';
import type { Oracle, OracleDescription, Verdict, Witness } from './oracle.ts';

export abstract class OracleBase implements Oracle, EventConsumer {
  readonly id: string;
  readonly says: string;
  readonly reference: string;
  readonly blindTo: string;
  readonly listens: readonly EventName[];
  protected readonly facts: RunFacts;
  /** How often the property was put to the test. */
  protected checked = 0;
  /** Looks of readers of which nobody can say whether they were right. */
  protected unjudged = 0;
  #violations = 0;
  #witness: Witness | undefined;

  /** `whereRacing`: what it asks for besides where CPUs race. */
  constructor(about: OracleDescription, facts: RunFacts, whereRacing: readonly EventName[] = []) {
    this.id = about.id;
    this.says = about.says;
    this.reference = about.reference;
    this.blindTo = about.blindTo;
    this.listens = facts.racing ? [...about.listens, ...whereRacing] : about.listens;
    this.facts = facts;
  }

  abstract onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void;

  finish(_end: Ns): Verdict {
    return this.verdict();
  }

  /** Notes a violation. Only the first is described: it is the nearest to the cause, and a broken run may have millions. */
  protected broken(describe: () => Witness): void {
    this.#violations++;
    this.#witness ??= describe();
  }

  protected verdict(): Verdict {
    return this.unjudged === 0 ? this.#judgement() : { ...this.#judgement(), unjudged: this.unjudged };
  }

  #judgement(): Verdict {
    const { checked } = this;
    if (this.#witness) return { verdict: 'broken', checked, violations: this.#violations, witness: this.#witness };
    return checked === 0 ? { verdict: 'not exercised' } : { verdict: 'held', checked };
  }

  /** A task as a person knows it. */
  protected nameOf(task: TaskId): string {
    return this.facts.tasks[task]?.name ?? `task ${task}`;
  }
}
