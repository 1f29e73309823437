/**
 * No grace period ends before every CPU has been where it holds no reference to anything: in user mode, idle, or
 * at a switch; or where a tick has found it outside softirqs.
 *
 *      CPU 0            kernel ............. switch
 *      CPU 1            user ............................
 *      CPU 2            kernel .......................... not yet
 *      period 7         begins                            may not end
 */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event, Mode } from '../../../shared/events.ts';
import { NOBODY, type CpuId, type Ns, type TaskId } from '../../../shared/units.ts';
import { KeptEvents, namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription } from '../oracle.ts';

const [MODE] = places('context', 'mode');
const [TICK_TASK] = places('tick', 'task');
const [GP_SEQ, GPEVENT] = places('rcu_grace_period', 'gp_seq', 'gpevent');
const GP_START = 0;

export class RcuGracePeriod extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'S-09',
    says: 'a grace period ends after the one before it, and after every CPU that had come up when it began has been in user mode, ' +
      'idle, at a switch, or found by a tick outside softirqs since',
    reference: 'kernel/rcu/tree.c rcu_gp_cleanup, dyntick_save_progress_counter',
    blindTo: 'what is freed: nothing is',
    listens: ['context', 'sched_switch', 'tick', 'rcu_grace_period'],
  };

  /** By CPU: what it is doing, -1 before it has come up, and when it was last where it held nothing. */
  readonly #mode: Int32Array;
  /** What the interrupt under way has interrupted. */
  readonly #interrupted: Int32Array;
  readonly #quiet: Float64Array;
  readonly #start: KeptEvents;
  #began: Ns = 0;
  #under = 0;
  #ended = 0;

  constructor(facts: RunFacts) {
    super(RcuGracePeriod.about, facts);
    this.#mode = new Int32Array(facts.cpus).fill(-1);
    this.#interrupted = new Int32Array(facts.cpus);
    this.#quiet = new Float64Array(facts.cpus);
    this.#start = new KeptEvents(1, 'rcu_grace_period');
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    if (cpu >= this.facts.cpus) return;
    switch (id) {
      case Event.context: return this.#onContext(cpu, t, fields[at + MODE]);
      case Event.sched_switch: this.#quiet[cpu] = t; return;
      case Event.tick: return this.#onTick(cpu, t, fields[at + TICK_TASK]);
      case Event.rcu_grace_period:
        if (fields[at + GPEVENT] === GP_START) return this.#onStart(id, cpu, t, fields, at);
        return this.#onEnd(id, cpu, t, fields, at);
    }
  }

  #onContext(cpu: CpuId, t: Ns, mode: number): void {
    // a CPU that is robbed of its processor stays where it was
    if (mode === Mode.Steal) return;
    // a CPU that comes up has nothing from before
    if (this.#mode[cpu] < 0 || this.#isQuiet(cpu)) this.#quiet[cpu] = t;
    if (mode === Mode.Irq) this.#interrupted[cpu] = this.#mode[cpu];
    this.#mode[cpu] = mode;
  }

  /** Readers can be preempted and say where they read: a task that a tick finds in the kernel reads nothing. */
  #onTick(cpu: CpuId, t: Ns, task: TaskId): void {
    if (task >= this.facts.cpus && this.#interrupted[cpu] !== Mode.Softirq) this.#quiet[cpu] = t;
  }

  #isQuiet(cpu: CpuId): boolean {
    return this.#mode[cpu] === Mode.User || this.#mode[cpu] === Mode.Idle || this.#mode[cpu] === Mode.Guest;
  }

  #onStart(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    this.#under = fields[at + GP_SEQ];
    this.#began = t;
    this.#start.keep(0, id, cpu, t, fields, at);
  }

  #onEnd(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const number = fields[at + GP_SEQ];
    this.checked++;
    const owes = this.#whoOwes();
    if (number === this.#under && number === this.#ended + 1 && owes === NOBODY) {
      this.#ended = number;
      return;
    }
    const why = owes === NOBODY ? `and the one under way is ${this.#under}, the last that ended ${this.#ended}`
      : `and CPU ${owes} was last at ${this.#quiet[owes]} ns where it held nothing, before it began`;
    this.#ended = number;
    this.broken(() => ({
      says: `grace period ${number} ends at ${t} ns, ${why}`,
      events: [...this.#start.has(0) ? [this.#start.named(0)] : [], namedEvent(id, cpu, t, fields, at)],
    }));
  }

  #whoOwes(): CpuId {
    for (let cpu = 0; cpu < this.facts.cpus; cpu++) {
      const up = this.#mode[cpu] >= 0;
      // where CPUs race, who looked has seen what another did up to so much ago
      if (up && !this.#isQuiet(cpu) && this.#quiet[cpu] + this.facts.skewNs < this.#began) return cpu;
    }
    return NOBODY;
  }
}
