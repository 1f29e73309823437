/**
 * The whole machine's books, twice. Double entry: every charge goes to a task and to a slot of a CPU
 * at once, so what tasks were charged, with the CPUs' idle and stolen time, is exactly what the slots
 * hold. And against the clock: with what the tasks have pending, it is the time that the CPUs ran.
 */
import { samples, tracksContexts } from '../../../shared/cputime-flavour.ts';
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event } from '../../../shared/events.ts';
import { VtimeState } from '../../../shared/structs/task.ts';
import { NOBODY, type CpuId, type Ns, type TaskId } from '../../../shared/units.ts';
import { AccountsBegin } from '../accounts-begin.ts';
import { CputimeTruth } from '../cputime-truth.ts';
import { KeptEvents, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription, Verdict, WitnessEvent } from '../oracle.ts';
import { TickLedger } from '../tick-ledger.ts';

const [TICK_TASK] = places('tick', 'task');
const [CHILD] = places('sched_process_fork', 'child');
const PUBLISHED = places('vtime_publish', 'task', 'utime', 'stime', 'vtime_utime', 'vtime_stime', 'vtime_gtime');
const FINAL = places('task_final', 'task', 'utime', 'stime', 'vtime_utime', 'vtime_stime', 'vtime_gtime');
const [F_CPU, F_STATE, F_STARTTIME] = places('task_final', 'cpu', 'vtime_state', 'starttime');
const [CPU] = places('kcpustat_final', 'cpu');
const BUSY_SLOTS = places('kcpustat_final', 'user', 'nice', 'system', 'softirq', 'irq');
const NOBODYS_SLOTS = places('kcpustat_final', 'idle', 'iowait', 'steal');

