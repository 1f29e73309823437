/**
 * A process's CPU time is the sum of its threads': of those that live what they really had by then, of those that are gone
 * what they had when they went. A thread that ends moves from one sum to the other in one section, so none is in both,
 * and none in neither.
 *
 *      thread 1 lives: 20      thread 2 lives: 30        dead: 0        sum 50
 *      thread 1 lives: 21      thread 2 ends at 31       dead: 31       sum 52, never 21 (too early) or 83 (too late)
 */
import { tracksContexts } from '../../../shared/cputime-flavour.ts';
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event } from '../../../shared/events.ts';
import { NONE, type CpuId, type Ns, type TaskId } from '../../../shared/units.ts';
import { EventPool, namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription, Verdict } from '../oracle.ts';
import { LONGEST_EVENT_NS } from '../race-bound.ts';
import { TruthHistory, type TrueTimes } from '../truth-history.ts';
import { hiddenSystem, hiddenUser, isRunning, Reader, READER_NAMES, runsUser } from '../vtime-formula.ts';

const [BY, MEMBER, READER, T, VERSION, TAU0, TAU1, UTIME, STIME] = places(
  'thread_group_cputime', 'by', 'task', 'reader', 't', 'version', 'tau0', 'tau1', 'utime', 'stime',
);
const [X_TASK, X_K, X_UTIME, X_STIME, X_FULL_UTIME, X_FULL_STIME] = places(
  'exit_signal', 'task', 'k', 'utime', 'stime', 'full_utime', 'full_stime',
);
const [V_TASK, V_STATE, V_STARTTIME, V_UTIME, V_STIME, V_GTIME] = places(
  'vtime_publish', 'task', 'state', 'starttime', 'vtime_utime', 'vtime_stime', 'vtime_gtime',
);
const [CHILD] = places('sched_process_fork', 'child');
const [EVENT_TIME] = places('event', 'time');

/** A thread that is gone: in which version of its process's sums, and with what. */
interface Exit {
  readonly task: TaskId;
  readonly k: number;
  /** By reader: what each counts. */
  readonly utime: readonly [Ns, Ns];
  readonly stime: readonly [Ns, Ns];
}

/** A version of a task's vtime: when it was published, and by whom; since when it lets time run, undefined if not. */
interface Section {
  readonly at: Ns;
  readonly on: CpuId;
  readonly start: Ns | undefined;
}

