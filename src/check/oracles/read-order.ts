/**
 * Whoever knows of a look sees no less than that one saw: `complete` never falls, from one look to the next of one CPU, nor
 * from one CPU to another that has heard of it, by a message or by a lock. Looks that nothing orders may differ.
 *
 *      CPU 0: thread0 has 50 ms; sends to CPU 1
 *      CPU 1:                                     is told; thread0 has 49 ms (!)
 */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event } from '../../../shared/events.ts';
import type { CpuId, Ns, TaskId } from '../../../shared/units.ts';
import { HappensBefore } from '../happens-before.ts';
import { namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription } from '../oracle.ts';
import { Reader } from '../vtime-formula.ts';

const [BY, TASK, READER, T, UTIME, STIME] = places('task_cputime', 'by', 'task', 'reader', 't', 'utime', 'stime');
const [CHILD] = places('sched_process_fork', 'child');
const KINDS = [{ name: 'utime', place: UTIME }, { name: 'stime', place: STIME }];

export class ReadOrder extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'R-10',
    says: 'what complete is told of a task is no less than what was told to any look that came before it: on its own CPU, or on one of ' +
      'which a message or a lock has told it',
    reference: 'kernel/sched/cputime.c task_cputime; docs/CHECKING.md',
    blindTo: 'linux, which may step back (R-02); a holding of a lock that stands in the stream after a later one; where CPUs race, ' +
      'records that are used again',
    listens: [...HappensBefore.listens, 'task_cputime', 'sched_process_fork'],
  };

  readonly #order: HappensBefore;
  /** By task, twice: what earlier lives of its record had, so that the sum never falls; and the most that was told of it in all. */
  readonly #before: Float64Array;
  readonly #most: Float64Array;
  readonly #forks: Uint32Array;

  constructor(facts: RunFacts) {
    super(ReadOrder.about, facts);
    const values = KINDS.length * facts.tasks.length;
    this.#order = new HappensBefore(facts.cpus, values);
    this.#before = new Float64Array(values);
    this.#most = new Float64Array(values);
    this.#forks = new Uint32Array(facts.tasks.length);
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    if (id === Event.sched_process_fork) return this.#onFork(fields[at + CHILD]);
    if (id !== Event.task_cputime) return this.#order.onEvent(id, cpu, t, fields, at);
    if (fields[at + READER] === Reader.Complete) this.#onLook(id, cpu, t, fields, at);
  }

  #onFork(child: TaskId): void {
    this.#forks[child] += 1;
    for (let kind = 0; kind < KINDS.length; kind++) {
      const value = KINDS.length * child + kind;
      this.#before[value] = this.#most[value];
    }
  }

  #onLook(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const task = fields[at + TASK];
    if (this.facts.racing && this.#forks[task] > 1) return;
    this.checked++;
    KINDS.forEach(({ name, place }, kind) => {
      const value = KINDS.length * task + kind;
      const told = this.#before[value] + fields[at + place];
      const known = this.#order.knownTo(cpu, value);
      if (told < known) this.#report(name, place, known - this.#before[value], id, cpu, t, fields, at);
      this.#order.sees(cpu, value, told);
      this.#most[value] = Math.max(this.#most[value], told);
    });
  }

  #report(name: string, place: number, known: Ns, id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    this.broken(() => ({
      says: `${this.nameOf(fields[at + BY])} on CPU ${cpu} saw ${name} of ${this.nameOf(fields[at + TASK])} at ${fields[at + T]} ns as ` +
        `${fields[at + place]}; a look that came before it had seen ${known}`,
      events: [namedEvent(id, cpu, t, fields, at)],
    }));
  }
}
