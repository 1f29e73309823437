import { describe, expect, test } from 'vitest';
import { Printk } from '../../../shared/printk.ts';
import { ClockEventFeature, ClockEventName, ClockEventState, TickHandler } from '../../../shared/structs/cpu.ts';
import { TICK_DO_TIMER_BOOT } from '../../../shared/structs/global.ts';
import { KTIME_MAX, type CpuId, type Ns } from '../../../shared/units.ts';
import type { KernelConfig } from '../../../src/kernel/config.ts';
import { HRTIMER_FUNCTIONS } from '../../../src/kernel/hrtimer-functions.ts';
import {
  archSysTimerSpec, dummyTimerSpec, hpetSpec, lapicDeadlineSpec, lapicSpec, localIsDummy, localSpec, PIT_SPEC, TSC_DIVISOR, type DeviceSpec,
} from '../../../src/kernel/time/clockevent-devices.ts';
import { clockeventsRegisterDevice, clockeventsUnbind, clockeventsUpdateFreq } from '../../../src/kernel/time/clockevents-register.ts';
import { deviceOf, DeviceId } from '../../../src/kernel/time/clockevents.ts';
import { doTimer, setTickDoTimerCpu } from '../../../src/kernel/time/jiffies.ts';
import { tickHandlePeriodic, TickMode } from '../../../src/kernel/time/tick-common.ts';
import { tickClockNotify } from '../../../src/kernel/time/tick-oneshot.ts';
import { timekeepingInit } from '../../../src/kernel/time/timekeeping-update.ts';
import { FAKE_CONFIG, FakeMachine } from '../../support/fake-arch.ts';

const TICK: Ns = 4_000_000;
const { Detached, Periodic, Oneshot } = ClockEventState;
const LAPIC = lapicSpec(1_000_000_000);
const HPET = hpetSpec(14_318_180);
const ticking = (spec: DeviceSpec): DeviceSpec => ({ ...spec, features: spec.features & ~ClockEventFeature.Oneshot });

function newMachine(cpus = 1, config: Partial<KernelConfig> = {}): FakeMachine {
  const machine = new FakeMachine(cpus, [], { config, functions: HRTIMER_FUNCTIONS });
  machine.setClock(1_500_000);
  machine.as(0, (cpu) => setTickDoTimerCpu(cpu, TICK_DO_TIMER_BOOT));
  return machine;
}
const register = (machine: FakeMachine, id: DeviceId, spec: DeviceSpec, cpu: CpuId = 0): void =>
  machine.as(cpu, (self) => clockeventsRegisterDevice(self, id, spec));
const unbind = (machine: FakeMachine, id: DeviceId): boolean => machine.as(0, (cpu) => clockeventsUnbind(cpu, id));
const state = (machine: FakeMachine, id: DeviceId): ClockEventState => deviceOf(machine.cpus[0]!, id).state;
const tickDevice = (machine: FakeMachine, cpu: CpuId = 0): number => machine.cpus[cpu]!.tick.device;
function tickAt(machine: FakeMachine, now: Ns): void {
  machine.setClock(now);
  machine.as(0, tickHandlePeriodic);
}

describe('the device that gives a CPU its tick', () => {
  test.each([
    ['an HPET takes the place of a PIT', [[DeviceId.Pit, PIT_SPEC], [DeviceId.Hpet, HPET]], DeviceId.Hpet],
    ['a PIT does not take that of an HPET', [[DeviceId.Hpet, HPET], [DeviceId.Pit, { ...PIT_SPEC, rating: 0 }]], DeviceId.Hpet],
    ['a CPU’s own takes that of a global one', [[DeviceId.Hpet, HPET], [DeviceId.Lapic, LAPIC]], DeviceId.Lapic],
    ['a CPU’s own does so, be its rating lower', [[DeviceId.Hpet, { ...HPET, rating: 200 }], [DeviceId.Lapic, LAPIC]], DeviceId.Lapic],
    ['a global one never takes that of a CPU’s own', [[DeviceId.Lapic, LAPIC], [DeviceId.Hpet, { ...HPET, rating: 200 }]], DeviceId.Lapic],
    ['one that knows no single events loses', [[DeviceId.Hpet, HPET], [DeviceId.Lapic, ticking(LAPIC)]], DeviceId.Hpet],
    ['unless there is nothing better', [[DeviceId.Hpet, ticking(HPET)], [DeviceId.Lapic, ticking(LAPIC)]], DeviceId.Lapic],
  ] as const)('is the best: %s', (_, devices, best) => {
    const machine = newMachine();
    for (const [id, spec] of devices) register(machine, id, spec);
    expect(tickDevice(machine)).toBe(best);
    const states = devices.map(([id]) => [id, state(machine, id)]);
    expect(states).toEqual(devices.map(([id]) => [id, id === best ? Periodic : Detached]));
  });

  test('carries the tick on in one-shot mode: handler, state and next event go over to the one that replaces it', () => {
    const machine = newMachine();
    register(machine, DeviceId.Hpet, HPET);
    tickAt(machine, TICK + 1_000);
    expect([machine.cpus[0]!.tick.mode, state(machine, DeviceId.Hpet)]).toEqual([TickMode.Oneshot, Oneshot]);
    const { nextEvent } = deviceOf(machine.cpus[0]!, DeviceId.Hpet);
    machine.setClock(TICK + 50_000);
    register(machine, DeviceId.Lapic, LAPIC);
    const { lapic } = machine.cpus[0]!;
    expect([lapic.state, lapic.handler, lapic.nextEvent]).toEqual([Oneshot, TickHandler.Hrtimer, nextEvent]);
    expect(deviceOf(machine.cpus[0]!, DeviceId.Hpet).handler).toBe(TickHandler.Noop);
    expect(machine.archs[0]!.armed).toEqual([nextEvent - TICK - 50_000]);
  });

  test('is not replaced by one that knows no single events once the tick is one-shot', () => {
    const machine = newMachine();
    register(machine, DeviceId.Hpet, HPET);
    tickAt(machine, TICK + 1_000);
    register(machine, DeviceId.Lapic, ticking(LAPIC));
    expect(tickDevice(machine)).toBe(DeviceId.Hpet);
  });

  test('says in the trace what it can do', () => {
    const machine = newMachine();
    register(machine, DeviceId.Pit, PIT_SPEC);
    expect(machine.archs[0]!.fieldsOf('clockevents_register_device'))
      .toEqual([[DeviceId.Pit, ClockEventName.pit, 3, 0, -1, 1_193_182, 5_124_678, 32, 15, 0x7fff, 12_572, 27_461_861]]);
    expect(machine.archs[0]!.fieldsOf('clockevents_exchange_device')).toEqual([[0, DeviceId.Pit]]);
    expect(machine.archs[0]!.fieldsOf('tick_device')).toEqual([[DeviceId.Pit, TickMode.Periodic, TickHandler.Periodic]]);
  });
});

