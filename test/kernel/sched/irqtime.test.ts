import { describe, expect, test } from 'vitest';
import { Cpustat } from '../../../shared/structs/cpu.ts';
import { HARDIRQ_OFFSET, SOFTIRQ_OFFSET } from '../../../src/kernel/irq/preempt-count.ts';
import type { KernelCpu } from '../../../src/kernel/kernel-cpu.ts';
import { lockRq, taskSchedRuntime, unlockRq, updateCurr } from '../../../src/kernel/sched/core.ts';
import { disableSchedClockIrqtime, enableSchedClockIrqtime } from '../../../src/kernel/sched/irqtime.ts';
import { updateRqClock } from '../../../src/kernel/sched/runqueue.ts';
import { attributesOf, FakeMachine, type FakeOptions } from '../../support/fake-arch.ts';
import { doAt, switchTo } from '../../support/tracked.ts';

const TICK = 4_000_000;
const T = 1;
const slots = (machine: FakeMachine): Record<string, number> => Object.fromEntries(
  Object.entries(Cpustat).map(([name, slot]) => [name, machine.cpus[0]!.kcpustat.cpustat(slot)]).filter(([, ns]) => ns !== 0),
);

/** T runs from 0 on, on a CPU that times its interrupts. */
function machineWith(options: FakeOptions = {}): FakeMachine {
  const machine = new FakeMachine(1, [attributesOf()], { ...options, config: { cputime: ['tick+irqtime'], ...options.config } });
  machine.archs[0]!.traced.length = 0;
  machine.as(0, (cpu) => {
    enableSchedClockIrqtime(cpu);
    cpu.accounting.initIdle(cpu);
    switchTo(cpu, T);
  });
  return machine;
}

const enter = (machine: FakeMachine, at: number): void => doAt(machine, at, 0, (cpu) => {
  cpu.state.preemptCount += HARDIRQ_OFFSET;
  cpu.accounting.irqEnter(cpu);
});
const exit = (machine: FakeMachine, at: number): void => doAt(machine, at, 0, (cpu) => {
  cpu.accounting.irqExit(cpu);
  cpu.state.preemptCount -= HARDIRQ_OFFSET;
});
const softirq = (machine: FakeMachine, from: number, to: number): void => {
  doAt(machine, from, 0, (cpu) => {
    cpu.state.preemptCount += SOFTIRQ_OFFSET;
    cpu.accounting.softirqEnter(cpu);
  });
  doAt(machine, to, 0, (cpu) => {
    cpu.accounting.softirqExit(cpu);
    cpu.state.preemptCount -= SOFTIRQ_OFFSET;
  });
};
const tick = (machine: FakeMachine, at: number, user: boolean): void => {
  enter(machine, at);
  machine.as(0, (cpu) => cpu.accounting.tick(cpu, user));
  exit(machine, at);
};
const runtime = (machine: FakeMachine, at: number): number => doAt(machine, at, 0, (cpu) => {
  lockRq(cpu);
  updateRqClock(cpu);
  updateCurr(cpu);
  unlockRq(cpu);
  return cpu.image.tasks[T]!.sumExecRuntime;
});

