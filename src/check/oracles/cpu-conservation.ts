/**
 * No CPU gains or loses time: what its slots hold is what has passed since it came up. Sampling by
 * ticks is off by a tick at either end. Without ticks it is exact once one looks at what travels: a
 * task that leaves with time below a tick takes it along, and another CPU will be charged with it.
 */
import { samples, tracksContexts } from '../../../shared/cputime-flavour.ts';
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event } from '../../../shared/events.ts';
import { VtimeState } from '../../../shared/structs/task.ts';
import type { CpuId, Ns } from '../../../shared/units.ts';
import { ClockError } from '../clock-error.ts';
import { KeptEvents, places } from '../kept-events.ts';
import { StoppedTicks } from '../stopped-ticks.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription, Verdict } from '../oracle.ts';

const PUBLISHED = places('vtime_publish', 'task', 'state', 'vtime_utime', 'vtime_stime', 'vtime_gtime');
const [CPU] = places('kcpustat_final', 'cpu');
const SLOTS = places('kcpustat_final', 'user', 'nice', 'system', 'softirq', 'irq', 'idle', 'iowait', 'steal');
const FINAL = places('task_final', 'cpu', 'vtime_state', 'starttime', 'vtime_utime', 'vtime_stime', 'vtime_gtime');

/** Phase of the first and of the last tick. */
const SAMPLING_TICKS = 2;
/** Where interrupts are timed, they may take the place of the last tick before it has come. */
const IRQTIME_TICKS = 1;

export class CpuConservation extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'A-01',
    says: 'the eight disjoint slots of each CPU’s kcpustat sum to the time since it came up: within two ticks where ticks sample (three ' +
      'if interrupts are timed), to the nanosecond where edges are accounted and the time that tasks carry in and out is counted',
    reference: 'include/linux/kernel_stat.h',
    blindTo: 'time booked to the wrong slot or the wrong task (C-05), and guest slots, which are contained in user and nice',
    listens: ['context', 'vtime_publish', 'kcpustat_final', 'task_final', ...StoppedTicks.listens],
  };

  /** When a CPU's accounts begin: its first context, on a tracked CPU its first vtime section. */
  readonly #since: Float64Array;
  readonly #active: Uint8Array;
  /** Pending time that tasks took away from a CPU, less what they brought. */
  readonly #carriedAway: Float64Array;
  readonly #pending: Float64Array;
  readonly #final: KeptEvents;
  readonly #firstKept: KeptEvents;
  readonly #stopped: StoppedTicks;
  /** Ticks come by the kernel’s clock, which may be off. */
  readonly #error: ClockError;

  constructor(facts: RunFacts) {
    super(CpuConservation.about, facts);
    this.#error = new ClockError(facts.clocks);
    const { cpus } = facts;
    this.#since = new Float64Array(cpus).fill(-1);
    this.#active = new Uint8Array(facts.tasks.length);
    this.#carriedAway = new Float64Array(cpus);
    this.#pending = new Float64Array(cpus);
    this.#final = new KeptEvents(cpus, 'kcpustat_final');
    this.#firstKept = new KeptEvents(cpus, 'context');
    this.#stopped = new StoppedTicks(facts);
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    switch (id) {
      case Event.context: return this.#onContext(id, cpu, t, fields, at);
      case Event.vtime_publish: return this.#onPublish(cpu, t, fields, at);
      case Event.kcpustat_final: return this.#final.keep(fields[at + CPU], id, cpu, t, fields, at);
      case Event.task_final: return this.#onFinal(t, fields, at);
      default: return this.#stopped.onEvent(id, cpu, t, fields, at);
    }
  }

  override finish(end: Ns): Verdict {
    for (let cpu = 0; cpu < this.facts.cpus; cpu++) if (this.#final.has(cpu)) this.#judge(cpu, end);
    return this.verdict();
  }

  #onContext(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const first = !this.#firstKept.has(cpu);
    if (first) this.#firstKept.keep(cpu, id, cpu, t, fields, at);
    if (this.#since[cpu] >= 0) return;
    // where edges are measured, the first one is that at which the idle task gets the CPU
    const { cputime } = this.facts;
    if (first ? samples(cputime[cpu]) : cputime[cpu] === 'native') this.#since[cpu] = t;
  }

  #onPublish(cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const [task, state, utime, stime, gtime] = PUBLISHED;
    const active = fields[at + state] !== VtimeState.Inactive ? 1 : 0;
    const record = fields[at + task];
    if (this.#since[cpu] < 0) this.#since[cpu] = t;
    if (active !== this.#active[record]) {
      const carried = fields[at + utime] + fields[at + stime] + fields[at + gtime];
      this.#carriedAway[cpu] += active === 1 ? -carried : carried;
    }
    this.#active[record] = active;
  }

  /** What the task that runs at the end has earned since the last flush. */
  #onFinal(t: Ns, fields: Float64Array, at: number): void {
    const [cpu, state, starttime, utime, stime, gtime] = FINAL;
    const on = fields[at + cpu];
    if (fields[at + state] === VtimeState.Inactive || !tracksContexts(this.facts.cputime[on])) return;
    this.#pending[on] = t - fields[at + starttime] + fields[at + utime] + fields[at + stime] + fields[at + gtime];
  }

  /** How far the ticks’ clock may be off by then. Where a counter jumps ticks come and stay away as they like. */
  #offBy(end: Ns): Ns {
    return this.#error.jumpsNs > 0 ? Infinity : this.#error.after(end);
  }

  #allowed(cpu: CpuId, end: Ns): Ns {
    const { cputime, tickNs, stalledNs } = this.facts;
    if (!samples(cputime[cpu])) return 0;
    const ticks = SAMPLING_TICKS + (cputime[cpu] === 'tick+irqtime' ? IRQTIME_TICKS : 0);
    return ticks * tickNs + stalledNs[cpu] + this.#offBy(end) + this.#stopped.twice(cpu);
  }

  #judge(cpu: CpuId, end: Ns): void {
    const at = this.#final.at(cpu);
    const elapsed = this.#since[cpu] < 0 ? 0 : Math.max(end, this.#final.t(cpu)) - this.#since[cpu];
    const elsewhere = samples(this.facts.cputime[cpu]) ? -this.#stopped.ahead(cpu, end) : this.#pending[cpu] + this.#carriedAway[cpu];
    let sum = 0;
    for (const slot of SLOTS) sum += this.#final.rows[at + slot];
    const difference = Math.abs(elapsed - elsewhere - sum);
    const allowed = this.#allowed(cpu, end);
    this.checked++;
    if (difference <= allowed) return;
    this.broken(() => ({
      says: `CPU ${cpu} ran for ${elapsed} ns (from ${Math.max(0, this.#since[cpu])}); its slots hold ${sum} ns and ${elsewhere} ns are ` +
        `pending, owed by a stopped tick or carried away by tasks, which differs by ${difference} ns; ${allowed} ns are allowed`,
      events: [...(this.#firstKept.has(cpu) ? [this.#firstKept.named(cpu)] : []), this.#final.named(cpu)],
    }));
  }
}
