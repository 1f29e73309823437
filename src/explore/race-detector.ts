/**
 * Data races of one execution, by happens-before as JavaScript has it. Atomic steps never race with each
 * other, so that shipped code, which has nothing else, needs no look; a plain one races with every access
 * of the cell that is not ordered with it, if one of the two stores. Ordered are: what one CPU does, a
 * store and an atomic load that reads from it, a notify and what its sleeper does next.
 *
 *      CPU 0                    CPU 1
 *      poke utime 1 -> 2
 *      store seq 1 -> 2
 *                               load seq = 2      from the store: all before it is ordered
 *                               peek utime = 2    no race
 *      poke utime 2 -> 3                          race: nothing orders the two
 */
import type { ExploredMachine } from './explored-machine.ts';
import { NO_CELL, PLAIN, READS, TRAITS, WRITES, type Step } from './step.ts';

/** Two events by number. */
export interface Race {
  readonly first: number;
  readonly second: number;
}

interface Access {
  readonly event: number;
  readonly cpu: number;
  readonly traits: number;
  /** By CPU: how many events had been when its last one happened that happens before this one. */
  readonly clock: readonly number[];
}

/** The first race of the execution that the machine has behind it. */
export function findRace(machine: ExploredMachine): Race | undefined {
  if (machine.plainSteps === 0) return undefined;
  const clocks = machine.cpus.map(() => machine.cpus.map(() => 0));
  const clockAt: (readonly number[])[] = [];
  const accesses = new Map<number, Access[]>();
  for (let event = 0; event < machine.length; event++) {
    const { strand, step, wokenBy } = machine.taken[event]!;
    const cpu = strand.cpu.id;
    const clock = clocks[cpu]!;
    if (wokenBy >= 0) join(clock, clockAt[wokenBy]!);
    const earlier = accesses.get(step.at) ?? [];
    if (isAtomicRead(step)) joinStoreReadFrom(clock, earlier);
    clock[cpu] = event + 1;
    clockAt[event] = [...clock];
    if (step.at === NO_CELL || !isAccess(step)) continue;
    const access = { event, cpu, traits: TRAITS[step.op]!, clock: clockAt[event]! };
    const other = earlier.find((one) => races(one, access));
    if (other !== undefined) return { first: other.event, second: event };
    accesses.set(step.at, [...earlier, access]);
  }
  return undefined;
}

function races(earlier: Access, later: Access): boolean {
  return earlier.cpu !== later.cpu
    && ((earlier.traits | later.traits) & WRITES) !== 0
    && ((earlier.traits | later.traits) & PLAIN) !== 0
    && later.clock[earlier.cpu]! <= earlier.event;
}

function isAccess({ op }: Step): boolean {
  return (TRAITS[op]! & (READS | WRITES)) !== 0;
}

function isAtomicRead({ op }: Step): boolean {
  return (TRAITS[op]! & (READS | PLAIN)) === READS;
}

/** The load reads from the last store; only an atomic one hands anything on. */
function joinStoreReadFrom(clock: number[], earlier: readonly Access[]): void {
  const store = earlier.findLast(({ traits }) => (traits & WRITES) !== 0);
  if (store !== undefined && (store.traits & PLAIN) === 0) join(clock, store.clock);
}

function join(clock: number[], other: readonly number[]): void {
  for (let cpu = 0; cpu < clock.length; cpu++) clock[cpu] = Math.max(clock[cpu]!, other[cpu]!);
}
