/** A machine whose CPUs have a lapic that is set up, for tests of timers and ticks. */
import { ClockEventState } from '../../shared/structs/cpu.ts';
import type { CpuId } from '../../shared/units.ts';
import { lapicSpec } from '../../src/kernel/time/clockevent-devices.ts';
import { clockeventsInit } from '../../src/kernel/time/clockevents-config.ts';
import { clockeventsSwitchState, DeviceId } from '../../src/kernel/time/clockevents.ts';
import type { FakeMachine } from './fake-arch.ts';

/** The CPU's lapic becomes its tick device, in one-shot mode; what the fake hardware was told so far is forgotten. */
export function oneshotLapic(machine: FakeMachine, cpu: CpuId = 0): void {
  machine.as(cpu, (self) => {
    clockeventsInit(self.lapic, lapicSpec(self.config.lapicHz), cpu);
    self.tick.device = DeviceId.Lapic;
    clockeventsSwitchState(self, DeviceId.Lapic, ClockEventState.Shutdown);
    clockeventsSwitchState(self, DeviceId.Lapic, ClockEventState.Oneshot);
  });
  machine.archs[cpu]!.modes.length = 0;
}
