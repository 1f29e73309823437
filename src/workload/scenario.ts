/**
 * A scenario as resolved: an rt-app workload with every choice made (flag before command line before
 * file before default). It is what a run prints first, and a run is a pure function of it. It is plain
 * data, so that it can be posted to a thread, which then builds the same machine from it.
 */
import type { CommandLine } from '../kernel/cmdline.ts';
import type { ClockeventsConfig, CpuidleConfig } from '../kernel/config.ts';
import type { WorkloadData } from '../kernel/user.ts';
import type { ClocksourceId } from '../../shared/structs/timekeeper.ts';
import type { CputimeFlavour } from '../../shared/cputime-flavour.ts';
import type { CpuId, Ns } from '../../shared/units.ts';
import type { Program } from './program.ts';

export interface Scenario {
  /** File name without folder and extension, or the shipped scenario's name. */
  readonly name: string;
  /** 1 .. NR_CPUS_MAX */
  readonly cpus: number;
  /** 100, 250 or 1000 */
  readonly hz: number;
  readonly seed: number;
  readonly kernel: string;
  readonly cmdline: CommandLine;
  /** null: until all tasks have ended or none can wake, at most `LIMIT_WITHOUT_DURATION_NS`. */
  readonly durationNs: Ns | null;
  /** `auto`: `gen` on CPUs with context tracking (nohz_full=), `tick` elsewhere, as Linux does. */
  readonly cputime: 'auto' | CputimeFlavour;
  readonly reader: 'linux' | 'complete';
  readonly ties: 'fixed' | 'shuffled';
  /** In `free`: `fresh` holds a read of another CPU's record back until that CPU has come so far in simulated time. */
  readonly reads: 'racing' | 'fresh';
  /** In `free`: how far CPUs may stand apart in simulated time. */
  readonly skewNs: Ns;
  /** In `free`: a fault that is switched on pauses up to so much *host* time where it does its harm; 0: not at all. */
  readonly widenNs: Ns;
  /** Wall clock at boot, seconds since 1970: the machine's epoch. */
  readonly epochSec: number;
  readonly machine: MachineSpec;
  /** CPUs of `nohz_full=` whose tick is off while a task runs there. */
  readonly tickOff: readonly CpuId[];
  readonly faults: readonly string[];
  readonly cuts: readonly CutSpec[];
  readonly workload: WorkloadData;
  /** What the tasks do, by declaration, readers last. */
  readonly programs: readonly Program[];
  /** Names of the readers of the `dynticks` block, in the order of their tasks; cuts refer to them. */
  readonly readers: readonly ReaderSpec[];
  /** What was understood but is only approximated: one sentence each, for the log and run.json. */
  readonly approximations: readonly string[];
  /** Unknown keys, ignored parameters: shown to the user, not fatal. */
  readonly warnings: readonly string[];
}

/** A counter that a clock source reads, and what it is really like. */
export interface ClocksourceHardware {
  readonly id: ClocksourceId;
  /** What the kernel takes for its frequency. */
  readonly hz: number;
  /** The kernel need not verify it. */
  readonly trusted: boolean;
  /** How far from that frequency it really runs, from when on; in the order of time. */
  readonly drifts: readonly { readonly at: Ns; readonly ppb: number }[];
  /** Where each CPU has one of its own: when one of them jumps. */
  readonly skews: readonly { readonly at: Ns; readonly cpu: CpuId; readonly byNs: Ns }[];
}

/** The hardware, where the scenario says something about it. Every cost name is a key of the kernel's `Path`. */
export interface MachineSpec {
  readonly clocksources: readonly ClocksourceHardware[];
  /** When the firmware takes a processor, or (null) all of them, and for how long; in the order of time. */
  readonly stalls: readonly { readonly at: Ns; readonly cpu: CpuId | null; readonly forNs: Ns }[];
  /** When a hypervisor takes a processor, once or each `everyNs`; and when its record of that begins anew. */
  readonly thefts: {
    readonly windows: readonly { readonly cpu: CpuId; readonly at: Ns; readonly forNs: Ns; readonly everyNs: Ns | null }[];
    readonly restarts: readonly { readonly cpu: CpuId; readonly at: Ns }[];
  };
  /** Of the tsc, which an event device may count with, whether or not it is a clock source. */
  readonly tscHz: number;
  /** Frequency of each CPU's own event device; lapic-deadline has the tsc's. */
  readonly lapicHz: number;
  readonly clockevents: ClockeventsConfig;
  /** Idle states; null: there is no driver for any. */
  readonly cpuidle: CpuidleConfig | null;
  /** Way of a message between two participants. */
  readonly ipiDelayNs: Ns;
  /** Messages that one participant may have under way, 1 .. CSD_POOL_MAX. */
  readonly messageSlots: number;
  /** Overrides of `src/machine/costs.ts`, at least 1 ns each. */
  readonly costs: Readonly<Record<string, Ns>>;
}

/** A reader task: `task` looks at `Workload.reads[read]` each `periodNs`. */
export interface ReaderSpec {
  readonly name: string;
  /** Index into `Workload.tasks`. */
  readonly taskIndex: number;
  /** Index into `Workload.reads`. */
  readonly read: number;
  readonly periodNs: Ns;
}

/**
 * A cut: at the `access`-th touch of a field inside an event of `cpu`, something else runs. The
 * event is named by its entry and its number on that CPU (0 = first), so that cuts survive edits.
 */
export interface CutSpec {
  readonly cpu: CpuId;
  readonly event: { readonly entry: 'timer' | 'ipi' | 'device' | 'step'; readonly n: number };
  readonly access: {
    readonly struct: string;
    readonly field: string;
    readonly op: 'load' | 'store';
    /** which of the event's accesses of that kind: 0 = first; the cut runs right after it */
    readonly n: number;
  };
  /** the CPU's own timer interrupts; or a reader looks; or another CPU's next event runs ahead of its turn */
  readonly run: { readonly irq: 'timer' } | { readonly reader: string } | { readonly cpu: CpuId };
}

/** Without a duration a run stops after this much simulated time, exit code 4. */
export const LIMIT_WITHOUT_DURATION_NS: Ns = 60_000_000_000;
