import { beforeEach, describe, expect, test } from 'vitest';
import { Printk } from '../../../shared/printk.ts';
import { ClocksourceFlag, ClocksourceId } from '../../../shared/structs/timekeeper.ts';
import { KernelTimer } from '../../../shared/structs/timer.ts';
import type { CpuId, Ns } from '../../../shared/units.ts';
import type { Decisions } from '../../../src/kernel/decisions.ts';
import { kernelTimerOf } from '../../../src/kernel/image.ts';
import { clocksourceRegister } from '../../../src/kernel/time/clocksource-register.ts';
import {
  clocksourceWatchdog, clocksourceWatchdogKthread, clocksourceWorkPending, WatchdogVerdict,
} from '../../../src/kernel/time/clocksource-watchdog.ts';
import { timerDelete } from '../../../src/kernel/time/timer.ts';
import { FakeMachine } from '../../support/fake-arch.ts';

const { Jiffies, Tsc, Hpet, AcpiPm } = ClocksourceId;
const { ValidForHres, Unstable, Watchdog } = ClocksourceFlag;
const S: Ns = 1_000_000_000;
const { Baseline, Good, Skewed, LongInterval, Busy, SlowRead } = WatchdogVerdict;

let machine: FakeMachine;
/** What each counter shows: ns times its frequency, and how far it is off. */
let now: Ns;
let offNs: Partial<Record<number, Ns>>;
/** ns that the next reads of a counter take, one after the other. */
let delays: Partial<Record<number, Ns[]>>;

function newMachine(ids: readonly ClocksourceId[], decisions: Partial<Decisions> = {}): void {
  const sources = ids.map((id) => ({ id, hz: id === AcpiPm ? 1_000_000 : 100_000_000, trusted: id !== Tsc }));
  machine = new FakeMachine(2, [], { sources, decisions });
  for (const arch of machine.archs) {
    arch.counter = (id) => {
      const shown = now + (offNs[id] ?? 0);
      now += delays[id]?.shift() ?? 0;
      return id === AcpiPm ? Math.floor(shown / 1_000) % 2 ** 24 : Math.floor(shown / 10);
    };
  }
  for (const id of ids) machine.as(0, (cpu) => clocksourceRegister(cpu, id));
  // later: nobody is there to stand still for a switch
  machine.as(1, (cpu) => { cpu.state.online = 1; });
}

/** One round of the watchdog on `cpu`, so long after the one before. */
function round(after: Ns, cpu: CpuId = 0): number | undefined {
  now += after;
  const timer = kernelTimerOf(machine.image, KernelTimer.ClocksourceWatchdog);
  machine.as(cpu, (kernel) => timerDelete(kernel, timer));
  machine.archs[cpu]!.traced.length = 0;
  machine.as(cpu, clocksourceWatchdog);
  return machine.archs[cpu]!.fieldsOf('clocksource_watchdog').at(-1)?.[5];
}
const flags = (id: ClocksourceId) => machine.image.clocksources[id]!.flags;
const lines = (cpu: CpuId = 0) => machine.archs[cpu]!.fieldsOf('printk').map(([line]) => line);

beforeEach(() => {
  now = S;
  offNs = {};
  delays = {};
  newMachine([Hpet, AcpiPm, Tsc]);
});

