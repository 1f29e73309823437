/**
 * ksoftirqd serves softirqs as a task: what it runs is its own run time. If it were left out as other softirqs are, it would
 * seem never to run, and never let go of its CPU.
 */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event, Mode } from '../../../shared/events.ts';
import type { CpuId, Ns, TaskId } from '../../../shared/units.ts';
import { namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription } from '../oracle.ts';

const [MODE, CONTEXT_TASK] = places('context', 'mode', 'task');
const [PREV] = places('sched_switch', 'prev');
const [RUNTIME_TASK, RUNTIME] = places('sched_stat_runtime', 'task', 'runtime');

export class KsoftirqdRuntime extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'A-04',
    says: 'whenever ksoftirqd leaves its CPU it has been given the run time that it really had, its softirqs among it, but for a tick ' +
      'and the interrupts of the machine where they are timed',
    reference: 'kernel/sched/cputime.c irqtime_account_irq; kernel/sched/core.c update_rq_clock_task',
    blindTo: 'less than a tick',
    listens: ['context', 'sched_switch', 'sched_stat_runtime'],
  };

  readonly #ksoftirqd: Uint8Array;
  readonly #ran: Float64Array;
  readonly #given: Float64Array;
  readonly #mode: Int8Array;
  readonly #task: Int32Array;
  readonly #since: Float64Array;
  readonly #timed: boolean;
  #interrupts: Ns = 0;

  constructor(facts: RunFacts) {
    super(KsoftirqdRuntime.about, facts);
    this.#ksoftirqd = Uint8Array.from(facts.tasks, ({ name, kernel }) => (kernel === true && name.startsWith('ksoftirqd/') ? 1 : 0));
    this.#ran = new Float64Array(facts.tasks.length);
    this.#given = new Float64Array(facts.tasks.length);
    this.#mode = new Int8Array(facts.cpus).fill(-1);
    this.#task = new Int32Array(facts.cpus);
    this.#since = new Float64Array(facts.cpus);
    this.#timed = facts.cputime.includes('tick+irqtime');
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    switch (id) {
      case Event.context: return this.#onContext(cpu, t, fields[at + MODE], fields[at + CONTEXT_TASK]);
      case Event.sched_stat_runtime: this.#given[fields[at + RUNTIME_TASK]] += fields[at + RUNTIME]; return;
      default: if (this.#ksoftirqd[fields[at + PREV]] === 1) this.#onLeave(id, cpu, t, fields, at);
    }
  }

  #onContext(cpu: CpuId, t: Ns, mode: number, task: TaskId): void {
    const span = t - this.#since[cpu];
    const before = this.#mode[cpu];
    const own = this.#ksoftirqd[this.#task[cpu]] === 1;
    if (before === Mode.System || before === Mode.Softirq) this.#ran[this.#task[cpu]] += own ? span : 0;
    if (before === Mode.Irq || (before === Mode.Softirq && !own)) this.#interrupts += this.#timed ? span : 0;
    this.#mode[cpu] = mode;
    this.#task[cpu] = task;
    this.#since[cpu] = t;
  }

  #onLeave(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const task = fields[at + PREV];
    const ran = this.#ran[task] + (this.#task[cpu] === task ? t - this.#since[cpu] : 0);
    this.checked++;
    if (this.#given[task] >= ran - this.facts.tickNs - this.#interrupts) return;
    this.broken(() => ({
      says: `${this.nameOf(task)} leaves CPU ${cpu} at ${t} ns with a run time of ${this.#given[task]} ns; it had really run ${ran} ns`,
      events: [namedEvent(id, cpu, t, fields, at)],
    }));
  }
}
