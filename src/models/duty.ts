/**
 * Who keeps the time (`src/kernel/time/jiffies.ts`): the CPU with the duty is held up, and others do it in its
 * stead; or nobody has the duty, and two CPUs take it at once; or a CPU comes up while it is dropped.
 *
 *      CPU 0 (drops it)            CPU 1 (its tick)            CPU 2 (its tick)
 *      duty 0 -> nobody
 *                                  nobody: mine                nobody: mine
 *                                  duty = 1                    duty = 2
 *                                  lock: jiffies 1 -> 2        lock: waits
 *                                                              looks again: nothing to do
 */
import type { Memory } from '../../shared/memory/memory.ts';
import { TickSched } from '../../shared/structs/cpu.ts';
import { JiffiesPage, TICK_DO_TIMER_NONE } from '../../shared/structs/global.ts';
import { ClocksourceId, ShadowTimekeeper } from '../../shared/structs/timekeeper.ts';
import type { CpuId, Ns } from '../../shared/units.ts';
import { model, type Model, type ModelThread } from '../explore/model.ts';
import { exhaustive } from '../explore/source-sets.ts';
import type { Decisions } from '../kernel/decisions.ts';
import { lapicSpec } from '../kernel/time/clockevent-devices.ts';
import { clockeventsRegisterDevice } from '../kernel/time/clockevents-register.ts';
import { DeviceId } from '../kernel/time/clockevents.ts';
import { setTickDoTimerCpu, tickDoTimerCpu, tickSchedDoTimer } from '../kernel/time/jiffies.ts';
import { KERNEL_VERSIONS, type KernelVersion } from '../kernel/versions.ts';
import type { Catalogued } from './catalogued.ts';
import { machineCells } from './machine-cells.ts';
import { modelCpu } from './model-arch.ts';
import { answered, withoutStores } from './tampered-memory.ts';

const CPUS = 3;
const { map, plan } = machineCells({ cpus: CPUS });
const TICK: Ns = 4_000_000;
const PAGE = map.at.jiffies;
const JIFFIES = PAGE + JiffiesPage.at.jiffies;
const LAST = PAGE + JiffiesPage.at.lastJiffiesUpdate;
const NEXT = PAGE + JiffiesPage.at.tickNextPeriod;
const OWNER = PAGE + JiffiesPage.at.tickDoTimerCpu;
const RESCUING = PAGE + JiffiesPage.at.rescuing;
const ONE_RESCUER = KERNEL_VERSIONS.find(({ oneRescuer }) => oneRescuer)!;

interface Parts {
  readonly version?: KernelVersion;
  readonly decisions?: Partial<Decisions>;
  readonly tamper?: (memory: Memory) => Memory;
}
type Does = (memory: Memory, id: CpuId, parts: Parts) => void;

const kernelOf = (memory: Memory, id: CpuId, { version, decisions, tamper = (same) => same }: Parts) =>
  modelCpu(tamper(memory), id, { map, tickNs: TICK, decisions, version });

/** A tick of this CPU in the `n`-th period. */
const ticksAt = (n: number): Does => (memory, id, parts) => {
  const { cpu, arch } = kernelOf(memory, id, parts);
  arch.clock = n * TICK;
  tickSchedDoTimer(cpu, arch.clock);
};

/** A tick, and then this CPU stops it. */
const ticksAndDrops = (n: number): Does => (memory, id, parts) => {
  ticksAt(n)(memory, id, parts);
  const { cpu } = kernelOf(memory, id, parts);
  if (tickDoTimerCpu(cpu) === id) setTickDoTimerCpu(cpu, TICK_DO_TIMER_NONE);
};

/** Its first device appears. */
const comesUp: Does = (memory, id, parts) => {
  const { cpu } = kernelOf(memory, id, parts);
  clockeventsRegisterDevice(cpu, DeviceId.Lapic, lapicSpec(1_000_000_000));
};

interface Race {
  readonly owner: CpuId;
  /** What each CPU does. */
  readonly does: readonly Does[];
  /** Jiffies that must have been counted, and may have been. */
  readonly least: number;
  readonly most: number;
  /** CPUs that have seen jiffies stand still for as long as they wait. */
  readonly tired?: readonly CpuId[];
}

