/** The clock event devices that a machine may have, as their drivers describe them. */
import { ClockEventFeature, ClockEventName } from '../../../shared/structs/cpu.ts';
import type { Cycles } from '../../../shared/units.ts';
import type { KernelConfig } from '../config.ts';

/** What each CPU may have for its own. */
export const LOCAL_DEVICE_NAMES = ['lapic', 'lapic-deadline', 'arch_sys_timer', 'dummy'] as const;
export type LocalDevice = (typeof LOCAL_DEVICE_NAMES)[number];
/** What the whole machine may have. */
export const GLOBAL_DEVICE_NAMES = ['pit', 'hpet'] as const;
export type GlobalDevice = (typeof GLOBAL_DEVICE_NAMES)[number];

/** What the driver knows of its device. */
export interface DeviceSpec {
  readonly name: ClockEventName;
  readonly features: number;
  readonly rating: number;
  /** -1: it has a vector of its CPU. */
  readonly irq: number;
  readonly hz: number;
  readonly minTicks: Cycles;
  readonly maxTicks: Cycles;
}

/** The line of both global devices: an HPET in legacy mode takes the PIT's. */
export const TIMER_IRQ = 0;
/** The tsc's cycles for one tick of lapic-deadline. @linux arch/x86/kernel/apic/apic.c TSC_DIVISOR */
export const TSC_DIVISOR = 8;

const { Periodic, Oneshot, C3stop, Dummy, Percpu } = ClockEventFeature;
/** A counter of 56 bits, whose most ticks no span in ns can ask for. */
const BEYOND_ANY_SPAN: Cycles = Number.MAX_SAFE_INTEGER;

/** @linux arch/x86/kernel/apic/apic.c lapic_clockevent */
export const lapicSpec = (hz: number): DeviceSpec => ({
  name: ClockEventName.lapic, features: Periodic | Oneshot, rating: 100, irq: -1, hz, minTicks: 0xf, maxTicks: 0x7fffffff,
});

/** It compares the tsc with a deadline, so it knows no period. @linux arch/x86/kernel/apic/apic.c setup_APIC_timer */
export const lapicDeadlineSpec = (tscHz: number): DeviceSpec => ({
  name: ClockEventName['lapic-deadline'], features: Oneshot, rating: 150, irq: -1, hz: Math.floor(tscHz / TSC_DIVISOR),
  minTicks: 0xf, maxTicks: 0xffffffff,
});

/** Evidence for its limits: recordings of arm64, timer_list. @linux drivers/clocksource/arm_arch_timer.c __arch_timer_setup */
export const archSysTimerSpec = (hz: number): DeviceSpec => ({
  name: ClockEventName.arch_sys_timer, features: Oneshot | Percpu, rating: 450, irq: -1, hz, minTicks: 0xf, maxTicks: BEYOND_ANY_SPAN,
});

/** Where a CPU has nothing that ticks. @linux drivers/clocksource/dummy_timer.c dummy_timer_setup */
export const dummyTimerSpec = (hz: number): DeviceSpec => ({
  name: ClockEventName.dummy_timer, features: Periodic | Oneshot | Dummy, rating: 100, irq: -1, hz, minTicks: 0xf, maxTicks: 0x7fffffff,
});

/** @linux drivers/clocksource/i8253.c i8253_clockevent */
export const PIT_SPEC: DeviceSpec = {
  name: ClockEventName.pit, features: Periodic | Oneshot, rating: 0, irq: TIMER_IRQ, hz: 1_193_182, minTicks: 0xf, maxTicks: 0x7fff,
};

/** An event that is nearer than this has passed before the comparator is written. @linux arch/x86/kernel/hpet.c HPET_MIN_CYCLES */
export const HPET_MIN_CYCLES: Cycles = 128;

/** Half as much again as what is too near. Evidence: recordings, timer_list. @linux arch/x86/kernel/hpet.c hpet_init_clockevent */
export const hpetSpec = (hz: number): DeviceSpec => ({
  name: ClockEventName.hpet, features: Periodic | Oneshot, rating: 50, irq: TIMER_IRQ, hz,
  minTicks: HPET_MIN_CYCLES * 1.5, maxTicks: 0x7fffffff,
});

/** @dynticks the machine's description as the driver would find it */
export function globalSpec({ clockevents }: KernelConfig, name: GlobalDevice): DeviceSpec {
  return name === 'pit' ? PIT_SPEC : hpetSpec(clockevents.hpetHz);
}

/** @dynticks the machine's description as the driver would find it */
export function localSpec(config: KernelConfig): DeviceSpec {
  const { clockevents: { local, alwaysOn, oneshot }, nolapicTimer } = config;
  const spec = specOf(config, local);
  let { features } = spec;
  if (!alwaysOn && local !== 'dummy') features |= C3stop;
  if (!oneshot) features &= ~Oneshot;
  if (nolapicTimer) features |= Dummy;
  return { ...spec, features };
}

function specOf({ lapicHz, tscHz }: KernelConfig, local: LocalDevice): DeviceSpec {
  switch (local) {
    case 'lapic': return lapicSpec(lapicHz);
    case 'lapic-deadline': return lapicDeadlineSpec(tscHz);
    case 'arch_sys_timer': return archSysTimerSpec(lapicHz);
    case 'dummy': return dummyTimerSpec(lapicHz);
  }
}

/** Whether a CPU's own device can do nothing, so that another would have to tick for it. @dynticks decided before it registers */
export function localIsDummy(config: KernelConfig): boolean {
  return (localSpec(config).features & Dummy) !== 0;
}
