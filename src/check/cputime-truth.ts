/**
 * What all accounts must come to, from the machine's log of contexts and nothing of the kernel's own: each CPU's slots
 * and each task's user, system and guest time, by the rule of the CPU's flavour (`cputime-rules.ts`). By the clock
 * where edges are accounted, by what each tick interrupted where ticks sample.
 *
 *      CPU 1 (gen):  context System ---- User ------------- Irq -- System - User ---
 *      system          ####                                 ###############
 *      user                  #################                              ###
 *
 *      CPU 2 (tick): context User -------- Irq: a tick. It hit User: a whole tick of user time
 */
import { tracksContexts } from '../../shared/cputime-flavour.ts';
import type { RunFacts } from '../../shared/event-consumer.ts';
import { Event, Mode, type EventName } from '../../shared/events.ts';
import { Cpustat, NR_CPUSTAT } from '../../shared/structs/cpu.ts';
import { NOBODY, type CpuId, type Ns, type TaskId } from '../../shared/units.ts';
import { CPUTIME_RULES, SAMPLED, type CputimeRule } from './cputime-rules.ts';
import { IowaitCount } from './iowait-count.ts';
import { places } from './kept-events.ts';
import { StolenTime } from './stolen-time.ts';

const NOT_UP = -1;
const [MODE, CONTEXT_TASK] = places('context', 'mode', 'task');
const [TICK_TASK] = places('tick', 'task');
const [IDLE_TICKS] = places('account_idle_ticks', 'ticks');
const [CHILD] = places('sched_process_fork', 'child');
const [IRQTIME] = places('sched_clock_irqtime', 'enabled');
const [NICE_TASK, NICE] = places('sched_set_nice', 'task', 'nice');
const { User, Nice, System, Softirq, Irq, Idle, Iowait, Steal, Guest, GuestNice } = Cpustat;

export class CputimeTruth {
  static readonly listens: readonly EventName[] =
    ['context', 'guest_enter', 'guest_exit', 'tick', 'account_idle_ticks', 'sched_process_fork', 'sched_set_nice', 'sched_clock_irqtime',
      ...IowaitCount.listens];

  readonly #facts: RunFacts;
  readonly #rules: CputimeRule[];
  /** By CPU and slot. */
  readonly #slots: Float64Array;
  readonly #user: Float64Array;
  readonly #system: Float64Array;
  readonly #guest: Float64Array;
  readonly #nice: Int8Array;
  readonly #ksoftirqd: Uint8Array;
  /** CPU on which the task is current, or NOBODY. */
  readonly #runsOn: Int32Array;
  readonly #mode: Int8Array;
  /** What the interrupt under way has interrupted. */
  readonly #interrupted: Int8Array;
  /** 1 while the task bears the mark of a guest. */
  readonly #marked: Uint8Array;
  readonly #task: Int32Array;
  readonly #since: Float64Array;
  /** Since the last tick, as ticks will learn: irq and softirq time. */
  readonly #tickDelta: Float64Array;
  /** All of it. */
  readonly #interrupts: Float64Array;
  /** What ticks that were shorter than it have forgotten of it, and of thefts. */
  readonly #forgotten: Float64Array;
  /** Time of an idle task that is idle or iowait when its CPU goes on. */
  readonly #idling: Float64Array;
  readonly #iowait: IowaitCount;
  readonly #stolen: StolenTime;

