/**
 * What rt-app's memory and I/O events cost in time. The machine has no caches and no devices behind
 * these events, so each is work of a fixed length; a run says so under `approximations`.
 */
import type { Ns } from '../../../shared/units.ts';

/** Filling memory: about 10 GB/s. */
const FILL_BYTES_PER_NS = 10;
/** One write() to a device that swallows everything. */
const WRITE_CALL_NS: Ns = 300;

/** One access of `memrun` by kind: within reach of the prefetcher, or at random. */
const ACCESS_NS: Readonly<Record<MemrunType, Readonly<Record<MemrunPattern, Ns>>>> = {
  read: { sequential: 1, random: 5 },
  write: { sequential: 1, random: 5 },
  chase: { sequential: 4, random: 80 },
};

export type MemrunType = 'read' | 'write' | 'chase';
export type MemrunPattern = 'random' | 'sequential';

/** User time of `mem`: writing that many bytes. */
export const memNs = (bytes: number): Ns => Math.ceil(bytes / FILL_BYTES_PER_NS);

/** User time of `memrun`: that many accesses. */
export const memrunNs = (type: MemrunType, pattern: MemrunPattern, count: number): Ns => count * ACCESS_NS[type][pattern];

/** Kernel time of `iorun`: writes of at most a buffer each. */
export const iorunNs = (bytes: number, bufferBytes: number): Ns => Math.ceil(bytes / bufferBytes) * WRITE_CALL_NS;