function duty(name: string, { owner, does, least, most, tired = [] }: Race, parts: Parts = {}): Model {
  return model({
    name,
    cells: plan,
    setUp: (memory) => {
      const page = JiffiesPage.view(memory, PAGE);
      page.tickNextPeriod = TICK;
      page.tickDoTimerCpu = owner;
      for (const cpu of tired) {
        const tick = TickSched.view(memory, map.at.tickSched + cpu * TickSched.bytes);
        tick.stalledJiffies = ONE_RESCUER.maxStalledJiffies - 1;
      }
      // no tick is long enough for the timekeeper to move
      const timekeeper = ShadowTimekeeper.view(memory, map.at.shadowTimekeeper);
      timekeeper.clocksource = ClocksourceId.Tsc;
      timekeeper.cycleInterval = 100 * TICK;
    },
    threads: does.map((act, id): ModelThread => ({ name: `CPU${id}`, run: (memory: Memory) => act(memory, id, parts) })),
    check: ({ memory }) => wrongTime(memory, least, most),
  });
}

/** Jiffies, their last boundary and the next belong together; as many have been counted as must and may be; somebody can keep the time. */
function wrongTime(memory: Memory, least: number, most: number): string | undefined {
  const count = memory.loadLong(JIFFIES);
  const last = memory.loadLong(LAST);
  const next = memory.loadLong(NEXT);
  if (last !== count * TICK || next !== last + TICK) return `${count} jiffies, the last at ${last}, the next at ${next}`;
  if (count < least || count > most) return `${count} jiffies, and ${least} to ${most} periods were seen`;
  if (memory.load(RESCUING) !== 0) return 'nobody may ever rescue jiffies again';
  const owner = memory.load(OWNER);
  return owner === TICK_DO_TIMER_NONE || (owner >= 0 && owner < CPUS) ? undefined : `the duty is ${owner}'s`;
}

const idle: Does = () => undefined;

const bothTake = (parts: Parts) =>
  duty('jiffies-duty', { owner: TICK_DO_TIMER_NONE, does: [ticksAt(1), ticksAt(1)], least: 1, most: 1 }, parts);

export const JIFFIES_DUTY: Catalogued = {
  id: 'jiffies-duty',
  says: 'Nobody has the duty, or its owner drops it: of two CPUs that tick each may take it, and each period is counted once.',
  model: duty('jiffies-duty', { owner: 0, does: [ticksAndDrops(1), ticksAt(1), ticksAt(2)], least: 1, most: 2 }),
  mutants: [
    {
      id: 'no-second-look', says: 'a CPU that has the lock does not look again whether jiffies are due',
      model: bothTake({ tamper: lookingOnce }),
    },
    {
      id: 'left-to-nobody', says: 'a CPU whose tick finds that nobody has the duty leaves it there',
      model: bothTake({ tamper: (memory) => withoutStores(memory, OWNER) }),
    },
  ],
  quick: exhaustive,
};

const rescue = (parts: Parts) =>
  duty('jiffies-rescue', { owner: 0, does: [idle, ticksAt(1), ticksAt(1)], least: 1, most: 1, tired: [1, 2] }, parts);

export const JIFFIES_RESCUE: Catalogued = {
  id: 'jiffies-rescue',
  says: 'The CPU with the duty is held up: of two others that have waited one brings jiffies up to date, and the next time any may.',
  model: rescue({ version: ONE_RESCUER }),
  mutants: [
    {
      id: 'nobody', says: 'jiffies that stand still are left to the CPU with the duty (B-25)',
      model: rescue({ decisions: { neverRescues: true } }),
    },
    {
      id: 'for-ever', says: 'the mark of the one that rescues is never taken back',
      model: rescue({ version: ONE_RESCUER, tamper: (memory) => withoutStores(memory, RESCUING) }),
    },
  ],
  quick: exhaustive,
};

const boot = (parts: Parts) => duty('jiffies-boot', { owner: 0, does: [ticksAndDrops(1), comesUp], least: 1, most: 1 }, parts);

export const JIFFIES_BOOT: Catalogued = {
  id: 'jiffies-boot',
  says: 'A CPU comes up while another drops the duty: the grid of jiffies goes on as it was.',
  model: boot({}),
  mutants: [
    {
      id: 'dropped-is-first', says: 'a duty that was dropped is taken for one that nobody ever had, and the grid begins anew (B-24)',
      model: boot({ decisions: { droppedIsFirst: true } }),
    },
  ],
  quick: exhaustive,
};

/** What the look under the lock finds is what the look before it found. */
function lookingOnce(memory: Memory): Memory {
  let first = 0;
  return answered(memory, NEXT, (nth, load) => {
    if (nth === 0) first = load();
    return first;
  });
}
