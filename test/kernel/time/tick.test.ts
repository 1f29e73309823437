import { describe, expect, test } from 'vitest';
import { ClockEventState, MessageKind, TickHandler } from '../../../shared/structs/cpu.ts';
import { TICK_DO_TIMER_BOOT } from '../../../shared/structs/global.ts';
import { ClocksourceId } from '../../../shared/structs/timekeeper.ts';
import { KTIME_MAX, NONE, type CpuId, type Ns } from '../../../shared/units.ts';
import { deviceCommand, DeviceMode } from '../../../src/kernel/arch.ts';
import type { KernelConfig } from '../../../src/kernel/config.ts';
import { HRTIMER_FUNCTIONS } from '../../../src/kernel/hrtimer-functions.ts';
import { schedTimerOf } from '../../../src/kernel/image.ts';
import { lapicSpec, PIT_SPEC } from '../../../src/kernel/time/clockevent-devices.ts';
import { clockeventsRegisterDevice } from '../../../src/kernel/time/clockevents-register.ts';
import { DeviceId } from '../../../src/kernel/time/clockevents.ts';
import { timerqueueGetnext } from '../../../src/kernel/time/hrtimer-queue.ts';
import { hrtimerInterrupt } from '../../../src/kernel/time/hrtimer-interrupt.ts';
import { setTickDoTimerCpu } from '../../../src/kernel/time/jiffies.ts';
import { tickHandlePeriodic, TickMode } from '../../../src/kernel/time/tick-common.ts';
import { tickClockNotify } from '../../../src/kernel/time/tick-oneshot.ts';
import { changeClocksource, timekeepingInit } from '../../../src/kernel/time/timekeeping-update.ts';
import { FakeMachine } from '../../support/fake-arch.ts';

const TICK: Ns = 4_000_000;

/** Each CPU gets a lapic at `now`; CPU 0 had the PIT before and brings the duty along. */
function booted(cpus: number, config: Partial<KernelConfig> = {}, now: Ns = 1_500_000): FakeMachine {
  const machine = new FakeMachine(cpus, [], { config, functions: HRTIMER_FUNCTIONS });
  machine.setClock(now);
  machine.as(0, (cpu) => {
    setTickDoTimerCpu(cpu, TICK_DO_TIMER_BOOT);
    clockeventsRegisterDevice(cpu, DeviceId.Pit, PIT_SPEC);
  });
  for (const { id } of machine.cpus) {
    machine.as(id, (cpu) => clockeventsRegisterDevice(cpu, DeviceId.Lapic, lapicSpec(cpu.config.lapicHz)));
  }
  return machine;
}
function periodicTick(machine: FakeMachine, cpu: CpuId, now: Ns): void {
  machine.setClock(now);
  machine.as(cpu, tickHandlePeriodic);
}
const schedTimer = (machine: FakeMachine, cpu: CpuId): Ns => machine.image.timers[schedTimerOf(cpu)]!.expires;

describe('a new tick device', () => {
  test('is periodic, and the first of the machine brings the duty along and the grid of jiffies', () => {
    const machine = booted(1, {}, 5_300_000);
    const { jiffies } = machine.image;
    expect([jiffies.tickDoTimerCpu, jiffies.lastJiffiesUpdate, jiffies.tickNextPeriod]).toEqual([0, TICK, 2 * TICK]);
    const { lapic, tick } = machine.cpus[0]!;
    expect([tick.mode, tick.device, lapic.state, lapic.handler])
      .toEqual([TickMode.Periodic, DeviceId.Lapic, ClockEventState.Periodic, TickHandler.Periodic]);
    expect(machine.archs[0]!.modes.at(-1)).toEqual({ mode: DeviceMode.Periodic, periodTicks: TICK });
  });

  test('takes the place of the one before, which is shut down and calls nobody', () => {
    const machine = booted(1);
    const { globalDevices: [pit] } = machine.image;
    expect([pit!.state, pit!.handler, pit!.nextEvent])
      .toEqual([ClockEventState.Detached, TickHandler.Noop, KTIME_MAX]);
    const asked = machine.archs[0]!.sent.filter(({ kind }) => kind === MessageKind.ProgramDevice).map(({ to, a }) => [to, a]);
    const modes = [DeviceMode.Shutdown, DeviceMode.Periodic, DeviceMode.Shutdown];
    expect(asked).toEqual(modes.map((mode) => [1, deviceCommand(DeviceId.Pit, mode)]));
  });

  test('of a later CPU finds the duty taken', () => {
    expect(booted(3).image.jiffies.tickDoTimerCpu).toBe(0);
  });
});

