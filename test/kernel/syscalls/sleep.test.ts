import { describe, expect, test } from 'vitest';
import { HrtimerState } from '../../../shared/structs/hrtimer.ts';
import { Policy, TaskState } from '../../../shared/structs/task.ts';
import type { Ns } from '../../../shared/units.ts';
import { HRTIMER_FUNCTIONS } from '../../../src/kernel/hrtimer-functions.ts';
import { sleepTimerOf } from '../../../src/kernel/image.ts';
import { hrtimerCancel } from '../../../src/kernel/time/hrtimer.ts';
import { hrtimerRunQueues } from '../../../src/kernel/time/hrtimer-interrupt.ts';
import { schedule } from '../../../src/kernel/sched/core.ts';
import { wakeUpNewTask } from '../../../src/kernel/sched/wakeup.ts';
import { Outcome } from '../../../src/kernel/syscalls/outcome.ts';
import { nanosleep, rtappTimer } from '../../../src/kernel/syscalls/sleep.ts';
import type { Attributes } from '../../../src/kernel/user.ts';
import { attributesOf, FakeMachine } from '../../support/fake-arch.ts';

/** One CPU whose tasks began at 1000 ns; the first of them runs. */
class Sleeper {
  readonly machine: FakeMachine;
  constructor(...tasks: Partial<Attributes>[]) {
    const all = (tasks.length > 0 ? tasks : [{}]).map(attributesOf);
    this.machine = new FakeMachine(1, all, { functions: HRTIMER_FUNCTIONS, sharedTimers: 1 });
    this.machine.setClock(1_000);
    this.machine.as(0, (cpu) => {
      all.forEach((_, i) => {
        wakeUpNewTask(cpu, this.machine.first + i);
        this.regs(i).firstStart = 1_000;
      });
      schedule(cpu);
    });
  }

  /** Where task `i` sleeps to when it calls at `now`: [earliest, latest]; undefined: not at all. */
  call(now: Ns, what: typeof nanosleep, [argA, argB = 0, argC = 0]: number[], i = 0, keep = false): Ns[] | undefined {
    const { machine } = this;
    machine.setClock(now);
    return machine.as(0, (cpu) => {
      const task = machine.first + i;
      Object.assign(this.regs(i), { argA, argB, argC, stage: 0 });
      const outcome = what(cpu, task, this.regs(i));
      if (outcome === Outcome.Done) return undefined;
      expect([outcome, machine.task(i).state, this.regs(i).stage]).toEqual([Outcome.Blocked, TaskState.Sleeping, 1]);
      const timer = sleepTimerOf(machine.image, task);
      const { softexpires, expires } = machine.image.timers[timer]!;
      if (!keep) hrtimerCancel(cpu, timer);
      return [softexpires, expires];
    });
  }

  regs(i: number): FakeMachine['image']['regs'][number] {
    return this.machine.image.regs[this.machine.first + i]!;
  }
}

describe('nanosleep', () => {
  test('sleeps so long from now', () => {
    expect(new Sleeper({ policy: Policy.Fifo, rtPriority: 1 }).call(5_000, nanosleep, [300])).toEqual([5_300, 5_300]);
  });

  test.each([
    ['an ordinary task', {}, 70], ['a batch task', { policy: Policy.Batch }, 70], ['an idle-class task', { policy: Policy.Idle }, 70],
    ['a FIFO task', { policy: Policy.Fifo, rtPriority: 1 }, 0], ['a round-robin task', { policy: Policy.Rr, rtPriority: 1 }, 0],
    ['a deadline task', { policy: Policy.Deadline, dlRuntime: 1e6, dlDeadline: 1e7 }, 0],
  ] as const)('of %s %o may last longer by %i ns of its slack of 70', (_, attributes, slack) => {
    const sleeper = new Sleeper(attributes);
    sleeper.machine.as(0, () => { sleeper.machine.task(0).timerSlackNs = 70; });
    expect(sleeper.call(5_000, nanosleep, [300])).toEqual([5_300, 5_300 + slack]);
  });

  test('is over when the timer has woken the task, and not begun again', () => {
    const sleeper = new Sleeper();
    const { machine } = sleeper;
    sleeper.call(5_000, nanosleep, [300], 0, true);
    machine.as(0, schedule);
    machine.setClock(6_000);
    machine.as(0, (cpu) => {
      hrtimerRunQueues(cpu);
      expect(machine.task(0).state).toBe(TaskState.Running);
      expect(nanosleep(cpu, machine.first, sleeper.regs(0))).toBe(Outcome.Done);
      expect(machine.image.timers[sleepTimerOf(machine.image, machine.first)]!.state).toBe(HrtimerState.Inactive);
    });
  });
});

describe('rt-app’s timer', () => {
  const PERIOD = 10_000;
  const own = (sleeper: Sleeper, now: Ns, absolute = 0, index = 0): Ns | undefined =>
    sleeper.call(now, rtappTimer, [index, PERIOD, absolute])?.[0];

  test.each([0, 1])('first expires a period after the task began, then a period after that (absolute: %i)', (absolute) => {
    const sleeper = new Sleeper();
    expect([own(sleeper, 3_000, absolute), own(sleeper, 12_000, absolute)]).toEqual([11_000, 21_000]);
  });

  test('starts again from now when a relative one was missed, without sleeping', () => {
    const sleeper = new Sleeper();
    own(sleeper, 3_000);
    expect([own(sleeper, 58_000), own(sleeper, 59_000)]).toEqual([undefined, 68_000]);
  });

  test('keeps its grid when an absolute one was missed, and does not sleep until it has caught up', () => {
    const sleeper = new Sleeper();
    own(sleeper, 3_000, 1);
    const calls = [45_000, 45_100, 45_200, 45_300].map((now) => own(sleeper, now, 1));
    expect(calls).toEqual([undefined, undefined, undefined, 51_000]);
  });

  test('on whole periods begins with the second one to come, and sleeps until the next one when it was missed', () => {
    const sleeper = new Sleeper();
    const calls = [3_000, 20_500, 30_001, 58_000, 70_000].map((now) => own(sleeper, now, 2));
    expect(calls).toEqual([20_000, 30_000, 40_000, 60_000, undefined]);
  });

  test('is missed at the very instant at which it expires', () => {
    const sleeper = new Sleeper();
    expect(own(sleeper, 11_000)).toBeUndefined();
  });

  test('of each number keeps a time of its own', () => {
    const sleeper = new Sleeper();
    own(sleeper, 3_000);
    expect([own(sleeper, 12_000), own(sleeper, 12_000, 0, 1)]).toEqual([21_000, undefined]);
  });

  test('that tasks share moves on for all of them, and begins with the first who uses it', () => {
    const sleeper = new Sleeper({}, {});
    sleeper.machine.as(0, () => { sleeper.regs(1).firstStart = 7_777; });
    const shared = (now: Ns, task: number): Ns | undefined => sleeper.call(now, rtappTimer, [-1, PERIOD, 1], task)?.[0];
    expect([shared(2_000, 0), shared(2_100, 1), shared(2_200, 0)]).toEqual([11_000, 21_000, 31_000]);
  });
});
