/**
 * Nobody is told of more CPU time than there can have been. What wraps around, or is less than nothing without a sign, is far
 * beyond.
 *
 * The bound is exact: somebody can have been told so much. Run time, and what is split of it, is real time. A thread has one
 * CPU at an instant, so it has had no more than has passed since boot, and all threads of a process no more than on as many
 * CPUs as they can have at once. The same holds for user and system time that edges measure. What ticks charge is not real
 * time: a thread that goes from CPU to CPU may meet the tick of each (`skew_tick=1` sets them apart), and one by a slow clock
 * meets a tick twice. But nothing is charged without a tick that hits it, so it is a tick for each of those.
 *
 *      t       0    T/2    T    3T/2    2T          the thread has run two ticks, and is charged four
 *      CPU 0   tick ......  tick ......  tick
 *      CPU 1   ...   tick  ....  tick  ....
 *      thread  CPU 0 | 1  | 0  |  1  |  0
 *
 * "By now" is the latest instant that any CPU has come to: an event is in the stream before those that began later, and
 * what it did at its end can be read by an event that began, and looks, before that instant.
 */
import { samples } from '../../../shared/cputime-flavour.ts';
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event, type EventName } from '../../../shared/events.ts';
import { NSEC_PER_SEC, USER_HZ, type CpuId, type Ns, type TaskId } from '../../../shared/units.ts';
import { ClockError } from '../clock-error.ts';
import { namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription } from '../oracle.ts';
import { CpuClock } from '../process-clocks.ts';

type Scope = 'thread' | 'process' | 'machine';
type Names = readonly (readonly string[])[];

/** What each look shows of whom: sums that ticks may have charged, and those that are made of real time. */
const LOOKS = {
  task_cputime: { of: 'thread', charged: [['utime', 'stime']], run: [] },
  task_gtime: { of: 'thread', charged: [['gtime']], run: [] },
  cputime_adjust: { of: 'thread', charged: [], run: [['rtime'], ['utime', 'stime']] },
  thread_group_cputime: { of: 'process', charged: [['utime', 'stime']], run: [['rtime']] },
  thread_group_cputime_adjusted: { of: 'process', charged: [], run: [['rtime'], ['utime', 'stime']] },
  /** Of a thread or a process, charged or not: the row says it. */
  cpu_clock_sample: { of: 'process', charged: [['value']], run: [] },
  wait_task_zombie: { of: 'machine', charged: [['gtime', 'cgtime']], run: [['utime', 'stime', 'cutime', 'cstime']] },
  times: { of: 'machine', charged: [], run: [['utime', 'stime', 'cutime', 'cstime']] },
} as const satisfies Partial<Record<EventName, { of: Scope; charged: Names; run: Names }>>;

const TICK_NS = NSEC_PER_SEC / USER_HZ;
const [TICK_TASK] = places('tick', 'task');
const [CLOCK, OF_THREAD] = places('cpu_clock_sample', 'clock', 'thread');

interface Sum {
  readonly name: string;
  readonly places: readonly number[];
  readonly charged: boolean;
}

interface LookRule {
  readonly task: number;
  readonly sums: readonly Sum[];
  readonly of: Scope;
  /** ns in one of its units. */
  readonly unit: Ns;
}

function ruleOf(look: keyof typeof LOOKS): LookRule {
  const { of, charged, run } = LOOKS[look];
  const sumOf = (charges: boolean) => (names: readonly string[]): Sum =>
    ({ name: names.join(' + '), places: places(look, ...names), charged: charges });
  const task = places(look, look === 'wait_task_zombie' ? 'child' : 'task')[0];
  return { task, of, unit: look === 'times' ? TICK_NS : 1, sums: [...charged.map(sumOf(true)), ...run.map(sumOf(false))] };
}

