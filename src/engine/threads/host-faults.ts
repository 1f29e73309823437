/**
 * Faults of the host, planted: the thread of a CPU dies or hangs in the middle of a run. No oracle sees
 * one, since the run never comes to its end. The host must: it ends the other threads, names the CPU
 * and says why. On one thread for all CPUs they would be the death of the process, so they are refused
 * there.
 */
import type { MachineMap } from '../../../shared/machine-map.ts';
import type { Memory } from '../../../shared/memory/memory.ts';
import { Timekeeper } from '../../../shared/structs/timekeeper.ts';
import { rawSpinLock } from '../../../shared/sync/raw-spinlock.ts';
import { writeSeqcountBegin } from '../../../shared/sync/seqcount.ts';
import type { CpuId, Ns } from '../../../shared/units.ts';

/** The thread that is struck. */
export interface Struck {
  readonly memory: Memory;
  readonly map: MachineMap;
  readonly cpu: CpuId;
}

export interface HostFault {
  readonly id: string;
  /** What goes wrong, in one sentence. */
  readonly says: string;
  /** Runs in that thread, at the simulated instant `now`. */
  readonly harm: (struck: Struck, now: Ns) => never;
}

/** The last CPU is struck, at the beginning of its first event at this instant or later. */
const STRIKES_AT_NS: Ns = 20_000_000;
const EXIT_CODE = 7;

export const HOST_FAULTS: readonly HostFault[] = [
  {
    id: 'thread-throws',
    says: 'the thread of the last CPU throws an error of the kind that nobody expects',
    harm: () => { throw new TypeError('planted: not so'); },
  },
  {
    id: 'thread-exits',
    says: `the thread of the last CPU exits with code ${EXIT_CODE}`,
    harm: () => process.exit(EXIT_CODE),
  },
  {
    id: 'thread-runs-out-of-memory',
    says: 'the thread of the last CPU keeps all that it makes, until its heap is full',
    harm: fillTheHeap,
  },
  {
    id: 'thread-hangs',
    says: 'the last CPU never comes out of a section of the timekeeper, in which it holds the lock',
    harm: hangInSection,
  },
];

/** In large pieces: with small ones the collector is busy for so long that it would be called a hang. */
function fillTheHeap(): never {
  const kept: unknown[] = [];
  for (;;) kept.push(new Array(1 << 20).fill(kept.length));
}

function hangInSection({ memory, map, cpu }: Struck, now: Ns): never {
  const { lock, seq } = Timekeeper.view(memory, map.at.timekeeper);
  rawSpinLock(memory, lock, cpu, now);
  writeSeqcountBegin(memory, seq);
  for (;;);
}

/** The first of the named faults that is one of the host. */
export function hostFaultOf(faults: readonly string[]): HostFault | undefined {
  return HOST_FAULTS.find(({ id }) => faults.includes(id));
}

/** Sits in the thread of the CPU that a fault strikes, and waits for the instant. */
export class Saboteur {
  private readonly fault: HostFault;
  private readonly struck: Struck;

  /** Undefined in all other threads, and where no fault is switched on. */
  static of(faults: readonly string[], struck: Struck): Saboteur | undefined {
    const fault = hostFaultOf(faults);
    return fault !== undefined && struck.cpu === struck.map.shape.cpus - 1 ? new Saboteur(fault, struck) : undefined;
  }

  private constructor(fault: HostFault, struck: Struck) {
    this.fault = fault;
    this.struck = struck;
  }

  /** An event of this CPU is about to begin at `now`. */
  beforeEvent(now: Ns): void {
    if (now >= STRIKES_AT_NS) this.fault.harm(this.struck, now);
  }
}