export class GroupSums extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'A-05',
    says: 'the CPU time of a process, as a reader is told, is the sum of what its living threads really had and of what its dead ones ' +
      'left, each once',
    reference: 'kernel/sched/cputime.c thread_group_cputime; kernel/exit.c __exit_signal',
    blindTo: 'run time by the scheduler’s clock (R-04); where CPUs race, sampled tasks, processes that take a thread’s record again, and ' +
      'which remainders of living threads linux hides',
    listens: [...TruthHistory.listens, 'vtime_publish', 'thread_group_cputime', 'exit_signal'],
  };

  readonly #history: TruthHistory;
  readonly #processOf: Int32Array;
  readonly #listed: Uint8Array;
  readonly #forks: Uint32Array;
  readonly #exits: Exit[][];
  /** What linux does not show of a task's time, by its last version. */
  readonly #hiddenUser: Float64Array;
  readonly #hiddenSystem: Float64Array;
  /** Since when time runs for a task, in which state and where, by its last version. */
  readonly #start: Float64Array;
  readonly #state: Uint8Array;
  readonly #on: Int32Array;
  /** Where CPUs race, by task: versions that a look may have seen. */
  readonly #sections: Section[][];
  readonly #sampled: boolean;
  /** Where CPUs race: looks that wait until everything has come that they may have seen. */
  readonly #waiting: number[] = [];
  readonly #looks = new EventPool('thread_group_cputime');
  readonly #true: TrueTimes = { user: 0, system: 0, guest: 0 };
  #now: Ns = 0;

  constructor(facts: RunFacts) {
    super(GroupSums.about, facts, ['event']);
    this.#history = new TruthHistory(facts);
    this.#processOf = new Int32Array(facts.tasks.length).fill(NONE);
    facts.processes.forEach(({ threads }, process) => threads.forEach((task) => (this.#processOf[task] = process)));
    this.#listed = new Uint8Array(facts.tasks.length);
    this.#forks = new Uint32Array(facts.tasks.length);
    this.#exits = facts.processes.map(() => []);
    this.#hiddenUser = new Float64Array(facts.tasks.length);
    this.#hiddenSystem = new Float64Array(facts.tasks.length);
    this.#start = new Float64Array(facts.tasks.length);
    this.#state = new Uint8Array(facts.tasks.length);
    this.#on = new Int32Array(facts.tasks.length);
    this.#sections = facts.tasks.map(() => []);
    this.#sampled = !facts.cputime.every(tracksContexts);
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    switch (id) {
      case Event.thread_group_cputime: return this.#onLook(id, cpu, t, fields, at);
      case Event.exit_signal: return this.#onExit(id, cpu, t, fields, at);
      case Event.vtime_publish: return this.#onPublish(cpu, t, fields, at);
      case Event.event: return this.#onBegin(fields[at + EVENT_TIME]);
      case Event.sched_process_fork: this.#onFork(fields[at + CHILD]); break;
    }
    this.#history.onEvent(id, cpu, t, fields, at, this.#neededFrom(t));
  }

  override finish(): Verdict {
    for (const slot of this.#waiting) this.#judgeKept(slot);
    return this.verdict();
  }

  #neededFrom(t: Ns): Ns {
    return this.facts.racing ? this.#now - 4 * (this.facts.skewNs + LONGEST_EVENT_NS) : t - LONGEST_EVENT_NS;
  }

  #onFork(child: TaskId): void {
    this.#listed[child] = 1;
    this.#forks[child] += 1;
    const process = this.#processOf[child];
    // its leader begins a process anew
    if (process !== NONE && this.facts.processes[process].threads[0] === child) this.#exits[process] = [];
  }

  #onPublish(cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const task = fields[at + V_TASK];
    const state = fields[at + V_STATE];
    this.#hiddenUser[task] = hiddenUser(Reader.Linux, state, fields[at + V_UTIME], fields[at + V_GTIME]);
    this.#hiddenSystem[task] = hiddenSystem(Reader.Linux, state, fields[at + V_STIME]);
    this.#start[task] = fields[at + V_STARTTIME];
    this.#state[task] = state;
    this.#on[task] = cpu;
    if (!this.facts.racing || !this.facts.steals) return;
    const sections = this.#sections[task];
    while (sections.length > 1 && sections[1].at < this.#neededFrom(t)) sections.shift();
    sections.push({ at: t, on: cpu, start: isRunning(state) ? fields[at + V_STARTTIME] : undefined });
  }

  #onExit(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const task = fields[at + X_TASK];
    this.#listed[task] = 0;
    this.#exits[this.#processOf[task]].push({
      task, k: fields[at + X_K],
      utime: [fields[at + X_UTIME], fields[at + X_FULL_UTIME]], stime: [fields[at + X_STIME], fields[at + X_FULL_STIME]],
    });
    if (this.facts.racing && this.#sampled) return;
    this.#history.seenAt(task, t, this.#true);
    this.checked++;
    if (fields[at + X_FULL_UTIME] === this.#true.user && fields[at + X_FULL_STIME] === this.#true.system) return;
    this.broken(() => ({
      says: `${this.nameOf(task)} leaves its process ${fields[at + X_FULL_UTIME]} + ${fields[at + X_FULL_STIME]} ns at ${t} ns; it had ` +
        `really had ${this.#true.user} + ${this.#true.system}`,
      events: [namedEvent(id, cpu, t, fields, at)],
    }));
  }

  #onLook(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    if (!this.facts.racing) return this.#judge(id, cpu, t, fields, at);
    const { threads } = this.facts.processes[this.#processOf[fields[at + MEMBER]]];
    if (this.#sampled || threads.some((task) => this.#forks[task] > 1)) {
      this.unjudged++;
      return;
    }
    this.#waiting.push(this.#looks.take(id, cpu, t, fields, at));
  }

  #onBegin(time: Ns): void {
    this.#now = time;
    const over = time - 2 * (this.facts.skewNs + LONGEST_EVENT_NS);
    while (this.#waiting.length > 0 && this.#looks.t(this.#waiting[0]) < over) this.#judgeKept(this.#waiting.shift()!);
  }

  #judgeKept(slot: number): void {
    this.#judge(Event.thread_group_cputime, this.#looks.cpu(slot), this.#looks.t(slot), this.#looks.rows, this.#looks.at(slot));
    this.#looks.release(slot);
  }

  #judge(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const least = this.#sumAt(fields[at + TAU0], fields, at);
    const most = this.#sumAt(fields[at + TAU1], fields, at);
    const blurred = this.facts.racing && fields[at + READER] === Reader.Linux;
    const robbed = blurred ? this.#robbedUntil(fields[at + TAU1], t, fields[at + MEMBER]) : 0;
    const slack = blurred ? 2 * this.facts.tickNs * least.living : 0;
    this.checked++;
    const wrong = between('utime', fields[at + UTIME], least.user - slack, most.user + robbed)
      ?? between('stime', fields[at + STIME], least.system - slack, most.system + robbed);
    if (wrong === undefined) return;
    this.broken(() => ({
      says: `${this.nameOf(fields[at + BY])} (${READER_NAMES[fields[at + READER]]} reader) was told at ${fields[at + T]} ns that the ` +
        `process of ${this.nameOf(fields[at + MEMBER])} has ${wrong}`,
      events: [namedEvent(id, cpu, t, fields, at)],
    }));
  }

  /** What the process had really had at `tau`, as far as that reader shows it. */
  #sumAt(tau: Ns, fields: Float64Array, at: number): { user: Ns; system: Ns; living: number } {
    const process = this.#processOf[fields[at + MEMBER]];
    const reader = fields[at + READER];
    const { threads, age } = this.facts.processes[process];
    const gone = this.#exits[process].filter(({ k }) => k <= fields[at + VERSION]);
    const sum = { user: age.utime, system: age.stime, living: 0 };
    for (const { utime, stime } of gone) {
      sum.user += utime[reader];
      sum.system += stime[reader];
    }
    for (const task of threads) {
      const lives = this.facts.racing ? !gone.some((exit) => exit.task === task) : this.#listed[task] === 1;
      if (lives) this.#addLiving(task, tau, reader, sum);
    }
    return sum;
  }

  /** How much thefts linux may take for the time of a process's threads, which of their versions it saw being open. */
  #robbedUntil(tau: Ns, t: Ns, member: TaskId): Ns {
    const race = 2 * (this.facts.skewNs + LONGEST_EVENT_NS);
    let sum = 0;
    for (const task of this.facts.processes[this.#processOf[member]].threads) {
      const sections = this.#sections[task];
      let most = 0;
      for (let i = 0; i < sections.length && sections[i].at <= t + race; i++) {
        const { on, start } = sections[i];
        const isPast = i + 1 < sections.length && sections[i + 1].at < t - race;
        if (!isPast && start !== undefined) most = Math.max(most, this.#history.stolenBetween(on, start, tau));
      }
      sum += most;
    }
    return sum;
  }

  #addLiving(task: TaskId, tau: Ns, reader: number, sum: { user: Ns; system: Ns; living: number }): void {
    this.#history.seenAt(task, tau, this.#true);
    const hides = reader === Reader.Linux && !this.facts.racing;
    const robbed = hides && isRunning(this.#state[task]) ? this.#history.stolenBetween(this.#on[task], this.#start[task], tau) : 0;
    const inUser = runsUser(this.#state[task]);
    sum.user += this.#true.user - (hides ? this.#hiddenUser[task] : 0) + (inUser ? robbed : 0);
    sum.system += this.#true.system - (hides ? this.#hiddenSystem[task] : 0) + (inUser ? 0 : robbed);
    sum.living += 1;
  }
}

function between(name: string, told: Ns, least: Ns, most: Ns): string | undefined {
  if (told >= least && told <= most) return undefined;
  return `${name} ${told}; its threads come to ${least === most ? least : `${least} .. ${most}`}`;
}
