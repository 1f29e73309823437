/**
 * A task's run time goes on while it runs: by the scheduler's clock it is the time for which the task had the CPU, less
 * what interrupts and thefts took of it, where those are timed. Such time becomes known when it is over, and may come off
 * whoever runs then:
 *
 *      task A: charged up to the middle of an interrupt | rest of it | task B: the first half is still owed
 *      owed               0 ......... at most its first half ........ less by each ns that B runs
 *
 * So what is owed is bounded: it grows in interrupts, shrinks outside, and each stretch of a task may be off by what was
 * owed when it began, one way, and by what is owed now, the other way.
 *
 * Another CPU may charge a task that runs, under the run queue's lock; where CPUs race its row may stand in the stream before
 * the task's turn has begun, or after it is over. So such rows are passed by: the task's own CPU finds under that lock what
 * others have charged since, and says it in its own next row.
 *
 *      by the lock      CPU 0: A, then B | CPU 1: charges B 40 | CPU 0: charges B 60, its class is told of 100
 *      in the stream    CPU 1: charges B 40 | CPU 0: A, then B | CPU 0: charges B 60, its class is told of 100
 *
 * If the processor is taken away when another CPU charges the task, nobody knows of that theft yet, and the task is charged
 * it. When it is known, more was stolen than has passed since, and Linux forgets the rest.
 *
 * A stretch begins with the clock of the run queue, which the switch does not read again: from the last charge of the task
 * before on, timers may be started (their clock is read, perhaps a register that is far, and a device is set), and all that
 * is the next task's.
 *
 *      by the run queue       A is charged | a timer is started | the switch | B is charged all since A was
 *      by the machine's log   A .....................................| B
 */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event, Mode } from '../../../shared/events.ts';
import { NOBODY, type CpuId, type Ns, type TaskId } from '../../../shared/units.ts';
import { namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription } from '../oracle.ts';

const [MODE, TASK] = places('context', 'mode', 'task');
const [RUN_TASK, RUNTIME, TOLD, UNTOLD] = places('sched_stat_runtime', 'task', 'runtime', 'told', 'untold');
const [ENABLED] = places('sched_clock_irqtime', 'enabled');

/** Who runs now was not charged yet. */
const NEVER = -1;

