/** The list of clock sources as the trace tells of it: who is on it, with which rating and flags, who is read. */
import { Event } from '../../shared/events.ts';
import { CLOCKSOURCE_NAMES, ClocksourceFlag, NO_CLOCKSOURCE, TimekeepingAction } from '../../shared/structs/timekeeper.ts';
import type { Ns } from '../../shared/units.ts';
import { places } from './kept-events.ts';

const [SOURCE, ORDER, RATING, FLAGS] = places('clocksource_state', 'source', 'order', 'rating', 'flags');
const [ACTION, READ] = places('timekeeping_change', 'action', 'source');

/** Events that it follows. */
export const CLOCKSOURCE_EVENTS = ['clocksource_state', 'timekeeping_change'] as const;

interface Listed {
  order: number;
  rating: number;
  flags: number;
  /** When it last changed. */
  since: Ns;
}

export const clocksourceName = (id: number): string => CLOCKSOURCE_NAMES[id] ?? 'none';

export class ClocksourceList {
  /** Whom the timekeeper reads. */
  current = NO_CLOCKSOURCE;
  readonly #listed = new Map<number, Listed>();

  /** True if the event was one of the list's. */
  onEvent(id: number, t: Ns, fields: Float64Array, at: number): boolean {
    if (id === Event.timekeeping_change) {
      if (fields[at + ACTION] <= TimekeepingAction.ChangeClocksource) this.current = fields[at + READ];
      return true;
    }
    if (id !== Event.clocksource_state) return false;
    this.#listed.set(fields[at + SOURCE], { order: fields[at + ORDER], rating: fields[at + RATING], flags: fields[at + FLAGS], since: t });
    return true;
  }

  /** What is known of a source that is on the list. */
  of(id: number): Readonly<Listed> | undefined {
    const listed = this.#listed.get(id);
    return listed === undefined || listed.order === 0 ? undefined : listed;
  }

  /** Those on the list that may be read, best first; `oneshot`: with a tick that is. */
  usable(oneshot: boolean): number[] {
    const all = [...this.#listed].filter(([, { order, flags }]) => order > 0 && (!oneshot || isHresValid(flags)));
    return all.sort(([, a], [, b]) => b.rating - a.rating || a.order - b.order).map(([id]) => id);
  }
}

export const isHresValid = (flags: number): boolean => (flags & ClocksourceFlag.ValidForHres) !== 0;
