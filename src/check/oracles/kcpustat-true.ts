/**
 * What a reader is told of a CPU is what the CPU had really done, at the reader's instant, by the machine's own log, less
 * what tasks carried off; by `linux` less what it does not show: remainders of another kind than the running one, and idle
 * time under way. Where ticks sample, it is what the ticks have charged.
 */
import { samples, tracksContexts } from '../../../shared/cputime-flavour.ts';
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event } from '../../../shared/events.ts';
import { Cpustat, NR_CPUSTAT } from '../../../shared/structs/cpu.ts';
import { VtimeState } from '../../../shared/structs/task.ts';
import { NONE, type CpuId, type Ns, type TaskId } from '../../../shared/units.ts';
import { CarriedTime } from '../carried-time.ts';
import { CpuPoints } from '../cpu-points.ts';
import { CputimeTruth } from '../cputime-truth.ts';
import { CUT_SPAN_NS } from '../cut-span.ts';
import { namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription, Verdict } from '../oracle.ts';
import { Reader, READER_NAMES } from '../vtime-formula.ts';
import { WaitingReads } from '../waiting-reads.ts';

const LOOK = ['by', 'cpu', 'reader', 't', 'task', 'k', 'state', 'starttime', 'p'] as const;
const FETCH = places('kcpustat_cpu_fetch', ...LOOK);
const FIELD = places('kcpustat_field', ...LOOK);
const [FIRST_SLOT] = places('kcpustat_cpu_fetch', 'user');
const [USAGE, VALUE] = places('kcpustat_field', 'usage', 'value');
const [BY, CPU, READER, T, TASK, K, STATE, STARTTIME, PROMISE] = LOOK.keys();
const [V_TASK, V_K, V_STATE, V_STARTTIME, V_UTIME, V_STIME, V_GTIME] = places(
  'vtime_publish', 'task', 'k', 'state', 'starttime', 'vtime_utime', 'vtime_stime', 'vtime_gtime',
);
const [CONTEXT_TASK] = places('context', 'task');
const [EVENT_TIME] = places('event', 'time');
const [NICE_TASK, NICE] = places('sched_set_nice', 'task', 'nice');
const SLOT_NAMES = ['user', 'nice', 'system', 'softirq', 'irq', 'idle', 'iowait', 'steal', 'guest', 'guest_nice'];
const { User, Nice, System, Softirq, Irq, Idle, Iowait, Steal, Guest, GuestNice } = Cpustat;
const EACH_SLOT = [[User], [Nice], [System], [Softirq], [Irq], [Idle], [Iowait], [Steal], [Guest], [GuestNice]];
const IDLE_WITH_IOWAIT = [[User], [Nice], [System], [Softirq], [Irq], [Idle, Iowait], [Steal], [Guest], [GuestNice]];
const USER_WITH_NICE = [[User, Nice], [System], [Softirq], [Irq], [Idle, Iowait], [Steal], [Guest, GuestNice]];

