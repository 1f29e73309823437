import { describe, expect, test } from 'vitest';
import { Cpustat } from '../../../shared/structs/cpu.ts';
import { VtimeState } from '../../../shared/structs/task.ts';
import { NOBODY, type TaskId } from '../../../shared/units.ts';
import { asLinux, type Decisions } from '../../../src/kernel/decisions.ts';
import { taskCputime, taskGtime, type ReaderKind } from '../../../src/kernel/sched/cputime-read.ts';
import { kcpustatCpuFetch } from '../../../src/kernel/sched/kcpustat-read.ts';
import { attributesOf, type FakeMachine } from '../../support/fake-arch.ts';
import { doAt, inInterrupt, switchTo, trackedMachine } from '../../support/tracked.ts';

const TICK = 4_000_000;
const T: TaskId = 2;

/** CPU 0 has run task T's guest since 1200 ns; T had 200 ns in the kernel before. CPU 1 looks on. */
function inGuest(flavour: 'gen' | 'gen-exact' = 'gen', decisions: Partial<Decisions> = {}): FakeMachine {
  const machine = trackedMachine(2, [attributesOf(), attributesOf()], {
    config: { cputime: [flavour, flavour] }, decisions: { ...asLinux, ...decisions },
  });
  doAt(machine, 1_000, 0, (cpu) => switchTo(cpu, T));
  doAt(machine, 1_200, 0, (cpu) => cpu.accounting.guestEnter(cpu));
  return machine;
}
/** [state, cpu, mark, pending system, pending guest] */
function record({ image }: FakeMachine): number[] {
  const { state, cpu, stime, gtime } = image.vtimes[T]!;
  return [state, cpu, image.tasks[T]!.vcpu, stime, gtime];
}
/** What a reader on CPU 1 makes of it: user, system and guest time. */
function read(machine: FakeMachine, reader: ReaderKind): number[] {
  return machine.as(1, (cpu) => {
    taskCputime(cpu, T, reader, cpu.cputime);
    const { utime, stime } = cpu.cputime;
    return [utime, stime, taskGtime(cpu, T, reader, cpu.cputime)];
  });
}

describe('a guest', () => {
  test('is entered and left in sections of its own, the mark inside them', () => {
    const machine = inGuest();
    expect(record(machine)).toEqual([VtimeState.Guest, 0, 1, 200, 0]);
    doAt(machine, 1_900, 0, (cpu) => cpu.accounting.guestExit(cpu));
    expect(record(machine)).toEqual([VtimeState.Sys, 0, 0, 200, 700]);
  });

  test('is charged a tick or more, to user and guest alike', () => {
    const machine = inGuest();
    doAt(machine, 1_200 + TICK, 0, (cpu) => cpu.accounting.guestExit(cpu));
    const { utime, gtime } = machine.image.tasks[T]!;
    const { kcpustat } = machine.cpus[0]!;
    expect([record(machine)[4], utime, gtime]).toEqual([0, TICK, TICK]);
    expect([kcpustat.cpustat(Cpustat.User), kcpustat.cpustat(Cpustat.Guest)]).toEqual([TICK, TICK]);
  });

  test('goes on through the interrupt that ends a stretch of it, but for gen-exact', () => {
    const machine = inGuest();
    doAt(machine, 1_500, 0, (cpu) => inInterrupt(cpu, () => cpu.accounting.irqEnter(cpu)));
    expect(record(machine)).toEqual([VtimeState.Guest, 0, 1, 200, 0]);
    const exact = inGuest('gen-exact');
    doAt(exact, 1_500, 0, (cpu) => inInterrupt(cpu, () => cpu.accounting.irqEnter(cpu)));
    expect(record(exact)).toEqual([VtimeState.Sys, 0, 0, 200, 300]);
  });

  test('that is preempted is charged as guest, and comes back as one', () => {
    const machine = inGuest();
    doAt(machine, 1_700, 0, (cpu) => switchTo(cpu, T + 1));
    expect(record(machine)).toEqual([VtimeState.Inactive, NOBODY, 1, 200, 500]);
    doAt(machine, 5_000, 0, (cpu) => switchTo(cpu, T));
    expect(record(machine)).toEqual([VtimeState.Guest, 0, 1, 200, 500]);
  });

  test('leaves nothing pending where leavers are charged all', () => {
    const machine = inGuest('gen-exact');
    doAt(machine, 1_700, 0, (cpu) => switchTo(cpu, T + 1));
    const { utime, stime, gtime } = machine.image.tasks[T]!;
    expect([record(machine), utime, stime, gtime]).toEqual([[VtimeState.Inactive, NOBODY, 1, 0, 0], 500, 200, 500]);
  });

  test('is system time when preempted, with B-05: the task that comes has no mark', () => {
    const machine = inGuest('gen', { guestTestOnCurrent: true });
    doAt(machine, 1_700, 0, (cpu) => switchTo(cpu, T + 1));
    expect(record(machine)).toEqual([VtimeState.Inactive, NOBODY, 1, 700, 0]);
  });
});

