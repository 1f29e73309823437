import { describe, expect, test } from 'vitest';
import { Cpustat } from '../../../shared/structs/cpu.ts';
import { VtimeState } from '../../../shared/structs/task.ts';
import { NOBODY, type TaskId } from '../../../shared/units.ts';
import { SOFTIRQ_OFFSET } from '../../../src/kernel/irq/preempt-count.ts';
import { asLinux, type Decisions } from '../../../src/kernel/decisions.ts';
import { taskCputime, taskGtime } from '../../../src/kernel/sched/cputime-read.ts';
import { kcpustatCpuFetch } from '../../../src/kernel/sched/kcpustat-read.ts';
import { attributesOf, type FakeMachine } from '../../support/fake-arch.ts';
import { doAt, inInterrupt, switchTo, trackedMachine } from '../../support/tracked.ts';

const T: TaskId = 2;

/** CPU 0 runs task T in the kernel since 1000 ns; CPU 1 looks on. */
function running(decisions: Partial<Decisions> = {}): FakeMachine {
  const machine = trackedMachine(2, [attributesOf(), attributesOf()], {
    config: { cputime: ['gen-2013', 'gen-2013'] }, decisions: { ...asLinux, ...decisions },
  });
  doAt(machine, 1_000, 0, (cpu) => switchTo(cpu, T));
  return machine;
}
/** [whence, cpu, snapshot, user, system, guest] */
function record({ image }: FakeMachine): number[] {
  const { state, cpu, starttime } = image.vtimes[T]!;
  const { utime, stime, gtime } = image.tasks[T]!;
  return [state, cpu, starttime, utime, stime, gtime];
}
const stat = (machine: FakeMachine, slot: number): number => machine.cpus[0]!.kcpustat.cpustat(slot);
function read(machine: FakeMachine): number[] {
  return machine.as(1, (cpu) => {
    taskCputime(cpu, T, 'linux', cpu.cputime);
    const { utime, stime } = cpu.cputime;
    return [utime, stime, taskGtime(cpu, T, 'linux', cpu.cputime)];
  });
}

describe('the record of 2013', () => {
  test('is charged at each edge, however little it is', () => {
    const machine = running();
    doAt(machine, 1_300, 0, (cpu) => cpu.accounting.userEnter(cpu));
    expect(record(machine)).toEqual([VtimeState.User, 0, 1_300, 0, 300, 0]);
    doAt(machine, 1_700, 0, (cpu) => cpu.accounting.userExit(cpu));
    expect(record(machine)).toEqual([VtimeState.Sys, 0, 1_700, 400, 300, 0]);
    doAt(machine, 1_800, 0, (cpu) => switchTo(cpu, 0));
    expect(record(machine)).toEqual([VtimeState.Inactive, NOBODY, 1_800, 400, 400, 0]);
    expect(stat(machine, Cpustat.Idle)).toBe(1_000);
  });

  test('has a version more at a switch: flushed, and not yet asleep', () => {
    const machine = running();
    machine.archs[0]!.traced.length = 0;
    doAt(machine, 1_500, 0, (cpu) => switchTo(cpu, 0));
    const told = machine.archs[0]!.fieldsOf('vtime_publish').map(([task, , state, cpu]) => [task, state, cpu]);
    expect(told).toEqual([[T, VtimeState.Sys, 0], [T, VtimeState.Inactive, NOBODY], [0, VtimeState.Idle, 0]]);
  });

  test('says neither guest nor idle: the mark and the task do', () => {
    const machine = running();
    doAt(machine, 1_100, 0, (cpu) => cpu.accounting.guestEnter(cpu));
    expect([record(machine)[0], machine.image.tasks[T]!.vcpu]).toEqual([VtimeState.Sys, 1]);
    machine.setClock(1_600);
    expect(read(machine)).toEqual([500, 100, 500]);
    doAt(machine, 1_700, 0, (cpu) => cpu.accounting.guestExit(cpu));
    expect(record(machine)).toEqual([VtimeState.Sys, 0, 1_700, 600, 100, 600]);
    expect(machine.image.vtimes[1]!.state).toBe(VtimeState.Sys);
  });

  test('is written under a lock, one section at a time', () => {
    const machine = running();
    machine.archs[0]!.traced.length = 0;
    doAt(machine, 1_300, 0, (cpu) => cpu.accounting.userEnter(cpu));
    expect(machine.archs[0]!.traced.map(({ name }) => name)).toEqual(['user_enter', 'lock_acquire', 'vtime_publish', 'lock_release']);
  });
});

describe('interrupts in 2013', () => {
  test('are edges: what they interrupt is charged when they begin, and they as system time when they end', () => {
    const machine = running();
    doAt(machine, 1_200, 0, (cpu) => inInterrupt(cpu, () => cpu.accounting.irqEnter(cpu)));
    expect(record(machine).slice(3)).toEqual([0, 200, 0]);
    doAt(machine, 1_250, 0, (cpu) => inInterrupt(cpu, () => cpu.accounting.irqExit(cpu)));
    expect([record(machine)[4], stat(machine, Cpustat.System), stat(machine, Cpustat.Irq)]).toEqual([250, 250, 0]);
  });

  test('find the idle task idle, and are its system time', () => {
    const machine = running();
    doAt(machine, 2_000, 0, (cpu) => switchTo(cpu, 0));
    doAt(machine, 2_600, 0, (cpu) => inInterrupt(cpu, () => cpu.accounting.irqEnter(cpu)));
    doAt(machine, 2_700, 0, (cpu) => inInterrupt(cpu, () => cpu.accounting.irqExit(cpu)));
    expect([stat(machine, Cpustat.Idle), machine.image.tasks[0]!.stime]).toEqual([1_600, 100]);
  });

  test('have the time of softirqs in their slot, since the whole preempt count was given as their own part', () => {
    const machine = running();
    doAt(machine, 1_100, 0, (cpu) => {
      cpu.state.preemptCount += SOFTIRQ_OFFSET;
      cpu.accounting.softirqEnter(cpu);
    });
    doAt(machine, 1_400, 0, (cpu) => {
      cpu.accounting.softirqExit(cpu);
      cpu.state.preemptCount -= SOFTIRQ_OFFSET;
    });
    expect([stat(machine, Cpustat.System), stat(machine, Cpustat.Irq), stat(machine, Cpustat.Softirq)]).toEqual([100, 300, 0]);
  });
});

describe('readers in 2013', () => {
  test('of a CPU see what is charged, and no more', () => {
    const machine = running();
    machine.setClock(1_500);
    const slots = new Float64Array(10);
    machine.as(1, (cpu) => kcpustatCpuFetch(cpu, 0, 'linux', slots, 0));
    expect(slots[Cpustat.System]).toBe(0);
    machine.as(1, (cpu) => kcpustatCpuFetch(cpu, 0, 'complete', slots, 0));
    expect(slots[Cpustat.System]).toBe(500);
  });

  test('lose the pending user time between the snapshot and the section, with B-01', () => {
    const machine = running({ vtimeDeltaOutsideSection: true });
    doAt(machine, 1_000, 0, (cpu) => cpu.accounting.userEnter(cpu));
    let seen: number[] = [];
    machine.archs[0]!.onLinger = () => {
      seen = read(machine);
      machine.as(0, () => undefined);
    };
    doAt(machine, 1_900, 0, (cpu) => cpu.accounting.userExit(cpu));
    expect([seen, read(machine)]).toEqual([[0, 0, 0], [900, 0, 0]]);
  });
});
