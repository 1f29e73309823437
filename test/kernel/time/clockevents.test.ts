import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ALL_CPUS, ClockEventState, MessageKind } from '../../../shared/structs/cpu.ts';
import { KTIME_MAX } from '../../../shared/units.ts';
import { deviceCommand, DeviceMode } from '../../../src/kernel/arch.ts';
import { archSysTimerSpec, hpetSpec, lapicSpec, PIT_SPEC } from '../../../src/kernel/time/clockevent-devices.ts';
import { clockeventDelta2ns, clockeventsConfig, clockeventsInit } from '../../../src/kernel/time/clockevents-config.ts';
import {
  clockeventsFired, clockeventsProgramEvent, clockeventsShutdown, clockeventsSwitchState, DeviceId,
} from '../../../src/kernel/time/clockevents.ts';
import type { Decisions } from '../../../src/kernel/decisions.ts';
import type { KernelCpu } from '../../../src/kernel/kernel-cpu.ts';
import { KERNEL_VERSIONS } from '../../../src/kernel/versions.ts';
import { clocksCalcMultShift } from '../../../src/kernel/time/clocksource.ts';
import { FakeMachine } from '../../support/fake-arch.ts';
import { oneshotLapic } from '../../support/tick-device.ts';

// computed by an independent implementation of Linux's rules
const DEVICES = [
  { name: 'lapic', hz: 62_500_000, minTicks: 15, maxTicks: 0x7fffffff, mult: 268435456, shift: 32, min: 1000, max: 34359738352 },
  { name: 'hpet', hz: 14_318_180, minTicks: 128, maxTicks: 0x7fffffff, mult: 61496115, shift: 32, min: 8940, max: 149983003521 },
  { name: 'pit', hz: 1_193_182, minTicks: 15, maxTicks: 0x7fff, mult: 5124678, shift: 32, min: 12572, max: 27461861 },
  { name: 'deadline/8', hz: 312_500_000, minTicks: 15, maxTicks: 0xffffffff, mult: 671088640, shift: 31, min: 1000, max: 13743895344 },
  { name: 'arch 24 MHz', hz: 24_000_000, minTicks: 15, maxTicks: 0x7fffffff, mult: 103079215, shift: 32, min: 1000, max: 89478485382 },
];

/** One CPU at 1 µs with a one-shot lapic of 1 GHz: a tick of the device is a ns. */
function machineAt1us(): FakeMachine {
  const machine = new FakeMachine(1, []);
  oneshotLapic(machine);
  machine.setClock(1_000);
  return machine;
}
const program = (machine: FakeMachine, expires: number, force: boolean): boolean =>
  machine.as(0, (cpu) => clockeventsProgramEvent(cpu, DeviceId.Lapic, expires, force));

describe('a clock event device', () => {
  test.each(DEVICES)('$name gets the conversion and the limits that Linux computes', ({ hz, minTicks, maxTicks, ...wanted }) => {
    const machine = new FakeMachine(1, []);
    const { lapic } = machine.cpus[0]!;
    clockeventsConfig(lapic, { hz, minTicks, maxTicks });
    expect([lapic.mult >>> 0, lapic.shift, lapic.minDeltaNs, lapic.maxDeltaNs])
      .toEqual([wanted.mult, wanted.shift, wanted.min, wanted.max]);
  });

  test('is never given more ticks than it has, nor fewer than its least', () => {
    fc.assert(fc.property(fc.integer({ min: 10_000, max: 4_000_000_000 }), fc.integer({ min: 5_000, max: 0xffffffff }), (hz, ticks) => {
      const { mult, shift } = clocksCalcMultShift(1_000_000_000, hz, Math.max(1, Math.floor(ticks / hz)));
      const back = (ns: number): bigint => (BigInt(ns) * BigInt(mult)) >> BigInt(shift);
      const most = clockeventDelta2ns(ticks, mult, shift, true);
      if (most > 1_000) expect(back(most)).toBeLessThanOrEqual(BigInt(ticks));
      expect(back(clockeventDelta2ns(ticks, mult, shift, false))).toBeGreaterThanOrEqual(BigInt(ticks));
    }));
  });
});

