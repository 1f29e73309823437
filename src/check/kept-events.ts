/**
 * Copies of events, so that a witness can show them long after the stream has moved on. A consumer
 * may keep no row (the array is reused), and a hot path may allocate none; so rows are copied into
 * slots that were allocated once.
 */
import { EVENTS, EVENT_ARITY, Event, ROW_HEAD, type EventName } from '../../shared/events.ts';
import type { CpuId, Ns } from '../../shared/units.ts';
import type { WitnessEvent } from './oracle.ts';

/** Positions of fields in rows of `event`, so that an oracle reads `fields[at + K]`. Throws for a name that the schema has not. */
export function places(event: EventName, ...names: string[]): number[] {
  const schema = EVENTS[Event[event]].fields;
  return names.map((name) => {
    const place = schema.findIndex((field) => field.name === name);
    if (place < 0) throw new RangeError(`event ${event} has no field ${name}`);
    return place;
  });
}

/** An event with its names. */
export function namedEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): WitnessEvent {
  const schema = EVENTS[id];
  return {
    cpu, t,
    event: schema.name,
    fields: Object.fromEntries(schema.fields.map((field, i) => [field.name, fields[at + i]])),
  };
}

/** A fixed number of slots, each for one row of at most as many fields as the longest of `events`. */
export class KeptEvents {
  /** Row after row: id, cpu, t, fields. */
  readonly rows: Float64Array;
  readonly #width: number;

  constructor(slots: number, ...events: EventName[]) {
    this.#width = ROW_HEAD + Math.max(...events.map((name) => EVENT_ARITY[Event[name]]));
    this.rows = new Float64Array(slots * this.#width).fill(-1);
  }

  keep(slot: number, id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const { rows } = this;
    const row = slot * this.#width;
    rows[row] = id;
    rows[row + 1] = cpu;
    rows[row + 2] = t;
    const arity = EVENT_ARITY[id];
    for (let i = 0; i < arity; i++) rows[row + ROW_HEAD + i] = fields[at + i];
  }

  has(slot: number): boolean {
    return this.rows[slot * this.#width] >= 0;
  }

  forget(slot: number): void {
    this.rows[slot * this.#width] = -1;
  }

  /** Where the fields of a slot's row begin in `rows`. */
  at(slot: number): number {
    return slot * this.#width + ROW_HEAD;
  }

  cpu(slot: number): CpuId {
    return this.rows[slot * this.#width + 1];
  }

  t(slot: number): Ns {
    return this.rows[slot * this.#width + 2];
  }

  /** The slot's event with its names. */
  named(slot: number): WitnessEvent {
    const row = slot * this.#width;
    return namedEvent(this.rows[row], this.rows[row + 1], this.rows[row + 2], this.rows, row + ROW_HEAD);
  }
}

const FIRST_ROWS = 64;

/** Copies of events that come and go, as messages do that are under way: a slot each, and more slots when all are taken. */
export class EventPool {
  readonly #events: readonly EventName[];
  readonly #free: number[] = [];
  #kept: KeptEvents;
  #slots = 0;

  constructor(...events: EventName[]) {
    this.#events = events;
    this.#kept = new KeptEvents(0, ...events);
  }

  /** Copies a row; returns its slot. */
  take(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): number {
    if (this.#free.length === 0) this.#grow();
    const slot = this.#free.pop()!;
    this.#kept.keep(slot, id, cpu, t, fields, at);
    return slot;
  }

  /** The row is no longer needed. */
  release(slot: number): void {
    this.#free.push(slot);
  }

  /** All rows; another array after the next `take`. */
  get rows(): Float64Array {
    return this.#kept.rows;
  }

  at(slot: number): number {
    return this.#kept.at(slot);
  }

  cpu(slot: number): CpuId {
    return this.#kept.cpu(slot);
  }

  t(slot: number): Ns {
    return this.#kept.t(slot);
  }

  named(slot: number): WitnessEvent {
    return this.#kept.named(slot);
  }

  #grow(): void {
    const before = this.#slots;
    const grown = new KeptEvents(Math.max(FIRST_ROWS, 2 * before), ...this.#events);
    grown.rows.set(this.#kept.rows);
    this.#kept = grown;
    this.#slots = Math.max(FIRST_ROWS, 2 * before);
    for (let slot = this.#slots - 1; slot >= before; slot--) this.#free.push(slot);
  }
}
