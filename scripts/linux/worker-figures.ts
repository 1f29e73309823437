/**
 * What each worker of a recording says of itself, and how long it slept: from the event stream and the
 * figures of a run that goes on until the workers were told to stop, after the recorder's second look.
 */
import type { EventConsumer } from '../../shared/event-consumer.ts';
import { Event } from '../../shared/events.ts';
import type { Ns, TaskId } from '../../shared/units.ts';
import { OpKind } from '../../src/kernel/user.ts';
import type { RunResult } from '../../src/sim.ts';
import type { Leaf } from './leaves.ts';

/** Fields of sched_switch, rtapp_event and rtapp_loop. */
const PREV = 0;
const PREV_STATE = 2;
const TASK = 0;
const TYPE = 2;
const EDGE = 1;
const PHASE = 3;
const LOOP_END = 1;
/** Field of signal_deliver. */
const SIGNALLED = 1;

/** Operations whose length is a sample. */
const SAMPLED: ReadonlySet<number> = new Set([OpKind.Sleep, OpKind.Timer]);

interface Worker {
  voluntary: number;
  involuntary: number;
  /** when the sleep began that is under way; -1: none is */
  since: Ns;
  readonly samples: Ns[];
  /** signals that it was sent */
  signals: number;
  /** complete passes over each phase */
  readonly passes: Map<number, number>;
}

export class WorkerFigures implements EventConsumer {
  readonly interests = [Event.sched_switch, Event.rtapp_event, Event.rtapp_loop, Event.signal_deliver];
  private readonly workers = new Map<TaskId, Worker>();

  onEvent(id: number, _cpu: number, t: Ns, fields: Float64Array, at: number): void {
    if (id === Event.sched_switch) {
      const of = this.of(fields[at + PREV]!);
      if (fields[at + PREV_STATE] === 0) of.involuntary += 1;
      else of.voluntary += 1;
    } else if (id === Event.signal_deliver) this.of(fields[at + SIGNALLED]!).signals += 1;
    else if (id === Event.rtapp_event) this.onMark(fields[at + TASK]!, t, SAMPLED.has(fields[at + TYPE]!));
    else if (id === Event.rtapp_loop) {
      this.onMark(fields[at + TASK]!, t, false);
      if (fields[at + EDGE] !== LOOP_END) return;
      const { passes } = this.of(fields[at + TASK]!);
      passes.set(fields[at + PHASE]!, (passes.get(fields[at + PHASE]!) ?? 0) + 1);
    }
  }

  /**
   * As leaves of a recording: `workers.0.ru_utime_ns`, `samples.0.per1ms.n`. `names`: of the scenario's tasks, in the
   * recording's order; of those that have no line there the first worker is the process, and they are its threads.
   * `fixed`: workers that do what they have to do so many times.
   */
  finish(run: RunResult, names: readonly string[], wallsNs: readonly Ns[], fixed: boolean): Map<string, Leaf> {
    const leaves = new Map<string, Leaf>();
    const tasksOf = (name: string): TaskId[] =>
      run.facts.tasks.filter((task) => task.name === name || task.name.startsWith(`${name}-`)).map(({ task }) => task);
    wallsNs.forEach((wallNs, i) => {
      const threads = i === 0 ? names.slice(wallsNs.length) : [];
      const tasks = [names[i]!, ...threads].flatMap(tasksOf);
      const worker = this.of(tasks[0]!);
      const loops = Math.max(0, ...worker.passes.values());
      const switches = { nvcsw: worker.voluntary, nivcsw: worker.involuntary };
      const of = { wall_ns: wallNs, ...cputimeOf(run, tasks), ...switches, loops: fixed ? loops : 0, nsig: worker.signals };
      for (const [key, value] of Object.entries(of)) leaves.set(`workers.${i}.${key}`, value);
      for (const [key, value] of Object.entries(fixed ? { n: loops } : statistics(samplesOf(worker)))) {
        leaves.set(`samples.${i}.${names[i]!.replace(/^w\d+_/, '')}.${key}`, value);
      }
    });
    return leaves;
  }

  /** Whatever a task begins ends its sleep. */
  private onMark(task: TaskId, t: Ns, sleeps: boolean): void {
    const of = this.of(task);
    if (of.since >= 0) of.samples.push(t - of.since);
    of.since = sleeps ? t : -1;
  }

  private of(task: TaskId): Worker {
    const known = this.workers.get(task) ?? { voluntary: 0, involuntary: 0, since: -1, samples: [], signals: 0, passes: new Map() };
    this.workers.set(task, known);
    return known;
  }
}

/** Of a record of a fork pool that has never been used. */
const NOBODYS = { utimeNs: 0, stimeNs: 0 };

/** What a process of these tasks has run, the first of them alone for its thread. */
function cputimeOf({ figures, facts, snapshot }: RunResult, tasks: readonly TaskId[]): Record<string, Ns> {
  const sum = (of: (task: TaskId) => Ns): Ns => tasks.reduce((total, task) => total + of(task), 0);
  const adjusted = (task: TaskId) => snapshot.tasks.find(({ pid }) => pid === facts.tasks[task]!.pid) ?? NOBODYS;
  const utime = sum((task) => adjusted(task).utimeNs);
  const stime = sum((task) => adjusted(task).stimeNs);
  return {
    ru_utime_ns: utime, ru_stime_ns: stime, ru_total_ns: utime + stime,
    thread_cputime_ns: figures.tasks[tasks[0]!]!.sumExecRuntimeNs,
    clock_virt_ns: sum((task) => figures.tasks[task]!.utimeNs),
    clock_prof_ns: sum((task) => figures.tasks[task]!.utimeNs + figures.tasks[task]!.stimeNs),
    truth_user_ns: 0, truth_sys_ns: 0,
  };
}

/** Lengths of its sleeps; of who is sent signals, their numbers as it counts them. */
function samplesOf({ samples, signals }: Worker): readonly number[] {
  return signals > 0 ? Array.from({ length: signals }, (_, i) => i + 1) : samples;
}

/** As the recordings give them. */
function statistics(samples: readonly Ns[]): Record<string, number> {
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (part: number): Ns => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
  return { n: sorted.length, min: at(0), p50: at(0.5), p99: at(0.99), max: at(1) };
}