export class RunTime extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'C-08',
    says: 'the run time that a task is charged while it runs is the time for which it had the CPU, less what interrupts and thefts took ' +
      'where those are timed; softirqs are ksoftirqd’s own time',
    reference: 'kernel/sched/core.c update_rq_clock_task, kernel/sched/sched.h irq_time_read',
    blindTo: 'what is owed from one task to the next, up to the length of the interrupts before; what another CPU charges, until the ' +
      'task’s own has found it; of thefts as much as other CPUs have charged',
    listens: ['context', 'sched_stat_runtime', 'sched_clock_irqtime'],
  };

  readonly #timesIrqs: Uint8Array;
  readonly #ksoftirqd: readonly boolean[];
  readonly #mode: Int8Array;
  readonly #task: Int32Array;
  readonly #at: Float64Array;
  /** What interrupts and thefts may still be owed. */
  readonly #owed: Float64Array;
  // of the present task's stretch: when it began, what was owed then, what was taken since, what its class was told of
  readonly #began: Float64Array;
  readonly #owedThen: Float64Array;
  readonly #taken: Float64Array;
  readonly #told: Float64Array;
  // how much thefts were of what was taken, and this CPU's charges of what was told; by how much it began before its context
  readonly #stolen: Float64Array;
  readonly #own: Float64Array;
  readonly #lead: Float64Array;
  /** When the CPU has charged its present task last. */
  readonly #read: Float64Array;

  constructor(facts: RunFacts) {
    super(RunTime.about, facts);
    const { cpus } = facts;
    this.#timesIrqs = Uint8Array.from(facts.cputime, (flavour) => (flavour === 'tick+irqtime' ? 1 : 0));
    this.#ksoftirqd = facts.tasks.map(({ name, kernel }) => kernel === true && name.startsWith('ksoftirqd/'));
    this.#mode = new Int8Array(cpus).fill(Mode.Idle);
    this.#task = new Int32Array(cpus).fill(NOBODY);
    this.#at = new Float64Array(cpus);
    this.#owed = new Float64Array(cpus);
    this.#began = new Float64Array(cpus);
    this.#owedThen = new Float64Array(cpus);
    this.#taken = new Float64Array(cpus);
    this.#told = new Float64Array(cpus);
    this.#stolen = new Float64Array(cpus);
    this.#own = new Float64Array(cpus);
    this.#lead = new Float64Array(cpus);
    this.#read = new Float64Array(cpus).fill(NEVER);
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    switch (id) {
      case Event.context: return this.#onContext(cpu, t, fields[at + MODE], fields[at + TASK]);
      case Event.sched_clock_irqtime: this.#timesIrqs[cpu] = fields[at + ENABLED]; return;
      default: return this.#onRuntime(id, cpu, t, fields, at);
    }
  }

  #onContext(cpu: CpuId, t: Ns, mode: number, task: TaskId): void {
    this.#advance(cpu, t);
    this.#mode[cpu] = mode;
    if (task === this.#task[cpu]) return;
    this.#task[cpu] = task;
    this.#began[cpu] = t;
    this.#owedThen[cpu] = this.#owed[cpu];
    this.#taken[cpu] = 0;
    this.#told[cpu] = 0;
    this.#stolen[cpu] = 0;
    this.#own[cpu] = 0;
    this.#lead[cpu] = this.#read[cpu] === NEVER ? 0 : t - this.#read[cpu];
    this.#read[cpu] = NEVER;
  }

  #advance(cpu: CpuId, t: Ns): void {
    const passed = t - this.#at[cpu];
    this.#at[cpu] = t;
    if (this.#mode[cpu] === Mode.Steal) this.#stolen[cpu] += passed;
    if (this.#isTaken(cpu)) {
      this.#taken[cpu] += passed;
      this.#owed[cpu] += passed;
    } else this.#owed[cpu] = Math.max(0, this.#owed[cpu] - passed);
  }

  /** Whether the present context is none of the task's run time. */
  #isTaken(cpu: CpuId): boolean {
    switch (this.#mode[cpu]) {
      case Mode.Steal: return true;
      case Mode.Irq: return this.#timesIrqs[cpu] === 1;
      case Mode.Softirq: return this.#timesIrqs[cpu] === 1 && !(this.#ksoftirqd[this.#task[cpu]] ?? false);
      default: return false;
    }
  }

  #onRuntime(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    if (fields[at + RUN_TASK] !== this.#task[cpu]) return;
    this.#told[cpu] += fields[at + TOLD];
    this.#own[cpu] += fields[at + RUNTIME];
    this.#advance(cpu, t);
    this.#read[cpu] = t;
    this.#judge(id, cpu, t, fields, at);
  }

  #judge(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const had = t - this.#began[cpu] - this.#taken[cpu];
    const charged = this.#told[cpu] + fields[at + UNTOLD];
    const forgotten = Math.min(this.#stolen[cpu], charged - this.#own[cpu]);
    this.checked++;
    if (charged >= had - this.#owedThen[cpu] && charged <= had + this.#owed[cpu] + this.#lead[cpu] + forgotten) return;
    this.broken(() => ({
      says: `${this.nameOf(fields[at + RUN_TASK])} has had CPU ${cpu} for ${had} ns at ${t} ns, interrupts and thefts left out, and was ` +
        `charged ${charged} ns of run time; ${this.#owedThen[cpu]} ns of it may have been owed before, and ${this.#owed[cpu]} ns be ` +
        `owed now; it may begin ${this.#lead[cpu]} ns before, and ${forgotten} ns of thefts be forgotten`,
      events: [namedEvent(id, cpu, t, fields, at)],
    }));
  }
}
