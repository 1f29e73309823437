import { beforeEach, describe, expect, test } from 'vitest';
import { TaskState } from '../../../shared/structs/task.ts';
import { ClocksourceFlag, ClocksourceId } from '../../../shared/structs/timekeeper.ts';
import { HRTIMER_FUNCTIONS } from '../../../src/kernel/hrtimer-functions.ts';
import { sleepTimerOf } from '../../../src/kernel/image.ts';
import { schedule } from '../../../src/kernel/sched/core.ts';
import { tryToWakeUp, wakeUpNewTask } from '../../../src/kernel/sched/wakeup.ts';
import { clockCall, kwatchdog } from '../../../src/kernel/syscalls/clock-calls.ts';
import { Outcome } from '../../../src/kernel/syscalls/outcome.ts';
import { clocksourceRegister } from '../../../src/kernel/time/clocksource-register.ts';
import { hrtimerCancel } from '../../../src/kernel/time/hrtimer.ts';
import { ClockStepKind, type ClockStep } from '../../../src/kernel/user.ts';
import { attributesOf, FAKE_CONFIG, FakeMachine } from '../../support/fake-arch.ts';

const { Tsc, Hpet } = ClocksourceId;
const TASK = 1;
let machine: FakeMachine;
const regs = () => machine.image.regs[TASK]!;
const state = () => machine.image.tasks[TASK]!.state;

/** One CPU whose only task runs; a tsc that must be verified, and an HPET. */
function newMachine(clockSteps: readonly ClockStep[] = []): void {
  machine = new FakeMachine(1, [attributesOf()], {
    functions: HRTIMER_FUNCTIONS,
    sources: [{ id: Tsc, hz: 1_000_000_000, trusted: false }, { id: Hpet, hz: 100_000_000, trusted: true }],
    config: { epochSec: 10, workload: { ...FAKE_CONFIG.workload, clockSteps, kwatchdog: TASK } },
  });
  machine.as(0, (cpu) => {
    clocksourceRegister(cpu, Hpet);
    clocksourceRegister(cpu, Tsc);
    wakeUpNewTask(cpu, TASK);
    schedule(cpu);
  });
}
const passes = (what: typeof kwatchdog) => machine.as(0, (cpu) => what(cpu, TASK, regs()));

describe('a task that changes clocks', () => {
  /** What the clocks are when step `step` has been taken. */
  function taken(step: Omit<ClockStep, 'at'>) {
    newMachine([{ at: 5_000_000, ...step }]);
    machine.as(0, () => Object.assign(regs(), { argA: 0, stage: 0 }));
    expect([passes(clockCall), state()]).toEqual([Outcome.Blocked, TaskState.Sleeping]);
    const timer = sleepTimerOf(machine.image, TASK);
    expect(machine.image.timers[timer]!.softexpires).toBe(5_000_000);
    machine.as(0, (cpu) => {
      hrtimerCancel(cpu, timer);
      tryToWakeUp(cpu, TASK);
    });
    expect([passes(clockCall), passes(clockCall)]).toEqual([Outcome.Working, Outcome.Done]);
    return machine.image.timekeeper;
  }

  test('sleeps until its instant, and does what it is to do once', () => {
    expect(taken({ kind: ClockStepKind.Settime, value: 7_000_000_000 }).offsReal).toBe(7_000_000_000);
    expect(taken({ kind: ClockStepKind.Setoffset, value: -1_000 }).offsReal).toBe(-1_000);
    expect(taken({ kind: ClockStepKind.Tai, value: 37 }).taiOffset).toBe(37);
    expect(taken({ kind: ClockStepKind.Frequency, value: 1_000 }).ntpFreq).toBeGreaterThan(0);
    expect(taken({ kind: ClockStepKind.Clocksource, value: Hpet }).clocksource).toBe(Hpet);
  });

  test('goes on where the call is refused', () => {
    expect(taken({ kind: ClockStepKind.Setoffset, value: -20_000_000_000 }).offsReal).toBe(0);
  });

  test('takes a clock source off the list when nobody reads it any more', () => {
    expect(taken({ kind: ClockStepKind.Unbind, value: Tsc }).clocksource).toBe(Hpet);
    expect(machine.image.clocksources[Tsc]!.order).toBe(0);
  });
});

describe('the thread of the watchdog', () => {
  const spoil = () => machine.as(0, (cpu) => {
    cpu.image.clocksources[Tsc]!.flags = ClocksourceFlag.MustVerify | ClocksourceFlag.Unstable;
  });
  beforeEach(() => newMachine());

  test('sleeps while there is nothing to do', () => {
    expect([passes(kwatchdog), state()]).toEqual([Outcome.Blocked, TaskState.Sleeping]);
  });

  test('does not sleep if something is there already, and takes it out of use', () => {
    spoil();
    expect([passes(kwatchdog), state()]).toEqual([Outcome.Working, TaskState.Running]);
    expect(passes(kwatchdog)).toBe(Outcome.Done);
    expect([machine.image.clocksources[Tsc]!.rating, machine.image.timekeeper.clocksource]).toEqual([0, Hpet]);
  });

  test('leaves it to a waker that was faster', () => {
    machine.as(0, (cpu) => {
      spoil();
      const cas = cpu.memory.cas.bind(cpu.memory);
      cpu.memory.cas = (at, expected, value) => (expected === TaskState.Sleeping ? TaskState.Waking : cas(at, expected, value));
    });
    expect([passes(kwatchdog), state()]).toEqual([Outcome.Blocked, TaskState.Sleeping]);
  });
});
