/**
 * At the end of a run each slot of each CPU is held against what the CPU really did: exactly the ticks that hit it where
 * ticks sample; exactly its time where edges are accounted, once one looks at what is still to be charged, and at what
 * tasks have carried off to be charged elsewhere.
 */
import { samples, tracksContexts } from '../../../shared/cputime-flavour.ts';
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event } from '../../../shared/events.ts';
import { Cpustat, NR_CPUSTAT } from '../../../shared/structs/cpu.ts';
import { VtimeState } from '../../../shared/structs/task.ts';
import type { CpuId, Ns, TaskId } from '../../../shared/units.ts';
import { CarriedTime } from '../carried-time.ts';
import { CputimeTruth } from '../cputime-truth.ts';
import { KeptEvents, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription, Verdict } from '../oracle.ts';
import { pendingGuest, pendingSystem, pendingUser, Reader } from '../vtime-formula.ts';

const [PUBLISHED] = places('vtime_publish', 'task');
const [TASK, F_CPU, STATE, STARTTIME, UTIME, STIME, GTIME] = places(
  'task_final', 'task', 'cpu', 'vtime_state', 'starttime', 'vtime_utime', 'vtime_stime', 'vtime_gtime',
);
const [NICE_TASK, NICE] = places('sched_set_nice', 'task', 'nice');
const [CPU, FIRST_SLOT] = places('kcpustat_final', 'cpu', 'user');
const SLOT_NAMES = ['user', 'nice', 'system', 'softirq', 'irq', 'idle', 'iowait', 'steal', 'guest', 'guest_nice'];
const { User, Nice, System, Softirq, Irq, Idle, Iowait, Steal, Guest, GuestNice } = Cpustat;

