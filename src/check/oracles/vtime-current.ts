/** Virtual time runs for a task where, and only where, the machine really runs it, and nowhere for two tasks at once. */
import { tracksContexts } from '../../../shared/cputime-flavour.ts';
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event } from '../../../shared/events.ts';
import { VtimeState } from '../../../shared/structs/task.ts';
import { NONE, type CpuId, type Ns } from '../../../shared/units.ts';
import { KeptEvents, namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription } from '../oracle.ts';

const [TASK, STATE, CPU] = places('vtime_publish', 'task', 'state', 'cpu');
const [CONTEXT_TASK] = places('context', 'task');

export class VtimeCurrent extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'C-02',
    says: 'whenever a CPU that tracks contexts goes into another one, the task that it is for is the one whose vtime is active there, ' +
      'and no other is',
    reference: 'kernel/sched/cputime.c vtime_task_switch_generic',
    blindTo: 'the moments inside a switch, in which neither task’s is',
    listens: ['vtime_publish', 'context'],
  };

  /** By CPU: the task that its vtime says it runs, or NONE. */
  readonly #active: Int32Array;
  readonly #last: KeptEvents;
  readonly #begun: Uint8Array;

  constructor(facts: RunFacts) {
    super(VtimeCurrent.about, facts);
    this.#active = new Int32Array(facts.cpus).fill(NONE);
    this.#last = new KeptEvents(facts.cpus, 'vtime_publish');
    this.#begun = new Uint8Array(facts.cpus);
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    if (id === Event.vtime_publish) this.#onPublish(id, cpu, t, fields, at);
    else if (this.#begun[cpu] === 1) this.#onContext(id, cpu, t, fields, at);
  }

  #onPublish(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    if (!tracksContexts(this.facts.cputime[cpu])) return;
    this.#begun[cpu] = 1;
    this.#last.keep(cpu, id, cpu, t, fields, at);
    const task = fields[at + TASK];
    if (fields[at + STATE] !== VtimeState.Inactive) this.#active[fields[at + CPU]] = task;
    else if (this.#active[cpu] === task) this.#active[cpu] = NONE;
  }

  #onContext(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const task = fields[at + CONTEXT_TASK];
    const active = this.#active[cpu];
    this.checked++;
    if (active === task) return;
    this.broken(() => ({
      says: `CPU ${cpu} runs ${this.nameOf(task)} at ${t} ns, but by its vtime ${active === NONE ? 'nobody' : this.nameOf(active)}`,
      events: [this.#last.named(cpu), namedEvent(id, cpu, t, fields, at)],
    }));
  }
}
