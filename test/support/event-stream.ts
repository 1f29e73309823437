/** Event streams by hand: rows from names and fields, for whatever consumes a run's events. */
import type { CputimeFlavour } from '../../shared/cputime-flavour.ts';
import type { EventConsumer, RunFacts } from '../../shared/event-consumer.ts';
import { EVENTS, Event, type EventName } from '../../shared/events.ts';
import type { CpuId, Ns } from '../../shared/units.ts';

interface Row {
  readonly id: number;
  readonly cpu: CpuId;
  readonly t: Ns;
  readonly fields: readonly number[];
}

export class EventStream {
  readonly #rows: Row[] = [];

  /** Appends one row; fields that are not named are 0, names that the schema has not are refused. */
  add(event: EventName, cpu: CpuId, t: Ns, fields: Readonly<Record<string, number>> = {}): this {
    const schema = EVENTS[Event[event]]!;
    for (const name of Object.keys(fields)) {
      if (!schema.fields.some((field) => field.name === name)) throw new RangeError(`event ${event} has no field ${name}`);
    }
    this.#rows.push({ id: schema.id, cpu, t, fields: schema.fields.map((field) => fields[field.name] ?? 0) });
    return this;
  }

  /** Plays all rows through one reused array, as an engine does: who keeps a row instead of a copy is found out. */
  feed<Consumer extends EventConsumer>(consumer: Consumer): Consumer {
    const reused = new Float64Array(64);
    const at = 5;
    for (const row of this.#rows) {
      reused.fill(Number.NaN);
      reused.set(row.fields, at);
      consumer.onEvent(row.id, row.cpu, row.t, reused, at);
    }
    return consumer;
  }
}

export const TICK: Ns = 4_000_000;
export const IPI_DELAY: Ns = 500;

/** A machine of `cpus` CPUs at 250 Hz; `tasks` are the workload's, numbered from `cpus`. */
export function runFacts(cpus: number, cputime: CputimeFlavour | readonly CputimeFlavour[], tasks: readonly string[]): RunFacts {
  const idle = Array.from({ length: cpus }, (_, cpu) => ({ task: cpu, pid: 0, name: `swapper/${cpu}`, declaration: -1, nice: 0 }));
  const workload = tasks.map((name, i) => ({ task: cpus + i, pid: 1000 + i, name, declaration: i, nice: 0 }));
  return {
    cpus, hz: 250, tickNs: TICK, ipiDelayNs: IPI_DELAY,
    tasks: [...idle, ...workload],
    processes: workload.map(({ task, name }) => ({ name, threads: [task], age: { utime: 0, stime: 0 } })),
    cputime: typeof cputime === 'string' ? Array.from({ length: cpus }, () => cputime) : cputime,
    racing: false, skewNs: 0, epochSec: 1_767_225_600, clocks: { sources: [], frequencies: [] },
    stalledNs: Array.from({ length: cpus }, () => 0), longestPathNs: 0,
    steals: false, nohzFull: [], tickOff: [], keepsForcedEvent: false, reader: 'linux',
  };
}

/** The same machine with CPUs that race, up to `skewNs` apart. */
export function racingFacts(facts: RunFacts, skewNs: Ns): RunFacts {
  return { ...facts, racing: true, skewNs };
}
