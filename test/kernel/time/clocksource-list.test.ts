import { beforeEach, describe, expect, test } from 'vitest';
import { Printk } from '../../../shared/printk.ts';
import { ClocksourceFlag, ClocksourceId, NO_CLOCKSOURCE } from '../../../shared/structs/timekeeper.ts';
import { clocksourceSelect, clocksourcesInOrder } from '../../../src/kernel/time/clocksource-list.ts';
import { clocksourceRegister, clocksourceUnbind, clocksourceUnregister, EBUSY } from '../../../src/kernel/time/clocksource-register.ts';
import { TickMode } from '../../../src/kernel/time/tick-common.ts';
import { FakeMachine } from '../../support/fake-arch.ts';

const { Jiffies, Tsc, Hpet, AcpiPm, KvmClock } = ClocksourceId;
const { ValidForHres, MustVerify, Unstable } = ClocksourceFlag;
const ALL = [[Tsc, 2_400_000_000], [Hpet, 14_318_180], [AcpiPm, 3_579_545], [KvmClock, 1_000_000_000]] as const;

let machine: FakeMachine;
const current = () => machine.image.clocksourcePage.current;
const register = (...ids: ClocksourceId[]) => ids.forEach((id) => machine.as(0, (cpu) => clocksourceRegister(cpu, id)));
const select = () => machine.as(0, (cpu) => clocksourceSelect(cpu, false));

function newMachine(clocksource: string | null = null, trusted = true): void {
  machine = new FakeMachine(1, [], { sources: ALL.map(([id, hz]) => ({ id, hz, trusted })), config: { clocksource } });
}

beforeEach(() => newMachine());

describe('the list', () => {
  test('is kept by rating, first come among equals, and shows what the machine has', () => {
    register(AcpiPm, Tsc, Hpet);
    machine.as(0, (cpu) => {
      expect(clocksourcesInOrder(cpu)).toEqual([Tsc, Hpet, AcpiPm, Jiffies]);
      cpu.image.clocksources[Tsc]!.rating = 200;
      expect(clocksourcesInOrder(cpu)).toEqual([Hpet, AcpiPm, Tsc, Jiffies]);
    });
  });

  test('passes over what the machine does not have', () => {
    register(ClocksourceId.ArchSysCounter);
    expect(machine.as(0, clocksourcesInOrder)).toEqual([Jiffies]);
  });

  test('trusts a continuous source with one-shot ticks, unless it must be verified; jiffies never', () => {
    const flags = (id: ClocksourceId) => machine.image.clocksources[id]!.flags;
    register(Hpet, Tsc);
    expect([flags(Jiffies) & ValidForHres, flags(Hpet) & ValidForHres, flags(Tsc) & (ValidForHres | MustVerify)])
      .toEqual([0, ValidForHres, ValidForHres]);
    newMachine(null, false);
    register(Tsc);
    expect(flags(Tsc) & (ValidForHres | MustVerify)).toBe(ValidForHres | MustVerify);
  });
});

describe('the selection', () => {
  test('switches to each source that is better than the present one, and says so', () => {
    const { archs } = machine;
    register(AcpiPm, Tsc, Hpet, KvmClock);
    expect(current()).toBe(KvmClock);
    expect(machine.image.timekeeper.clocksource).toBe(KvmClock);
    const said = archs[0]!.fieldsOf('printk').filter(([line]) => line === Printk.switchedToClocksource);
    expect(said.map(([, source]) => source)).toEqual([AcpiPm, Tsc, KvmClock]);
  });

  test('takes what the user asked for, as soon as it is there', () => {
    newMachine('acpi_pm');
    register(Tsc);
    expect(current()).toBe(Tsc);
    register(AcpiPm, KvmClock);
    expect(current()).toBe(AcpiPm);
  });

  test('passes over sources that cannot carry a one-shot tick, were they asked for', () => {
    newMachine('jiffies');
    register(Hpet);
    expect(current()).toBe(Jiffies);
    machine.as(0, (cpu) => { cpu.tick.mode = TickMode.Oneshot; });
    expect(select()).toBe(true);
    expect(current()).toBe(Hpet);
    expect(machine.image.clocksourcePage.override).toBe(Jiffies);
    expect(machine.archs[0]!.fieldsOf('printk').map(([line]) => line)).toContain(Printk.overrideDeferred);
  });

  test('forgets a wish that can never be granted', () => {
    newMachine('tsc');
    register(Tsc, Hpet);
    machine.as(0, (cpu) => {
      cpu.tick.mode = TickMode.Oneshot;
      cpu.image.clocksources[Tsc]!.flags = Unstable;
    });
    select();
    expect([current(), machine.image.clocksourcePage.override]).toEqual([Hpet, NO_CLOCKSOURCE]);
    expect(machine.archs[0]!.fieldsOf('printk').map(([line]) => line)).toContain(Printk.overrideUnstable);
  });

  test('asks every CPU to look again whether its tick can be one-shot', () => {
    machine.image.tickScheds[0]!.checkClocks = 0;
    register(Hpet);
    expect(machine.image.tickScheds[0]!.checkClocks).not.toBe(0);
  });
});

describe('a source that is to go', () => {
  const unbind = (id: ClocksourceId) => machine.as(0, (cpu) => clocksourceUnbind(cpu, id));
  const unregister = (id: ClocksourceId) => machine.as(0, (cpu) => clocksourceUnregister(cpu, id));

  test('leaves to the next best', () => {
    register(Tsc, Hpet);
    expect([unbind(Tsc), unregister(Tsc), current()]).toEqual([true, 0, Hpet]);
    expect(machine.as(0, clocksourcesInOrder)).toEqual([Hpet, Jiffies]);
  });

  test('stays where there is no other', () => {
    expect([unregister(Jiffies), current()]).toEqual([EBUSY, Jiffies]);
    register(Hpet);
    machine.as(0, (cpu) => { cpu.tick.mode = TickMode.Oneshot; });
    expect([unbind(Hpet), unregister(Hpet), current()]).toEqual([false, EBUSY, Hpet]);
  });

  test('stops watching, if another can', () => {
    newMachine(null, false);
    register(Hpet, AcpiPm, Tsc);
    expect(machine.image.clocksourcePage.watchdog).toBe(Hpet);
    expect([unbind(Hpet), unregister(Hpet), machine.image.clocksourcePage.watchdog]).toEqual([true, 0, AcpiPm]);
  });
});
