/**
 * What the threads of the spike share: the machine's own records (vtime, call queues), a line per
 * participant that carries its promise, and for the oracle a ring of the versions of each record.
 */
import { layOutMachine, type MachineMap } from '../../../shared/machine-map.ts';
import { viewsOf } from '../../../shared/memory/memory-map.ts';
import type { Memory } from '../../../shared/memory/memory.ts';
import { long, longs, struct, type ViewOf } from '../../../shared/memory/struct.ts';
import { Vtime } from '../../../shared/structs/task.ts';
import type { CpuId, Ns } from '../../../shared/units.ts';

/** CPUs 0 and 1 write, 2, 3 and 4 read. */
export const WRITERS = 2;
export const READERS = 3;
export const PARTICIPANTS = WRITERS + READERS;
/** Task c stays on CPU c; the last one wanders between the two. */
export const TASKS = 3;
export const WANDERER = 2;
/** L: way of a message. */
export const IPI_DELAY: Ns = 2_000;
/** Q: how far participants may be apart. */
export const SKEW: Ns = 250_000;
/** Shortest time between two edges of a CPU. */
export const SHORTEST_EDGE: Ns = 200;
/** The wanderer stays at least this long where it has arrived. */
export const SHORTEST_STAY: Ns = 20_000;
/** A reader within Q of a writer meets at most 2 Q / SHORTEST_EDGE versions while it judges. */
export const RING = 4096;

export const Participant = struct('participant', {
  promise: long<Ns>('its CPU stores nothing stamped before this; never decreases'),
  nextInteracting: long<Ns>('it sends nothing before this; never decreases'),
}, { writer: 'owning cpu' });

export const VersionRing = struct('version_ring', {
  number: longs(RING, 'which version the slot holds'),
  stamp: longs<Ns>(RING, 'when it was published'),
  state: longs(RING, 'VtimeState'),
  cpu: longs<CpuId>(RING, 'where the task ran'),
  utime: longs<Ns>(RING, 'user time up to the stamp'),
  stime: longs<Ns>(RING, 'system time up to the stamp'),
}, { writer: 'any cpu' });

export interface FreeMap {
  readonly machine: MachineMap;
  readonly participants: number;
  readonly rings: number;
}

export function freeMap(): FreeMap {
  const machine = layOutMachine({ cpus: PARTICIPANTS, tasks: PARTICIPANTS + TASKS, syncObjects: 1, sharedTimers: 1, csdPool: 16 });
  const participants = machine.map.place(Participant, PARTICIPANTS, (cpu) => cpu);
  const rings = machine.map.place(VersionRing, TASKS);
  return { machine, participants, rings };
}

export interface FreeViews {
  readonly memory: Memory;
  readonly map: FreeMap;
  readonly vtimes: readonly ViewOf<typeof Vtime>[];
  readonly participants: readonly ViewOf<typeof Participant>[];
  readonly rings: readonly ViewOf<typeof VersionRing>[];
}

export function freeViews(memory: Memory, map: FreeMap = freeMap()): FreeViews {
  return {
    memory, map,
    vtimes: viewsOf(Vtime, memory, map.machine.at.vtime, PARTICIPANTS + TASKS).slice(PARTICIPANTS),
    participants: viewsOf(Participant, memory, map.participants, PARTICIPANTS),
    rings: viewsOf(VersionRing, memory, map.rings, TASKS),
  };
}

/** A draw that depends on nothing but its key. */
export function draw(stream: number, i: number, below: number): number {
  let x = (Math.imul(stream + 1, 0x85ebca6b) ^ Math.imul(i + 1, 0x9e3779b1)) >>> 0;
  x = Math.imul(x ^ (x >>> 15), 0x2c1b3c6d) >>> 0;
  x = Math.imul(x ^ (x >>> 13), 0x297a2d39) >>> 0;
  return ((x ^ (x >>> 16)) >>> 0) % below;
}