export class KcpustatTrue extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'V-03',
    says: 'what a reader is told of a CPU’s accounts is what the CPU had really done at the reader’s instant, less what tasks ' +
      'carried off and what its rule hides',
    reference: 'kernel/sched/cputime.c kcpustat_cpu_fetch, kcpustat_field; the machine’s log of contexts',
    blindTo: 'which of user and nice it is where tasks cross nice 0; which of idle and iowait where CPUs race; sampled CPUs ' +
      'where CPUs race',
    listens: [...CputimeTruth.listens, 'vtime_publish', 'kcpustat_cpu_fetch', 'kcpustat_field', 'cut'],
  };

  readonly #truth: CputimeTruth;
  readonly #carried: CarriedTime;
  readonly #points: CpuPoints;
  readonly #newest: Float64Array;
  readonly #waiting: WaitingReads;
  /** By CPU and slot, where edges are measured: all that has been charged. */
  readonly #flushed: Float64Array;
  readonly #taskOn: Int32Array;
  /** When the accounts of a CPU began; and its first context. */
  readonly #begin: Float64Array;
  readonly #firstContext: Float64Array;
  #crossedNice = false;
  #now: Ns = 0;
  #keepAllUntil: Ns = -1;

  constructor(facts: RunFacts) {
    super(KcpustatTrue.about, facts, ['event']);
    this.#truth = new CputimeTruth(facts);
    this.#carried = new CarriedTime(facts);
    this.#points = new CpuPoints(facts);
    this.#newest = new Float64Array(facts.tasks.length);
    this.#waiting = new WaitingReads(this.#judge.bind(this), 'kcpustat_cpu_fetch', 'kcpustat_field');
    this.#flushed = new Float64Array(facts.cpus * NR_CPUSTAT);
    this.#taskOn = Int32Array.from({ length: facts.cpus }, (_, cpu) => cpu);
    this.#begin = new Float64Array(facts.cpus).fill(-1);
    this.#firstContext = new Float64Array(facts.cpus).fill(-1);
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    switch (id) {
      case Event.kcpustat_cpu_fetch: return this.#onLook(FETCH, id, cpu, t, fields, at);
      case Event.kcpustat_field: return this.#onLook(FIELD, id, cpu, t, fields, at);
      case Event.vtime_publish: return this.#onPublish(cpu, t, fields, at);
      case Event.event: this.#now = fields[at + EVENT_TIME]; return;
      case Event.cut: this.#keepAllUntil = t + CUT_SPAN_NS; return;
      case Event.context: this.#onContext(cpu, fields[at + CONTEXT_TASK], t); break;
      case Event.tick: if (this.facts.cputime[cpu] === 'native') this.#flush(cpu, t); break;
      case Event.sched_set_nice: this.#onNice(fields[at + NICE_TASK], fields[at + NICE]); break;
    }
    this.#truth.onEvent(id, cpu, t, fields, at);
  }

  override finish(): Verdict {
    this.#waiting.flush();
    return this.verdict();
  }

  #onNice(task: number, nice: number): void {
    if (this.#truth.niceOf(task) > 0 !== nice > 0) this.#crossedNice = true;
  }

  #onPublish(cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const task = fields[at + V_TASK];
    this.#newest[task] = fields[at + V_K];
    if (tracksContexts(this.facts.cputime[cpu])) {
      if (this.#begin[cpu] < 0) this.#begin[cpu] = t;
      this.#carried.onPublish(cpu, this.#truth.niceOf(task), fields, at);
      this.#putPoint(cpu, t, fields, at);
    }
    this.#waiting.release(task, fields[at + V_K]);
  }

  /** What the slots come to with this version, and what of it is pending. */
  #putPoint(cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const points = this.#points;
    const task = fields[at + V_TASK];
    const neededFrom = this.facts.racing ? this.#now - 2 * this.facts.skewNs : t > this.#keepAllUntil ? t - CUT_SPAN_NS : -1;
    points.put(cpu, task, fields[at + V_K], t, neededFrom);
    for (let slot = 0; slot < NR_CPUSTAT; slot++) {
      points.setSlot(slot, this.#truth.slotAt(cpu, slot, t) - this.#carried.away(cpu, slot));
      points.setHidden(slot, 0);
    }
    points.setSlot(Idle, points.slot(Idle) - (this.#begin[cpu] - this.#firstContext[cpu]));
    // a theft that no flush has seen yet stands in no slot
    points.setSlot(Steal, points.slot(Steal) - this.#truth.stolenBetween(cpu, fields[at + V_STARTTIME], t));
    this.#hide(fields[at + V_STATE], this.#truth.niceOf(task) > 0, fields, at);
  }

  /** `linux` shows only the remainder of what is going on. */
  #hide(state: number, nice: boolean, fields: Float64Array, at: number): void {
    const gtime = state === VtimeState.Guest ? 0 : fields[at + V_GTIME];
    this.#points.setHidden(nice ? Nice : User, gtime + (state === VtimeState.User ? 0 : fields[at + V_UTIME]));
    this.#points.setHidden(nice ? GuestNice : Guest, gtime);
    this.#points.setHidden(System, state === VtimeState.Sys ? 0 : fields[at + V_STIME]);
  }

  #onLook(p: readonly number[], id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const task = fields[at + p[TASK]];
    if (task === NONE || fields[at + p[K]] <= this.#newest[task]) this.#judge(id, cpu, t, fields, at);
    else this.#waiting.add(task, fields[at + p[K]], id, cpu, t, fields, at);
  }

  #judge(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const p = id === Event.kcpustat_field ? FIELD : FETCH;
    const target = fields[at + p[CPU]];
    const tracked = tracksContexts(this.facts.cputime[target]);
    if (tracked ? !this.#points.find(target, fields[at + p[TASK]], fields[at + p[K]]) : this.facts.racing) {
      this.unjudged++;
      return;
    }
    this.checked++;
    for (const slots of this.#groups(target)) {
      const told = id === Event.kcpustat_field ? soleValue(slots, fields, at) : sumOf(slots, fields, at);
      const due = slots.reduce((sum, slot) => sum + (tracked ? this.#due(slot, p, fields, at) : this.#charged(target, slot)), 0);
      if (told < 0 || told === due) continue;
      this.broken(() => ({
        says: `${this.nameOf(fields[at + p[BY]])} (${READER_NAMES[fields[at + p[READER]]]} reader) was told that CPU ${target} has ` +
          `${told} ns of ${slots.map((slot) => SLOT_NAMES[slot]).join(' + ')} at ${fields[at + p[T]]} ns; it should have been ${due}`,
        events: [namedEvent(id, cpu, t, fields, at)],
      }));
    }
  }

  /** Slots that are compared together: user and nice are one where a task has changed sides with time pending. */
  #groups(target: CpuId): readonly (readonly number[])[] {
    if (samples(this.facts.cputime[target])) return EACH_SLOT;
    return this.#crossedNice ? USER_WITH_NICE : IDLE_WITH_IOWAIT;
  }

  /** What ticks have charged; or what was measured until the last tick or switch. */
  #charged(target: CpuId, slot: number): Ns {
    return samples(this.facts.cputime[target]) ? this.#truth.bookedAt(target, slot) : this.#flushed[target * NR_CPUSTAT + slot];
  }

  /** A tick, or another task: what was measured is charged. */
  #flush(cpu: CpuId, t: Ns): void {
    for (let slot = 0; slot < NR_CPUSTAT; slot++) this.#flushed[cpu * NR_CPUSTAT + slot] = this.#truth.slotAt(cpu, slot, t);
    this.#flushed[cpu * NR_CPUSTAT + Idle] -= this.#begin[cpu] - this.#firstContext[cpu];
  }

  #onContext(cpu: CpuId, task: TaskId, t: Ns): void {
    const first = this.#firstContext[cpu] < 0;
    if (first) this.#firstContext[cpu] = t;
    if (this.facts.cputime[cpu] !== 'native') return;
    // its first edge is that at which the idle task gets the CPU
    if (!first && this.#begin[cpu] < 0) this.#begin[cpu] = t;
    else if (task !== this.#taskOn[cpu]) this.#flush(cpu, t);
    this.#taskOn[cpu] = task;
  }

  /** What the slot of the point that was found comes to at the reader's instant, for that reader. */
  #due(slot: number, p: readonly number[], fields: Float64Array, at: number): Ns {
    const points = this.#points;
    const state = fields[at + p[STATE]];
    const tau = Math.max(points.t, Math.min(fields[at + p[T]], fields[at + p[PROMISE]]));
    const linux = fields[at + p[READER]] !== Reader.Complete;
    const target = fields[at + p[CPU]];
    const start = fields[at + p[STARTTIME]];
    const due = points.slot(slot) - (linux ? points.hidden(slot) : 0);
    if (slot === Steal && !linux) return due + this.#truth.stolenBetween(target, start, tau);
    if (!fills(state, slot, this.#truth.niceOf(fields[at + p[TASK]]) > 0)) return due;
    // since the last flush linux counts what was stolen, too, as the task's; and nothing that an idle task has
    const flushed = due - (points.t - start - this.#truth.stolenBetween(target, start, points.t));
    if (linux) return state === VtimeState.Idle ? flushed : flushed + tau - start;
    return due + tau - points.t - this.#truth.stolenBetween(target, points.t, tau);
  }
}

/** Whether time in `state` is the slot's. */
function fills(state: number, slot: number, nice: boolean): boolean {
  switch (state) {
    case VtimeState.Sys: return slot === System;
    case VtimeState.User: return slot === (nice ? Nice : User);
    case VtimeState.Guest: return slot === (nice ? Nice : User) || slot === (nice ? GuestNice : Guest);
    default: return slot === Idle;
  }
}

function sumOf(slots: readonly number[], fields: Float64Array, at: number): Ns {
  return slots.reduce((sum, slot) => sum + fields[at + FIRST_SLOT + slot], 0);
}

/** The one account that was looked at; -1: these are others, or it is not told apart. */
function soleValue(slots: readonly number[], fields: Float64Array, at: number): Ns {
  return slots.length === 1 && slots[0] === fields[at + USAGE] ? fields[at + VALUE] : -1;
}
