/**
 * How far the order of memory may differ from that of time. Events that are more than a message's way
 * (L) apart take effect in the order of their keys; closer ones race, and memory decides:
 *
 *      by keys      CPU 0's event at 100     CPU 1's event at 100 + L
 *      in memory    CPU 1's                  CPU 0's                      may be, on threads that run freely
 *
 *      by keys      CPU 0's event at 100     CPU 1's event at 101 + L
 *      in memory    CPU 1's                  CPU 0's                      never
 *
 * Where CPUs do not race nothing is bounded here: there the stream is the order of memory, but for what
 * a cut runs ahead of its turn.
 */
import type { RunFacts } from '../../shared/event-consumer.ts';
import type { CpuId, Ns } from '../../shared/units.ts';
import { places } from './kept-events.ts';

/** More than any event takes that moves times. */
export const LONGEST_EVENT_NS: Ns = 1_000_000;

const [TIME] = places('event', 'time');

export class RaceBound {
  readonly #facts: RunFacts;
  readonly #start: Float64Array;

  constructor(facts: RunFacts) {
    this.#facts = facts;
    this.#start = new Float64Array(facts.cpus + 1);
  }

  /** The `event` event, which an oracle must ask for where CPUs race. */
  onBegin(cpu: CpuId, fields: Float64Array, at: number): void {
    this.#start[cpu] = fields[at + TIME];
  }

  /** When the event began in which `cpu` says something at `t`. */
  startOf(cpu: CpuId, t: Ns): Ns {
    return this.#facts.racing ? this.#start[cpu] : t;
  }

  /** What is wrong with two events, given by their starts, of which `first` took effect before `then`; undefined: nothing. */
  outOfOrder(first: Ns, then: Ns): string | undefined {
    const { racing, ipiDelayNs } = this.#facts;
    if (!racing || first - then <= ipiDelayNs) return undefined;
    return `in an event that began at ${then} ns, after one that began at ${first} ns: so far apart (a message takes ${ipiDelayNs} ns) ` +
      'events take effect in the order of time';
  }
}