  constructor(facts: RunFacts) {
    const { cpus, tasks } = facts;
    this.#facts = facts;
    this.#rules = facts.cputime.map((flavour) => CPUTIME_RULES[flavour]);
    this.#slots = new Float64Array(cpus * NR_CPUSTAT);
    this.#user = new Float64Array(tasks.length);
    this.#system = new Float64Array(tasks.length);
    this.#guest = new Float64Array(tasks.length);
    this.#nice = Int8Array.from(tasks, ({ nice }) => nice);
    this.#ksoftirqd = Uint8Array.from(tasks, ({ name, kernel }) => (kernel === true && name.startsWith('ksoftirqd/') ? 1 : 0));
    this.#runsOn = new Int32Array(tasks.length).fill(NOBODY);
    this.#mode = new Int8Array(cpus).fill(NOT_UP);
    this.#interrupted = new Int8Array(cpus);
    this.#marked = new Uint8Array(tasks.length);
    this.#task = new Int32Array(cpus);
    this.#since = new Float64Array(cpus);
    this.#tickDelta = new Float64Array(cpus);
    this.#interrupts = new Float64Array(cpus);
    this.#forgotten = new Float64Array(cpus);
    this.#idling = new Float64Array(cpus);
    this.#iowait = new IowaitCount(facts);
    this.#stolen = new StolenTime(cpus);
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    switch (id) {
      case Event.context: return this.#onContext(cpu, t, fields[at + MODE], fields[at + CONTEXT_TASK]);
      case Event.guest_enter: return this.#onMark(cpu, t, 1);
      case Event.guest_exit: return this.#onMark(cpu, t, 0);
      case Event.tick: return this.#onTick(cpu, fields[at + TICK_TASK]);
      case Event.account_idle_ticks: return this.#onIdleTicks(cpu, fields[at + IDLE_TICKS]);
      case Event.sched_process_fork: return this.#onFork(fields[at + CHILD]);
      case Event.sched_clock_irqtime: return this.#onIrqtime(cpu, fields[at + IRQTIME]);
      case Event.sched_set_nice:
        this.#nice[fields[at + NICE_TASK]] = fields[at + NICE];
        return;
      default: return this.#iowait.onEvent(id, cpu, fields, at);
    }
  }

  /** User time (guest time included) until `t`, which is not before the task's last change of context. */
  userAt(task: TaskId, t: Ns): Ns {
    return this.#user[task] + this.#open(task, t, User) + this.#open(task, t, Guest);
  }

  systemAt(task: TaskId, t: Ns): Ns {
    return this.#system[task] + this.#open(task, t, System) + this.#open(task, t, Softirq) + this.#open(task, t, Irq);
  }

  guestAt(task: TaskId, t: Ns): Ns {
    return this.#guest[task] + this.#open(task, t, Guest);
  }

