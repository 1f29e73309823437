import { beforeEach, describe, expect, test } from 'vitest';
import { Mode } from '../../../shared/events.ts';
import { SoftirqVec } from '../../../shared/structs/cpu.ts';
import { KTIME_MAX, type Ns, type TaskId } from '../../../shared/units.ts';
import { irqEnter, irqExit, RegsMode, returnToTask } from '../../../src/kernel/irq/entry.ts';
import { raiseSoftirq } from '../../../src/kernel/irq/softirq.ts';
import { HARDIRQ_OFFSET } from '../../../src/kernel/irq/preempt-count.ts';
import type { KernelCpu } from '../../../src/kernel/kernel-cpu.ts';
import { reschedCurr, schedule } from '../../../src/kernel/sched/core.ts';
import { wakeUpNewTask } from '../../../src/kernel/sched/wakeup.ts';
import { OpKind } from '../../../src/kernel/user.ts';
import { attributesOf, FakeMachine } from '../../support/fake-arch.ts';

const T: TaskId = 1;
let machine: FakeMachine;

/** One CPU that runs T in user mode, which has 10 µs of work left; a second task waits. */
beforeEach(() => {
  machine = new FakeMachine(1, [attributesOf(), attributesOf()]);
  machine.as(0, (cpu) => {
    cpu.booted = true;
    wakeUpNewTask(cpu, T);
    schedule(cpu);
    wakeUpNewTask(cpu, T + 1);
    cpu.state.needResched = 0;
    Object.assign(cpu.image.regs[T]!, { mode: RegsMode.User, kind: OpKind.Run, remaining: 10_000 });
    returnToTask(cpu);
  });
});
const cpu0 = (): KernelCpu => machine.cpus[0]!;
/** An interrupt at an instant that does `handler` and takes `ns`. */
function interrupt(now: Ns, ns: Ns, handler: (cpu: KernelCpu) => void = () => undefined): void {
  machine.setClock(now);
  machine.as(0, (cpu) => {
    irqEnter(cpu);
    handler(cpu);
    machine.archs[0]!.clock += ns;
    irqExit(cpu);
    returnToTask(cpu);
  });
}

describe('an interrupt', () => {
  test('stretches the work that it interrupts by as much as it takes', () => {
    expect(cpu0().stepDue).toBe(10_000);
    interrupt(4_000, 700);
    expect([cpu0().stepDue, machine.image.regs[T]!.remaining]).toEqual([10_700, 6_000]);
    interrupt(10_700, 50);
    expect(cpu0().stepDue).toBe(10_750);
  });

  test('does not move the end of a busy wait, which is an instant', () => {
    machine.as(0, () => { Object.assign(machine.image.regs[T]!, { kind: OpKind.RunUntil, until: 9_000 }); });
    interrupt(4_000, 700);
    expect(cpu0().stepDue).toBe(9_000);
    interrupt(8_900, 700);
    expect(cpu0().stepDue).toBe(9_600);
  });

  test('knows whether it came in user mode', () => {
    const seen: boolean[] = [];
    interrupt(1_000, 10, (cpu) => seen.push(cpu.interruptedUser));
    machine.as(0, () => { machine.image.regs[T]!.mode = RegsMode.Kernel; });
    interrupt(2_000, 10, (cpu) => seen.push(cpu.interruptedUser));
    expect(seen).toEqual([true, false]);
  });

  test('that comes inside another did not come in user mode, whatever that one interrupted', () => {
    const seen: boolean[] = [];
    interrupt(1_000, 10, (cpu) => {
      irqEnter(cpu);
      seen.push(cpu.interruptedUser);
      irqExit(cpu);
    });
    expect(seen).toEqual([false]);
  });

  test('lets another task run on its way back to user mode, if that is asked for', () => {
    interrupt(1_000, 10, (cpu) => {
      machine.image.tasks[T]!.vruntime += 100_000_000;
      reschedCurr(cpu);
    });
    expect([cpu0().curr, cpu0().state.needResched]).toEqual([T + 1, 0]);
  });

  test('does not preempt a task that is in the kernel', () => {
    machine.as(0, () => { machine.image.regs[T]!.mode = RegsMode.Kernel; });
    interrupt(1_000, 10, (cpu) => {
      machine.image.tasks[T]!.vruntime += 100_000_000;
      reschedCurr(cpu);
    });
    expect([cpu0().curr, cpu0().state.needResched]).toEqual([T, 1]);
  });

  test('leaves an idle CPU idle, with no step to come', () => {
    const idle = new FakeMachine(1, []);
    idle.as(0, (cpu) => {
      cpu.booted = true;
      irqEnter(cpu);
      irqExit(cpu);
      returnToTask(cpu);
      expect([idle.archs[0]!.mode, cpu.stepDue, cpu.state.preemptCount]).toEqual([Mode.Idle, KTIME_MAX, 0]);
    });
  });
});

