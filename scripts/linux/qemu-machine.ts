/** The machine of the recordings, as the simulator has it: QEMU's, with the command line that it was given. */
import type { EventConsumer } from '../../shared/event-consumer.ts';
import { Event } from '../../shared/events.ts';
import { HrtimerFunction } from '../../shared/structs/hrtimer.ts';
import { NSEC_PER_MSEC, NSEC_PER_SEC, type Ns } from '../../shared/units.ts';
import { Path } from '../../src/kernel/arch.ts';
import { costTable } from '../../src/machine/costs.ts';
import { simulate, type RunResult } from '../../src/sim.ts';
import { clocksourceHardware } from '../../src/workload/defaults.ts';
import { resolveScenario } from '../../src/workload/resolve.ts';
import type { Scenario } from '../../src/workload/scenario.ts';
import type { Configuration } from './recordings.ts';

const HZ = 250;
export const TICK_NS: Ns = NSEC_PER_SEC / HZ;
/** Long enough for a boot. */
const BOOT_NS: Ns = 60 * NSEC_PER_MSEC;

/** QEMU's counters, which the recorded kernels trust (tsc=reliable). */
const COUNTERS = { tsc: NSEC_PER_SEC, hpet: 100_000_000, acpi_pm: 3_579_545 };

/**
 * QEMU executes 125 million instructions a second, as the README says. The simulator's own costs are those of a machine of
 * today: two instructions a cycle, 3 GHz. What takes 154 us there (a round of pingpong) takes 146 us here.
 */
const SLOWER = (2 * 3_000) / 125;
const NATIVE = costTable({});
const QEMU_COSTS: Readonly<Record<string, Ns>> =
  Object.fromEntries(Object.entries(Path).map(([name, path]) => [name, NATIVE[path]! * SLOWER]));

/** `6.1.0-56-cloud-amd64` is a 6.1. */
export const versionOf = (release: string): string => release.split('.').slice(0, 2).join('.');

/** What is known of a machine's boot, all by its own CLOCK_MONOTONIC. */
export interface Boot {
  /** when user space begins, from which delays count */
  readonly userNs: Ns;
  /** what the simulation's clock, which begins with the first instruction, is ahead of it by */
  readonly aheadNs: Ns;
}

export class QemuMachine {
  readonly boot: Boot;
  private readonly configuration: Configuration;

  private constructor(configuration: Configuration, boot: Boot) {
    this.configuration = configuration;
    this.boot = boot;
  }

  static async of(configuration: Configuration): Promise<QemuMachine> {
    return new QemuMachine(configuration, await bootOf(configuration));
  }

  /** With one of rt-app's workloads on it. */
  scenarioOf(text: string, file: string): Scenario {
    return machineOf(text, file, this.configuration);
  }

  /** Runs until CLOCK_MONOTONIC shows that. */
  runTo(scenario: Scenario, monotonicNs: Ns, consumers: readonly EventConsumer[] = []): Promise<RunResult> {
    return simulate({ ...scenario, durationNs: monotonicNs + this.boot.aheadNs }, { judge: false, consumers });
  }
}

function machineOf(text: string, file: string, { release, cpus, cmdline }: Configuration): Scenario {
  const scenario = resolveScenario(text, file, { cpus, cmdline, hz: HZ, kernel: versionOf(release) });
  const clocksources = Object.entries(COUNTERS).map(([name, hertz]) => clocksourceHardware(name, hertz));
  const machine = { ...scenario.machine, clocksources, tscHz: NSEC_PER_SEC, lapicHz: NSEC_PER_SEC / 16, costs: QEMU_COSTS };
  return { ...scenario, machine };
}

/** A task that begins one ms after user space does tells when that was. */
async function bootOf(configuration: Configuration): Promise<Boot> {
  const scenario = machineOf('{ "tasks": { "t": { "delay": 1000, "run": 1 } }, "dynticks": {} }', 'boot.json', configuration);
  let userNs = 0;
  const consumer: EventConsumer = {
    interests: [Event.hrtimer_start],
    onEvent: (id, _cpu, _t, fields, at) => {
      if (id !== Event.hrtimer_start || fields[at + 1] !== HrtimerFunction.HrtimerWakeup || userNs > 0) return;
      userNs = fields[at + 3]! - NSEC_PER_MSEC;
    },
  };
  const { snapshot } = await simulate({ ...scenario, durationNs: BOOT_NS }, { judge: false, consumers: [consumer] });
  return { userNs, aheadNs: BOOT_NS - snapshot.monotonicNs };
}
