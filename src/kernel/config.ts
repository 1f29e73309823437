/** What a machine's kernel was built and booted with. Immutable, equal in every thread. */
import type { CputimeFlavour } from '../../shared/cputime-flavour.ts';
import type { Ns } from '../../shared/units.ts';
import type { GlobalDevice, LocalDevice } from './time/clockevent-devices.ts';
import type { Clocksource } from './time/clocksource.ts';
import type { Workload } from './user.ts';
import type { KernelVersion } from './versions.ts';

/** Which event devices the machine has. */
export interface ClockeventsConfig {
  /** Each CPU's own. */
  readonly local: LocalDevice;
  /** Whether that one goes on in any idle state. */
  readonly alwaysOn: boolean;
  /** Whether it can be programmed for one event, and not only for a period. */
  readonly oneshot: boolean;
  /** Those of the whole machine, in the order in which the kernel finds them. */
  readonly global: readonly GlobalDevice[];
  readonly hpetHz: number;
}

/** One idle state of a CPU. @linux include/linux/cpuidle.h struct cpuidle_state */
export interface IdleState {
  readonly name: string;
  /** From the interrupt to the first instruction. */
  readonly exitLatencyNs: Ns;
  /** From here on it pays off. */
  readonly targetResidencyNs: Ns;
  /** The CPU's event device stops. @linux include/linux/cpuidle.h CPUIDLE_FLAG_TIMER_STOP */
  readonly timerStop: boolean;
}

/** The driver's states, shallowest first, and who chooses among them. */
export interface CpuidleConfig {
  readonly governor: 'menu' | 'ladder';
  readonly states: readonly IdleState[];
}

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
  /** `nohz_full=`: CPUs that may run without a tick, and so never keep the time. */
  readonly tickless: readonly boolean[];
  /** Of those, CPUs whose tick is off while a task runs there, whatever needs it. */
  readonly tickOff: readonly boolean[];
  /** `isolcpus=domain`: CPUs that no balancing touches. */
  readonly isolated: readonly boolean[];
  /** Idle states, if there is a driver for them. */
  readonly cpuidle: CpuidleConfig | null;
  /** `skew_tick=`: whether the CPUs' ticks are spread over half a tick. */
  readonly skewTick: boolean;
  /** `nolapic_timer`: the CPUs' own devices are dummies. */
  readonly nolapicTimer: boolean;
  readonly clockevents: ClockeventsConfig;
  /** `clocksource=`: its name, null where the best is asked for. */
  readonly clocksource: string | null;
  /** Seconds from 1970 to the machine's epoch: the wall clock at boot, from which realtime and TAI count. */
  readonly epochSec: number;
  /** `tsc=`, null when absent. */
  readonly tsc: string | null;
  /** By `ClocksourceId`. */
  readonly clocksources: readonly Clocksource[];
  /** Something may put the kernel's clock ahead of the machine's: a counter that drifts or jumps, a frequency that is set, a stall. */
  readonly clocksWander: boolean;
  /** `timer_migration=`: timers may be queued on other CPUs, where the tick can stop. */
  readonly timerMigration: boolean;
  /** `profile=`: whether ticks note what they interrupt. */
  readonly profile: boolean;
  readonly tscHz: number;
  /** Frequency of each CPU's own event device, but for lapic-deadline, which counts in the tsc's cycles. */
  readonly lapicHz: number;
  /** The machine is a guest whose hypervisor says what it takes. @linux arch/x86/kernel/paravirt.c paravirt_steal_enabled */
  readonly stealClock: boolean;
  /** How each CPU accounts CPU time. */
  readonly cputime: readonly CputimeFlavour[];
  readonly workload: Workload;
}
