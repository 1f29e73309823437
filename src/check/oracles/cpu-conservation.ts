/**
 * No CPU gains or loses time: what its slots hold is what has passed since it came up. Sampling by
 * ticks is off by a tick at either end; without ticks, each task that ran here may carry less than
 * a tick of user and of system time in or out.
 */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event } from '../../../shared/events.ts';
import { VtimeState } from '../../../shared/structs/task.ts';
import type { CpuId, Ns, TaskId } from '../../../shared/units.ts';
import { KeptEvents, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription, Verdict } from '../oracle.ts';

const [CONTEXT_TASK] = places('context', 'task');
const [CHILD] = places('sched_process_fork', 'child');
const [CPU] = places('kcpustat_final', 'cpu');
const SLOTS = places('kcpustat_final', 'user', 'nice', 'system', 'softirq', 'irq', 'idle', 'iowait', 'steal');
const [TASK_CPU, STATE, STARTTIME] = places('task_final', 'cpu', 'vtime_state', 'starttime');

/** Phase of the first and of the last tick. */
const SAMPLING_TICKS = 2;
/** user, system */
const CATEGORIES = 2;

export class CpuConservation extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'A-01',
    says: 'the eight disjoint slots of each CPU’s kcpustat sum to the time since it came up, within the accounting flavour’s own grain',
    reference: 'include/linux/kernel_stat.h; kernel-model 9.9 and 13.8 A-01',
    blindTo: 'time booked to the wrong slot or the wrong task (C-05), and guest slots, which are contained in user and nice',
    listens: ['context', 'sched_process_fork', 'kcpustat_final', 'task_final'],
  };

  readonly #firstContext: Float64Array;
  readonly #ran: Uint8Array[];
  /** A record that is used again counts again. */
  readonly #tasksThatRan: Int32Array;
  readonly #final: KeptEvents;
  readonly #firstKept: KeptEvents;
  /** Start of the stretch that a tracked CPU has not flushed; -1 when there is none. */
  readonly #pendingSince: Float64Array;

  constructor(facts: RunFacts) {
    super(CpuConservation.about, facts);
    const { cpus } = facts;
    this.#firstContext = new Float64Array(cpus).fill(-1);
    this.#ran = facts.cputime.map((flavour) => new Uint8Array(flavour === 'gen' ? facts.tasks.length : 0));
    this.#tasksThatRan = new Int32Array(cpus);
    this.#final = new KeptEvents(cpus, 'kcpustat_final');
    this.#firstKept = new KeptEvents(cpus, 'context');
    this.#pendingSince = new Float64Array(cpus).fill(-1);
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    switch (id) {
      case Event.context: return this.#onContext(id, cpu, t, fields, at);
      case Event.sched_process_fork: return this.#onFork(fields[at + CHILD]);
      case Event.kcpustat_final: return this.#final.keep(fields[at + CPU], id, cpu, t, fields, at);
      case Event.task_final:
        if (fields[at + STATE] !== VtimeState.Inactive) this.#onActive(fields[at + TASK_CPU], fields[at + STARTTIME]);
        return;
    }
  }

  override finish(end: Ns): Verdict {
    for (let cpu = 0; cpu < this.facts.cpus; cpu++) if (this.#final.has(cpu)) this.#judge(cpu, end);
    return this.verdict();
  }

  #onContext(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    if (this.#firstContext[cpu] < 0) {
      this.#firstContext[cpu] = t;
      this.#firstKept.keep(cpu, id, cpu, t, fields, at);
    }
    const task = fields[at + CONTEXT_TASK];
    const ran = this.#ran[cpu];
    if (ran.length === 0 || ran[task] === 1) return;
    ran[task] = 1;
    this.#tasksThatRan[cpu]++;
  }

  /** The record's next task is another one: it may carry time of its own in or out. */
  #onFork(child: TaskId): void {
    for (const ran of this.#ran) if (ran.length > 0) ran[child] = 0;
  }

  #onActive(cpu: CpuId, starttime: Ns): void {
    // an idle task has a running vtime on every CPU; only tracked CPUs account by it
    if (this.facts.cputime[cpu] === 'gen') this.#pendingSince[cpu] = starttime;
  }

  #judge(cpu: CpuId, end: Ns): void {
    const first = this.#firstContext[cpu];
    const elapsed = first < 0 ? 0 : end - first;
    const pending = this.#pendingSince[cpu] < 0 ? 0 : end - this.#pendingSince[cpu];
    const at = this.#final.at(cpu);
    let sum = 0;
    for (const slot of SLOTS) sum += this.#final.rows[at + slot];
    const tolerance = this.#toleranceOf(cpu);
    this.checked++;
    if (Math.abs(elapsed - pending - sum) <= tolerance) return;
    this.broken(() => ({
      says: `CPU ${cpu} ran for ${elapsed} ns (from ${Math.max(0, first)} to ${end}); its slots hold ${sum} ns and ${pending} ns are ` +
        `pending, which differs by ${Math.abs(elapsed - pending - sum)} ns; ${tolerance} ns are allowed`,
      events: [...(this.#firstKept.has(cpu) ? [this.#firstKept.named(cpu)] : []), this.#final.named(cpu)],
    }));
  }

  #toleranceOf(cpu: CpuId): Ns {
    const { tickNs, cputime } = this.facts;
    return tickNs * (cputime[cpu] === 'gen' ? CATEGORIES * this.#tasksThatRan[cpu] : SAMPLING_TICKS);
  }
}