export class CputimePossible extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'R-08',
    says: 'no reader is told of more CPU time than there can have been: a tick for each that hit, else the time since boot, for each CPU ' +
      'that the threads of a process may have at once',
    reference: 'kernel/sched/cputime.c thread_group_cputime, cputime_adjust',
    blindTo: 'anything that could have been',
    listens: ['context', 'tick', ...Object.keys(LOOKS) as EventName[]],
  };

  readonly #rules = new Map<number, LookRule>((Object.keys(LOOKS) as (keyof typeof LOOKS)[]).map((name) => [Event[name], ruleOf(name)]));
  /** By task: the threads that its process may have, and what dead ones have left it. */
  readonly #threads: (readonly TaskId[])[];
  readonly #age: Float64Array;
  readonly #ages: Ns;
  readonly #error: ClockError;
  /** Ticks that hit each task where they are charged, in all its lives. */
  readonly #hits: Float64Array;
  /** What edges measure, and run time, may be that of a CPU that is so far ahead; so many ticks may have come there. */
  readonly #ticksAhead: number;
  /** Whether any CPU charges by ticks, and whether any measures. */
  readonly #sampling: boolean;
  readonly #measuring: boolean;
  #now: Ns = 0;

  constructor(facts: RunFacts) {
    super(CputimePossible.about, facts);
    this.#threads = facts.tasks.map(({ task }) => [task]);
    this.#age = new Float64Array(facts.tasks.length);
    for (const { threads, age } of facts.processes) {
      for (const thread of threads) {
        this.#threads[thread] = threads;
        this.#age[thread] = age.utime + age.stime;
      }
    }
    this.#ages = facts.processes.reduce((sum, { age }) => sum + age.utime + age.stime, 0);
    this.#error = new ClockError(facts.clocks, facts.skewNs);
    this.#hits = new Float64Array(facts.tasks.length);
    this.#ticksAhead = facts.racing ? 1 + Math.ceil((facts.skewNs + facts.ipiDelayNs) / facts.tickNs) : 0;
    this.#sampling = facts.cputime.some(samples);
    this.#measuring = !facts.cputime.every(samples);
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    if (t > this.#now) this.#now = t;
    if (id === Event.context) return;
    if (id === Event.tick) {
      this.#hits[fields[at + TICK_TASK]]++;
      return;
    }
    this.checked++;
    const { sums } = this.#rules.get(id)!;
    for (const sum of sums) if (!this.#judge(sum, id, cpu, t, fields, at)) return;
  }

  #judge({ name, places: parts, charged }: Sum, id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): boolean {
    const { task: place, of, unit } = this.#rules.get(id)!;
    const task = fields[at + place];
    const clock = id === Event.cpu_clock_sample;
    const most = this.#most(
      task, clock && fields[at + OF_THREAD] === 1 ? 'thread' : of, clock ? fields[at + CLOCK] !== CpuClock.Sched : charged,
    ) / unit;
    let sum = 0;
    let least = 0;
    for (const part of parts) {
      sum += fields[at + part];
      least = Math.min(least, fields[at + part]);
    }
    if (least >= 0 && sum <= most) return true;
    this.broken(() => ({
      says: `${name} of ${this.nameOf(task)} is ${least < 0 ? `${sum}, a part of it below 0,` : sum} at ${t} ns: ` +
        `it can be ${most} at most`,
      events: [namedEvent(id, cpu, t, fields, at)],
    }));
    return false;
  }

  #most(task: TaskId, of: Scope, charged: boolean): Ns {
    const { cpus, tasks } = this.facts;
    switch (of) {
      case 'thread': return this.#real(1, charged) + this.#ticks(task, charged);
      case 'process': {
        let ticks = 0;
        for (const thread of this.#threads[task]) ticks += this.#ticks(thread, charged);
        return this.#real(Math.min(cpus, this.#threads[task].length), charged) + ticks + this.#age[task];
      }
      case 'machine': {
        let ticks = 0;
        for (let each = 0; each < tasks.length; each++) ticks += this.#ticks(each, charged);
        return this.#real(cpus, charged) + ticks + this.#ages;
      }
    }
  }

  /** On so many CPUs at once. */
  #real(cpus: number, charged: boolean): Ns {
    return charged && !this.#measuring ? 0 : cpus * (this.#now + this.facts.skewNs + this.#error.after(this.#now));
  }

  #ticks(task: TaskId, charged: boolean): Ns {
    return charged && this.#sampling ? (this.#hits[task] + this.#ticksAhead) * this.facts.tickNs : 0;
  }
}
