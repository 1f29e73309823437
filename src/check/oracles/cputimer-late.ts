/**
 * A tick that finds a CPU timer due makes the task fire it before it goes on in user mode. So no timer is later than the first
 * such tick, and each period of an interval timer is counted, one a tick.
 *
 * Due is exact: the kernel's clock of a process is what its threads have been charged, and what it was ahead of that when
 * the timer was set, since then nothing but charges moves it (`thread_group_cputimer`); a thread's is its own run time. Both are
 * in the stream. What a thread has had and nobody has charged, be it an accumulator, a theft or an interrupt, is no part of it.
 */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event, Mode } from '../../../shared/events.ts';
import { NOBODY, NONE, type CpuId, type Ns, type TaskId } from '../../../shared/units.ts';
import { ChargedClocks } from '../charged-clocks.ts';
import { CpuTimers, type CpuTimer } from '../cpu-timers.ts';
import { KeptEvents, namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription } from '../oracle.ts';
import { CLOCK_WORDS } from '../process-clocks.ts';

const [TICK_TASK] = places('tick', 'task');
const [MODE, TASK] = places('context', 'mode', 'task');
const [RUN_TASK] = places('sched_stat_runtime', 'task');
const [SAMPLE] = places('cputimer_arm', 'sample');

export class CputimerLate extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'P-02',
    says: 'a CPU timer that is due when a tick hits a thread of its process has fired before that thread is in user mode again, so that ' +
      'as many periods are counted as there were; due is when what its threads have been charged is past it',
    reference: 'kernel/time/posix-cpu-timers.c run_posix_cpu_timers',
    blindTo: 'processes whose threads get no tick; whether charges are right (V-01, C-05, C-08); processes of several threads where ' +
      'CPUs race',
    listens: [...new Set([...CpuTimers.listens, ...ChargedClocks.listens])],
  };

  readonly #timers: CpuTimers;
  readonly #charged: ChargedClocks;
  /** By how much the clock of each timer was ahead of what had been charged, when it was set. */
  readonly #ahead = new WeakMap<CpuTimer, Ns>();
  /** By task: the timer that its last tick should have found. */
  readonly #overdue: (CpuTimer | undefined)[];
  readonly #tick: KeptEvents;
  /** By CPU: whom a tick has hit that has not looked for timers yet: it charges run time first. */
  readonly #hit: Int32Array;

  constructor(facts: RunFacts) {
    super(CputimerLate.about, facts);
    this.#timers = new CpuTimers(facts);
    this.#charged = new ChargedClocks(facts);
    this.#overdue = new Array<CpuTimer | undefined>(facts.tasks.length).fill(undefined);
    this.#tick = new KeptEvents(facts.tasks.length, 'tick');
    this.#hit = new Int32Array(facts.cpus).fill(NOBODY);
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    if (id === Event.cputimer_expire) return this.#onExpiry(fields, at);
    const charges = id === Event.sched_stat_runtime;
    if (this.#hit[cpu] !== NOBODY && !(charges && fields[at + RUN_TASK] === this.#hit[cpu])) this.#look(cpu);
    this.#timers.onEvent(id, cpu, t, fields, at);
    this.#charged.onEvent(id, cpu, t, fields, at);
    if (charges && this.#hit[cpu] !== NOBODY) this.#look(cpu);
    if (id === Event.tick) this.#onTick(id, cpu, t, fields, at);
    else if (id === Event.context && fields[at + MODE] === Mode.User) this.#onUser(id, cpu, t, fields, at);
    else if (id === Event.cputimer_arm) this.#onArm(fields, at);
  }

  #onArm(fields: Float64Array, at: number): void {
    this.#overdue.fill(undefined);
    const timer = this.#timers.of(fields, at);
    if (timer === undefined) return;
    const ahead = timer.thread === NONE ? fields[at + SAMPLE] - this.#charged.of(timer.process, timer.clock) : 0;
    this.#ahead.set(timer, Math.max(0, ahead));
  }

  #onExpiry(fields: Float64Array, at: number): void {
    const timer = this.#timers.of(fields, at);
    if (timer === undefined) return;
    this.checked++;
    this.#timers.expired(timer, fields, at);
    for (let task = 0; task < this.#overdue.length; task++) if (this.#overdue[task] === timer) this.#overdue[task] = undefined;
  }

  #onTick(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const task = fields[at + TICK_TASK];
    if (task < this.facts.cpus || this.#timers.isEmpty || this.#overdue[task] !== undefined) return;
    this.#hit[cpu] = task;
    this.#tick.keep(task, id, cpu, t, fields, at);
  }

  #look(cpu: CpuId): void {
    const task = this.#hit[cpu];
    this.#hit[cpu] = NOBODY;
    const process = this.#timers.clocks.processOf(task);
    for (const timer of this.#timers.all()) {
      const mine = timer.thread === NONE ? timer.process === process : timer.thread === task;
      if (!mine || !timer.armed || !this.#isOverdue(timer)) continue;
      this.#overdue[task] = timer;
      return;
    }
  }

  #isOverdue(timer: CpuTimer): boolean {
    const several = timer.thread === NONE && this.facts.processes[timer.process].threads.length > 1;
    return !(several && this.facts.racing) && this.#clockOf(timer) >= timer.expires;
  }

  #clockOf(timer: CpuTimer): Ns {
    const { process, thread, clock } = timer;
    return thread === NONE ? this.#charged.of(process, clock) + (this.#ahead.get(timer) ?? 0) : this.#charged.ofThread(thread, clock);
  }

  #onUser(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const task: TaskId = fields[at + TASK];
    const timer = this.#overdue[task];
    if (timer === undefined) return;
    this.#overdue[task] = undefined;
    const { process, clock, expires } = timer;
    this.broken(() => ({
      says: `${this.nameOf(task)} is in user mode at ${t} ns, and a timer of ${this.facts.processes[process].name} has not fired that ` +
        `a tick should have found: due when ${CLOCK_WORDS[clock]} is ${expires} ns, it is ${this.#clockOf(timer)} ns`,
      events: [timer.set, this.#tick.named(task), namedEvent(id, cpu, t, fields, at)],
    }));
  }
}
