/**
 * Which events of a run might come in another order if CPUs raced. Two events of different CPUs that
 * touch one cell, of which at least one stores there, keep their order in `free` if they are far enough
 * apart in simulated time:
 *
 *      at least one is interacting     L, the way of a message: an interacting event waits until all have
 *                                      come to L before it, and no window goes beyond L after it
 *      both are local or reading       Q, the skew: nobody waits within a window, and none is longer
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
import type { Participant } from '../../src/machine/participant.ts';
import { machineSetupOf } from '../../src/setup.ts';
import type { Scenario } from '../../src/workload/scenario.ts';

interface Touched {
  readonly name: string;
  stores: boolean;
}

interface Seen {
  readonly cpu: CpuId;
  readonly time: Ns;
  kind: EventKind;
  /** By byte offset. */
  readonly cells: Map<number, Touched>;
}

/** A sentence for each two events that are too near to each other. */
export function tooNear(scenario: Scenario, limitNs: Ns): string[] {
  const { skewNs, machine: { ipiDelayNs } } = scenario;
  return [...eventsOf(scenario, limitNs, Math.max(ipiDelayNs, skewNs))].flatMap(({ event, before }) => before.flatMap((other) => {
    const interacts = event.kind === EventKind.Interacting || other.kind === EventKind.Interacting;
    const name = event.time - other.time > (interacts ? ipiDelayNs : skewNs) ? undefined : sharedCell(event, other);
    return name === undefined ? [] : [`CPU ${other.cpu} at ${other.time} and CPU ${event.cpu} at ${event.time}: ${name}`];
  }));
}

/** The name of a cell that both touch, if one of them stores there. */
function sharedCell(a: Seen, b: Seen): string | undefined {
  for (const [at, touched] of a.cells) {
    const other = b.cells.get(at);
    if (other !== undefined && (other.stores || touched.stores)) return touched.name;
  }
  return undefined;
}

/** Each event of the run, and those of other CPUs that began at most `reach` before it. */
function* eventsOf(scenario: Scenario, limitNs: Ns, reach: Ns): Generator<{ event: Seen; before: Seen[] }> {
  const watch = new Watch(scenario, limitNs);
  let recent: Seen[] = [];
  for (let event = watch.runOne(); event !== undefined; event = watch.runOne()) {
    const { cpu, time } = event;
    recent = recent.filter((other) => other.time >= time - reach);
    yield { event, before: recent.filter((other) => other.cpu !== cpu) };
    recent.push(event);
  }
}

/** Runs a machine event by event, and notes what each touches: when it is asked what it is, and while it runs. */
class Watch {
  private readonly engine: InlineEngine;
  private event: Seen = { cpu: -1, time: 0, kind: EventKind.Interacting, cells: new Map() };
  private owner: Participant | undefined;
  private asking = false;

  constructor(scenario: Scenario, limitNs: Ns) {
    const setup = machineSetupOf(scenario, limitNs);
    const { map } = layOutMachine(setup.shape);
    const over = new ObservedMemory(new PlainMemory(map.bytes), map, (struct, field, op, at) => {
      if (struct !== CallQueue.name && struct !== Csd.name) this.note(`${struct}.${field}`, op === 'store', at);
    });
    this.engine = new InlineEngine({ ...setup, consumers: [], over });
  }

  runOne(): Seen | undefined {
    const owner = this.engine['first']();
    this.owner = owner;
    this.event = { cpu: owner.id, time: owner.next.time, kind: EventKind.Interacting, cells: new Map() };
    this.asking = true;
    this.event.kind = owner.kindOfNext();
    this.asking = false;
    return this.engine.run(1) === undefined ? this.event : undefined;
  }

  private note(name: string, stores: boolean, at: number): void {
    if (!this.asking && this.owner?.inside !== true) return;
    const { cells } = this.event;
    const known = cells.get(at);
    if (known === undefined) cells.set(at, { name, stores });
    else known.stores ||= stores;
  }
}