export class CpuExact extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'C-07',
    says: 'every slot of every CPU’s kcpustat is exactly what its contexts, or the ticks that hit them, come to, with what is pending ' +
      'and what tasks carried in and out',
    reference: 'kernel/sched/cputime.c account_user_time and its siblings; include/linux/kernel_stat.h',
    blindTo: 'errors that cancel out before the end; which of user and nice it is where a task crosses nice 0 with time pending; which ' +
      'of idle and iowait where CPUs race',
    listens: [...CputimeTruth.listens, 'vtime_publish', 'kcpustat_final', 'task_final'],
  };

  readonly #truth: CputimeTruth;
  readonly #final: KeptEvents;
  readonly #carried: CarriedTime;
  /** By CPU and slot: time that no slot holds yet, since who has earned it has it pending. */
  readonly #pending: Float64Array;
  /** Of a CPU that tracks contexts: from its first context to when its accounts began. */
  readonly #firstContext: Float64Array;
  readonly #accountsBegin: Float64Array;
  #crossedNice = false;

  constructor(facts: RunFacts) {
    super(CpuExact.about, facts);
    this.#truth = new CputimeTruth(facts);
    this.#final = new KeptEvents(facts.cpus, 'kcpustat_final');
    this.#carried = new CarriedTime(facts);
    this.#pending = new Float64Array(facts.cpus * NR_CPUSTAT);
    this.#firstContext = new Float64Array(facts.cpus).fill(-1);
    this.#accountsBegin = new Float64Array(facts.cpus).fill(-1);
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    if (id === Event.sched_set_nice) this.#onNice(fields[at + NICE_TASK], fields[at + NICE]);
    switch (id) {
      case Event.vtime_publish: return this.#onPublish(cpu, t, fields, at);
      case Event.kcpustat_final: return this.#final.keep(fields[at + CPU], id, cpu, t, fields, at);
      case Event.task_final: return this.#onFinal(cpu, t, fields, at);
      default:
        if (id === Event.context) this.#onContext(cpu, t);
        this.#truth.onEvent(id, cpu, t, fields, at);
    }
  }

  override finish(): Verdict {
    for (let cpu = 0; cpu < this.facts.cpus; cpu++) if (this.#final.has(cpu)) this.#judge(cpu);
    return this.verdict();
  }

  /** Where edges are measured, the first one is that at which the idle task gets the CPU. */
  #onContext(cpu: CpuId, t: Ns): void {
    const first = this.#firstContext[cpu] < 0;
    if (first) this.#firstContext[cpu] = t;
    else if (this.#accountsBegin[cpu] < 0 && this.facts.cputime[cpu] === 'native') this.#accountsBegin[cpu] = t;
  }

  #onNice(task: TaskId, nice: number): void {
    if (this.#truth.niceOf(task) > 0 !== nice > 0) this.#crossedNice = true;
  }

  #onPublish(cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    if (!tracksContexts(this.facts.cputime[cpu])) return;
    if (this.#accountsBegin[cpu] < 0) this.#accountsBegin[cpu] = t;
    this.#carried.onPublish(cpu, this.#truth.niceOf(fields[at + PUBLISHED]), fields, at);
  }

  #owe(cpu: CpuId, slot: number, ns: Ns): void {
    this.#pending[cpu * NR_CPUSTAT + slot] += ns;
  }

  /** What the task that runs at the end has earned since the last flush. */
  #onFinal(cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const on = fields[at + F_CPU];
    const state = fields[at + STATE];
    if (state === VtimeState.Inactive || !tracksContexts(this.facts.cputime[on])) return;
    const task = fields[at + TASK];
    const now = Math.max(t, this.#truth.since(task));
    const start = fields[at + STARTTIME];
    const stolen = this.#truth.stolenBetween(cpu, start, now);
    const live = now - start - stolen;
    const nice = this.#truth.niceOf(task) > 0;
    const guest = pendingGuest(state, fields[at + GTIME], live);
    this.#owe(on, Steal, stolen);
    this.#owe(on, nice ? Nice : User, pendingUser(Reader.Complete, state, fields[at + UTIME], fields[at + GTIME], live));
    this.#owe(on, nice ? GuestNice : Guest, guest);
    this.#owe(on, System, pendingSystem(Reader.Complete, state, fields[at + STIME], live));
    if (state === VtimeState.Idle) this.#owe(on, Idle, live);
  }

  #judge(cpu: CpuId): void {
    const tracked = tracksContexts(this.facts.cputime[cpu]);
    const mixed = !samples(this.facts.cputime[cpu]) && this.#crossedNice;
    const user = mixed ? [[User, Nice], [Guest, GuestNice]] : [[User], [Nice], [Guest], [GuestNice]];
    const idle = tracked || this.facts.racing ? [[Idle, Iowait]] : [[Idle], [Iowait]];
    const groups: readonly number[][] = [...user, ...idle, [System], [Softirq], [Irq], [Steal]];
    this.checked++;
    for (const group of groups) this.#compare(cpu, group);
  }

  #compare(cpu: CpuId, slots: readonly number[]): void {
    const now = Math.max(this.#final.t(cpu), this.#truth.beganOn(cpu));
    let recorded = 0;
    let elsewhere = 0;
    let truth = slots.includes(Idle) ? -this.#before(cpu) : 0;
    for (const slot of slots) {
      recorded += this.#final.rows[this.#final.at(cpu) + FIRST_SLOT + slot];
      elsewhere += this.#pending[cpu * NR_CPUSTAT + slot] + this.#carried.away(cpu, slot);
      truth += this.#truth.slotAt(cpu, slot, now);
    }
    if (recorded + elsewhere === truth) return;
    const name = slots.map((slot) => SLOT_NAMES[slot]).join(' + ');
    this.broken(() => ({
      says: `CPU ${cpu} ends with ${recorded} ns of ${name}, ${elsewhere} ns of it are pending or carried off; its contexts and ticks ` +
        `come to ${truth} ns`,
      events: [this.#final.named(cpu)],
    }));
  }

  /** What a CPU did before its accounts began. */
  #before(cpu: CpuId): Ns {
    return this.#accountsBegin[cpu] < 0 ? 0 : this.#accountsBegin[cpu] - this.#firstContext[cpu];
  }
}