  /** What a slot of a CPU holds at `t`, time included that its flavour has not charged yet. */
  slotAt(cpu: CpuId, slot: number, t: Ns): Ns {
    let sum = this.#slots[cpu * NR_CPUSTAT + slot];
    if (slot === this.#idleSlot(cpu)) sum += this.#idling[cpu];
    return this.#mode[cpu] !== NOT_UP && this.#fills(cpu, slot) ? sum + t - this.#since[cpu] : sum;
  }

  /** What a slot of a CPU has been charged so far, where ticks charge. */
  bookedAt(cpu: CpuId, slot: number): Ns {
    return this.#slots[cpu * NR_CPUSTAT + slot];
  }

  /** Irq and softirq time that a CPU has booked to its slots, and to no task. */
  interruptsOf(cpu: CpuId): Ns {
    return this.#interrupts[cpu];
  }

  /** By how much a CPU's slots exceed its ticks: what it timed since the last one, and what was longer than the tick that it came off. */
  beyondTicks(cpu: CpuId): Ns {
    return this.#forgotten[cpu] + this.#tickDelta[cpu];
  }

  /** How much of the time from `from` to `to` a CPU did not have. */
  stolenBetween(cpu: CpuId, from: Ns, to: Ns): Ns {
    const open = this.#mode[cpu] === Mode.Steal ? Math.max(0, to - Math.max(from, this.#since[cpu])) : 0;
    return open + this.#stolen.between(cpu, from, to);
  }

  /** Beginning of the CPU's present stretch. */
  beganOn(cpu: CpuId): Ns {
    return this.#since[cpu];
  }

  niceOf(task: TaskId): number {
    return this.#nice[task];
  }

  /** Slot that the task's present stretch fills for all to see, before nice; SAMPLED: none. */
  fillsOf(task: TaskId): number {
    const cpu = this.#runsOn[task];
    return cpu === NOBODY || !tracksContexts(this.#facts.cputime[cpu]) ? SAMPLED : this.#slotNow(cpu);
  }

  /** Beginning of the task's present stretch, or 0 when it runs nowhere. */
  since(task: TaskId): Ns {
    const cpu = this.#runsOn[task];
    return cpu === NOBODY ? 0 : this.#since[cpu];
  }

  #onContext(cpu: CpuId, t: Ns, mode: number, task: TaskId): void {
    const before = this.#mode[cpu];
    if (before !== NOT_UP) this.#close(cpu, t);
    if (mode === Mode.Irq && before !== Mode.Irq && before !== Mode.Steal) this.#interrupted[cpu] = before;
    if (task !== this.#task[cpu]) this.#endIdling(cpu);
    this.#mode[cpu] = mode;
    this.#task[cpu] = task;
    this.#since[cpu] = t;
    this.#runsOn[task] = cpu;
  }

  /** The running task's mark changes between two contexts, or where one begins. */
  #onMark(cpu: CpuId, t: Ns, marked: number): void {
    const task = this.#task[cpu];
    this.#onContext(cpu, t, this.#mode[cpu], task);
    this.#marked[task] = marked;
  }

  #close(cpu: CpuId, t: Ns): void {
    const task = this.#task[cpu];
    const span = t - this.#since[cpu];
    const slot = this.#slotNow(cpu);
    if (this.#mode[cpu] === Mode.Steal) this.#stolen.add(cpu, this.#since[cpu], t);
    else if (slot === Idle) this.#idling[cpu] += span;
    else if (slot !== SAMPLED) this.#bookStretch(cpu, task, slot, span);
    if (this.#mode[cpu] === Mode.Steal && !this.#rules[cpu].ticks) this.#add(cpu, Steal, span);
    if (this.#runsOn[task] === cpu) this.#runsOn[task] = NOBODY;
  }

  /** A stretch that the flavour times. Where ticks charge tasks, irq and softirq are nobody's, and taken off the next tick. */
  #bookStretch(cpu: CpuId, task: TaskId, slot: number, span: Ns): void {
    if (!this.#rules[cpu].ticks) return this.#book(cpu, task, slot, span);
    this.#add(cpu, slot, span);
    this.#tickDelta[cpu] += span;
    this.#interrupts[cpu] += span;
  }

  #endIdling(cpu: CpuId): void {
    this.#add(cpu, this.#idleSlot(cpu), this.#idling[cpu]);
    this.#idling[cpu] = 0;
  }

  #onTick(cpu: CpuId, task: TaskId): void {
    // such a tick charges what was measured: whether somebody waits for I/O is asked then
    if (this.#facts.cputime[cpu] === 'native') this.#endIdling(cpu);
    if (!this.#rules[cpu].ticks) return;
    const left = this.#takeOther(cpu, 1);
    if (left > 0) this.#book(cpu, task, this.#sampledSlot(cpu, task), left);
  }

  #onIdleTicks(cpu: CpuId, ticks: number): void {
    if (!this.#rules[cpu].ticks || ticks <= 0) return;
    const left = this.#takeOther(cpu, ticks);
    if (left > 0) this.#book(cpu, this.#task[cpu], Idle, left);
  }

  /** What is left of `ticks`: what has been stolen since the last one, and spent in timed interrupts, is no time of what they hit. */
  #takeOther(cpu: CpuId, ticks: number): Ns {
    const stolen = this.#stolen.take(cpu);
    this.#add(cpu, Steal, stolen);
    const left = ticks * this.#facts.tickNs - stolen - this.#tickDelta[cpu];
    this.#tickDelta[cpu] = 0;
    this.#forgotten[cpu] += Math.max(0, -left);
    return left;
  }

  /** What a tick finds. */
  #sampledSlot(cpu: CpuId, task: TaskId): number {
    const hit = this.#mode[cpu] === Mode.Irq ? this.#interrupted[cpu] : this.#mode[cpu];
    const timed = !this.#rules[cpu].chargesIrqs;
    if (timed && this.#ksoftirqd[task] === 1) return Softirq;
    if (hit === Mode.User) return User;
    if (hit === Mode.Softirq && !timed) return Softirq;
    if (task < this.#facts.cpus) return Idle;
    return hit === Mode.Guest || this.#marked[task] === 1 ? Guest : System;
  }

  /** A charge: to the task, to a slot of the CPU by its nice value, guest time to two. */
  #book(cpu: CpuId, task: TaskId, slot: number, ns: Ns): void {
    switch (slot) {
      case Idle: return this.#add(cpu, this.#idleSlot(cpu), ns);
      case User:
        this.#user[task] += ns;
        return this.#add(cpu, this.#nice[task] > 0 ? Nice : User, ns);
      case Guest:
        this.#user[task] += ns;
        this.#guest[task] += ns;
        this.#add(cpu, this.#nice[task] > 0 ? GuestNice : Guest, ns);
        return this.#add(cpu, this.#nice[task] > 0 ? Nice : User, ns);
      default:
        this.#system[task] += ns;
        this.#add(cpu, slot, ns);
    }
  }

  #add(cpu: CpuId, slot: number, ns: Ns): void {
    this.#slots[cpu * NR_CPUSTAT + slot] += ns;
  }

  /** Interrupts are timed no more: ticks are whole again, also the one that was to leave out what had been timed by then. */
  #onIrqtime(cpu: CpuId, enabled: number): void {
    this.#rules[cpu] = CPUTIME_RULES[enabled === 0 ? 'tick' : 'tick+irqtime'];
    this.#forgotten[cpu] += this.#tickDelta[cpu];
    this.#tickDelta[cpu] = 0;
  }

