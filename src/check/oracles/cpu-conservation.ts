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
import { AccountsBegin } from '../accounts-begin.ts';
import { CputimeTruth } from '../cputime-truth.ts';
import { KeptEvents, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription, Verdict } from '../oracle.ts';
import { TickLedger } from '../tick-ledger.ts';

const PUBLISHED = places('vtime_publish', 'task', 'state', 'vtime_utime', 'vtime_stime', 'vtime_gtime');
const [CPU] = places('kcpustat_final', 'cpu');
const SLOTS = places('kcpustat_final', 'user', 'nice', 'system', 'softirq', 'irq', 'idle', 'iowait', 'steal');
const FINAL = places('task_final', 'cpu', 'vtime_state', 'starttime', 'vtime_utime', 'vtime_stime', 'vtime_gtime');

export class CpuConservation extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'A-01',
    says: 'the eight disjoint slots of each CPU’s kcpustat sum to the time since it came up: within two ticks where ticks sample and ' +
      'those that come too often or not at all are counted, to the nanosecond where edges are accounted and the time that tasks carry in ' +
      'and out is counted',
    reference: 'include/linux/kernel_stat.h',
    blindTo: 'time booked to the wrong slot or the wrong task (C-05), and guest slots, which are contained in user and nice',
    listens: [...new Set(['vtime_publish', 'kcpustat_final', 'task_final', ...TickLedger.listens, ...CputimeTruth.listens] as const)],
  };

  readonly #begin: AccountsBegin;
  readonly #active: Uint8Array;
  /** Pending time that tasks took away from a CPU, less what they brought. */
  readonly #carriedAway: Float64Array;
  readonly #pending: Float64Array;
  readonly #final: KeptEvents;
  readonly #firstKept: KeptEvents;
  readonly #ticks: TickLedger;
  /** What is timed beside ticks, if anything is. */
  readonly #timed: CputimeTruth | undefined;

  constructor(facts: RunFacts) {
    super(CpuConservation.about, facts);
    const { cpus } = facts;
    this.#begin = new AccountsBegin(facts);
    this.#active = new Uint8Array(facts.tasks.length);
    this.#carriedAway = new Float64Array(cpus);
    this.#pending = new Float64Array(cpus);
    this.#final = new KeptEvents(cpus, 'kcpustat_final');
    this.#firstKept = new KeptEvents(cpus, 'context');
    this.#ticks = new TickLedger(facts);
    this.#timed = facts.steals || facts.cputime.includes('tick+irqtime') ? new CputimeTruth(facts) : undefined;
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    this.#timed?.onEvent(id, cpu, t, fields, at);
    switch (id) {
      case Event.context: return this.#onContext(id, cpu, t, fields, at);
      case Event.vtime_publish: return this.#onPublish(cpu, t, fields, at);
      case Event.kcpustat_final: return this.#final.keep(fields[at + CPU], id, cpu, t, fields, at);
      case Event.task_final: return this.#onFinal(t, fields, at);
      default: return this.#ticks.onEvent(id, cpu, t, fields, at);
    }
  }

  override finish(end: Ns): Verdict {
    for (let cpu = 0; cpu < this.facts.cpus; cpu++) if (this.#final.has(cpu)) this.#judge(cpu, end);
    return this.verdict();
  }

  #onContext(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    if (!this.#firstKept.has(cpu)) this.#firstKept.keep(cpu, id, cpu, t, fields, at);
    this.#begin.onContext(cpu, t);
  }

  #onPublish(cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const [task, state, utime, stime, gtime] = PUBLISHED;
    const active = fields[at + state] !== VtimeState.Inactive ? 1 : 0;
    const record = fields[at + task];
    this.#begin.onPublish(cpu, t);
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

  #ahead(cpu: CpuId, until: Ns): Ns {
    return this.#ticks.ahead(cpu, until) + (this.#timed?.beyondTicks(cpu) ?? 0);
  }

  #judge(cpu: CpuId, end: Ns): void {
    const at = this.#final.at(cpu);
    const since = this.#begin.of(cpu);
    const until = Math.max(end, this.#final.t(cpu));
    const elapsed = since < 0 ? 0 : until - since;
    const sampling = samples(this.facts.cputime[cpu]);
    const elsewhere = sampling ? -this.#ahead(cpu, until) : this.#pending[cpu] + this.#carriedAway[cpu];
    let sum = 0;
    for (const slot of SLOTS) sum += this.#final.rows[at + slot];
    const difference = Math.abs(elapsed - elsewhere - sum);
    const allowed = sampling ? this.#ticks.allowed(cpu, until, this.#timed?.stolenBetween(cpu, 0, until) ?? 0) : 0;
    this.checked++;
    if (difference <= allowed) return;
    this.broken(() => ({
      says: `CPU ${cpu} ran for ${elapsed} ns (from ${Math.max(0, since)}); its slots hold ${sum} ns and ${elsewhere} ns are ` +
        `pending, owed by a stopped tick or carried away by tasks, which differs by ${difference} ns; ${allowed} ns are allowed`,
      events: [...(this.#firstKept.has(cpu) ? [this.#firstKept.named(cpu)] : []), this.#final.named(cpu)],
    }));
  }
}