describe('the periodic tick', () => {
  test('advances jiffies on the CPU that has the duty, and counts on every one', () => {
    const machine = booted(2, { highres: false });
    periodicTick(machine, 1, TICK);
    expect(machine.image.jiffies.jiffies).toBe(0);
    periodicTick(machine, 0, TICK);
    periodicTick(machine, 0, 2 * TICK);
    expect([machine.image.jiffies.jiffies, machine.cpus[0]!.tick.ticks, machine.cpus[1]!.tick.ticks]).toEqual([2, 2, 1]);
    expect(machine.archs[0]!.fieldsOf('tick')).toEqual([[TickMode.Periodic, 1, 0, 0], [TickMode.Periodic, 2, 0, 0]]);
  });
});

describe('the switch to high resolution', () => {
  test('comes with a periodic tick: the device one-shot, the tick a timer on the next multiple', () => {
    const machine = booted(1);
    periodicTick(machine, 0, TICK + 5_000);
    const { lapic, tick, hrtimers } = machine.cpus[0]!;
    expect([tick.mode, tick.highres, lapic.state, lapic.handler, hrtimers.hresActive])
      .toEqual([TickMode.Oneshot, 1, ClockEventState.Oneshot, TickHandler.Hrtimer, 1]);
    expect([schedTimer(machine, 0), lapic.nextEvent]).toEqual([2 * TICK, 2 * TICK]);
  });

  const refusals: [string, (machine: FakeMachine) => void, Partial<KernelConfig>][] = [
    ['highres=off', () => undefined, { highres: false }],
    ['a clock source that is made of ticks', (machine) => machine.as(0, timekeepingInit), {}],
    ['nobody asked to look', (machine) => { machine.cpus[0]!.tick.checkClocks = 0; }, {}],
  ];
  test.each(refusals)('does not come with %s', (_, prepare, config) => {
    const machine = booted(1, config);
    prepare(machine);
    for (let n = 1; n < 5; n++) periodicTick(machine, 0, n * TICK);
    const { lapic, tick, hrtimers } = machine.cpus[0]!;
    expect([tick.mode, lapic.state, hrtimers.hresActive]).toEqual([TickMode.Periodic, ClockEventState.Periodic, 0]);
    expect(timerqueueGetnext(machine.image, 0)).toBe(NONE);
  });

  test('comes when the clock source has become good enough and every CPU was told to look again', () => {
    const machine = booted(2);
    machine.as(0, timekeepingInit);
    for (const cpu of [0, 1]) periodicTick(machine, cpu, TICK);
    machine.as(0, (cpu) => {
      changeClocksource(cpu, ClocksourceId.Tsc);
      tickClockNotify(cpu);
    });
    for (const cpu of [0, 1]) periodicTick(machine, cpu, 2 * TICK);
    expect(machine.cpus.map(({ hrtimers }) => hrtimers.hresActive)).toEqual([1, 1]);
  });

  const phases = (skewTick: boolean): Ns[] => {
    const machine = booted(4, { skewTick });
    return machine.cpus.map(({ id }) => {
      periodicTick(machine, id, TICK + 1);
      return schedTimer(machine, id) % TICK;
    });
  };
  test('puts all CPUs’ ticks on one instant', () => expect(phases(false)).toEqual([0, 0, 0, 0]));
  test('spreads them over half a tick with skew_tick=1', () => expect(phases(true)).toEqual([0, 500_000, 1_000_000, 1_500_000]));
});

describe('the tick in high resolution', () => {
  test('stays on absolute multiples however late its interrupt comes, and jiffies with it', () => {
    const machine = booted(1);
    periodicTick(machine, 0, TICK);
    const { jiffies } = machine.image;
    for (const late of [0, 1, 999, 3_999_999, 4_000_000, 11_111_111]) {
      machine.setClock(schedTimer(machine, 0) + late);
      const { clock } = machine.archs[0]!;
      machine.as(0, hrtimerInterrupt);
      expect(schedTimer(machine, 0)).toBe((Math.floor(clock / TICK) + 1) * TICK);
      expect([jiffies.lastJiffiesUpdate, jiffies.jiffies]).toEqual([Math.floor(clock / TICK) * TICK, Math.floor(clock / TICK)]);
    }
    expect(machine.archs[0]!.fieldsOf('tick').slice(1).map(([mode]) => mode)).toEqual(Array(6).fill(TickMode.Oneshot));
  });
});
