import { describe, expect, test } from 'vitest';
import { ClockId } from '../../shared/structs/timekeeper.ts';
import { EventKind } from '../../shared/memory/guards.ts';
import { TickHandler } from '../../shared/structs/cpu.ts';
import { HrtimerFunction, HrtimerMode } from '../../shared/structs/hrtimer.ts';
import { Policy } from '../../shared/structs/task.ts';
import { TICK_DO_TIMER_NONE } from '../../shared/structs/global.ts';
import type { KernelConfig } from '../../src/kernel/config.ts';
import { kindOfStep, kindOfTimerInterrupt } from '../../src/kernel/event-kind.ts';
import { RegsMode } from '../../src/kernel/irq/entry.ts';
import type { KernelCpu } from '../../src/kernel/kernel-cpu.ts';
import { schedTimerOf, sleepTimerOf } from '../../src/kernel/image.ts';
import { schedule } from '../../src/kernel/sched/core.ts';
import { schedTtwuPending } from '../../src/kernel/sched/wakeup.ts';
import { setTickDoTimerCpu } from '../../src/kernel/time/jiffies.ts';
import { hrtimerInit, hrtimerStart } from '../../src/kernel/time/hrtimer.ts';
import { NOT_STARTED } from '../../src/kernel/syscalls/fork.ts';
import { OpKind } from '../../src/kernel/user.ts';
import { attributesOf, FAKE_CONFIG, FakeMachine } from '../support/fake-arch.ts';
import { readTarget } from '../support/read-target.ts';
import { oneshotLapic } from '../support/tick-device.ts';

const { Local, Reading, Interacting } = EventKind;
const READS = [readTarget(['task_cputime'], { threads: [2] }), readTarget(['task_stat'], { threads: [2] })];

/** CPU 1 of two in high resolution, its tick due at 4 ms; CPU 0 has the duty, the task runs on CPU 1. */
function newMachine(given: Partial<KernelConfig> = {}, attributes = attributesOf()): FakeMachine {
  const config = { workload: { ...FAKE_CONFIG.workload, reads: READS }, ...given };
  const machine = new FakeMachine(2, [attributes], { config });
  oneshotLapic(machine, 1);
  machine.as(0, (cpu) => setTickDoTimerCpu(cpu, 0));
  machine.as(1, (cpu) => {
    cpu.booted = true;
    cpu.lapic.handler = TickHandler.Hrtimer;
    cpu.rq.ttwuPending += 1;
    schedTtwuPending(cpu, machine.first);
    schedule(cpu);
    hrtimerInit(cpu, schedTimerOf(1), ClockId.Monotonic, HrtimerMode.Abs, HrtimerFunction.TickNohzHandler, 1);
    hrtimerStart(cpu, schedTimerOf(1), 4_000_000, 4_000_000, HrtimerMode.Abs);
  });
  return machine;
}

