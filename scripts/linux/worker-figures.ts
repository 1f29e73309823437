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

/** Fields of sched_switch and of rtapp_event. */
const PREV = 0;
const PREV_STATE = 2;
const TASK = 0;
const TYPE = 2;

/** Operations whose length is a sample. */
const SAMPLED: ReadonlySet<number> = new Set([OpKind.Sleep, OpKind.Timer]);

interface Worker {
  voluntary: number;
  involuntary: number;
  /** when the sleep began that is under way; -1: none is */
  since: Ns;
  readonly samples: Ns[];
}

export class WorkerFigures implements EventConsumer {
  readonly interests = [Event.sched_switch, Event.rtapp_event, Event.rtapp_loop];
  private readonly workers = new Map<TaskId, Worker>();

  onEvent(id: number, _cpu: number, t: Ns, fields: Float64Array, at: number): void {
    if (id === Event.sched_switch) {
      const of = this.of(fields[at + PREV]!);
      if (fields[at + PREV_STATE] === 0) of.involuntary += 1;
      else of.voluntary += 1;
    } else if (id === Event.rtapp_event || id === Event.rtapp_loop) {
      const of = this.of(fields[at + TASK]!);
      if (of.since >= 0) of.samples.push(t - of.since);
      of.since = id === Event.rtapp_event && SAMPLED.has(fields[at + TYPE]!) ? t : -1;
    }
  }

  /** As leaves of a recording: `workers.0.ru_utime_ns`, `samples.0.per1ms.n`. The recorder's task comes first, then the workers. */
  finish({ facts, figures, snapshot }: RunResult, workers: readonly string[], wallsNs: readonly Ns[]): Map<string, Leaf> {
    const leaves = new Map<string, Leaf>();
    workers.forEach((name, i) => {
      const { task, pid } = facts.tasks[facts.cpus + 1 + i]!;
      const adjusted = snapshot.tasks.find((of) => of.pid === pid)!;
      const { utimeNs, stimeNs, sumExecRuntimeNs } = figures.tasks[task]!;
      const { voluntary, involuntary, samples } = this.of(task);
      const of: Record<string, number> = {
        wall_ns: wallsNs[i]!,
        ru_utime_ns: adjusted.utimeNs, ru_stime_ns: adjusted.stimeNs,
        ru_total_ns: adjusted.utimeNs + adjusted.stimeNs,
        thread_cputime_ns: sumExecRuntimeNs, clock_virt_ns: utimeNs, clock_prof_ns: utimeNs + stimeNs,
        truth_user_ns: 0, truth_sys_ns: 0, nsig: 0, nvcsw: voluntary, nivcsw: involuntary,
      };
      for (const [key, value] of Object.entries(of)) leaves.set(`workers.${i}.${key}`, value);
      for (const [key, value] of Object.entries(statistics(samples))) leaves.set(`samples.${i}.${name}.${key}`, value);
    });
    return leaves;
  }

  private of(task: TaskId): Worker {
    const known = this.workers.get(task) ?? { voluntary: 0, involuntary: 0, since: -1, samples: [] };
    this.workers.set(task, known);
    return known;
  }
}

/** As the recordings give them. */
function statistics(samples: readonly Ns[]): Record<string, number> {
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (part: number): Ns => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
  return { n: sorted.length, min: at(0), p50: at(0.5), p99: at(0.99), max: at(1) };
}
