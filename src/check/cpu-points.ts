/**
 * What each tracked CPU had really done by each version that it published, and what of it was pending elsewhere: a look at
 * the CPU's accounts names the version through which it was completed, and until the next one only one kind of time goes on.
 *
 *      point n: version 7 of thread0, at 300: idle 100, system 150, user 50; carried off: system 30
 *      a look through version 7, at 320, in state User: idle 100, system 120, user 70
 */
import { LimitReached } from '../../shared/assert.ts';
import type { RunFacts } from '../../shared/event-consumer.ts';
import { VERSIONS_KEPT } from '../../shared/limits.ts';
import { NR_CPUSTAT } from '../../shared/structs/cpu.ts';
import type { CpuId, Ns, TaskId } from '../../shared/units.ts';

const FIRST_POINTS = 64;
/** Fields of a point: task, version, instant, the slots, and what is out of sight of a reader who sees only one kind of time. */
const TASK = 0;
const VERSION = 1;
const T = 2;
const SLOTS = 3;
const HIDDEN = SLOTS + NR_CPUSTAT;
const WIDTH = HIDDEN + NR_CPUSTAT;

export class CpuPoints {
  readonly #rings: Float64Array[];
  readonly #counts: Float64Array;
  #kept = 0;
  /** The point that was put or found last. */
  #found = 0;
  #ring: Float64Array;

  constructor(facts: RunFacts) {
    this.#rings = Array.from({ length: facts.cpus }, () => this.#allocate(FIRST_POINTS));
    this.#counts = new Float64Array(facts.cpus);
    this.#ring = this.#rings[0];
  }

  /** Version `k` of `task`, published by `cpu` at `t`; its slots are to be filled in. No look before `neededFrom` will be judged. */
  put(cpu: CpuId, task: TaskId, k: number, t: Ns, neededFrom: Ns): void {
    const ring = this.#roomIn(cpu, neededFrom);
    const at = (this.#counts[cpu]++ % (ring.length / WIDTH)) * WIDTH;
    ring[at + TASK] = task;
    ring[at + VERSION] = k;
    ring[at + T] = t;
    this.#ring = ring;
    this.#found = at;
  }

  /** Finds the point of `cpu` at which it published version `k` of `task`, unless that is too long ago. */
  find(cpu: CpuId, task: TaskId, k: number): boolean {
    const ring = this.#rings[cpu];
    const length = ring.length / WIDTH;
    const count = this.#counts[cpu];
    for (let n = count - 1; n >= 0 && n >= count - length; n--) {
      const at = (n % length) * WIDTH;
      if (ring[at + TASK] !== task || ring[at + VERSION] !== k) continue;
      this.#ring = ring;
      this.#found = at;
      return true;
    }
    return false;
  }

  /** When the point was. */
  get t(): Ns {
    return this.#ring[this.#found + T];
  }

  slot(slot: number): Ns {
    return this.#ring[this.#found + SLOTS + slot];
  }

  setSlot(slot: number, ns: Ns): void {
    this.#ring[this.#found + SLOTS + slot] = ns;
  }

  /** What `linux` does not show of a slot. */
  hidden(slot: number): Ns {
    return this.#ring[this.#found + HIDDEN + slot];
  }

  setHidden(slot: number, ns: Ns): void {
    this.#ring[this.#found + HIDDEN + slot] = ns;
  }

  #roomIn(cpu: CpuId, neededFrom: Ns): Float64Array {
    const ring = this.#rings[cpu];
    const length = ring.length / WIDTH;
    const count = this.#counts[cpu];
    if (count < length || ring[((count + 1) % length) * WIDTH + T] <= neededFrom) return ring;
    const grown = this.#allocate(2 * length);
    for (let n = count - length; n < count; n++) {
      const from = (n % length) * WIDTH;
      grown.set(ring.subarray(from, from + WIDTH), (n % (2 * length)) * WIDTH);
    }
    this.#kept -= length;
    this.#rings[cpu] = grown;
    return grown;
  }

  #allocate(length: number): Float64Array {
    this.#kept += length;
    if (this.#kept > VERSIONS_KEPT) {
      throw new LimitReached(`${VERSIONS_KEPT} versions are still needed to judge looks at CPUs’ accounts (VERSIONS_KEPT): usually a ` +
        '--skew that is long for how often tasks enter and leave the kernel');
    }
    return new Float64Array(length * WIDTH);
  }
}
