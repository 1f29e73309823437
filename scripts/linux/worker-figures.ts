/** What each worker of a recording says of itself, and how often it slept: from the event stream and the figures of a run. */
import type { EventConsumer, RunFacts } from '../../shared/event-consumer.ts';
import { Event } from '../../shared/events.ts';
import type { Ns, TaskId } from '../../shared/units.ts';
import type { RunFigures } from '../../src/observe/run-figures.ts';
import type { Leaf } from './leaves.ts';
import type { Timeline } from './timeline.ts';

/** Of the fields of sched_switch. */
const PREV = 0;
const PREV_STATE = 2;

interface Switches {
  voluntary: number;
  involuntary: number;
}

export class WorkerFigures implements EventConsumer {
  readonly interests = [Event.sched_switch];
  private readonly switches = new Map<TaskId, Switches>();

  onEvent(id: number, _cpu: number, _t: Ns, fields: Float64Array, at: number): void {
    if (id !== Event.sched_switch) return;
    const task = fields[at + PREV]!;
    const of = this.switches.get(task) ?? { voluntary: 0, involuntary: 0 };
    this.switches.set(task, of);
    if (fields[at + PREV_STATE] === 0) of.involuntary += 1;
    else of.voluntary += 1;
  }

  /** As leaves of a recording: `workers.0.ru_utime_ns`. The tasks of the scenario are the workers; the recorder comes first. */
  finish(facts: RunFacts, figures: RunFigures, time: Timeline): Map<string, Leaf> {
    const leaves = new Map<string, Leaf>([['workers.elapsed_ns', time.t1Ns - time.t0Ns]]);
    facts.tasks.slice(facts.cpus + 1).forEach(({ task }, i) => {
      const { utimeNs, stimeNs, sumExecRuntimeNs } = figures.tasks[task]!;
      const { voluntary, involuntary } = this.switches.get(task) ?? { voluntary: 0, involuntary: 0 };
      const of: Record<string, number> = {
        wall_ns: time.t1Ns - time.t0Ns,
        ru_utime_ns: utimeNs, ru_stime_ns: stimeNs, thread_cputime_ns: sumExecRuntimeNs,
        clock_virt_ns: utimeNs, clock_prof_ns: utimeNs + stimeNs, nvcsw: voluntary, nivcsw: involuntary,
      };
      for (const [key, value] of Object.entries(of)) leaves.set(`workers.${i}.${key}`, value);
    });
    return leaves;
  }
}
