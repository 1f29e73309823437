/**
 * How a task's time is split into user and system time, against what it really did: not by what its flavour sees (C-05), but
 * by the machine's clock, with edges that everybody can see.
 *
 * Where edges are accounted what is hidden from Linux's readers at the end is below a tick in each accumulator.
 *
 * Where ticks sample, a stretch of user mode, or of the kernel, is charged the ticks that hit it: as long as ticks are a tick
 * apart, that is its length, less than a tick more or less. Each tick may besides be late by an interrupt or a stretch of the
 * kernel with interrupts off, which puts it into the next stretch: so a stretch is off by less than two ticks. A task in step
 * with the tick (`cyclictest`, B-06) is off by as much each time, one that is not by the square root; a bound that always holds has
 * to be the sum.
 *
 *      user ====|==   kernel ==   user =|=====|===   kernel =====|=
 *               tick                    tick  tick               tick
 *      off        < 1            < 1            < 1                < 1
 */
import { samples, tracksContexts } from '../../../shared/cputime-flavour.ts';
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event, Mode } from '../../../shared/events.ts';
import { Cpustat } from '../../../shared/structs/cpu.ts';
import { NOBODY, type CpuId, type Ns, type TaskId } from '../../../shared/units.ts';
import { ClockError } from '../clock-error.ts';
import { CputimeTruth } from '../cputime-truth.ts';
import { namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription } from '../oracle.ts';
import { TickLedger } from '../tick-ledger.ts';
import { isRunning, pendingSystem, pendingUser, Reader } from '../vtime-formula.ts';

const [MODE, CONTEXT_TASK] = places('context', 'mode', 'task');
const [CHILD] = places('sched_process_fork', 'child');
const [TASK, STATE, STARTTIME, UTIME, STIME, VTIME_UTIME, VTIME_STIME, VTIME_GTIME] = places(
  'task_final', 'task', 'vtime_state', 'starttime', 'utime', 'stime', 'vtime_utime', 'vtime_stime', 'vtime_gtime',
);
/** Sides of a task's time. */
const USER = 0;
const SYSTEM = 1;
const NEITHER = -1;
/** By so many ticks a stretch that ticks sample is off. */
const STRETCH_TICKS = 2;
/** Accumulators of user time: a guest's is apart. */
const USER_ACCUMULATORS = 2;