describe('the watchdog', () => {
  test('is the best source that needs no watching, jiffies if there is no other; without anybody to watch it rests', () => {
    expect([machine.image.clocksourcePage.watchdog, machine.image.clocksourcePage.watchdogRunning]).toEqual([Hpet, 1]);
    newMachine([Tsc]);
    expect(machine.image.clocksourcePage.watchdog).toBe(Jiffies);
    newMachine([Hpet]);
    expect(machine.image.clocksourcePage.watchdogRunning).toBe(0);
  });

  test('goes on on the next CPU, half a second later', () => {
    const timer = machine.image.timerLists[kernelTimerOf(machine.image, KernelTimer.ClocksourceWatchdog)]!;
    expect([timer.flags & 3, timer.expires]).toEqual([0, 125]);
    round(S / 2);
    expect([timer.flags & 3, timer.expires]).toEqual([1, 250]);
    round(S / 2, 1);
    expect([timer.flags & 3, timer.expires]).toEqual([0, 375]);
  });

  test('takes a first pair for a baseline, and finds good what goes as fast', () => {
    expect([round(S / 2), flags(Tsc) & Watchdog]).toEqual([Baseline, Watchdog]);
    offNs[Tsc] = 247_000;
    expect(round(S / 2)).toBe(Good);
    expect(lines()).toEqual([]);
  });

  test('marks a source that differs by more than the margins, says so, and has the worker take it out of use', () => {
    round(S / 2);
    offNs[Tsc] = -249_000;
    expect(round(S / 2)).toBe(Skewed);
    expect(flags(Tsc) & (ValidForHres | Unstable | Watchdog)).toBe(Unstable);
    expect(lines()).toEqual([Printk.skewTooLarge, Printk.skewOfWatchdog, Printk.skewOfSource, Printk.tscUnstable]);
    expect(machine.as(0, clocksourceWorkPending)).toBe(true);
    expect(machine.as(0, clocksourceWatchdogKthread)).toBe(true);
    expect([machine.image.clocksources[Tsc]!.rating, machine.as(0, clocksourceWorkPending)]).toEqual([0, false]);
    expect(round(S / 2)).toBe(undefined);
  });

  test('sees over the end of a counter', () => {
    newMachine([AcpiPm, Tsc]);
    now = 16_700_000_000;
    round(0);
    expect(round(S / 2)).toBe(Good);
  });

  test('does not judge an interval of more than a second, unless it has the old bug', () => {
    round(S / 2);
    offNs[Tsc] = 500_000;
    expect(round(2 * S)).toBe(LongInterval);
    expect(lines()).toEqual([Printk.longReadout]);
    expect(round(S / 2)).toBe(Good);
    newMachine([Hpet, Tsc], { judgesLongIntervals: true });
    offNs = {};
    round(S / 2);
    offNs[Tsc] = 500_000;
    expect(round(2 * S)).toBe(Skewed);
  });
});

describe('a pair of readings', () => {
  test('is taken again if something came in between', () => {
    round(S / 2);
    delays = { [Tsc]: [400_000] };
    expect(round(S / 2)).toBe(Good);
  });

  test('is given up for a busy machine if the watchdog alone takes long, and then checks pause', () => {
    round(S / 2);
    const timer = machine.image.timerLists[kernelTimerOf(machine.image, KernelTimer.ClocksourceWatchdog)]!;
    const { expires } = timer;
    delays = { [Hpet]: [400_000, 400_000, 0] };
    expect([round(S / 2), flags(Tsc) & Watchdog]).toEqual([Busy, 0]);
    expect(timer.expires).toBe(expires + 125 + 300 * 250);
  });

  test('makes a source unstable that is always slow to read', () => {
    round(S / 2);
    delays = { [Tsc]: Array.from({ length: 9 }, () => 400_000) };
    expect([round(S / 2), flags(Tsc) & Unstable]).toEqual([SlowRead, Unstable]);
  });
});

describe('a source that could not carry one-shot ticks yet', () => {
  beforeEach(() => {
    machine.image.clocksources[Tsc]!.flags &= ~ValidForHres;
    round(S / 2);
  });

  test('may when it has been found good; every CPU looks again if it is in use', () => {
    machine.image.tickScheds[1]!.checkClocks = 0;
    machine.image.clocksourcePage.current = Tsc;
    round(S / 2);
    expect([flags(Tsc) & ValidForHres, machine.image.tickScheds[1]!.checkClocks]).not.toContain(0);
    expect(machine.as(0, clocksourceWorkPending)).toBe(false);
  });

  test('is selected by the worker if it is not', () => {
    machine.image.clocksourcePage.current = Hpet;
    round(S / 2);
    expect(machine.as(0, clocksourceWatchdogKthread)).toBe(true);
    expect(flags(Tsc) & ClocksourceFlag.Reselect).toBe(0);
  });
});
