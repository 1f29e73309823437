/**
 * A tick that finds a CPU timer due makes the task fire it before it goes on in user mode. So no timer is later than the first
 * such tick, and each period of an interval timer is counted, one a tick.
 */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event, Mode } from '../../../shared/events.ts';
import { NONE, type CpuId, type Ns, type TaskId } from '../../../shared/units.ts';
import { CpuTimers, type CpuTimer } from '../cpu-timers.ts';
import { SAMPLED, CPUTIME_RULES } from '../cputime-rules.ts';
import { KeptEvents, namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription } from '../oracle.ts';
import { CLOCK_WORDS, CpuClock } from '../process-clocks.ts';

const [TICK_TASK] = places('tick', 'task');
const [MODE, TASK] = places('context', 'mode', 'task');
/** Accumulators of a thread, each less than a tick. */
const ACCUMULATORS = 3;

export class CputimerLate extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'P-02',
    says: 'a CPU timer that is due when a tick hits a thread of its process has fired before that thread is in user mode again, so that ' +
      'as many periods are counted as there were; due is when its clock is past it by what may not have been charged yet',
    reference: 'kernel/time/posix-cpu-timers.c run_posix_cpu_timers',
    blindTo: 'processes whose threads get no tick; run time that lags by what was stolen from anybody, or by timed interrupts; ' +
      'processes of several threads where CPUs race or ticks are off',
    listens: CpuTimers.listens,
  };

  readonly #timers: CpuTimers;
  /** By task: the timer that its last tick should have found. */
  readonly #overdue: (CpuTimer | undefined)[];
  readonly #tick: KeptEvents;
  /** What a clock may lag behind the truth, for each thread. */
  readonly #lag: Ns;
  /** What run time leaves out, all in all: what was stolen, and interrupts where they are timed. Whose it was nobody can say. */
  #leftOut: Ns = 0;
  readonly #leavesOut: Uint8Array;
  readonly #since: Float64Array;
  readonly #timed: boolean;

  constructor(facts: RunFacts) {
    super(CputimerLate.about, facts);
    this.#timers = new CpuTimers(facts);
    this.#overdue = new Array<CpuTimer | undefined>(facts.tasks.length).fill(undefined);
    this.#tick = new KeptEvents(facts.tasks.length, 'tick');
    this.#leavesOut = new Uint8Array(facts.cpus);
    this.#since = new Float64Array(facts.cpus);
    this.#timed = facts.cputime.includes('tick+irqtime');
    const sampled = facts.cputime.every((flavour) => CPUTIME_RULES[flavour].task[Mode.User] === SAMPLED);
    this.#lag = (sampled ? 0 : ACCUMULATORS) * facts.tickNs;
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    if (id === Event.cputimer_expire) return this.#onExpiry(fields, at);
    this.#timers.onEvent(id, cpu, t, fields, at);
    if (id === Event.context) this.#leaveOut(cpu, t, fields[at + MODE]);
    if (id === Event.tick) this.#onTick(id, cpu, t, fields, at);
    else if (id === Event.context && fields[at + MODE] === Mode.User) this.#onUser(id, cpu, t, fields, at);
    else if (id === Event.cputimer_arm) this.#overdue.fill(undefined);
  }

  #leaveOut(cpu: CpuId, t: Ns, mode: number): void {
    if (this.#leavesOut[cpu] === 1) this.#leftOut += t - this.#since[cpu];
    this.#since[cpu] = t;
    this.#leavesOut[cpu] = mode === Mode.Steal || (this.#timed && (mode === Mode.Irq || mode === Mode.Softirq)) ? 1 : 0;
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
    const process = this.#timers.clocks.processOf(task);
    for (const timer of this.#timers.all()) {
      const mine = timer.thread === NONE ? timer.process === process : timer.thread === task;
      if (!mine || !timer.armed || !this.#isOverdue(timer, t)) continue;
      this.#overdue[task] = timer;
      this.#tick.keep(task, id, cpu, t, fields, at);
      return;
    }
  }

  #isOverdue({ process, thread, clock, expires }: CpuTimer, t: Ns): boolean {
    const threads = thread === NONE ? this.facts.processes[process].threads.length : 1;
    if (threads > 1 && (this.facts.racing || this.facts.tickOff.length > 0)) return false;
    const { clocks } = this.#timers;
    const has = thread === NONE ? clocks.at(process, clock, t) : clocks.ofThread(thread, clock, t);
    // run time is charged by each tick: its own, or the last one of another
    const lag = clock === CpuClock.Sched ? threads * this.facts.tickNs + this.#leftOut : threads * this.#lag;
    return has >= expires + lag;
  }

  #onUser(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const task: TaskId = fields[at + TASK];
    const timer = this.#overdue[task];
    if (timer === undefined) return;
    this.#overdue[task] = undefined;
    const { clocks } = this.#timers;
    const { process, thread, clock, expires } = timer;
    this.broken(() => {
      const has = thread === NONE ? clocks.at(process, clock, t) : clocks.ofThread(thread, clock, t);
      return {
        says: `${this.nameOf(task)} is in user mode at ${t} ns, and a timer of ${this.facts.processes[process].name} has not fired that ` +
          `a tick should have found: due when ${CLOCK_WORDS[clock]} is ${expires} ns, it is ${has} ns`,
        events: [timer.set, this.#tick.named(task), namedEvent(id, cpu, t, fields, at)],
      };
    });
  }
}