describe('clockevents_program_event', () => {
  test('hands a near event over as so many ticks from now', () => {
    const machine = machineAt1us();
    expect(program(machine, 51_000, false)).toBe(true);
    expect(machine.archs[0]!.armed).toEqual([50_000]);
    expect(machine.cpus[0]!.lapic.nextEvent).toBe(51_000);
  });

  test('clamps a very near event to the least distance and a far one to the greatest, and remembers what was asked for', () => {
    const machine = machineAt1us();
    const { lapic } = machine.cpus[0]!;
    program(machine, 1_001, false);
    program(machine, 60_000_000_000, false);
    expect(machine.archs[0]!.armed).toEqual([1_000, 0x7fffffff]);
    expect(lapic.nextEvent).toBe(60_000_000_000);
  });

  test.each([1_000, 999])('tells of an event at %i ns that it has passed, and arms nothing', (expires) => {
    const machine = machineAt1us();
    expect(program(machine, expires, false)).toBe(false);
    expect(machine.archs[0]!.armed).toEqual([]);
    expect([machine.cpus[0]!.lapic.nextEvent, machine.cpus[0]!.lapic.retries]).toEqual([expires, 0]);
  });

  test('forces an event that has passed: it comes after the least distance, and counts as a retry', () => {
    const machine = machineAt1us();
    expect(program(machine, 500, true)).toBe(true);
    expect(machine.archs[0]!.armed).toEqual([1_000]);
    expect([machine.cpus[0]!.lapic.nextEvent, machine.cpus[0]!.lapic.retries]).toEqual([2_000, 1]);
  });

  test('tells when the hardware finds that it is too late, and tries no more unless forced', () => {
    const machine = machineAt1us();
    machine.archs[0]!.onArm = () => false;
    expect(program(machine, 51_000, false)).toBe(false);
    expect([machine.archs[0]!.armed, machine.cpus[0]!.lapic.retries]).toEqual([[50_000], 0]);
  });

  test('tries the least distance three times before it lets it grow', () => {
    const machine = machineAt1us();
    machine.archs[0]!.onArm = (ticks) => ticks > 1_000;
    expect(program(machine, 500, true)).toBe(true);
    expect(machine.archs[0]!.armed).toEqual([1_000, 1_000, 1_000, 5_000]);
    expect([machine.cpus[0]!.lapic.minDeltaNs, machine.cpus[0]!.lapic.retries]).toEqual([5_000, 4]);
  });

  test('lets a least distance below 5 µs grow to that, and half as large again from there on', () => {
    const machine = machineAt1us();
    machine.cpus[0]!.lapic.minDeltaNs = 4_999;
    machine.archs[0]!.onArm = (ticks) => ticks > 11_000;
    program(machine, 500, true);
    const tried = [...new Set(machine.archs[0]!.armed)];
    expect(tried).toEqual([4_999, 5_000, 7_500, 11_250]);
  });

  test('gives up when the least distance has grown to a tick', () => {
    const machine = machineAt1us();
    machine.archs[0]!.onArm = () => false;
    expect(program(machine, 500, true)).toBe(false);
    const { lapic } = machine.cpus[0]!;
    expect([lapic.minDeltaNs, lapic.nextEvent]).toEqual([4_000_000, KTIME_MAX]);
    expect(machine.archs[0]!.armed.filter((ticks) => ticks === 4_000_000)).toHaveLength(3);
    expect(Math.max(...machine.archs[0]!.armed)).toBe(4_000_000);
  });

  test('only remembers the event while the device is shut down', () => {
    const machine = machineAt1us();
    machine.as(0, (cpu) => clockeventsSwitchState(cpu, DeviceId.Lapic, ClockEventState.Shutdown));
    expect(program(machine, 500, false)).toBe(true);
    expect([machine.archs[0]!.armed, machine.cpus[0]!.lapic.nextEvent]).toEqual([[], 500]);
  });

  test('takes an event for a device that is not in one-shot mode for a bug', () => {
    const machine = machineAt1us();
    machine.as(0, (cpu) => clockeventsSwitchState(cpu, DeviceId.Lapic, ClockEventState.Periodic));
    expect(() => program(machine, 5_000, true)).toThrow(/one-shot/);
  });

  test('asks the coordinator where the device is the global one', () => {
    const machine = machineAt1us();
    machine.as(0, (cpu) => {
      clockeventsInit(cpu.image.globalDevices[0]!, PIT_SPEC, ALL_CPUS);
      clockeventsShutdown(cpu, DeviceId.Pit);
      clockeventsSwitchState(cpu, DeviceId.Pit, ClockEventState.Oneshot);
      expect(clockeventsProgramEvent(cpu, DeviceId.Pit, 60_000_000_000, false)).toBe(true);
    });
    const ask = { to: 1, kind: MessageKind.ProgramDevice, a: deviceCommand(DeviceId.Pit, DeviceMode.Oneshot) };
    expect(machine.archs[0]!.sent.at(-1)).toEqual({ ...ask, b: 0x7fff });
  });
});