  #onFork(child: TaskId): void {
    this.#user[child] = 0;
    this.#system[child] = 0;
    this.#guest[child] = 0;
    this.#nice[child] = this.#facts.tasks[child].nice;
  }

  /** Slot of the stretch under way, before nice. */
  #slotNow(cpu: CpuId): number {
    const rule = this.#rules[cpu];
    const task = this.#task[cpu];
    const mode = this.#mode[cpu];
    if (task < this.#facts.cpus) return rule.idle[mode];
    if (!rule.ticks && this.#marked[task] === 1 && (mode === Mode.System || (rule.guestIncludesIrq && mode !== Mode.Steal))) return Guest;
    return this.#ksoftirqd[task] === 1 ? rule.ksoftirqd[mode] : rule.task[mode];
  }

  /** Whether the stretch under way is the slot's. */
  #fills(cpu: CpuId, slot: number): boolean {
    const open = this.#slotNow(cpu);
    const nice = this.#nice[this.#task[cpu]] > 0;
    switch (slot) {
      case User: return !nice && (open === User || open === Guest);
      case Nice: return nice && (open === User || open === Guest);
      case Guest: return !nice && open === Guest;
      case GuestNice: return nice && open === Guest;
      case Idle: case Iowait: return open === Idle && slot === this.#idleSlot(cpu);
      default: return open === slot;
    }
  }

  #idleSlot(cpu: CpuId): number {
    return this.#iowait.waits(cpu) ? Iowait : Idle;
  }

  #open(task: TaskId, t: Ns, slot: number): Ns {
    const cpu = this.#runsOn[task];
    if (cpu === NOBODY || this.#rules[cpu].ticks || this.#slotNow(cpu) !== slot) return 0;
    return t - this.#since[cpu];
  }
}