describe('timed interrupts', () => {
  test('have their own time, and softirqs theirs, charged when they are over', () => {
    const machine = machineWith();
    enter(machine, 1_000);
    exit(machine, 1_700);
    softirq(machine, 1_700, 2_000);
    expect(slots(machine)).toEqual({ Irq: 700, Softirq: 300 });
    expect([machine.task(0).utime, machine.task(0).stime]).toEqual([0, 0]);
  });

  test('that come in a softirq take their time out of it', () => {
    const machine = machineWith();
    doAt(machine, 1_000, 0, (cpu) => {
      cpu.state.preemptCount += SOFTIRQ_OFFSET;
      cpu.accounting.softirqEnter(cpu);
    });
    enter(machine, 1_100);
    exit(machine, 1_500);
    doAt(machine, 1_600, 0, (cpu) => cpu.accounting.softirqExit(cpu));
    expect(slots(machine)).toEqual({ Irq: 400, Softirq: 200 });
  });

  test.each([[true, 'User'], [false, 'System']])('leave the next tick the rest (user mode: %s)', (user, slot) => {
    const machine = machineWith();
    enter(machine, 1_000);
    exit(machine, 251_000);
    tick(machine, TICK, user);
    expect(slots(machine)).toEqual({ Irq: 250_000, [slot]: TICK - 250_000 });
    tick(machine, 2 * TICK, user);
    expect(slots(machine)).toEqual({ Irq: 250_000, [slot]: 2 * TICK - 250_000 });
  });

  test('that took more than a tick leave it nothing, and what they have too much is forgotten', () => {
    const machine = machineWith();
    enter(machine, 1_000);
    exit(machine, 1_000 + 3 * TICK);
    tick(machine, 4 * TICK, true);
    expect(slots(machine)).toEqual({ Irq: 3 * TICK });
    tick(machine, 5 * TICK, true);
    expect(slots(machine)).toEqual({ Irq: 3 * TICK, User: TICK });
  });

  test('leave the ticks that an idle CPU did without the rest of them', () => {
    const machine = machineWith();
    machine.as(0, (cpu) => switchTo(cpu, 0));
    enter(machine, 1_000);
    exit(machine, 501_000);
    machine.as(0, (cpu) => cpu.accounting.idleTicks(cpu, 3));
    expect(slots(machine)).toEqual({ Irq: 500_000, Idle: 3 * TICK - 500_000 });
  });

  test('leave a guest what is its', () => {
    const machine = machineWith();
    machine.as(0, (cpu) => { cpu.image.tasks[T]!.vcpu = 1; });
    tick(machine, TICK, false);
    expect([slots(machine), machine.task(0).gtime]).toEqual([{ User: TICK, Guest: TICK }, TICK]);
  });
});

describe('the time of ksoftirqd', () => {
  test('is its own in a softirq too: no interruption, but a tick’s time for SOFTIRQ, charged to it', () => {
    const machine = machineWith({ ksoftirqds: [T] });
    softirq(machine, 1_000, 3_000);
    expect(slots(machine)).toEqual({});
    tick(machine, TICK, false);
    expect([slots(machine), machine.task(0).stime]).toEqual([{ Softirq: TICK }, TICK]);
    expect(runtime(machine, TICK)).toBe(TICK);
  });
});

describe('the clock of tasks', () => {
  test('stands still in interrupts that are over', () => {
    const machine = machineWith();
    enter(machine, 1_000);
    exit(machine, 1_400);
    expect(runtime(machine, 2_000)).toBe(1_600);
  });

  test('goes on in one that is under way, and makes up for it later', () => {
    const machine = machineWith();
    enter(machine, 1_000);
    expect(runtime(machine, 1_300)).toBe(1_300);
    exit(machine, 1_400);
    // 400 are known now, and only 100 have passed since
    expect(runtime(machine, 1_400)).toBe(1_300);
    expect(runtime(machine, 2_000)).toBe(1_600);
  });

  test('is brought up to date by whoever asks', () => {
    const machine = machineWith();
    enter(machine, 1_000);
    exit(machine, 1_400);
    expect(doAt(machine, 2_000, 0, (cpu) => taskSchedRuntime(cpu, T))).toBe(1_600);
  });

  test('stands still for ever with the fault B-16, as ticks hit ksoftirqd', () => {
    const machine = machineWith({ ksoftirqds: [T], decisions: { readsIrqTimeFromSlots: true } });
    for (let n = 1; n <= 5; n++) tick(machine, n * TICK, false);
    expect(runtime(machine, 6 * TICK)).toBe(TICK);
  });
});

describe('a scheduler clock that is not good enough', () => {
  const told = (machine: FakeMachine): unknown[] => machine.archs[0]!.fieldsOf('sched_clock_irqtime').map(([enabled]) => enabled);

  test.each(['noirqtime', 'unstable'])('has interrupts not timed from the start: tsc=%s', (tsc) => {
    const machine = machineWith({ config: { tsc } });
    enter(machine, 1_000);
    exit(machine, 251_000);
    tick(machine, TICK, true);
    expect([slots(machine), told(machine)]).toEqual([{ User: TICK }, [0]]);
  });

  test('has it end at a CPU’s next edge, where it is found out at run time', () => {
    const machine = machineWith();
    enter(machine, 1_000);
    exit(machine, 251_000);
    machine.as(0, (cpu: KernelCpu) => disableSchedClockIrqtime(cpu));
    tick(machine, TICK, true);
    enter(machine, TICK + 1_000);
    exit(machine, TICK + 9_000);
    tick(machine, 2 * TICK, true);
    expect(slots(machine)).toEqual({ Irq: 250_000, User: 2 * TICK });
    expect(told(machine)).toEqual([1, 0]);
  });
});

