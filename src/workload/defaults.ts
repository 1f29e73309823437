/** What a scenario is where nobody says otherwise. Golden traces depend on these. */
import { CSD_POOL } from '../../shared/limits.ts';
import { NSEC_PER_MSEC, NSEC_PER_SEC, type Ns } from '../../shared/units.ts';
import { CLOCKSOURCE_NAMES, type ClocksourceId } from '../../shared/structs/timekeeper.ts';
import type { ClocksourceHardware, MachineSpec } from './scenario.ts';

export const DEFAULT_HZ = 250;
/** Or the highest CPU that the scenario names, and one. */
export const DEFAULT_CPUS = 4;
export const DEFAULT_SEED = 1;
/** 2026-01-01 00:00:00 UTC. */
export const DEFAULT_EPOCH_SEC = 1_767_225_600;
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

/** Frequencies of the counters that there are, where a scenario does not say. */
export const CLOCKSOURCE_HZ = {
  tsc: 2_400_000_000, hpet: 14_318_180, acpi_pm: 3_579_545, 'kvm-clock': NSEC_PER_SEC, arch_sys_counter: 24_000_000,
} as const;
export type ClocksourceName = keyof typeof CLOCKSOURCE_HZ;

/** A counter that runs as it should, and that the kernel trusts. */
export const clocksourceHardware = (name: string, hz: number): ClocksourceHardware => ({
  id: CLOCKSOURCE_NAMES.indexOf(name) as ClocksourceId, hz, trusted: true, drifts: [], skews: [],
});

const { tsc, hpet, acpi_pm } = CLOCKSOURCE_HZ;
const DEFAULT_CLOCKSOURCES = { tsc, hpet, acpi_pm };

/**
 * A PC of today: invariant TSC, a 62.5 MHz APIC timer as QEMU has it, an HPET beside it, so that the kernel does not
 * look for the PIT; a microsecond for a message.
 */
export const DEFAULT_MACHINE: MachineSpec = {
  clocksources: Object.entries(DEFAULT_CLOCKSOURCES).map(([name, hz]) => clocksourceHardware(name, hz)),
  stalls: [],
  thefts: { windows: [], restarts: [] },
  tscHz: tsc,
  lapicHz: 62_500_000,
  clockevents: { local: 'lapic', alwaysOn: false, oneshot: true, global: ['hpet'], hpetHz: 14_318_180 },
  cpuidle: null,
  ipiDelayNs: 1_000,
  messageSlots: CSD_POOL,
  costs: {},
};
