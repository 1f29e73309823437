/**
 * A task is current on one CPU at an instant, and what a switch leaves is what the CPU was running.
 *
 *      CPU 0   ... task 7 ......| task 9 ...
 *      CPU 1                  | task 7 ...          began before it had ended on CPU 0
 */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event } from '../../../shared/events.ts';
import { NOBODY, NONE, type CpuId, type Ns, type TaskId } from '../../../shared/units.ts';
import { KeptEvents, namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription, WitnessEvent } from '../oracle.ts';

const [CONTEXT_TASK] = places('context', 'task');
const [PREV, NEXT] = places('sched_switch', 'prev', 'next');

export class OneCpuAtATime extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'X-S1',
    says: 'a task is current on at most one CPU at an instant, idle tasks stay on their own, and every switch leaves the task that the ' +
      'switch before it chose',
    reference: 'kernel/sched/core.c finish_task and p->on_cpu',
    blindTo: 'which task the scheduler ought to have chosen',
    listens: ['context', 'sched_switch'],
  };

  /** What the machine's log says each CPU runs. */
  readonly #runs: Int32Array;
  /** By task: where it is current; when and by which event it last stopped being so. */
  readonly #runsOn: Int32Array;
  readonly #leftAt: Float64Array;
  readonly #left: KeptEvents;
  readonly #lastContext: KeptEvents;
  /** What the scheduler chose last on each CPU; it begins with the idle task. */
  readonly #chosen: Int32Array;
  readonly #lastSwitch: KeptEvents;

  constructor(facts: RunFacts) {
    super(OneCpuAtATime.about, facts);
    this.#runs = new Int32Array(facts.cpus).fill(NONE);
    this.#runsOn = new Int32Array(facts.tasks.length).fill(NOBODY);
    this.#leftAt = new Float64Array(facts.tasks.length);
    this.#left = new KeptEvents(facts.tasks.length, 'context');
    this.#lastContext = new KeptEvents(facts.cpus, 'context');
    this.#chosen = Int32Array.from({ length: facts.cpus }, (_, cpu) => cpu);
    this.#lastSwitch = new KeptEvents(facts.cpus, 'sched_switch');
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    if (id === Event.sched_switch) this.#onSwitch(id, cpu, t, fields, at);
    else this.#onContext(id, cpu, t, fields, at);
  }

  #onContext(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const task = fields[at + CONTEXT_TASK];
    const before = this.#runs[cpu];
    if (before !== task) {
      if (before !== NONE) this.#leave(before, id, cpu, t, fields, at);
      this.#enter(task, id, cpu, t, fields, at);
      this.#runs[cpu] = task;
    }
    this.#lastContext.keep(cpu, id, cpu, t, fields, at);
  }

  #leave(task: TaskId, id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    if (this.#runsOn[task] === cpu) this.#runsOn[task] = NOBODY;
    this.#leftAt[task] = t;
    this.#left.keep(task, id, cpu, t, fields, at);
  }

  #enter(task: TaskId, id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const other = this.#conflict(task, cpu, t);
    this.checked++;
    if (other !== undefined) {
      this.broken(() => ({
        says: `${this.nameOf(task)} begins on CPU ${cpu} at ${t} ns${other.says}`,
        events: [...(other.event ? [other.event] : []), namedEvent(id, cpu, t, fields, at)],
      }));
    }
    this.#runsOn[task] = cpu;
  }

  #conflict(task: TaskId, cpu: CpuId, t: Ns): { says: string; event?: WitnessEvent } | undefined {
    const elsewhere = this.#runsOn[task];
    if (elsewhere !== NOBODY && elsewhere !== cpu) {
      return { says: ` while it is current on CPU ${elsewhere}`, event: this.#lastContext.named(elsewhere) };
    }
    if (this.#left.has(task) && this.#leftAt[task] > t) {
      return { says: `, but ends on CPU ${this.#left.cpu(task)} only at ${this.#leftAt[task]} ns`, event: this.#left.named(task) };
    }
    return task < this.facts.cpus && task !== (cpu as number) ? { says: ': an idle task on a foreign CPU' } : undefined;
  }

  #onSwitch(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const prev = fields[at + PREV];
    const chosen = this.#chosen[cpu];
    this.checked++;
    if (prev !== chosen) {
      this.broken(() => ({
        says: `CPU ${cpu} switches away from ${this.nameOf(prev)} at ${t} ns, but it was running ${this.nameOf(chosen)}`,
        events: [...(this.#lastSwitch.has(cpu) ? [this.#lastSwitch.named(cpu)] : []), namedEvent(id, cpu, t, fields, at)],
      }));
    }
    this.#chosen[cpu] = fields[at + NEXT];
    this.#lastSwitch.keep(cpu, id, cpu, t, fields, at);
  }
}
