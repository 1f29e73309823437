/** Helpers that write records by name, so that tests read like a trace. */
import fc from 'fast-check';
import { Event, EVENT_ARITY, EVENTS, type EventName } from '../../shared/events.ts';
import type { EventConsumer, RunFacts } from '../../shared/event-consumer.ts';
import { fieldIndex } from '../../src/observe/event-handlers.ts';

export interface Row {
  readonly id: number;
  readonly cpu: number;
  readonly t: number;
  readonly fields: readonly number[];
}

/** One record; fields that are not named are 0. */
export function row(name: EventName, cpu: number, t: number, named: Record<string, number> = {}): Row {
  const fields = new Array<number>(EVENT_ARITY[Event[name]]!).fill(0);
  for (const [field, value] of Object.entries(named)) fields[fieldIndex(name, field)] = value;
  return { id: Event[name], cpu, t, fields };
}

/** Plays rows to a consumer from one reused array, at a place that is not 0. */
export function play<C extends EventConsumer>(consumer: C, rows: readonly Row[]): C {
  const buffer = new Float64Array(64);
  for (const { id, cpu, t, fields } of rows) {
    buffer.fill(Number.NaN);
    buffer.set(fields, 5);
    consumer.onEvent(id, cpu, t, buffer, 5);
  }
  return consumer;
}

/** Keeps every record. */
export class Recorder implements EventConsumer {
  readonly rows: Row[] = [];

  onEvent(id: number, cpu: number, t: number, fields: Float64Array, at: number): void {
    this.rows.push({ id, cpu, t, fields: Array.from(fields.subarray(at, at + EVENT_ARITY[id]!)) });
  }
}

/** Two CPUs, their idle tasks, two tasks of one declaration and a free one. */
export const FACTS: RunFacts = {
  cpus: 2,
  tasks: [
    { task: 0, pid: 0, name: 'swapper/0', declaration: -1, nice: 0 },
    { task: 1, pid: 0, name: 'swapper/1', declaration: -1, nice: 0 },
    { task: 2, pid: 1000, name: 'thread0-0', declaration: 0, nice: 0 },
    { task: 3, pid: 1001, name: 'thread0-1', declaration: 0, nice: 5 },
    { task: 4, pid: 1002, name: 'forked-0', declaration: 1, nice: 0 },
  ],
  processes: [2, 3, 4].map((task) => ({ name: `p${task}`, threads: [task], age: { utime: 0, stime: 0 } })),
  tickNs: 4_000_000,
  hz: 250,
  cputime: ['gen', 'gen'],
  ipiDelayNs: 1_000,
  racing: false,
  skewNs: 0, epochSec: 1_767_225_600, clocks: { sources: [], frequencies: [] }, stalledNs: [0, 0],
  steals: false, longestPathNs: 0, nohzFull: [], tickOff: [], keepsForcedEvent: false, reader: 'linux',
};

/** A number as a field may hold it: small, large, negative, at the ends of the range. */
export const fieldValue = fc.oneof(
  fc.integer({ min: -300, max: 300 }),
  fc.maxSafeInteger(),
  fc.constantFrom(Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 0, -1, 63, 64, -64, 2 ** 31, 2 ** 32, -(2 ** 32)),
);

/** A record of any kind by one of four CPUs, at any time: times need not even be in order. */
export const anyRow: fc.Arbitrary<Row> = fc
  .record({ id: fc.nat({ max: EVENTS.length - 1 }), cpu: fc.nat({ max: 3 }), t: fc.maxSafeNat() })
  .chain(({ id, cpu, t }) =>
    fc.array(fieldValue, { minLength: EVENT_ARITY[id]!, maxLength: EVENT_ARITY[id]! }).map((fields) => ({ id, cpu, t, fields })));
