/** What a machine's kernel was built and booted with. Immutable, equal in every thread. */
import type { CputimeFlavour } from '../../shared/cputime-flavour.ts';
import type { Ns } from '../../shared/units.ts';
import type { Workload } from './user.ts';
import type { KernelVersion } from './versions.ts';

export interface KernelConfig {
  readonly version: KernelVersion;
  readonly hz: number;
  /** Length of a tick. @linux include/vdso/jiffies.h TICK_NSEC */
  readonly tickNs: Ns;
  /** `highres=`: whether the tick becomes an hrtimer. */
  readonly highres: boolean;
  /** `nohz=`: whether an idle CPU stops its tick. */
  readonly nohz: boolean;
  /** `nohz_full=`: whether any CPU may run without a tick. Then whoever keeps the time never stops its own. */
  readonly nohzFull: boolean;
  /** `isolcpus=domain`: CPUs that no balancing touches. */
  readonly isolated: readonly boolean[];
  /** `skew_tick=`: whether the CPUs' ticks are spread over half a tick. */
  readonly skewTick: boolean;
  /** The best clock source allowed by `clocksource=`. */
  readonly clocksource: 'tsc' | 'jiffies';
  /** `nolapic_timer`: the boot CPU keeps the global device; the others, which that one cannot reach, use their own. */
  readonly nolapicTimer: boolean;
  readonly tscHz: number;
  readonly lapicHz: number;
  /** How each CPU accounts CPU time. */
  readonly cputime: readonly CputimeFlavour[];
  readonly workload: Workload;
}
