/**
 * What the models of CPU time share: CPUs that come to one edge after the other, each a version of a task's record, and promise after
 * each how far they have done everything (`src/engine/threads/free-pace.ts`); and readers whose clocks the model sets. What a reader is
 * told is the truth for an instant: its own clock, or the promise, or the version's own if that is later
 * (docs/adr/0004-free-rules.md, rule 4).
 *
 *      CPU 0                                 T                     what a model calls the truth
 *      800: T enters the kernel              user 300 .. 800       utime min(t, 800) - 300
 *      900: T is switched away               kernel 800 .. 900     stime what is left, up to 900
 */
import type { Memory } from '../../shared/memory/memory.ts';
import { Standing } from '../../shared/structs/window.ts';
import type { CpuId, Ns, TaskId } from '../../shared/units.ts';
import { controlOf, prepareControl } from '../engine/threads/control.ts';
import { FreePace } from '../engine/threads/free-pace.ts';
import type { KernelCpu } from '../kernel/kernel-cpu.ts';
import { theftBegins, theftEnds } from '../kernel/steal.ts';
import type { Participant } from '../machine/participant.ts';
import type { MachineCells } from './machine-cells.ts';
import { modelCpu, type KernelParts } from './model-arch.ts';

/** One of a CPU's events: when, and what. */
export type Edge = readonly [at: Ns, what: (cpu: KernelCpu) => void];

/** Time below which nothing is charged. */
export const TICK: Ns = 400;
/** L, Q, and a horizon that nothing comes to. */
const RULES = { ipiDelayNs: 0, skewNs: 0, reads: 'racing' } as const;
const HORIZON: Ns = 10_000;
/** When a CPU's next event would be that has none. */
const AFTER: Ns = 2_000;

export type WorldParts = Partial<Pick<KernelParts, 'decisions' | 'config'>>;

/** What `ended` wants to know of a participant: when its next event is. */
const standsAt = (time: Ns): Participant => ({ id: 0, next: { time } }) as unknown as Participant;

export class World {
  readonly map: MachineCells['map'];
  private readonly parts: WorldParts;

  constructor({ map }: MachineCells, parts: WorldParts = {}) {
    this.map = map;
    this.parts = parts;
  }

  /** A CPU's kernel; its own promise is for others. */
  kernel(memory: Memory, id: CpuId) {
    return modelCpu(memory, id, { map: this.map, tickNs: TICK, ...this.parts });
  }

  /** `since`: the instant from which each CPU's context is known; `next`: each CPU's first event. `begin`: what happened then. */
  setUp(memory: Memory, since: Ns, next: readonly Ns[], begin: (cpu: KernelCpu) => void): void {
    const control = controlOf(memory, this.map);
    prepareControl(control, 0);
    control.window.horizon = HORIZON;
    next.forEach((time, id) => {
      const { cpu, arch } = this.kernel(memory, id);
      cpu.accounting.initIdle(cpu);
      arch.clock = since;
      begin(cpu);
      memory.storeLong(this.map.at.standing + id * Standing.bytes + Standing.at.promise, time);
    });
  }

  /** A CPU's events, one after the other. `promiseFirst`: it promises before an event what it has done only after it. */
  run(memory: Memory, id: CpuId, edges: readonly Edge[], promiseFirst = false): void {
    const pace = new FreePace(controlOf(memory, this.map), id, RULES);
    pace.begin();
    const { cpu, arch } = this.kernel(memory, id);
    edges.forEach(([at, what], i) => {
      const next = standsAt(edges[i + 1]?.[0] ?? AFTER);
      arch.clock = at;
      if (promiseFirst) pace.ended(next);
      what(cpu);
      if (!promiseFirst) pace.ended(next);
    });
  }

  /** A CPU that looks at others, at each of its clocks. */
  look<T>(memory: Memory, id: CpuId, clocks: readonly Ns[], how: (cpu: KernelCpu) => T): T[] {
    const pace = new FreePace(controlOf(memory, this.map), id, RULES);
    const { cpu, arch } = modelCpu(memory, id, {
      map: this.map, tickNs: TICK, ...this.parts, promiseOf: (other) => pace.promiseOf(other),
    });
    return clocks.map((clock) => {
      arch.clock = clock;
      return how(cpu);
    });
  }
}

/** `next` is current, and its predecessor's time is closed: the order of `contextSwitch`. */
export function switchTo(cpu: KernelCpu, next: TaskId): void {
  const prev = cpu.rq.curr;
  cpu.rq.curr = next;
  cpu.accounting.taskSwitch(cpu, prev, next);
}

/** A CPU's processor is taken from it for a while. */
export const TAKEN: Edge = [500, theftBegins];
export const BACK: Edge = [600, theftEnds];

/** The same as a bug: the hypervisor's record changes, and the sequence of the task's record stands still. */
export function unmarked([at, what]: Edge): Edge {
  return [at, (cpu) => {
    const plain = { ...cpu.accounting, theft: (own: KernelCpu, store: (cpu: KernelCpu) => void) => store(own) };
    what(Object.create(cpu, { accounting: { value: plain } }) as KernelCpu);
  }];
}

/** A stretch of what a task or CPU was doing; open at the end if that is `KTIME_MAX`. */
export interface Stretch {
  readonly from: Ns;
  readonly to: Ns;
  readonly kind: 'user' | 'system' | 'guest' | 'idle' | 'stolen';
}

/** How much of each kind there was up to `t`. */
export function truthAt(t: Ns, stretches: readonly Stretch[]): Record<Stretch['kind'], Ns> {
  const sums = { user: 0, system: 0, guest: 0, idle: 0, stolen: 0 };
  for (const { from, to, kind } of stretches) sums[kind] += Math.max(0, Math.min(t, to) - from);
  return sums;
}