describe('clockevents_switch_state', () => {
  test('tells the hardware of each change once, of a periodic one with the length of a tick', () => {
    const machine = new FakeMachine(1, []);
    const { Shutdown, Periodic, Oneshot } = ClockEventState;
    machine.as(0, (cpu) => {
      clockeventsInit(cpu.lapic, lapicSpec(62_500_000), cpu.id);
      for (const state of [Shutdown, Shutdown, Periodic, Periodic, Oneshot, Oneshot]) clockeventsSwitchState(cpu, DeviceId.Lapic, state);
    });
    expect(machine.archs[0]!.modes.map(({ mode }) => mode)).toEqual([DeviceMode.Shutdown, DeviceMode.Periodic, DeviceMode.Oneshot]);
    expect(machine.archs[0]!.modes[1]!.periodTicks).toBe(250_000);
    expect(machine.archs[0]!.fieldsOf('clockevents_switch_state')).toEqual([[1, Shutdown], [1, Periodic], [1, Oneshot]]);
  });

  test('forgets the event on shutdown, and keeps it through the bare change of state', () => {
    const machine = machineAt1us();
    const { lapic } = machine.cpus[0]!;
    program(machine, 9_000, false);
    machine.as(0, (cpu) => clockeventsSwitchState(cpu, DeviceId.Lapic, ClockEventState.Shutdown));
    expect(lapic.nextEvent).toBe(9_000);
    machine.as(0, (cpu) => clockeventsShutdown(cpu, DeviceId.Lapic));
    expect(lapic.nextEvent).toBe(KTIME_MAX);
  });
});

describe('an event that is forced while another is under way', () => {
  const forcedTwice = (name: string, decisions: Partial<Decisions> = {}): FakeMachine => {
    const version = KERNEL_VERSIONS.find((of) => of.name === name)!;
    const machine = new FakeMachine(1, [], { config: { version }, decisions });
    oneshotLapic(machine);
    machine.setClock(10_000);
    for (const at of [10_000, 10_400, 10_800]) {
      machine.setClock(at);
      expect(program(machine, 500, true)).toBe(true);
    }
    return machine;
  };

  test('puts it off in 6.12, and is left out in 7.0', () => {
    expect(forcedTwice('6.12').archs[0]!.armed).toEqual([1_000, 1_000, 1_000]);
    expect(forcedTwice('7.0').archs[0]!.armed).toEqual([1_000]);
    expect(forcedTwice('7.0', { forgetsForcedEvent: true }).archs[0]!.armed).toEqual([1_000, 1_000, 1_000]);
  });

  test('is forced anew once the first has come, the device was switched over, or programmed for later', () => {
    const ways: ((cpu: KernelCpu) => unknown)[] = [
      (cpu) => clockeventsFired(cpu, DeviceId.Lapic),
      (cpu) => {
        clockeventsSwitchState(cpu, DeviceId.Lapic, ClockEventState.OneshotStopped);
        clockeventsSwitchState(cpu, DeviceId.Lapic, ClockEventState.Oneshot);
      },
      (cpu) => clockeventsProgramEvent(cpu, DeviceId.Lapic, 90_000, false),
    ];
    for (const way of ways) {
      const machine = forcedTwice('7.0');
      machine.as(0, way);
      program(machine, 500, true);
      expect(machine.archs[0]!.armed.filter((ticks) => ticks === 1_000)).toHaveLength(2);
    }
  });

  test('is not forced anew where it is believed that the first is still to come (B-46)', () => {
    const machine = forcedTwice('7.0', { remembersForcedEvent: true });
    machine.as(0, (cpu) => clockeventsFired(cpu, DeviceId.Lapic));
    program(machine, 500, true);
    expect(machine.archs[0]!.armed).toEqual([1_000]);
  });
});

