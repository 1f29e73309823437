/** What a scenario is where nobody says otherwise. Golden traces depend on these. */
import { CSD_POOL } from '../../shared/limits.ts';
import { NSEC_PER_MSEC, NSEC_PER_SEC, type Ns } from '../../shared/units.ts';
import type { MachineSpec } from './scenario.ts';

export const DEFAULT_HZ = 250;
/** Or the highest CPU that the scenario names, and one. */
export const DEFAULT_CPUS = 4;
export const DEFAULT_SEED = 1;
export const DEFAULT_CPUTIME = 'auto';
export const DEFAULT_READER = 'linux';
export const DEFAULT_TIES = 'fixed';
export const DEFAULT_READS = 'racing';
export const DEFAULT_WIDEN_NS: Ns = 0;

/** A quarter of a tick: far enough for windows that are worth their opening, too near for a whole tick to be missed. */
export const defaultSkewNs = (hz: number): Ns => NSEC_PER_SEC / hz / 4;

/** Readers of another CPU are judged against the versions of so long a time. */
export const SKEW_MAX_NS: Ns = NSEC_PER_SEC;
/** A pause that is longer looks like a thread that hangs. */
export const WIDEN_MAX_NS: Ns = 10 * NSEC_PER_MSEC;

/** Tick rates that the kernel can be built with here. */
export const HZ_CHOICES = [100, 250, 1000] as const;

/**
 * A PC of today: invariant TSC, a 62.5 MHz APIC timer as QEMU has it, an HPET beside it, so that the kernel does not
 * look for the PIT; a microsecond for a message.
 */
export const DEFAULT_MACHINE: MachineSpec = {
  tscHz: 2_400_000_000,
  lapicHz: 62_500_000,
  clockevents: { local: 'lapic', alwaysOn: false, oneshot: true, global: ['hpet'], hpetHz: 14_318_180 },
  ipiDelayNs: 1_000,
  messageSlots: CSD_POOL,
  costs: {},
};