export class CputimeSplit extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'A-03',
    says: 'a task’s user and its system time, as Linux shows them at the end, are what it really had of each: where edges are accounted ' +
      'to less than a tick for each accumulator, where ticks sample to less than two for each stretch in one mode',
    reference: 'kernel/sched/cputime.c account_process_tick, task_cputime',
    blindTo: 'tasks that change their mode more than once in two ticks, where ticks sample; the earlier lives of a fork pool’s records',
    listens: [...new Set([...CputimeTruth.listens, ...TickLedger.listens, 'task_final'] as const)],
  };

  /** Every CPU as if its edges were accounted. */
  readonly #real: CputimeTruth;
  readonly #ticks: TickLedger;
  readonly #error: ClockError;
  readonly #sampling: Uint8Array;
  /** By CPU: the task and side that a tick would charge now, since when, and what really passes. */
  readonly #side: Int8Array;
  readonly #task: Int32Array;
  readonly #since: Float64Array;
  readonly #mode: Int8Array;
  readonly #differs: Uint8Array;
  readonly #marked: Uint8Array;
  /** By task: stretches that ticks sample, and time in them that is really of another side, or nobody's. */
  readonly #stretches: Float64Array;
  readonly #other: Float64Array;
  /** 1 for tasks that a tracked CPU has run. */
  readonly #tracked: Uint8Array;

  constructor(facts: RunFacts) {
    super(CputimeSplit.about, facts);
    const { cpus, cputime, tasks } = facts;
    this.#real = new CputimeTruth({ ...facts, cputime: cputime.map((flavour) => (samples(flavour) ? 'gen' : flavour)) });
    this.#ticks = new TickLedger(facts);
    this.#error = new ClockError(facts.clocks, facts.skewNs);
    this.#sampling = Uint8Array.from(cputime, (flavour) => (samples(flavour) ? 1 : 0));
    this.#side = new Int8Array(cpus).fill(NEITHER);
    this.#task = new Int32Array(cpus).fill(NOBODY);
    this.#since = new Float64Array(cpus);
    this.#mode = new Int8Array(cpus);
    this.#differs = new Uint8Array(cpus);
    this.#marked = new Uint8Array(tasks.length);
    this.#stretches = new Float64Array(tasks.length);
    this.#other = new Float64Array(tasks.length);
    this.#tracked = new Uint8Array(tasks.length);
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    if (id === Event.task_final) return this.#onFinal(id, cpu, t, fields, at);
    this.#ticks.onEvent(id, cpu, t, fields, at);
    // what such a CPU changes to at run time is sampled as before
    if (id !== Event.sched_clock_irqtime) this.#real.onEvent(id, cpu, t, fields, at);
    switch (id) {
      case Event.context: return this.#onContext(cpu, t, fields[at + MODE], fields[at + CONTEXT_TASK]);
      case Event.guest_enter: return this.#onMark(cpu, t, 1);
      case Event.guest_exit: return this.#onMark(cpu, t, 0);
      case Event.sched_process_fork:
        this.#stretches[fields[at + CHILD]] = 0;
        this.#other[fields[at + CHILD]] = 0;
    }
  }

  #onMark(cpu: CpuId, t: Ns, marked: number): void {
    this.#marked[this.#task[cpu]] = marked;
    this.#onContext(cpu, t, this.#mode[cpu], this.#task[cpu]);
  }

  #onContext(cpu: CpuId, t: Ns, mode: number, task: TaskId): void {
    if (this.#sampling[cpu] === 0) {
      if (tracksContexts(this.facts.cputime[cpu])) this.#tracked[task] = 1;
      return;
    }
    const before = this.#task[cpu];
    if (before !== NOBODY && this.#differs[cpu] === 1) this.#other[before] += t - this.#since[cpu];
    const side = this.#sideOf(cpu, task, mode);
    if (task !== before || side !== this.#side[cpu]) this.#stretches[task]++;
    this.#side[cpu] = side;
    this.#task[cpu] = task;
    this.#mode[cpu] = mode;
    this.#since[cpu] = t;
    this.#differs[cpu] = mode === Mode.Irq || mode === Mode.Softirq || mode === Mode.Steal || side !== this.#realSide(task) ? 1 : 0;
  }

  /** What a tick would find. */
  #sideOf(cpu: CpuId, task: TaskId, mode: number): number {
    if (mode === Mode.User || mode === Mode.Guest) return USER;
    if (task === this.#task[cpu] && (mode === Mode.Irq || mode === Mode.Steal)) return this.#side[cpu];
    return this.#marked[task] === 1 && mode !== Mode.Softirq ? USER : SYSTEM;
  }

  #realSide(task: TaskId): number {
    const slot = this.#real.fillsOf(task);
    return slot === Cpustat.User || slot === Cpustat.Guest ? USER : SYSTEM;
  }

  #onFinal(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const task = fields[at + TASK];
    if (task < this.facts.cpus) return;
    const state = fields[at + STATE];
    const now = Math.max(t, this.#real.since(task));
    const live = isRunning(state) ? now - fields[at + STARTTIME] - this.#real.stolenBetween(cpu, fields[at + STARTTIME], now) : 0;
    const user = fields[at + UTIME] + pendingUser(Reader.Linux, state, fields[at + VTIME_UTIME], fields[at + VTIME_GTIME], live);
    const system = fields[at + STIME] + pendingSystem(Reader.Linux, state, fields[at + VTIME_STIME], live);
    const { tickNs } = this.facts;
    const sampled = this.#sampledBound(task, now);
    const guests = this.#real.guestAt(task, now) > 0 ? USER_ACCUMULATORS : 1;
    const tracked = this.#tracked[task] === 0 ? 0 : tickNs;
    this.checked++;
    this.#compare('user', task, user, this.#real.userAt(task, now), sampled + guests * tracked, id, cpu, t, fields, at);
    this.#compare('system', task, system, this.#real.systemAt(task, now), sampled + tracked, id, cpu, t, fields, at);
  }

  #sampledBound(task: TaskId, now: Ns): Ns {
    if (this.#stretches[task] === 0) return 0;
    let bound = STRETCH_TICKS * this.facts.tickNs * this.#stretches[task] + this.#other[task] + this.#error.after(now);
    for (let cpu = 0; cpu < this.facts.cpus; cpu++) bound += this.#sampling[cpu] * this.#ticks.odd(cpu);
    return bound;
  }

  #compare(
    side: string, task: TaskId, shown: Ns, really: Ns, bound: Ns, id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number,
  ): void {
    if (Math.abs(shown - really) <= bound) return;
    this.broken(() => ({
      says: `${this.nameOf(task)} ends with ${shown} ns of ${side} time, and had ${really} ns; ${bound} ns more or less are allowed`,
      events: [namedEvent(id, cpu, t, fields, at)],
    }));
  }
}
