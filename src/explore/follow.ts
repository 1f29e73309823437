/** Executes a schedule. */
import { BadModel } from './bad-model.ts';
import { goesOn } from './depth-first.ts';
import type { ExploredMachine } from './explored-machine.ts';
import type { Turn } from './schedule.ts';
import { lowest } from './search.ts';
import { Op } from './step.ts';

/**
 * Moves the machine, which stands at its beginning, along the turns and on to the end: there whoever runs
 * goes on as long as it can, then the first who can. A turn that is not possible throws `BadModel`.
 */
export function follow(machine: ExploredMachine, turns: readonly Turn[]): void {
  for (const { strand, way } of turns) {
    if ((machine.enabled() & (1 << strand)) === 0) throw new BadModel(whyNot(machine, strand));
    if (way >= machine.waysOf(strand)) throw new BadModel(`step ${machine.length + 1} has no option ${way}: the code has changed`);
    machine.take(strand, way);
  }
  runOut(machine);
}

/** The same, but passes over a turn that is not possible. */
export function followLoosely(machine: ExploredMachine, turns: readonly Turn[]): void {
  for (const { strand, way } of turns) {
    if (machine.isEndless) return;
    const possible = (machine.enabled() & (1 << strand)) !== 0;
    if (possible) machine.take(strand, Math.min(way, machine.waysOf(strand) - 1));
  }
  runOut(machine);
}

export function rewind(machine: ExploredMachine): void {
  while (machine.length > 0) machine.takeBack();
}

/** By event of the execution that the machine has behind it: whether it took the turn from somebody who could have gone on. */
export function preemptionsOf(machine: ExploredMachine): boolean[] {
  const turns = turnsOf(machine);
  rewind(machine);
  let last = 0;
  return turns.map(({ strand, way }, i) => {
    const preempts = i > 0 && strand !== last && goesOn(machine, last, machine.enabled());
    machine.take(strand, way);
    last = strand;
    return preempts;
  });
}

/** How the machine came to where it stands. */
export function turnsOf({ taken, length }: ExploredMachine): Turn[] {
  return taken.slice(0, length).map(({ strand, step, result }) => ({ strand: strand.id, way: step.op === Op.Choose ? result : 0 }));
}

function runOut(machine: ExploredMachine): void {
  let last = machine.length === 0 ? 0 : machine.taken[machine.length - 1]!.strand.id;
  for (let enabled = machine.enabled(); enabled !== 0 && !machine.isEndless; enabled = machine.enabled()) {
    if (!goesOn(machine, last, enabled)) last = lowest(enabled);
    machine.take(last, 0);
  }
}

function whyNot(machine: ExploredMachine, id: number): string {
  const strand = machine.strands[id];
  const who = strand === undefined ? `there is no strand ${id}` : `${strand.name} cannot step`;
  return `step ${machine.length + 1} of the schedule: ${who}; the code has changed, or it is another model's schedule`;
}
