/**
 * Which events of a run might come in another order if its CPUs raced. In `free` an event comes after
 *
 *      all of its own CPU's before it
 *      all that are more than L before it, if it is interacting: it waits until everybody has come to t - L
 *      the interacting ones that are more than L before it: no window goes beyond L after one that is to come
 *      all that are more than Q before it: no window is longer
 *      the one that sent it, if it is a message
 *
 * and after all that these come after. With any other event it may change places; that shows if both touch
 * one cell, and at least one stores there.
 *
 * Found on the inline engine, over memory that tells of every access. Lists of messages do not count:
 * a message has a due time and a name, and it is all one in which order it was put on its list.
 */
import { layOutMachine } from '../../shared/machine-map.ts';
import { EventKind } from '../../shared/memory/guards.ts';
import { ObservedMemory } from '../../shared/memory/observed-memory.ts';
import { PlainMemory } from '../../shared/memory/plain-memory.ts';
import { CallQueue, Csd } from '../../shared/structs/cpu.ts';
import type { CpuId, Ns } from '../../shared/units.ts';
import { InlineEngine } from '../../src/engine/inline-engine.ts';
import type { NextEvent, Participant } from '../../src/machine/participant.ts';
import { machineSetupOf } from '../../src/setup.ts';
import type { Scenario } from '../../src/workload/scenario.ts';

interface Touched {
  readonly name: string;
  stores: boolean;
}

interface Seen {
  readonly cpu: CpuId;
  readonly time: Ns;
  readonly n: number;
  readonly kind: EventKind;
  /** How many events of each participant it comes after, itself included. */
  readonly after: readonly number[];
  /** By byte offset. */
  readonly cells: Map<number, Touched>;
}

/** A sentence for each two events that may change places, and for whom that would be another run. */
export function tooNear(scenario: Scenario, limitNs: Ns): string[] {
  const watch = new Watch(scenario, limitNs);
  const found: string[] = [];
  for (let event = watch.runOne(); event !== undefined; event = watch.runOne()) {
    for (const other of watch.mayComeAfter(event)) {
      const name = sharedCell(event, other);
      if (name !== undefined) found.push(`CPU ${other.cpu} at ${other.time} and CPU ${event.cpu} at ${event.time}: ${name}`);
    }
  }
  return found;
}

/** The name of a cell that both touch, if one of them stores there. */
function sharedCell(a: Seen, b: Seen): string | undefined {
  for (const [at, touched] of a.cells) {
    const other = b.cells.get(at);
    if (other !== undefined && (other.stores || touched.stores)) return touched.name;
  }
  return undefined;
}

/** Runs a machine event by event, and notes what each touches: when it is asked what it is, and while it runs. */
class Watch {
  private readonly engine: InlineEngine;
  private readonly ipiDelayNs: Ns;
  private readonly skewNs: Ns;
  private owner: Participant | undefined;
  private asking = false;
  private cells = new Map<number, Touched>();
  /** Of each participant, its events that are not far back. */
  private readonly recent: Seen[][];

  constructor(scenario: Scenario, limitNs: Ns) {
    const setup = machineSetupOf(scenario, limitNs);
    const { map } = layOutMachine(setup.shape);
    const over = new ObservedMemory(new PlainMemory(map.bytes), map, (struct, field, op, at) => {
      if (struct !== CallQueue.name && struct !== Csd.name) this.note(`${struct}.${field}`, op === 'store', at);
    });
    this.engine = new InlineEngine({ ...setup, consumers: [], over });
    this.ipiDelayNs = scenario.machine.ipiDelayNs;
    this.skewNs = scenario.skewNs;
    this.recent = Array.from({ length: scenario.cpus + 1 }, () => []);
  }

  runOne(): Seen | undefined {
    const owner = this.engine['first']();
    const { id: cpu, next: { time, n } } = owner;
    this.owner = owner;
    this.cells = new Map();
    this.asking = true;
    const kind = owner.kindOfNext();
    this.asking = false;
    const event: Seen = { cpu, time, n, kind, after: this.predecessors(cpu, kind, owner.next), cells: this.cells };
    this.forget(time - 2 * Math.max(this.skewNs, this.ipiDelayNs));
    this.recent[cpu]!.push(event);
    return this.engine.run(1) === undefined ? event : undefined;
  }

  /** Events that came before it, and need not have. */
  mayComeAfter(event: Seen): Seen[] {
    return this.recent.flatMap((events) => events.filter((other) => other.after[other.cpu]! > event.after[other.cpu]!));
  }

  private predecessors(cpu: CpuId, kind: EventKind, { time, causeOrigin, causeN }: NextEvent): number[] {
    const { ipiDelayNs, skewNs } = this;
    const last = (of: CpuId, is: (event: Seen) => boolean): Seen | undefined => this.recent[of]?.findLast(is);
    const direct = this.recent.flatMap((_, of) => (of === cpu ? [last(of, () => true)] : [
      last(of, (event) => event.time < time - skewNs),
      last(of, (event) => event.time < time - ipiDelayNs && (kind === EventKind.Interacting || event.kind === EventKind.Interacting)),
    ]));
    if (causeOrigin !== cpu) direct.push(last(causeOrigin, ({ n }) => n === causeN));
    return this.recent.map((_, of) => Math.max(0, ...direct.map((event) => event?.after[of] ?? 0)) + (of === cpu ? 1 : 0));
  }

  /** But for the last one of each participant. */
  private forget(before: Ns): void {
    for (const events of this.recent) while (events.length > 1 && events[1]!.time < before) events.shift();
  }

  private note(name: string, stores: boolean, at: number): void {
    if (!this.asking && this.owner?.inside !== true) return;
    const { cells } = this;
    const known = cells.get(at);
    if (known === undefined) cells.set(at, { name, stores });
    else known.stores ||= stores;
  }
}
