/** Everything that decides a machine, whichever engine runs it, and the parts that all engines build alike. */
import type { MachineShape } from '../../shared/machine-map.ts';
import type { CpuId, Ns, TaskId } from '../../shared/units.ts';
import type { KernelConfig } from '../kernel/config.ts';
import { CALLBACKS } from '../kernel/callbacks.ts';
import { HRTIMER_FUNCTIONS } from '../kernel/hrtimer-functions.ts';
import type { KernelImage } from '../kernel/image.ts';
import { KernelCpu } from '../kernel/kernel-cpu.ts';
import type { Board } from '../machine/participant.ts';
import { SimCpu, type CpuHardware } from '../machine/sim-cpu.ts';
import type { Cut } from './cuts.ts';
import { fixedRank, shuffledRank, type RankOf } from './event-order.ts';

export interface MachineSetup {
  readonly shape: MachineShape;
  readonly config: KernelConfig;
  readonly hardware: CpuHardware;
  /** What the HPET counts with, if there is one. */
  readonly hpetHz: number;
  readonly ipiDelayNs: Ns;
  readonly seed: number;
  readonly ties: 'fixed' | 'shuffled';
  readonly faults: readonly string[];
  readonly cuts: readonly Cut[];
  /** No event begins at this instant or later. */
  readonly limitNs: Ns;
  /** Tasks of the workload that matter for the end: readers do not. */
  readonly workers: readonly TaskId[];
  /** Whether the run may end before its limit, when the workers are done. */
  readonly endsWithTasks: boolean;
}

/** A CPU with its kernel. The first one must be switched on. */
export function buildCpu(setup: MachineSetup, id: CpuId, image: KernelImage, board: Board): SimCpu {
  const cpu = new SimCpu(id, board, setup.hardware);
  cpu.kernel = new KernelCpu(id, image, setup.config, cpu, board.decisions, HRTIMER_FUNCTIONS, CALLBACKS);
  return cpu;
}

/** How events at one instant are ordered. */
export function rankOfTies({ ties, seed }: MachineSetup): RankOf {
  return ties === 'shuffled' ? shuffledRank(seed) : fixedRank;
}