describe('a reader of a guest', () => {
  test('adds what runs to user and guest time; linux shows one accumulator, complete all of them', () => {
    const machine = inGuest();
    machine.setClock(1_500);
    expect([read(machine, 'linux'), read(machine, 'complete')]).toEqual([[300, 0, 300], [300, 200, 300]]);
    doAt(machine, 1_600, 0, (cpu) => cpu.accounting.guestExit(cpu));
    machine.setClock(1_650);
    expect([read(machine, 'linux'), read(machine, 'complete')]).toEqual([[0, 250, 0], [400, 250, 400]]);
  });

  test('of a CPU finds it in both slots', () => {
    const machine = inGuest();
    machine.setClock(1_500);
    const slots = new Float64Array(10);
    machine.as(1, (cpu) => kcpustatCpuFetch(cpu, 0, 'linux', slots, 0));
    expect([slots[Cpustat.User], slots[Cpustat.Guest], slots[Cpustat.System]]).toEqual([300, 300, 0]);
    machine.as(1, (cpu) => kcpustatCpuFetch(cpu, 0, 'complete', slots, 0));
    expect([slots[Cpustat.User], slots[Cpustat.Guest], slots[Cpustat.System]]).toEqual([300, 300, 200]);
  });

  test('takes the time since the machine’s clock began for it, with B-07, where ticks sample', () => {
    const machine = trackedMachine(2, [attributesOf()], {
      config: { cputime: ['tick', 'tick'] }, decisions: { ...asLinux, gtimeWithoutVtime: true },
    });
    machine.as(0, (cpu) => { cpu.image.tasks[T]!.vcpu = 1; });
    machine.setClock(7_000);
    expect(read(machine, 'linux')).toEqual([0, 0, 7_000]);
  });
});

describe('faults of its clock', () => {
  test('B-02: a reader on a CPU whose clock is ahead invents time, one on a CPU that is behind loses it', () => {
    const machine = trackedMachine(2, [attributesOf()], { decisions: { ...asLinux, vtimeByRawClock: true } });
    doAt(machine, 100_000, 0, (cpu) => switchTo(cpu, T));
    machine.setClock(100_500);
    expect(read(machine, 'complete')).toEqual([0, 30_500, 0]);
  });

  test('B-04: there is a version in which time in the kernel is user time', () => {
    const machine = trackedMachine(2, [attributesOf()], { decisions: { ...asLinux, vtimeStateFirst: true } });
    doAt(machine, 1_000, 0, (cpu) => switchTo(cpu, T));
    let seen: number[] = [];
    machine.archs[0]!.onLinger = () => { seen = read(machine, 'complete'); };
    doAt(machine, 1_300, 0, (cpu) => cpu.accounting.userEnter(cpu));
    expect([seen, read(machine, 'complete')]).toEqual([[300, 0, 0], [0, 300, 0]]);
  });

  test('B-06: what lies between two ticks is nothing, and a moment across one is a whole tick', () => {
    const machine = trackedMachine(2, [attributesOf()], { decisions: { ...asLinux, vtimeInJiffies: true } });
    doAt(machine, 1_000, 0, (cpu) => switchTo(cpu, T));
    doAt(machine, TICK - 1, 0, (cpu) => cpu.accounting.userEnter(cpu));
    doAt(machine, TICK + 1, 0, (cpu) => cpu.accounting.userExit(cpu));
    expect([machine.image.tasks[T]!.stime, machine.image.tasks[T]!.utime]).toEqual([0, TICK]);
  });
});
