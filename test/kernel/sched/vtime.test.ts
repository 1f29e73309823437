import { describe, expect, test } from 'vitest';
import { Cpustat } from '../../../shared/structs/cpu.ts';
import { VtimeState } from '../../../shared/structs/task.ts';
import { NOBODY, type TaskId } from '../../../shared/units.ts';
import { vtimeUserEnter, vtimeUserExit } from '../../../src/kernel/sched/vtime.ts';
import { attributesOf, FakeMachine } from '../../support/fake-arch.ts';
import { doAt, switchTo, trackedMachine } from '../../support/tracked.ts';

const TICK = 4_000_000;
const T: TaskId = 1;

/** One tracked CPU that has run task `T` in the kernel since 1000 ns. */
function running(nice = 0): FakeMachine {
  const machine = trackedMachine(1, [attributesOf({ nice })]);
  doAt(machine, 1_000, 0, (cpu) => switchTo(cpu, T));
  return machine;
}
/** [state, cpu, starttime, pending user, pending system] */
function record({ image }: FakeMachine, task: TaskId): number[] {
  const { state, cpu, starttime, utime, stime } = image.vtimes[task]!;
  return [state, cpu, starttime, utime, stime];
}
const charged = ({ image }: FakeMachine): number[] => [image.tasks[T]!.utime, image.tasks[T]!.stime];
const stat = (machine: FakeMachine, slot: number): number => machine.cpus[0]!.kcpustat.cpustat(slot);

describe('the virtual clock of a task', () => {
  test('begins idle for the idle task, at boot', () => {
    expect(record(trackedMachine(2, []), 1)).toEqual([VtimeState.Idle, 1, 0, 0, 0]);
  });

  test('goes through the states of Linux’s table, each edge charging what ends with it', () => {
    const machine = running();
    expect(record(machine, T)).toEqual([VtimeState.Sys, 0, 1_000, 0, 0]);
    doAt(machine, 1_300, 0, (cpu) => vtimeUserEnter(cpu, T));
    expect(record(machine, T)).toEqual([VtimeState.User, 0, 1_300, 0, 300]);
    doAt(machine, 2_000, 0, (cpu) => vtimeUserExit(cpu, T));
    expect(record(machine, T)).toEqual([VtimeState.Sys, 0, 2_000, 700, 300]);
    doAt(machine, 2_050, 0, (cpu) => switchTo(cpu, 0));
    expect(record(machine, T)).toEqual([VtimeState.Inactive, NOBODY, 2_050, 700, 350]);
    expect(record(machine, 0)).toEqual([VtimeState.Idle, 0, 2_050, 0, 0]);
    expect(charged(machine)).toEqual([0, 0]);
  });

  test('charges idle time at once, however short', () => {
    expect(stat(running(), Cpustat.Idle)).toBe(1_000);
  });

  test('forgets nothing while the task sleeps, and counts nothing', () => {
    const machine = running();
    doAt(machine, 1_400, 0, (cpu) => switchTo(cpu, 0));
    doAt(machine, 9_000, 0, (cpu) => switchTo(cpu, T));
    expect(record(machine, T)).toEqual([VtimeState.Sys, 0, 9_000, 0, 400]);
    expect(stat(machine, Cpustat.Idle)).toBe(1_000 + 7_600);
  });

  test('keeps a remainder below a tick, and charges all of it when it is one', () => {
    const machine = running();
    doAt(machine, 1_000, 0, (cpu) => vtimeUserEnter(cpu, T));
    doAt(machine, 1_000 + TICK - 1, 0, (cpu) => vtimeUserExit(cpu, T));
    expect([record(machine, T)[3], charged(machine)]).toEqual([TICK - 1, [0, 0]]);
    doAt(machine, 1_000 + TICK - 1, 0, (cpu) => vtimeUserEnter(cpu, T));
    doAt(machine, 1_000 + TICK, 0, (cpu) => vtimeUserExit(cpu, T));
    expect([record(machine, T)[3], charged(machine), stat(machine, Cpustat.User)]).toEqual([0, [TICK, 0], TICK]);
  });

  test('charges system time by the same rule', () => {
    const machine = running();
    doAt(machine, 1_000 + TICK - 1, 0, (cpu) => vtimeUserEnter(cpu, T));
    expect([record(machine, T)[4], charged(machine)]).toEqual([TICK - 1, [0, 0]]);
    doAt(machine, 1_000 + TICK - 1, 0, (cpu) => vtimeUserExit(cpu, T));
    doAt(machine, 1_000 + TICK, 0, (cpu) => vtimeUserEnter(cpu, T));
    expect([record(machine, T)[4], charged(machine), stat(machine, Cpustat.System)]).toEqual([0, [0, TICK], TICK]);
  });

  test('charges more than a tick whole', () => {
    const machine = running();
    doAt(machine, 1_000 + 2 * TICK + 77, 0, (cpu) => vtimeUserEnter(cpu, T));
    expect([record(machine, T)[4], charged(machine), stat(machine, Cpustat.System)]).toEqual([0, [0, 2 * TICK + 77], 2 * TICK + 77]);
  });

  test('charges the user time of a task with nice to that slot', () => {
    const machine = running(5);
    machine.as(0, (cpu) => vtimeUserEnter(cpu, T));
    doAt(machine, 1_000 + TICK, 0, (cpu) => vtimeUserExit(cpu, T));
    expect([stat(machine, Cpustat.User), stat(machine, Cpustat.Nice)]).toEqual([0, TICK]);
  });

  test('stands still when the CPU’s clock seems to have gone back', () => {
    const machine = running();
    doAt(machine, 900, 0, (cpu) => vtimeUserEnter(cpu, T));
    expect(record(machine, T)).toEqual([VtimeState.User, 0, 1_000, 0, 0]);
  });

  test('cannot be asked for time while the task runs nowhere', () => {
    const machine = running();
    machine.as(0, (cpu) => switchTo(cpu, 0));
    expect(() => machine.as(0, (cpu) => vtimeUserEnter(cpu, T))).toThrow(/runs nowhere/);
  });

  test('is left alone by a CPU that does not track', () => {
    const machine = new FakeMachine(1, [attributesOf()]);
    machine.as(0, (cpu) => cpu.accounting.taskSwitch(cpu, 0, T));
    expect(record(machine, T)).toEqual([VtimeState.Inactive, 0, 0, 0, 0]);
    expect(machine.archs[0]!.fieldsOf('vtime_publish')).toEqual([]);
  });
});