describe('softirqs', () => {
  test('run on the way out of the interrupt that raised them, outside its context, with interrupts on', () => {
    const seen: unknown[] = [];
    const arch = machine.archs[0]!;
    const trace = arch.trace.bind(arch);
    arch.trace = (id, ...fields) => {
      trace(id, ...fields);
      if (arch.traced.at(-1)!.name === 'softirq_entry') seen.push([arch.mode, cpu0().state.preemptCount < HARDIRQ_OFFSET, cpu0().irqsOff]);
    };
    interrupt(1_000, 10, (cpu) => {
      raiseSoftirq(cpu, SoftirqVec.Sched);
      expect(seen).toEqual([]);
    });
    expect(seen).toEqual([[Mode.Softirq, true, 0]]);
    const { state, irqsOff } = cpu0();
    expect([state.softirqPending, state.softirqs(SoftirqVec.Sched), state.preemptCount, irqsOff]).toEqual([0, 1, 0, 1]);
  });

  test('wait until the outermost interrupt is over', () => {
    interrupt(1_000, 10, (cpu) => {
      irqEnter(cpu);
      raiseSoftirq(cpu, SoftirqVec.Sched);
      irqExit(cpu);
      expect(cpu.state.softirqs(SoftirqVec.Sched)).toBe(0);
    });
    expect(cpu0().state.softirqs(SoftirqVec.Sched)).toBe(1);
  });

  test('must have a handler', () => {
    expect(() => interrupt(1_000, 10, (cpu) => raiseSoftirq(cpu, SoftirqVec.Block))).toThrow(/no handler/);
  });
});

describe('an idle CPU', () => {
  const idleMarks = (): unknown => machine.archs[0]!.fieldsOf('cpu_idle').map(([state]) => state);

  test('halts, serves its interrupts, and halts again: each halt has its end', () => {
    machine = new FakeMachine(1, []);
    machine.as(0, (cpu) => {
      cpu.booted = true;
      returnToTask(cpu);
    });
    interrupt(1_000, 10);
    interrupt(2_000, 10);
    expect(idleMarks()).toEqual([1, 0xffff_ffff, 1, 0xffff_ffff, 1]);
  });

  test('ends its halt before the task that an interrupt woke is switched to', () => {
    machine = new FakeMachine(1, [attributesOf()]);
    machine.as(0, (cpu) => {
      cpu.booted = true;
      returnToTask(cpu);
    });
    interrupt(1_000, 10, (cpu) => wakeUpNewTask(cpu, T));
    const names = machine.archs[0]!.traced.map(({ name }) => name).filter((name) => name === 'cpu_idle' || name === 'sched_switch');
    expect(names).toEqual(['cpu_idle', 'cpu_idle', 'sched_switch']);
  });
});

describe('a guest', () => {
  /** T's guest has 10 µs of work left. */
  beforeEach(() => machine.as(0, (cpu) => {
    Object.assign(machine.image.regs[T]!, { mode: RegsMode.Guest, kind: OpKind.Guest, argA: 10_000, remaining: 10_000, stage: 1 });
    cpu.stretchStart = KTIME_MAX;
    returnToTask(cpu);
  }));
  const mark = (): number => machine.image.tasks[T]!.vcpu;

  test('is marked while it runs, and through the interrupt that ends a stretch of it', () => {
    const seen: number[] = [];
    expect([machine.archs[0]!.mode, mark(), cpu0().stepDue]).toEqual([Mode.Guest, 1, 10_000]);
    interrupt(4_000, 700, () => seen.push(mark(), machine.archs[0]!.mode));
    expect([seen, machine.archs[0]!.mode, mark(), cpu0().stepDue]).toEqual([[1, Mode.Irq], Mode.Guest, 1, 10_700]);
    expect(machine.archs[0]!.fieldsOf('guest_exit').length).toBe(1);
  });

  test('is no user mode to the tick', () => {
    interrupt(4_000, 700, (cpu) => expect(cpu.interruptedUser).toBe(false));
  });

  test('is preempted with its mark, as the kernel of a task is not', () => {
    interrupt(4_000, 700, reschedCurr);
    expect([cpu0().curr === T, mark(), machine.image.regs[T]!.mode, machine.image.regs[T]!.remaining])
      .toEqual([false, 1, RegsMode.Guest, 6_000]);
  });

  test('is left for a signal, and called again for the rest', () => {
    interrupt(4_000, 700, () => { machine.image.signals[T]!.notified = 1; });
    const { mode, stage, argA } = machine.image.regs[T]!;
    expect([mark(), mode, stage, argA, cpu0().signalDue]).toEqual([0, RegsMode.User, 0, 6_000, true]);
  });
});
