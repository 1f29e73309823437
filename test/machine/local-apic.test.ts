import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { KTIME_MAX } from '../../shared/units.ts';
import { DeviceMode } from '../../src/kernel/arch.ts';
import { LocalApic } from '../../src/machine/local-apic.ts';

describe('a local APIC', () => {
  test('fires when its last tick is over: the ns that they take, rounded up', () => {
    const hz = fc.integer({ min: 1, max: 4_000_000_000 });
    fc.assert(fc.property(hz, fc.integer({ min: 1, max: 0xffffffff }), fc.nat(1e12), (frequency, ticks, now) => {
      const exact = (BigInt(ticks) * 10n ** 9n + BigInt(frequency) - 1n) / BigInt(frequency);
      fc.pre(exact < 2n ** 52n);
      const lapic = new LocalApic(frequency);
      expect(lapic.arm(ticks, now)).toBe(true);
      expect(lapic.due).toBe(now + Number(exact));
    }));
  });

  test('refuses an event that is no time away, and keeps the one it has', () => {
    const lapic = new LocalApic(1_000_000_000);
    lapic.arm(70, 1_000);
    expect([lapic.arm(0, 1_000), lapic.arm(-5, 1_000), lapic.due]).toEqual([false, false, 1_070]);
  });

  test('fires once in one-shot mode', () => {
    const lapic = new LocalApic(1_000_000_000);
    lapic.setMode(DeviceMode.Oneshot, 0, 0);
    lapic.arm(70, 0);
    lapic.fire();
    expect([lapic.due, lapic.periodic]).toEqual([KTIME_MAX, false]);
  });

  test('keeps its phase in periodic mode, however late its interrupts are taken', () => {
    const lapic = new LocalApic(62_500_000);
    lapic.setMode(DeviceMode.Periodic, 250_000, 1_500);
    const dues: number[] = [];
    for (let n = 0; n < 3; n++) {
      dues.push(lapic.due);
      lapic.fire();
    }
    expect([dues, lapic.periodic]).toEqual([[4_001_500, 8_001_500, 12_001_500], true]);
  });

  test('is disarmed by a change of mode', () => {
    const lapic = new LocalApic(1_000_000_000);
    lapic.arm(70, 0);
    lapic.setMode(DeviceMode.Shutdown, 0, 10);
    expect(lapic.due).toBe(KTIME_MAX);
  });

  test('comes after a span, however long its ticks are', () => {
    const lapic = new LocalApic(8_000);
    lapic.armIn(77, 1_000);
    expect(lapic.due).toBe(1_077);
  });
});
