import { describe, expect, test } from 'vitest';
import { Cpustat } from '../../../shared/structs/cpu.ts';
import { HARDIRQ_OFFSET, SOFTIRQ_OFFSET } from '../../../src/kernel/irq/preempt-count.ts';
import type { KernelCpu } from '../../../src/kernel/kernel-cpu.ts';
import { cputimeAdjust } from '../../../src/kernel/sched/cputime-adjust.ts';
import { attributesOf, FakeMachine, type FakeOptions } from '../../support/fake-arch.ts';
import { doAt, switchTo } from '../../support/tracked.ts';

const T = 1;
const slots = (machine: FakeMachine): Record<string, number> => Object.fromEntries(
  Object.entries(Cpustat).map(([name, slot]) => [name, machine.cpus[0]!.kcpustat.cpustat(slot)]).filter(([, ns]) => ns !== 0),
);
const times = (machine: FakeMachine): number[] => [machine.task(0).utime, machine.task(0).stime, machine.task(0).gtime];

/** T is in the kernel from 0 on. */
function machineWith(options: FakeOptions = {}): FakeMachine {
  const machine = new FakeMachine(1, [attributesOf()], { ...options, config: { cputime: ['native'], ...options.config } });
  machine.as(0, (cpu) => {
    cpu.accounting.initIdle(cpu);
    switchTo(cpu, T);
  });
  return machine;
}

function irqEnter(cpu: KernelCpu): void {
  cpu.state.preemptCount += HARDIRQ_OFFSET;
  cpu.accounting.irqEnter(cpu);
}
function irqExit(cpu: KernelCpu): void {
  cpu.accounting.irqExit(cpu);
  cpu.state.preemptCount -= HARDIRQ_OFFSET;
}
function softirqEnter(cpu: KernelCpu): void {
  cpu.state.preemptCount += SOFTIRQ_OFFSET;
  cpu.accounting.softirqEnter(cpu);
}
function softirqExit(cpu: KernelCpu): void {
  cpu.accounting.softirqExit(cpu);
  cpu.state.preemptCount -= SOFTIRQ_OFFSET;
}

/** 100 ns in the kernel, 700 in user mode, then a tick that has taken 30 ns when it charges. */
function untilTick(machine: FakeMachine): void {
  doAt(machine, 100, 0, (cpu) => cpu.accounting.userEnter(cpu));
  doAt(machine, 800, 0, (cpu) => {
    cpu.accounting.userExit(cpu);
    irqEnter(cpu);
  });
  doAt(machine, 830, 0, (cpu) => cpu.accounting.tick(cpu, true));
}

describe('measured edges', () => {
  test('are charged at a tick, what the tick itself has taken so far among them', () => {
    const machine = machineWith();
    doAt(machine, 100, 0, (cpu) => cpu.accounting.userEnter(cpu));
    expect([slots(machine), times(machine)]).toEqual([{}, [0, 0, 0]]);
    machine.setClock(0);
    untilTick(machine);
    expect([slots(machine), times(machine)]).toEqual([{ User: 700, System: 100, Irq: 30 }, [700, 130, 0]]);
  });

  test('are charged at a switch, to whoever leaves', () => {
    const machine = machineWith();
    untilTick(machine);
    doAt(machine, 900, 0, irqExit);
    doAt(machine, 950, 0, (cpu) => switchTo(cpu, 0));
    expect([slots(machine), times(machine)]).toEqual([{ User: 700, System: 150, Irq: 100 }, [700, 250, 0]]);
    doAt(machine, 2_000, 0, (cpu) => switchTo(cpu, T));
    expect(slots(machine)).toEqual({ User: 700, System: 150, Irq: 100, Idle: 1_050 });
  });

  test('give interrupts and softirqs of an idle CPU to its idle task', () => {
    const machine = machineWith();
    machine.as(0, (cpu) => switchTo(cpu, 0));
    doAt(machine, 500, 0, irqEnter);
    doAt(machine, 560, 0, (cpu) => {
      irqExit(cpu);
      softirqEnter(cpu);
    });
    doAt(machine, 600, 0, softirqExit);
    doAt(machine, 1_000, 0, (cpu) => switchTo(cpu, T));
    expect(slots(machine)).toEqual({ Idle: 900, Irq: 60, Softirq: 40 });
    expect([machine.image.tasks[0]!.stime, times(machine)]).toEqual([100, [0, 0, 0]]);
  });

  test('go to iowait, not idle, if somebody waits for I/O when they are charged', () => {
    const machine = machineWith();
    machine.as(0, (cpu) => {
      switchTo(cpu, 0);
      cpu.rq.nrIowait = 1;
    });
    doAt(machine, 1_000, 0, (cpu) => switchTo(cpu, T));
    expect(slots(machine)).toEqual({ Iowait: 1_000 });
  });

  test('are a guest’s while the task bears its mark, but not in interrupts', () => {
    const machine = machineWith();
    doAt(machine, 100, 0, (cpu) => cpu.accounting.guestEnter(cpu));
    doAt(machine, 600, 0, irqEnter);
    doAt(machine, 650, 0, irqExit);
    doAt(machine, 660, 0, (cpu) => cpu.accounting.guestExit(cpu));
    doAt(machine, 700, 0, (cpu) => switchTo(cpu, 0));
    expect([slots(machine), times(machine)]).toEqual([{ User: 510, Guest: 510, System: 140, Irq: 50 }, [510, 190, 510]]);
  });

  test('are charged at the end of a run, in user mode or not', () => {
    const machine = machineWith();
    doAt(machine, 100, 0, (cpu) => cpu.accounting.userEnter(cpu));
    doAt(machine, 400, 0, (cpu) => cpu.accounting.settle(cpu, true));
    expect([slots(machine), times(machine)]).toEqual([{ User: 300, System: 100 }, [300, 100, 0]]);
  });

  test('leave out what was stolen, which is charged with the rest', () => {
    const machine = machineWith({ config: { stealClock: true } });
    machine.as(0, (cpu) => { cpu.stealTime.steal = 60; });
    doAt(machine, 100, 0, (cpu) => cpu.accounting.userEnter(cpu));
    expect(slots(machine)).toEqual({});
    doAt(machine, 300, 0, (cpu) => cpu.accounting.settle(cpu, true));
    expect([slots(machine), times(machine)]).toEqual([{ User: 200, System: 40, Steal: 60 }, [200, 40, 0]]);
  });

  test('are shown as they are: nothing is scaled', () => {
    const out = { rtime: 0, utime: 0, stime: 0, turn: 0 };
    machineWith().as(0, (cpu) => cputimeAdjust(cpu, T, 300, 100, 1_000, out));
    expect(out).toEqual({ rtime: 1_000, utime: 300, stime: 100, turn: -1 });
  });
});