describe('versions of a record', () => {
  test('are told one for each section, two for a switch, with what readers find from then on', () => {
    const machine = running();
    machine.archs[0]!.traced.length = 0;
    doAt(machine, 1_300, 0, (cpu) => vtimeUserEnter(cpu, T));
    doAt(machine, 1_500, 0, (cpu) => vtimeUserExit(cpu, T));
    doAt(machine, 1_600, 0, (cpu) => switchTo(cpu, 0));
    const told = machine.archs[0]!.fieldsOf('vtime_publish');
    expect(told.map(([task, k, state]) => [task, k, state])).toEqual([
      [T, 2, VtimeState.User], [T, 3, VtimeState.Sys], [T, 4, VtimeState.Inactive], [0, 3, VtimeState.Idle],
    ]);
    expect(told[2]!.slice(3, 11)).toEqual([NOBODY, 1_600, 0, 0, 0, 200, 400, 0]);
    expect(machine.memory.load(machine.image.vtimes[T]!.seq)).toBe(8);
  });

  test('come in halves with the fault torn-vtime, the clock moved and the time nowhere', () => {
    const machine = trackedMachine(1, [attributesOf()], { decisions: { tearVtimeWrite: true } });
    doAt(machine, 1_000, 0, (cpu) => switchTo(cpu, T));
    machine.archs[0]!.traced.length = 0;
    doAt(machine, 1_300, 0, (cpu) => vtimeUserEnter(cpu, T));
    const told = machine.archs[0]!.fieldsOf('vtime_publish').map((f) => [f[2], f[4], f[9]]);
    expect(told).toEqual([[VtimeState.Sys, 1_300, 0], [VtimeState.User, 1_300, 300]]);
  });

  test('cannot hide the historic order of B-01: memory refuses the store before the section', () => {
    const machine = trackedMachine(1, [attributesOf()], { decisions: { vtimeDeltaOutsideSection: true } });
    doAt(machine, 1_000, 0, (cpu) => {
      cpu.memory.handOver(cpu.image.vtimes[T]!.base, 0);
      switchTo(cpu, T);
      vtimeUserEnter(cpu, T);
    });
    expect(() => doAt(machine, 1_300, 0, (cpu) => vtimeUserExit(cpu, T))).toThrow(/starttime.*outside its seqcount section/);
  });
});
