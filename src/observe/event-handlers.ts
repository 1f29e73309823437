/** Calls a function per event name: what a consumer that follows only some events is made of. */
import { Event, EVENTS, type EventName } from '../../shared/events.ts';
import type { EventConsumer } from '../../shared/event-consumer.ts';
import type { CpuId, Ns } from '../../shared/units.ts';

/** One event of the kind it is registered for; `fields[at + i]` is field i of the schema. */
export type EventHandler = (cpu: CpuId, t: Ns, fields: Float64Array, at: number) => void;

/** Ids of every event, for consumers that leave none out. */
export const EVERY_EVENT: readonly number[] = EVENTS.map((schema) => schema.id);

/** Index of a field in its event's schema; throws for a name that the schema does not have. */
export function fieldIndex(event: EventName, field: string): number {
  const index = EVENTS[Event[event]]!.fields.findIndex((f) => f.name === field);
  if (index < 0) throw new Error(`event ${event} has no field ${field}; its schema stands in shared/events.ts`);
  return index;
}

export class EventHandlers implements EventConsumer {
  /** Ids of the events it does something with. */
  readonly interests: readonly number[];
  private readonly byId: readonly (EventHandler | undefined)[];

  constructor(handlers: Partial<Record<EventName, EventHandler>>) {
    this.byId = EVENTS.map((schema) => handlers[schema.name as EventName]);
    this.interests = EVERY_EVENT.filter((id) => this.byId[id] !== undefined);
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const handler = this.byId[id];
    if (handler !== undefined) handler(cpu, t, fields, at);
  }
}
