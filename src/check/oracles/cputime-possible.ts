/**
 * Nobody is told of more CPU time than there has been: a thread has had at most the time since boot, a process that
 * for each thread it may have. What wraps around, or is less than nothing without a sign, is far beyond.
 */
import { samples } from '../../../shared/cputime-flavour.ts';
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event, type EventName } from '../../../shared/events.ts';
import { NSEC_PER_MSEC, NSEC_PER_SEC, USER_HZ, type CpuId, type Ns, type TaskId } from '../../../shared/units.ts';
import { ClockError } from '../clock-error.ts';
import { namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription } from '../oracle.ts';

/** The values of each look, and whether they are of a whole process. */
const LOOKS = {
  task_cputime: { names: ['utime', 'stime'], of: 'thread' },
  task_gtime: { names: ['gtime'], of: 'thread' },
  cputime_adjust: { names: ['rtime', 'utime', 'stime'], of: 'thread' },
  thread_group_cputime: { names: ['utime', 'stime', 'rtime'], of: 'process' },
  thread_group_cputime_adjusted: { names: ['rtime', 'utime', 'stime'], of: 'process' },
  cpu_clock_sample: { names: ['value'], of: 'process' },
  wait_task_zombie: { names: ['utime', 'stime', 'gtime', 'cutime', 'cstime', 'cgtime'], of: 'machine' },
  times: { names: ['utime', 'stime', 'cutime', 'cstime'], of: 'machine' },
} as const satisfies Partial<Record<EventName, { names: readonly string[]; of: 'thread' | 'process' | 'machine' }>>;

/** Sooner than an interrupt gets to its handler. */
const EARLY_NS: Ns = 100;
const TICK_NS = NSEC_PER_SEC / USER_HZ;

interface LookRule {
  readonly task: number;
  readonly values: readonly { readonly name: string; readonly place: number }[];
  readonly of: 'thread' | 'process' | 'machine';
  /** ns in one of its units. */
  readonly unit: Ns;
}

function ruleOf(name: keyof typeof LOOKS): LookRule {
  const { names, of } = LOOKS[name];
  const task = places(name, name === 'wait_task_zombie' ? 'child' : 'task')[0];
  return { task, of, unit: name === 'times' ? TICK_NS : 1, values: names.map((each) => ({ name: each, place: places(name, each)[0] })) };
}

export class CputimePossible extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'R-08',
    says: 'no reader is told of more CPU time than has passed since boot, for each thread that a process may have',
    reference: 'kernel/sched/cputime.c thread_group_cputime, cputime_adjust',
    blindTo: 'anything that could have been',
    listens: Object.keys(LOOKS) as EventName[],
  };

  readonly #rules = new Map<number, LookRule>((Object.keys(LOOKS) as (keyof typeof LOOKS)[]).map((name) => [Event[name], ruleOf(name)]));
  /** By task: how many threads its process may have, and what dead ones have left it. */
  readonly #threads: Float64Array;
  readonly #age: Float64Array;
  readonly #ages: Ns;
  readonly #slack: Ns;
  /** By a slow clock the tick's device comes before the tick is due, and comes again when it is: each is charged. */
  readonly #twice: number;

  constructor(facts: RunFacts) {
    super(CputimePossible.about, facts);
    this.#threads = new Float64Array(facts.tasks.length).fill(1);
    this.#age = new Float64Array(facts.tasks.length);
    for (const { threads, age } of facts.processes) {
      for (const thread of threads) {
        this.#threads[thread] = threads.length;
        this.#age[thread] = age.utime + age.stime;
      }
    }
    this.#ages = facts.processes.reduce((sum, { age }) => sum + age.utime + age.stime, 0);
    // ticks come early by so much, and a reader may be told of what is later than its own clock
    const error = new ClockError(facts.clocks);
    this.#slack = facts.tickNs + facts.skewNs + NSEC_PER_MSEC + error.jumpsNs;
    this.#twice = facts.cputime.some(samples) && error.after(facts.tickNs) > EARLY_NS ? 2 : 1;
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const { task: place, values, of, unit } = this.#rules.get(id)!;
    const task = fields[at + place];
    const limit = this.#most(task, of, t);
    this.checked++;
    for (const { name, place: value } of values) {
      const ns = fields[at + value] * unit;
      if (ns >= 0 && ns <= limit) continue;
      this.broken(() => ({
        says: `${name} of ${this.nameOf(task)} is ${ns} ns at ${t} ns: it can be ${limit} ns at most`,
        events: [namedEvent(id, cpu, t, fields, at)],
      }));
      return;
    }
  }

  #most(task: TaskId, of: LookRule['of'], t: Ns): Ns {
    const sinceBoot = this.#twice * t + this.#slack;
    switch (of) {
      case 'thread': return sinceBoot;
      case 'process': return sinceBoot * this.#threads[task] + this.#age[task];
      case 'machine': return sinceBoot * this.facts.tasks.length + this.#ages;
    }
  }
}