export class MachineConservation extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'A-02',
    says: 'what all tasks were charged is exactly what the busy slots of all CPUs hold; with pending and idle time it is the time that ' +
      'the CPUs ran',
    reference: 'kernel/sched/cputime.c account_user_time and its siblings',
    blindTo: 'time booked to the wrong task or the wrong CPU; and it speaks only at the end of a run',
    listens: [...new Set([...CputimeTruth.listens, ...TickLedger.listens, 'vtime_publish', 'kcpustat_final', 'task_final'] as const)],
  };

  readonly #truth: CputimeTruth;
  readonly #begin: AccountsBegin;
  /** Charged and pending time of each record's present life. */
  readonly #charged: Float64Array;
  readonly #pending: Float64Array;
  /** The same of earlier lives, which the records have forgotten. */
  #chargedBefore = 0;
  #pendingBefore = 0;
  /** Time since the last flush, of whatever each tracked CPU runs. */
  readonly #runningSince: Float64Array;
  readonly #final: KeptEvents;
  readonly #ticks: TickLedger;

  constructor(facts: RunFacts) {
    super(MachineConservation.about, facts);
    this.#truth = new CputimeTruth(facts);
    this.#begin = new AccountsBegin(facts);
    this.#charged = new Float64Array(facts.tasks.length);
    this.#pending = new Float64Array(facts.tasks.length);
    this.#runningSince = new Float64Array(facts.cpus).fill(-1);
    this.#final = new KeptEvents(facts.cpus, 'kcpustat_final');
    this.#ticks = new TickLedger(facts);
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    this.#ticks.onEvent(id, cpu, t, fields, at);
    if (id === Event.sched_process_fork) this.#onFork(fields[at + CHILD], t);
    const hit = id === Event.tick && samples(this.facts.cputime[cpu]) ? fields[at + TICK_TASK] : NOBODY;
    const had = hit === NOBODY ? 0 : this.#chargedBySampling(hit, t);
    this.#truth.onEvent(id, cpu, t, fields, at);
    if (hit !== NOBODY) this.#charged[hit] += this.#chargedBySampling(hit, t) - had;
    switch (id) {
      case Event.context: return this.#begin.onContext(cpu, t);
      case Event.vtime_publish:
        this.#begin.onPublish(cpu, t);
        return this.#account(PUBLISHED, fields, at);
      case Event.task_final: return this.#onFinal(fields, at);
      case Event.kcpustat_final: return this.#final.keep(fields[at + CPU], id, cpu, t, fields, at);
    }
  }

  override finish(end: Ns): Verdict {
    for (let cpu = 0; cpu < this.facts.cpus; cpu++) if (!this.#final.has(cpu)) return this.verdict();
    this.checked++;
    const charged = sum(this.#charged) + this.#chargedBefore;
    const busy = this.#sumOf(BUSY_SLOTS);
    let interrupts = 0;
    for (let cpu = 0; cpu < this.facts.cpus; cpu++) interrupts += this.#truth.interruptsOf(cpu);
    if (charged + interrupts !== busy) {
      this.broken(() => ({
        says: `all tasks together were charged ${charged} ns, and interrupts took ${interrupts} ns that nobody was charged with, but the ` +
          `busy slots of all CPUs hold ${busy} ns`,
        events: this.#finals(),
      }));
    }
    this.#againstClock(charged + interrupts, end);
    return this.verdict();
  }

  #againstClock(charged: Ns, end: Ns): void {
    const idle = this.#sumOf(NOBODYS_SLOTS);
    const pending = sum(this.#pending) + this.#pendingBefore;
    let elapsed = 0;
    let running = 0;
    let owed = 0;
    let tolerance = 0;
    for (let cpu = 0; cpu < this.facts.cpus; cpu++) {
      // a CPU's last event may have carried its clock past the end of the run
      const until = Math.max(end, this.#final.t(cpu));
      if (this.#begin.of(cpu) >= 0) elapsed += until - this.#begin.of(cpu);
      if (this.#runningSince[cpu] >= 0) running += until - this.#runningSince[cpu];
      if (!samples(this.facts.cputime[cpu])) continue;
      owed -= this.#ticks.ahead(cpu, until) + this.#truth.beyondTicks(cpu);
      tolerance += this.#ticks.allowed(cpu, until, this.#truth.stolenBetween(cpu, 0, until));
    }
    const booked = charged + pending + running + idle + owed;
    if (Math.abs(elapsed - booked) <= tolerance) return;
    this.broken(() => ({
      says: `the CPUs ran for ${elapsed} ns, but charged ${charged}, pending ${pending}, unflushed ${running}, idle ${idle} and ` +
        `owed by stopped ticks ${owed} ns come to ${booked} ns, which differs by ${Math.abs(elapsed - booked)} ns; ${tolerance} ns are ` +
        'allowed',
      events: this.#finals(),
    }));
  }

  #chargedBySampling(task: TaskId, t: Ns): Ns {
    return this.#truth.userAt(task, t) + this.#truth.systemAt(task, t);
  }

  #account(p: readonly number[], fields: Float64Array, at: number): void {
    const task = fields[at + p[0]];
    this.#charged[task] = fields[at + p[1]] + fields[at + p[2]];
    this.#pending[task] = fields[at + p[3]] + fields[at + p[4]] + fields[at + p[5]];
  }

  #onFork(child: TaskId, t: Ns): void {
    // nothing else says what a CPU that measures edges has charged
    this.#chargedBefore += this.facts.cputime[0] === 'native' ? this.#chargedBySampling(child, t) : this.#charged[child];
    this.#pendingBefore += this.#pending[child];
    this.#charged[child] = 0;
    this.#pending[child] = 0;
  }

  #onFinal(fields: Float64Array, at: number): void {
    this.#account(FINAL, fields, at);
    const cpu = fields[at + F_CPU];
    if (fields[at + F_STATE] === VtimeState.Inactive || !tracksContexts(this.facts.cputime[cpu])) return;
    this.#runningSince[cpu] = fields[at + F_STARTTIME];
  }

  #sumOf(slots: readonly number[]): Ns {
    let total = 0;
    for (let cpu = 0; cpu < this.facts.cpus; cpu++) {
      for (const slot of slots) total += this.#final.rows[this.#final.at(cpu) + slot];
    }
    return total;
  }

  #finals(): WitnessEvent[] {
    return Array.from({ length: this.facts.cpus }, (_, cpu) => this.#final.named(cpu));
  }
}

function sum(values: Float64Array): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