describe('a step', () => {
  const { Kernel, User, Guest } = RegsMode;
  test.each([
    ['work in user mode', User, OpKind.Run, 0, Local], ['a busy wait', User, OpKind.RunUntil, 0, Local],
    ['work in a guest', Guest, OpKind.Guest, 0, Local], ['the way to a guest', User, OpKind.Guest, 0, Local],
    ['work in the kernel', Kernel, OpKind.Syscall, 0, Local], ['a yield', User, OpKind.Yield, 0, Local],
    ['a task’s beginning', Kernel, NOT_STARTED, 0, Reading], ['a sleep', User, OpKind.Sleep, 0, Reading],
    ['a timer of its own', User, OpKind.Timer, 0, Reading], ['a shared timer', User, OpKind.Timer, -1, Interacting],
    ['a look at CPU time', Kernel, OpKind.ReadCputime, 0, Reading],
    ['a look at the adjusted pair', Kernel, OpKind.ReadCputime, 1, Interacting],
    ['a lock', User, OpKind.Lock, 0, Interacting], ['a fork', User, OpKind.Fork, 0, Interacting],
    ['the end of a program', User, OpKind.Exit, 0, Interacting],
  ])('of %s declares what it touches, and no more', (_, mode, kind, argA, wanted) => {
    const machine = newMachine();
    machine.as(1, (cpu) => {
      Object.assign(cpu.image.regs[machine.first]!, { mode, kind, argA });
      expect(kindOfStep(cpu)).toBe(wanted);
    });
  });

  test('interacts where it may put a CPU to rest whose tick is off, and so stopped already', () => {
    const tickless = { nohz: true, tickOff: [false, true] };
    const budget = attributesOf({ policy: Policy.Deadline, dlRuntime: 900_000, dlDeadline: 5_000_000, dlPeriod: 9_000_000 });
    const kindOf = (machine: FakeMachine, kind: number) => machine.as(1, (cpu) => {
      Object.assign(cpu.image.regs[machine.first]!, { mode: User, kind, argA: 0 });
      return kindOfStep(cpu);
    });
    expect(kindOf(newMachine(tickless), OpKind.Sleep)).toBe(Interacting);
    expect(kindOf(newMachine(tickless), OpKind.Syscall)).toBe(Local);
    expect(kindOf(newMachine({}, budget), OpKind.Syscall)).toBe(Reading);
    expect(kindOf(newMachine(tickless, budget), OpKind.Syscall)).toBe(Interacting);
  });

  test('interacts where a tick has left CPU timers to the task', () => {
    const machine = newMachine();
    machine.as(1, (cpu) => {
      Object.assign(cpu.image.regs[machine.first]!, { mode: User, kind: OpKind.Run });
      cpu.workDue = true;
      expect(kindOfStep(cpu)).toBe(Interacting);
    });
  });

  test('interacts where the machine is about to stand still, in user mode too', () => {
    const machine = newMachine();
    machine.as(1, (cpu) => {
      Object.assign(cpu.image.regs[machine.first]!, { mode: User, kind: OpKind.Run });
      cpu.stopPending = true;
      expect(kindOfStep(cpu)).toBe(Interacting);
    });
  });

  const { Yield, Syscall, SetSlack } = OpKind;
  test.each([Yield, Syscall, SetSlack, OpKind.Guest])('of a deadline task may have to ask what time it is: operation %i', (kind) => {
    const machine = newMachine();
    machine.as(1, (cpu) => {
      machine.task(0).policy = Policy.Deadline;
      Object.assign(cpu.image.regs[machine.first]!, { mode: Kernel, kind });
      expect(kindOfStep(cpu)).toBe(Reading);
    });
  });
});

describe('a timer interrupt', () => {
  const kindAt = (prepare: (cpu: KernelCpu, machine: FakeMachine) => void): EventKind => {
    const machine = newMachine();
    return machine.as(1, (cpu) => {
      prepare(cpu, machine);
      return kindOfTimerInterrupt(cpu, 4_000_000);
    });
  };
  const sleeper = (expires: number) => (cpu: KernelCpu, machine: FakeMachine): void => {
    const timer = sleepTimerOf(cpu.image, machine.first);
    hrtimerInit(cpu, timer, ClockId.Monotonic, HrtimerMode.Abs, HrtimerFunction.HrtimerWakeup, machine.first);
    hrtimerStart(cpu, timer, expires, expires, HrtimerMode.Abs);
  };

  test('of a CPU that only ticks reads others’ records and writes its own', () => expect(kindAt(() => undefined)).toBe(Reading));
  test('interacts where the machine is about to stand still', () => expect(kindAt((cpu) => { cpu.stopPending = true; })).toBe(Interacting));
  test('interacts on the CPU that has the duty', () => expect(kindAt((cpu) => setTickDoTimerCpu(cpu, 1))).toBe(Interacting));
  test('interacts where nobody has the duty: it will take it', () => {
    expect(kindAt((cpu) => setTickDoTimerCpu(cpu, TICK_DO_TIMER_NONE))).toBe(Interacting);
  });
  test('interacts where a sleeper is due first', () => expect(kindAt(sleeper(3_999_000))).toBe(Interacting));
  test('interacts where a sleeper may come due while it runs', () => expect(kindAt(sleeper(4_010_000))).toBe(Interacting));
  test('interacts where costs are such that a sleeper half a millisecond later may come due while it runs', () => {
    expect(kindAt((cpu, machine) => {
      machine.archs[1]!.cost = 100_000;
      sleeper(4_500_000)(cpu, machine);
    })).toBe(Interacting);
  });
  test('reads where the next sleeper is far away', () => expect(kindAt(sleeper(5_000_000))).toBe(Reading));
  test('interacts where this tick may be the one that rescues stalled jiffies', () => {
    expect(kindAt((cpu) => { cpu.tick.stalledJiffies = cpu.config.version.maxStalledJiffies - 1; })).toBe(Interacting);
  });
});