describe('unbinding a device', () => {
  test('just takes away one that nobody uses', () => {
    const machine = newMachine();
    register(machine, DeviceId.Pit, PIT_SPEC);
    register(machine, DeviceId.Hpet, HPET);
    expect(unbind(machine, DeviceId.Pit)).toBe(true);
    expect([deviceOf(machine.cpus[0]!, DeviceId.Pit).name, tickDevice(machine)]).toEqual([0, DeviceId.Hpet]);
  });

  test('puts the best of the others in the place of the tick device', () => {
    const machine = newMachine();
    const devices = [[DeviceId.Pit, PIT_SPEC], [DeviceId.Hpet, HPET], [DeviceId.Lapic, LAPIC]] as const;
    for (const [id, spec] of devices) register(machine, id, spec);
    expect(unbind(machine, DeviceId.Lapic)).toBe(true);
    expect([tickDevice(machine), state(machine, DeviceId.Hpet), state(machine, DeviceId.Lapic)])
      .toEqual([DeviceId.Hpet, Periodic, Detached]);
    expect(unbind(machine, DeviceId.Hpet)).toBe(true);
    expect(tickDevice(machine)).toBe(DeviceId.Pit);
  });

  test('is refused (-EBUSY) where nothing can take its place', () => {
    const machine = newMachine();
    register(machine, DeviceId.Hpet, HPET);
    expect(unbind(machine, DeviceId.Hpet)).toBe(false);
    expect([tickDevice(machine), state(machine, DeviceId.Hpet)]).toEqual([DeviceId.Hpet, Periodic]);
  });
});

describe('a device that counts at another frequency', () => {
  test('gets another conversion, and is programmed anew for its next event', () => {
    const machine = newMachine();
    register(machine, DeviceId.Lapic, { ...LAPIC, features: ClockEventFeature.Oneshot });
    machine.archs[0]!.armed.length = 0;
    machine.as(0, (cpu) => clockeventsUpdateFreq(cpu, DeviceId.Lapic, { ...LAPIC, hz: 500_000_000 }));
    expect(machine.archs[0]!.armed).toEqual([(TICK - 1_500_000) / 2]);
  });

  test('begins its period anew', () => {
    const machine = newMachine();
    register(machine, DeviceId.Lapic, LAPIC);
    machine.as(0, (cpu) => clockeventsUpdateFreq(cpu, DeviceId.Lapic, { ...LAPIC, hz: 500_000_000 }));
    expect(machine.archs[0]!.modes.at(-1)!.periodTicks).toBe(TICK / 2);
  });
});