describe('a device of another kind', () => {
  test('an HPET is too late for what has passed while its comparator was written, and its least distance grows', () => {
    const machine = new FakeMachine(1, []);
    machine.setClock(1_000);
    machine.archs[0]!.cost = 5_000;
    machine.as(0, (cpu) => {
      clockeventsInit(cpu.image.globalDevices[1]!, hpetSpec(14_318_180), ALL_CPUS);
      clockeventsShutdown(cpu, DeviceId.Hpet);
      clockeventsSwitchState(cpu, DeviceId.Hpet, ClockEventState.Oneshot);
      const { minDeltaNs } = cpu.image.globalDevices[1]!;
      expect(clockeventsProgramEvent(cpu, DeviceId.Hpet, 500, true)).toBe(true);
      expect(cpu.image.globalDevices[1]!.minDeltaNs).toBe(minDeltaNs + Math.floor(minDeltaNs / 2));
      expect(cpu.image.globalDevices[1]!.retries).toBe(4);
    });
  });

  test('Arm adds the least distance once more at each try, ten times, and gives up', () => {
    const machine = new FakeMachine(1, []);
    machine.setClock(1_000);
    machine.as(0, (cpu) => {
      clockeventsInit(cpu.lapic, archSysTimerSpec(1_000_000_000), 0);
      clockeventsShutdown(cpu, DeviceId.Lapic);
      clockeventsSwitchState(cpu, DeviceId.Lapic, ClockEventState.Oneshot);
    });
    machine.archs[0]!.onArm = () => false;
    expect(program(machine, 500, true)).toBe(false);
    expect(machine.archs[0]!.armed).toEqual(Array.from({ length: 10 }, (_, i) => 1_000 * (i + 1)));
    expect(machine.cpus[0]!.lapic.minDeltaNs).toBe(1_000);
  });

  test('counts 56 bits without the conversion’s overflow, as recorded on Arm', () => {
    const { lapic } = new FakeMachine(1, []).cpus[0]!;
    clockeventsConfig(lapic, archSysTimerSpec(62_500_000));
    expect([lapic.mult, lapic.shift, lapic.minDeltaNs, lapic.maxDeltaNs]).toEqual([8_388_608, 27, 1_000, 2_199_023_255_551]);
  });

  test('an HPET of 100 MHz has the least distance that was recorded', () => {
    const { lapic } = new FakeMachine(1, []).cpus[0]!;
    clockeventsConfig(lapic, hpetSpec(100_000_000));
    expect([lapic.mult, lapic.shift, lapic.minDeltaNs, lapic.maxDeltaNs]).toEqual([429_496_730, 32, 1_920, 21_474_836_451]);
  });
});

describe('a device’s way from state to state', () => {
  const { Detached, Shutdown, Periodic, Oneshot, OneshotStopped } = ClockEventState;
  const go = (features: number, ...states: ClockEventState[]) => () => {
    const machine = new FakeMachine(1, []);
    machine.as(0, (cpu) => {
      clockeventsInit(cpu.lapic, { ...lapicSpec(1_000_000_000), features }, 0);
      for (const state of states) clockeventsSwitchState(cpu, DeviceId.Lapic, state);
    });
    return machine.cpus[0]!.lapic.state;
  };

  test('is one of those that there are', () => {
    expect(go(3, Shutdown, Periodic, Shutdown, Oneshot, OneshotStopped, Oneshot, Detached)()).toBe(Detached);
    const wrongs = [go(3, Periodic), go(3, Oneshot), go(3, Shutdown, OneshotStopped), go(1, Shutdown, Oneshot), go(2, Shutdown, Periodic)];
    for (const wrong of wrongs) {
      expect(wrong).toThrow(/goes from state/);
    }
  });

  test('is closed where the driver has none: a global device cannot be stopped, and stays one-shot', () => {
    const machine = new FakeMachine(1, []);
    machine.as(0, (cpu) => {
      clockeventsInit(cpu.image.globalDevices[0]!, PIT_SPEC, ALL_CPUS);
      for (const state of [Shutdown, Oneshot, OneshotStopped]) clockeventsSwitchState(cpu, DeviceId.Pit, state);
    });
    expect(machine.image.globalDevices[0]!.state).toBe(Oneshot);
  });
});
