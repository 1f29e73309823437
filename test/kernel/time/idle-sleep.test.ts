/** How long a CPU has slept, as its own CPU books it and others read it. */
import { describe, expect, test } from 'vitest';
import type { Ns } from '../../../shared/units.ts';
import {
  getCpuIdleTimeUs, getCpuIowaitTimeUs, getCpuSleepTime, newIdleTimes, tickNohzStartIdle, tickNohzStopIdle,
} from '../../../src/kernel/time/idle-sleep.ts';
import { ktimeGet } from '../../../src/kernel/time/timekeeping.ts';
import { FakeMachine } from '../../support/fake-arch.ts';

/** CPU 1 sleeps from `from` to `to`, or still. */
function slept(machine: FakeMachine, from: Ns, to?: Ns): void {
  machine.setClock(from);
  machine.as(1, tickNohzStartIdle);
  if (to === undefined) return;
  machine.setClock(to);
  machine.as(1, (cpu) => tickNohzStopIdle(cpu, ktimeGet(cpu)));
}

const read = (machine: FakeMachine, at: Ns) => machine.as(0, (cpu) => {
  machine.setClock(at);
  const times = newIdleTimes();
  getCpuSleepTime(cpu, 1, times);
  return [times.idle, times.iowait];
});

describe('a sleep', () => {
  test('is booked when it is over, and counted up to the reader’s clock before', () => {
    const machine = new FakeMachine(2, []);
    slept(machine, 1_000, 4_000);
    expect(read(machine, 9_000)).toEqual([3_000, 0]);
    slept(machine, 10_000);
    expect(read(machine, 10_700)).toEqual([3_700, 0]);
    expect(machine.image.idleSleeps[1]!.sleeptime).toBe(3_000);
  });

  test('belongs to iowait while a task that slept there waits for I/O, which the reader asks for himself', () => {
    const machine = new FakeMachine(2, []);
    machine.memory.lowerGuards();
    slept(machine, 1_000);
    machine.image.rqs[1]!.nrIowait = 1;
    expect(read(machine, 3_000)).toEqual([0, 2_000]);
    // the waker takes the count off: what was iowait is idle now
    machine.image.rqs[1]!.nrIowait = 0;
    expect(read(machine, 3_000)).toEqual([2_000, 0]);
    machine.image.rqs[1]!.nrIowait = 1;
    machine.setClock(5_000);
    machine.as(1, (cpu) => tickNohzStopIdle(cpu, ktimeGet(cpu)));
    expect(machine.image.idleSleeps[1]!.iowaitSleeptime).toBe(4_000);
  });

  test('counts no further than its CPU has come', () => {
    const machine = new FakeMachine(2, []);
    slept(machine, 1_000);
    Object.assign(machine.archs[0]!, { promiseOf: () => 1_500 });
    expect(read(machine, 3_000)).toEqual([500, 0]);
  });

  test('that ended in a reader’s future is whole', () => {
    const machine = new FakeMachine(2, []);
    slept(machine, 1_000, 4_000);
    const times = newIdleTimes();
    machine.as(0, (cpu) => {
      machine.setClock(3_500);
      getCpuSleepTime(cpu, 1, times);
    });
    expect([times.idle, times.now]).toEqual([3_000, 4_000]);
  });

  test('is looked at again if it ends meanwhile, which is counted', () => {
    const machine = new FakeMachine(2, []);
    slept(machine, 1_000);
    let looks = 0;
    const promiseOf = (): number => {
      if (looks++ > 0) return 3_000;
      machine.as(1, (cpu) => tickNohzStopIdle(cpu, 2_500));
      machine.as(0, () => undefined);
      return 2_000;
    };
    Object.assign(machine.archs[0]!, { promiseOf });
    expect(read(machine, 3_000)).toEqual([1_500, 0]);
    expect(machine.cpus[0]!.passes).toEqual({ retries: 1, published: 1 });
  });
});

test('Linux’s readers have it in whole us, and -1 where no tick ever stops', () => {
  const machine = new FakeMachine(2, [], { config: { nohz: true } });
  slept(machine, 1_000, 4_999);
  const us = () => machine.as(0, (cpu) => [getCpuIdleTimeUs(cpu, 1, newIdleTimes()), getCpuIowaitTimeUs(cpu, 1, newIdleTimes())]);
  expect(us()).toEqual([-1, -1]);
  machine.memory.lowerGuards();
  machine.image.nohz.active = 1;
  expect(us()).toEqual([3, 0]);
});