describe('a device that knows no period', () => {
  const oneshotOnly = (config: Partial<KernelConfig> = {}): FakeMachine => {
    const machine = newMachine(1, { highres: false, ...config });
    register(machine, DeviceId.Lapic, archSysTimerSpec(1_000_000_000));
    return machine;
  };

  test('is programmed for the next jiffy boundary, and by each tick for the one after', () => {
    const machine = oneshotOnly();
    expect([state(machine, DeviceId.Lapic), machine.cpus[0]!.lapic.nextEvent]).toEqual([Oneshot, TICK]);
    tickAt(machine, TICK + 300);
    expect([machine.cpus[0]!.lapic.nextEvent, machine.archs[0]!.armed.at(-1)]).toEqual([2 * TICK, TICK - 300]);
    expect(machine.cpus[0]!.tick.mode).toBe(TickMode.Periodic);
  });

  test('makes up for ticks that were missed: each runs, though late', () => {
    const machine = oneshotOnly();
    tickAt(machine, 4 * TICK + 300);
    expect([machine.cpus[0]!.tick.ticks, machine.cpus[0]!.lapic.nextEvent]).toEqual([4, 5 * TICK]);
  });

  test('leaves them out where time is made of ticks: each would make the next one late', () => {
    const machine = oneshotOnly();
    machine.as(0, timekeepingInit);
    machine.as(0, (cpu) => { for (let n = 0; n < 5; n++) doTimer(cpu); });
    machine.as(0, tickHandlePeriodic);
    expect([machine.cpus[0]!.tick.ticks, machine.cpus[0]!.lapic.nextEvent]).toEqual([1, 7 * TICK]);
  });

  test('of the deadline kind is armed in cycles of the tsc', () => {
    const machine = newMachine(1, { tscHz: 1_000_000_000 });
    register(machine, DeviceId.Lapic, lapicDeadlineSpec(1_000_000_000));
    const [cycles] = machine.archs[0]!.armed;
    expect(cycles! % TSC_DIVISOR).toBe(0);
    expect(Math.abs(cycles! - (TICK - 1_500_000))).toBeLessThanOrEqual(TSC_DIVISOR);
  });
});

describe('a CPU’s own device as the machine’s description has it', () => {
  const { Dummy, C3stop } = ClockEventFeature;
  const config = (clockevents: Partial<KernelConfig['clockevents']>, more: Partial<KernelConfig> = {}): KernelConfig =>
    ({ ...FAKE_CONFIG, ...more, clockevents: { ...FAKE_CONFIG.clockevents, ...clockevents } });

  test('stops in deep idle states unless it is always on', () => {
    expect(localSpec(config({})).features & C3stop).toBe(C3stop);
    expect(localSpec(config({ alwaysOn: true })).features & C3stop).toBe(0);
  });

  test('is a dummy with nolapic_timer, and where nothing else is there', () => {
    expect([localIsDummy(config({})), localIsDummy(config({}, { nolapicTimer: true })), localIsDummy(config({ local: 'dummy' }))])
      .toEqual([false, true, true]);
    expect(dummyTimerSpec(1).features & Dummy).toBe(Dummy);
  });
});

describe('why a tick stays periodic', () => {
  // the first line tells of the clock source
  const lines = (machine: FakeMachine): number[] => machine.archs[0]!.fieldsOf('printk').slice(1).map(([line]) => line!);
  const C3 = { ...LAPIC, features: LAPIC.features | ClockEventFeature.C3stop };
  const dummy = { ...LAPIC, features: LAPIC.features | ClockEventFeature.Dummy };

  test.each([
    ['its device knows no single events', 1, [[DeviceId.Lapic, ticking(LAPIC)]], [Printk.noOneShotFeature]],
    ['its device may stop in idle, and nothing could wake it', 1, [[DeviceId.Lapic, C3]], [Printk.stopsInIdle]],
    ['the only device is one for all CPUs', 2, [[DeviceId.Hpet, HPET]], [Printk.onlyGlobal]],
    ['its device is a dummy', 1, [[DeviceId.Lapic, dummy]], [Printk.noOneShotDevice, Printk.noHighRes]],
  ] as const)('stands in the log: %s', (_, cpus, devices, said) => {
    const machine = newMachine(cpus);
    for (const [id, spec] of devices) register(machine, id, spec);
    machine.as(0, tickClockNotify);
    tickAt(machine, TICK + 1_000);
    tickAt(machine, 2 * TICK + 1_000);
    expect(lines(machine)).toEqual(said);
    expect(machine.cpus[0]!.tick.mode).toBe(TickMode.Periodic);
  });

  test('is no reason where another device could wake it', () => {
    const machine = newMachine();
    register(machine, DeviceId.Hpet, HPET);
    register(machine, DeviceId.Lapic, C3);
    tickAt(machine, TICK + 1_000);
    expect([lines(machine), machine.cpus[0]!.tick.mode]).toEqual([[], TickMode.Oneshot]);
    expect(machine.cpus[0]!.lapic.nextEvent).toBeLessThan(KTIME_MAX);
  });
});

describe('the duty of a boot CPU that may run without a tick', () => {
  const bootedWith = (tickless: readonly boolean[]): CpuId => {
    const machine = newMachine(3, { tickless });
    for (const cpu of [0, 1, 2]) register(machine, DeviceId.Lapic, LAPIC, cpu);
    return machine.image.jiffies.tickDoTimerCpu;
  };

  test('goes to the first CPU that comes up and may not', () => {
    expect([bootedWith([false, true, true]), bootedWith([true, false, false]), bootedWith([true, true, false])]).toEqual([0, 1, 2]);
  });
});
