/**
 * The virtual clock of a task moves only along these edges, and only the CPU that runs the task (or
 * just did) writes it:
 *
 *                 switch in              user_enter
 *      Inactive ------------->  Sys  ------------->  User
 *               <-------------       <-------------
 *                 switch out             user_exit
 *
 * A guest hangs on Sys as user mode does, but may be switched out; an idle task knows Idle and
 * Inactive only. Sys to Sys and Guest to Guest are flushes.
 */
import { tracksContexts } from '../../../shared/cputime-flavour.ts';
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event } from '../../../shared/events.ts';
import { VtimeState } from '../../../shared/structs/task.ts';
import { NOBODY, type CpuId, type Ns, type TaskId } from '../../../shared/units.ts';
import { KeptEvents, namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription } from '../oracle.ts';

const [TASK, STATE, CPU, STOLEN, STOLEN_SINCE] = places('vtime_publish', 'task', 'state', 'cpu', 'stolen', 'stolen_since');
const [CHILD] = places('sched_process_fork', 'child');
const STATE_NAMES = Object.keys(VtimeState);

const { Inactive, Idle, Sys, User, Guest } = VtimeState;
// table: from state -> states that may follow
const MAY_FOLLOW: readonly (readonly number[])[] = [
  /* Inactive */ [Idle, Sys, Guest],
  /* Idle */ [Idle, Inactive],
  /* Sys */ [Sys, User, Guest, Inactive],
  /* User */ [Sys],
  /* Guest */ [Sys, Guest, Inactive],
];

export class VtimeStates extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'C-01',
    says: 'a task’s vtime changes state only along the edges of Linux’s hooks, and only its own CPU writes it, where contexts are tracked',
    reference: 'kernel/sched/cputime.c vtime_task_switch_generic and its siblings',
    blindTo: 'whether the state is that of the CPU’s real context (V-01 sees that by the values)',
    listens: ['vtime_publish', 'sched_process_fork'],
  };

  readonly #last: KeptEvents;
  /** 1 from a task's fork to its first version, which may empty the record that an earlier life has left. */
  readonly #newborn: Uint8Array;

  constructor(facts: RunFacts) {
    super(VtimeStates.about, facts);
    this.#last = new KeptEvents(facts.tasks.length, 'vtime_publish');
    this.#newborn = new Uint8Array(facts.tasks.length);
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    if (id === Event.sched_process_fork) this.#newborn[fields[at + CHILD]] = 1;
    else this.#onPublish(id, cpu, t, fields, at);
  }

  #onPublish(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const task = fields[at + TASK];
    const wrong = this.#wrong(task, cpu, fields, at);
    this.checked++;
    if (wrong !== undefined) {
      this.broken(() => ({
        says: `vtime of ${this.nameOf(task)} at ${t} ns: ${wrong}`,
        events: [...(this.#last.has(task) ? [this.#last.named(task)] : []), namedEvent(id, cpu, t, fields, at)],
      }));
    }
    this.#newborn[task] = 0;
    this.#last.keep(task, id, cpu, t, fields, at);
  }

  #wrong(task: TaskId, writer: CpuId, fields: Float64Array, at: number): string | undefined {
    const state = fields[at + STATE];
    const cpu = fields[at + CPU];
    const known = this.#last.has(task);
    const before = this.#last.at(task);
    const from = known ? this.#last.rows[before + STATE] : Inactive;
    if (this.#newborn[task] === 1 && from === Inactive && state === Inactive) return undefined;
    const owner = known ? this.#last.rows[before + CPU] : NOBODY;
    const theft = known && state === from && this.#isTheft(before, fields, at);
    if (!theft && !(MAY_FOLLOW[from]?.includes(state) ?? false)) return `${STATE_NAMES[from]} cannot become ${STATE_NAMES[state] ?? state}`;
    if ((state === Idle) !== (task < this.facts.cpus) && state !== Inactive) return `state ${STATE_NAMES[state]} is not for such a task`;
    if (state !== Inactive && cpu !== writer) return `CPU ${writer} writes that it runs on CPU ${cpu}`;
    if (state === Inactive && cpu !== NOBODY) return `inactive, yet on CPU ${cpu}`;
    if (owner !== NOBODY && owner !== writer) return `CPU ${writer} writes the record while the task runs on CPU ${owner}`;
    // Linux initialises the idle tasks' vtime everywhere; every other hook belongs to tracked CPUs
    if (!tracksContexts(this.facts.cputime[writer]) && state !== Idle) return `CPU ${writer} accounts by ticks and must not write it`;
    return undefined;
  }
  /** A hypervisor took the processor, or gave it back: only what is stolen has changed. */
  #isTheft(before: number, fields: Float64Array, at: number): boolean {
    const { rows } = this.#last;
    return rows[before + STOLEN] !== fields[at + STOLEN] || rows[before + STOLEN_SINCE] !== fields[at + STOLEN_SINCE];
  }
}
