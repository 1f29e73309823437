/** One CPU's hardware in a model of kernel code: a clock that the model sets, promises from memory, and nobody who listens. */
import { Mode } from '../../shared/events.ts';
import type { MachineMap } from '../../shared/machine-map.ts';
import type { Memory } from '../../shared/memory/memory.ts';
import { ClocksourceId } from '../../shared/structs/timekeeper.ts';
import { KTIME_MAX, type CpuId, type Cycles, type Ns } from '../../shared/units.ts';
import type { Arch } from '../kernel/arch.ts';
import type { KernelConfig } from '../kernel/config.ts';
import { asLinux, type Decisions } from '../kernel/decisions.ts';
import { KernelImage } from '../kernel/image.ts';
import { KernelCpu, type HrtimerCallback } from '../kernel/kernel-cpu.ts';
import { clocksourceTable } from '../kernel/time/clocksource.ts';
import { KERNEL_VERSIONS, type KernelVersion } from '../kernel/versions.ts';

export class ModelArch implements Arch {
  readonly cpu: CpuId;
  readonly mode: Mode = Mode.System;
  clock: Ns = 0;
  private readonly cpus: number;
  private readonly promises: (cpu: CpuId) => Ns;

  constructor(cpu: CpuId, cpus: number, promises: (cpu: CpuId) => Ns) {
    this.cpu = cpu;
    this.cpus = cpus;
    this.promises = promises;
  }

  schedClock(): Ns {
    return this.clock;
  }
  schedClockCpu(cpu: CpuId): Ns {
    return Math.min(this.clock, this.promiseOf(cpu));
  }
  promiseOf(cpu: CpuId): Ns {
    return this.promises(cpu);
  }
  promiseOfAll(): Ns {
    let least: Ns = KTIME_MAX;
    for (let cpu = 0; cpu < this.cpus; cpu++) if (cpu !== this.cpu) least = Math.min(least, this.promiseOf(cpu));
    return least;
  }
  spend(): void {}
  costOf(): Ns {
    return 1;
  }
  advanceTo(stamp: Ns): void {
    this.clock = Math.max(this.clock, stamp);
  }
  readCounter(source: ClocksourceId, until: Ns): Cycles {
    const at = Math.min(this.clock, until);
    return source === ClocksourceId.Hpet ? HPET_AT_0 + Math.floor(at / 2) : (at as number);
  }
  setEventMode(): void {}
  setNextEvent(): boolean {
    return true;
  }
  send(): void {}
  linger(): void {}
  switchTo(): void {}
  setMode(): void {}
  trace(): void {}
  trace6(): void {}
  traceFields(): void {}
}

/** One counter of a cycle a ns, one of half as many that is far ahead. No model takes time from jiffies. */
export const MODEL_SOURCES = clocksourceTable([
  { id: ClocksourceId.Tsc, hz: 1_000_000_000, trusted: true },
  { id: ClocksourceId.Hpet, hz: 500_000_000, trusted: true },
], 4_000_000);
const HPET_AT_0: Cycles = 70_000_000;

export interface KernelParts {
  readonly map: MachineMap;
  readonly tickNs: Ns;
  readonly decisions?: Partial<Decisions> | undefined;
  readonly promiseOf?: (cpu: CpuId) => Ns;
  /** The default version, if no other. */
  readonly version?: KernelVersion | undefined;
  /** What of the configuration is otherwise. */
  readonly config?: Partial<KernelConfig>;
  /** By `HrtimerFunction`. */
  readonly functions?: readonly HrtimerCallback[];
}

/** A CPU's kernel and its hardware. Made anew in each run of a strand, so that nothing outlives one. */
export function modelCpu(memory: Memory, id: CpuId, parts: KernelParts) {
  const { map, tickNs, decisions, functions = [], config: given, promiseOf = () => KTIME_MAX, version = KERNEL_VERSIONS[0]! } = parts;
  const config: KernelConfig = {
    version, hz: 250, tickNs, highres: true, nohz: false, nohzFull: false, isolated: [],
    cpuidle: null, tickless: [], tickOff: [], skewTick: false,
    clocksource: null, tsc: null, clocksWander: false, epochSec: 0, clocksources: MODEL_SOURCES,
    nolapicTimer: false, timerMigration: true, profile: false,
    clockevents: { local: 'lapic', alwaysOn: false, oneshot: true, global: ['hpet'], hpetHz: 14_318_180 },
    tscHz: 1_000_000_000, lapicHz: 1_000_000_000, stealClock: false,
    cputime: Array.from({ length: map.shape.cpus }, () => 'gen'), workload: NO_WORKLOAD,
    ...given,
  };
  const arch = new ModelArch(id, map.shape.cpus, promiseOf);
  const cpu = new KernelCpu(id, imageOver(memory, map), config, arch, { ...asLinux, ...decisions }, functions);
  return { cpu, arch };
}

const images = new WeakMap<Memory, KernelImage>();

/** Views keep nothing to themselves, so those of one memory serve all runs. */
function imageOver(memory: Memory, map: MachineMap): KernelImage {
  const known = images.get(memory);
  if (known?.map === map) return known;
  const image = new KernelImage(memory, map);
  images.set(memory, image);
  return image;
}

const noPrograms = (): never => { throw new Error('no programs here'); };
export const NO_WORKLOAD: KernelConfig['workload'] = {
  tasks: [], processes: [], processOf: [], attributes: [], reads: [], forkPools: [], syncObjects: [], sharedTimers: [],
  posixTimers: [], timerfds: [], calls: [], ksoftirqds: [], clockSteps: [], clockTasks: [], kwatchdog: -1, background: [], workers: [],
  user: { next: noPrograms, quietFor: noPrograms },
};
