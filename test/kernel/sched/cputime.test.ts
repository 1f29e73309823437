import { describe, expect, test } from 'vitest';
import { Cpustat, NR_CPUSTAT } from '../../../shared/structs/cpu.ts';
import { attributesOf, FakeMachine } from '../../support/fake-arch.ts';
import { inInterrupt, switchTo, trackedMachine } from '../../support/tracked.ts';

const TICK = 4_000_000;
const slots = (machine: FakeMachine): number[] => Array.from({ length: NR_CPUSTAT }, (_, slot) => machine.cpus[0]!.kcpustat.cpustat(slot));
const only = (slot: number): number[] => Array.from({ length: NR_CPUSTAT }, (_, i) => (i === slot ? TICK : 0));

describe('the tick', () => {
  test.each([
    ['user time to a task that it finds in user mode', { nice: 0, user: true }, Cpustat.User, [TICK, 0]],
    ['nice time if that task has a nice above 0', { nice: 1, user: true }, Cpustat.Nice, [TICK, 0]],
    ['user time if it has one below 0', { nice: -1, user: true }, Cpustat.User, [TICK, 0]],
    ['system time to a task that it finds in the kernel', { nice: 0, user: false }, Cpustat.System, [0, TICK]],
  ])('charges a whole tick of %s', (_, { nice, user }, slot, [utime, stime]) => {
    const machine = new FakeMachine(1, [attributesOf({ nice })]);
    machine.as(0, (cpu) => {
      switchTo(cpu, 1);
      inInterrupt(cpu, () => cpu.accounting.tick(cpu, user));
    });
    expect([slots(machine), machine.task(0).utime, machine.task(0).stime]).toEqual([only(slot), utime, stime]);
  });

  test('charges an idle CPU’s tick to idle, and to no task', () => {
    const machine = new FakeMachine(1, []);
    machine.as(0, (cpu) => inInterrupt(cpu, () => cpu.accounting.tick(cpu, false)));
    expect([slots(machine), machine.image.tasks[0]!.stime]).toEqual([only(Cpustat.Idle), 0]);
  });

  test('charges nothing where context tracking runs', () => {
    const machine = trackedMachine(1, [attributesOf()]);
    machine.as(0, (cpu) => {
      switchTo(cpu, 1);
      inInterrupt(cpu, () => cpu.accounting.tick(cpu, true));
    });
    expect([slots(machine), machine.task(0).utime]).toEqual([Array(NR_CPUSTAT).fill(0), 0]);
  });
});
