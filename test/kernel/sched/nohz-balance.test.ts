/** Who kicks whom, when, and what for. */
import { describe, expect, test } from 'vitest';
import { MessageKind, NohzFlag, SoftirqVec } from '../../../shared/structs/cpu.ts';
import type { KernelCpu } from '../../../src/kernel/kernel-cpu.ts';
import { nohzBalanceEnterIdle, nohzBalancerKick, nohzCsdFunc, nohzIdleBalance } from '../../../src/kernel/sched/nohz-balance.ts';
import { FakeMachine } from '../../support/fake-arch.ts';

const { Balance, Stats, Next } = NohzFlag;

/** Four CPUs at jiffy 100, those of `idle` without a tick; the flags that were asked of them at first are forgotten. */
function machineWith(idle: readonly number[], config = {}): FakeMachine {
  const machine = new FakeMachine(4, [], { config });
  machine.memory.lowerGuards();
  machine.image.jiffies.jiffies = 100;
  for (const cpu of [0, 1, 2, 3]) {
    machine.image.cpus[cpu]!.online = 1;
    if (idle.includes(cpu)) machine.as(cpu, nohzBalanceEnterIdle);
    else machine.image.rqs[cpu]!.nrRunning = 1;
  }
  machine.image.nohz.needsUpdate = 0;
  machine.image.nohz.hasBlocked = 0;
  return machine;
}

const kicks = ({ archs, image }: FakeMachine, by: number) =>
  archs[by]!.sent.map(({ to, kind }) => [to, kind === MessageKind.CallFunctionAsync, image.rqs[to]!.nohzFlags]);
const kick = (machine: FakeMachine, by: number) => machine.as(by, nohzBalancerKick);

describe('the tick of a busy CPU', () => {
  test('kicks the first idle one if more than one CPU is busy, and not again for a jiffy', () => {
    const machine = machineWith([1, 3]);
    kick(machine, 0);
    kick(machine, 2);
    expect(kicks(machine, 0)).toEqual([[1, true, Stats | Balance]]);
    expect([kicks(machine, 2), machine.image.nohz.nextBalance]).toEqual([[], 101]);
  });

  test('that is alone kicks only for two tasks of its own, for load to decay, or for one that has come', () => {
    const flagsFor = (prepare: (machine: FakeMachine) => void): unknown => {
      const machine = machineWith([0, 1, 2]);
      prepare(machine);
      kick(machine, 3);
      return kicks(machine, 3)[0]?.[2];
    };
    expect(flagsFor(() => undefined)).toBeUndefined();
    expect(flagsFor(({ image }) => { image.rqs[3]!.nrRunning = 2; })).toBe(Stats | Balance);
    expect(flagsFor(({ image }) => { image.nohz.hasBlocked = 1; })).toBe(Stats);
    expect(flagsFor(({ image }) => { image.nohz.needsUpdate = 1; })).toBe(Next);
    expect(flagsFor(({ image }) => { image.nohz.hasBlocked = 1; image.nohz.nextBlocked = 100; })).toBeUndefined();
  });

  test('takes itself off the list first; without anybody on it nothing is asked', () => {
    const machine = machineWith([3]);
    machine.image.rqs[3]!.nrRunning = 2;
    kick(machine, 3);
    expect([machine.image.nohz.nrCpus, machine.image.nohz.idleCpus(0), kicks(machine, 3)]).toEqual([0, 0, []]);
  });

  test('passes over CPUs that do no housekeeping, and those that are no longer idle', () => {
    const machine = machineWith([0, 1, 2], { tickless: [true] });
    machine.image.rqs[1]!.nrRunning = 1;
    machine.image.rqs[3]!.nrRunning = 2;
    kick(machine, 3);
    expect(kicks(machine, 3)).toEqual([[2, true, Stats | Balance]]);
  });

  test('says nothing on a CPU that was idle when it came', () => {
    const machine = machineWith([0]);
    machine.cpus[1]!.idleBalance = true;
    kick(machine, 1);
    expect(kicks(machine, 1)).toEqual([]);
  });

  test('an isolated CPU is on no list', () => {
    expect(machineWith([1], { isolated: [false, true] }).image.nohz.nrCpus).toBe(0);
  });
});

describe('the CPU that is kicked', () => {
  const kicked = (flags: number, machine = machineWith([0, 1])): FakeMachine => {
    machine.image.rqs[0]!.nohzFlags = flags;
    machine.as(0, nohzCsdFunc);
    return machine;
  };

  test('takes the flags and raises the softirq, unless it has something to do by now', () => {
    const machine = kicked(Balance);
    expect([machine.image.rqs[0]!.nohzFlags, machine.image.cpus[0]!.softirqPending]).toEqual([0, 1 << SoftirqVec.Sched]);
    const busy = machineWith([0, 1]);
    busy.image.rqs[0]!.nrRunning = 1;
    expect(kicked(Balance, busy).image.cpus[0]!.softirqPending).toBe(0);
  });

  test('balances all idle CPUs whose time has come, and says when the next one is due', () => {
    const machine = kicked(Balance);
    const { rqs, nohz } = machine.image;
    rqs[1]!.nextBalance = 150;
    expect(machine.as(0, nohzIdleBalance)).toBe(true);
    // four CPUs: 4 ms, doubled since there was nothing to move
    expect([rqs[0]!.nextBalance, rqs[1]!.nextBalance, nohz.nextBalance]).toEqual([102, 150, 102]);
    expect(machine.as(0, nohzIdleBalance)).toBe(false);
  });

  test('only lets load decay if it was asked for that, and asks for more while there is some', () => {
    const left = (loadSum: number): number[] => {
      const machine = kicked(Stats);
      machine.image.rqs[1]!.loadSum = loadSum;
      machine.as(0, (cpu: KernelCpu) => nohzIdleBalance(cpu));
      const { rqs, nohz } = machine.image;
      expect(rqs[0]!.nextBalance).toBe(0);
      expect(nohz.nextBlocked).toBe(108);
      return [rqs[1]!.hasBlockedLoad, nohz.hasBlocked];
    };
    expect(left(30_000)).toEqual([1, 1]);
    expect(left(0)).toEqual([0, 0]);
  });
});
