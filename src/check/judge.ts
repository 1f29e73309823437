/** Hands each event of a run to the oracles that ask for it, and to no other, so that all oracles together stay cheap. */
import type { EventConsumer } from '../../shared/event-consumer.ts';
import { EVENTS, Event } from '../../shared/events.ts';
import type { CpuId, Ns } from '../../shared/units.ts';
import type { Oracle, Verdict } from './oracle.ts';

export interface Judgement {
  readonly oracle: Oracle;
  readonly verdict: Verdict;
}

export class Judge implements EventConsumer {
  readonly #oracles: readonly Oracle[];
  /** By event id. */
  readonly #listeners: readonly Oracle[][];

  constructor(oracles: readonly Oracle[]) {
    this.#oracles = oracles;
    this.#listeners = EVENTS.map(() => []);
    for (const oracle of oracles) {
      for (const name of oracle.listens) this.#listeners[Event[name]].push(oracle);
    }
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const listeners = this.#listeners[id];
    for (let i = 0; i < listeners.length; i++) listeners[i].onEvent(id, cpu, t, fields, at);
  }

  /** After the last event, before the verdicts: what the run shows under /proc and /sys. */
  onFiles(files: readonly { readonly path: string; readonly text: string }[]): void {
    for (const oracle of this.#oracles) {
      for (const { path, text } of files) oracle.onFile?.(path, text);
    }
  }

  /** After the last event, once: every oracle with its verdict, in the order of the catalogue. */
  finish(end: Ns): readonly Judgement[] {
    return this.#oracles.map((oracle) => ({ oracle, verdict: oracle.finish(end) }));
  }
}
