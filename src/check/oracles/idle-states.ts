/** A CPU sleeps only while its idle task has it, and no handler of an interrupt runs meanwhile. */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event } from '../../../shared/events.ts';
import { TickFlag } from '../../../shared/structs/cpu.ts';
import type { CpuId, Ns } from '../../../shared/units.ts';
import { KeptEvents, namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription } from '../oracle.ts';

const [ACTIVE, FLAGS] = places('idle_sleep', 'active', 'flags');
const [TASK] = places('context', 'task');

export class IdleStates extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'I-01',
    says: 'a CPU counts as asleep only inside its idle loop, while its idle task has it, and not while it handles an interrupt',
    reference: 'kernel/time/tick-sched.c tick_nohz_start_idle, tick_nohz_stop_idle',
    blindTo: 'how long it slept (I-04)',
    listens: ['idle_sleep', 'context', 'local_timer_entry', 'irq_handler_entry', 'reschedule_entry', 'call_function_entry',
      'call_function_single_entry'],
  };

  readonly #asleep: Uint8Array;
  readonly #task: Int32Array;
  readonly #sleep: KeptEvents;

  constructor(facts: RunFacts) {
    super(IdleStates.about, facts);
    this.#asleep = new Uint8Array(facts.cpus);
    this.#task = Int32Array.from({ length: facts.cpus }, (_, cpu) => cpu);
    this.#sleep = new KeptEvents(facts.cpus, 'idle_sleep');
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    if (id === Event.idle_sleep) this.#onSleep(id, cpu, t, fields, at);
    else if (id === Event.context) this.#task[cpu] = fields[at + TASK];
    if (this.#asleep[cpu] === 0) return;
    const wrong = id === Event.context ? this.#wrongTask(cpu) : id === Event.idle_sleep ? undefined : 'handles an interrupt';
    if (wrong !== undefined) this.#wrong(wrong, id, cpu, t, fields, at);
  }

  #onSleep(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    this.checked++;
    this.#asleep[cpu] = fields[at + ACTIVE];
    this.#sleep.keep(cpu, id, cpu, t, fields, at);
    if (this.#asleep[cpu] === 0) return;
    if ((fields[at + FLAGS] & TickFlag.Inidle) === 0) this.#wrong('is not in its idle loop', id, cpu, t, fields, at);
    else if (this.#task[cpu] !== cpu) this.#wrong(`runs ${this.nameOf(this.#task[cpu])}`, id, cpu, t, fields, at);
  }

  #wrongTask(cpu: CpuId): string | undefined {
    return this.#task[cpu] === cpu ? undefined : `runs ${this.nameOf(this.#task[cpu])}`;
  }

  #wrong(what: string, id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    this.#asleep[cpu] = 0;
    this.broken(() => ({
      says: `CPU ${cpu} counts as asleep at ${t} ns, but ${what}`,
      events: [this.#sleep.named(cpu), namedEvent(id, cpu, t, fields, at)],
    }));
  }
}
