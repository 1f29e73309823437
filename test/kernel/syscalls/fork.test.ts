import { describe, expect, test } from 'vitest';
import { Policy, TaskState, VtimeState } from '../../../shared/structs/task.ts';
import { NOBODY, type TaskId } from '../../../shared/units.ts';
import { doWait, exitNotify } from '../../../src/kernel/exit.ts';
import { RegsMode } from '../../../src/kernel/irq/entry.ts';
import type { KernelCpu } from '../../../src/kernel/kernel-cpu.ts';
import { joinThreadGroup } from '../../../src/kernel/process.ts';
import { schedule } from '../../../src/kernel/sched/core.ts';
import { cputimeAdjust } from '../../../src/kernel/sched/cputime-adjust.ts';
import { newTaskCputime, taskCputime } from '../../../src/kernel/sched/cputime-read.ts';
import { vtimeUserEnter, vtimeUserExit } from '../../../src/kernel/sched/vtime.ts';
import { wakeUpNewTask } from '../../../src/kernel/sched/wakeup.ts';
import { fork, NOT_STARTED } from '../../../src/kernel/syscalls/fork.ts';
import { Outcome } from '../../../src/kernel/syscalls/outcome.ts';
import type { TaskSpec, Workload } from '../../../src/kernel/user.ts';
import { attributesOf, FAKE_CONFIG, FakeMachine } from '../../support/fake-arch.ts';

const PARENT: TaskId = 1;
const POOL = 2;
const FIRST_CHILD: TaskId = 2;

const spec = (declaration: number, instance: number): TaskSpec => ({
  name: `t${declaration}-${instance}`, declaration, instance, startsAtBoot: declaration === 0, kernel: false, delay: 0,
  attributes: attributesOf(declaration === 0 ? {} : { policy: Policy.Batch, nice: 3 }),
});
const WORKLOAD: Workload = {
  ...FAKE_CONFIG.workload,
  tasks: [spec(0, 0), spec(1, 0), spec(1, 1)],
  forkPools: [{ first: PARENT, size: 0 }, { first: FIRST_CHILD, size: POOL }],
};

/** The same with a parent that waits for its children. */
const FAMILY: Workload = {
  ...WORKLOAD,
  processes: WORKLOAD.tasks.map(({ name }, i) => ({ name, threads: [PARENT + i], waits: i === 0, age: { utime: 0, stime: 0 } })),
  processOf: WORKLOAD.tasks.map((_, i) => i),
};

/** One CPU with context tracking that runs the parent; two free records of declaration 1. */
function newMachine(workload = WORKLOAD): FakeMachine {
  const all = WORKLOAD.tasks.map(({ attributes }) => attributes);
  const machine = new FakeMachine(1, all, { config: { workload, cputime: ['gen'] } });
  machine.as(0, (cpu) => {
    joinThreadGroup(cpu, cpu.idle, PARENT);
    wakeUpNewTask(cpu, PARENT);
    schedule(cpu);
  });
  return machine;
}
const forkOne = (machine: FakeMachine): Outcome => machine.as(0, (cpu) => {
  const regs = cpu.image.regs[PARENT]!;
  regs.argA = 1;
  return fork(cpu, PARENT, regs);
});
/** The running task dies. */
function exit(cpu: KernelCpu): void {
  cpu.image.tasks[cpu.curr]!.state = TaskState.Dead;
  exitNotify(cpu, cpu.curr);
  schedule(cpu);
}

describe('fork', () => {
  test('starts the first free record of the pool as it was declared, awake and at the beginning of its program', () => {
    const machine = newMachine();
    expect(forkOne(machine)).toBe(Outcome.Done);
    const { state, declaration, instance, policy, nice, onRq } = machine.image.tasks[FIRST_CHILD]!;
    expect({ state, declaration, instance, policy, nice, onRq })
      .toEqual({ state: TaskState.Running, declaration: 1, instance: 0, policy: Policy.Batch, nice: 3, onRq: 1 });
    const { kind, pc, mode } = machine.image.regs[FIRST_CHILD]!;
    expect([kind, pc, mode]).toEqual([NOT_STARTED, 0, RegsMode.Kernel]);
    expect(machine.archs[0]!.fieldsOf('sched_process_fork')).toEqual([[PARENT, FIRST_CHILD]]);
    expect(machine.archs[0]!.fieldsOf('sched_wakeup_new').at(-1)![0]).toBe(FIRST_CHILD);
  });

  test('gives the child its parent’s timer slack', () => {
    const machine = newMachine();
    machine.as(0, (cpu) => { cpu.image.tasks[PARENT]!.timerSlackNs = 1_234; });
    forkOne(machine);
    expect(machine.image.tasks[FIRST_CHILD]!.timerSlackNs).toBe(1_234);
  });

  test('stops the run at the named limit when the whole pool lives', () => {
    const machine = newMachine();
    for (let i = 0; i < POOL; i++) forkOne(machine);
    expect(() => forkOne(machine)).toThrow(/FORK_POOL/);
  });

  test('uses a dead child’s record again, but not before that has left its CPU', () => {
    const machine = newMachine();
    for (let i = 0; i < POOL; i++) forkOne(machine);
    machine.as(0, (cpu) => { cpu.image.tasks[FIRST_CHILD + 1]!.state = TaskState.Dead; cpu.image.tasks[FIRST_CHILD + 1]!.onCpu = 1; });
    machine.as(0, (cpu) => exitNotify(cpu, FIRST_CHILD + 1));
    expect(() => forkOne(machine)).toThrow(/FORK_POOL/);
    machine.as(0, (cpu) => { cpu.image.tasks[FIRST_CHILD + 1]!.onCpu = 0; });
    forkOne(machine);
    expect(machine.archs[0]!.fieldsOf('sched_process_fork').map(([, child]) => child)).toEqual([2, 3, 3]);
  });

  test('leaves a record alone whose task has died no earlier than the forking step began', () => {
    for (const [began, child] of [[700, FIRST_CHILD + 1], [701, FIRST_CHILD]] as const) {
      const machine = newMachine();
      const first = machine.image.tasks[FIRST_CHILD]!;
      machine.as(0, (cpu) => {
        first.state = TaskState.Dead;
        first.execStart = 700;
        cpu.stepDue = began;
      });
      forkOne(machine);
      expect(machine.archs[0]!.fieldsOf('sched_process_fork')).toEqual([[PARENT, child]]);
      expect(first.state).toBe(child === FIRST_CHILD ? TaskState.Running : TaskState.Dead);
    }
  });

  test('leaves a record alone that its parent has not asked for, or has asked for no earlier than the forking step began', () => {
    const machine = newMachine(FAMILY);
    const [first, second] = [FIRST_CHILD, FIRST_CHILD + 1];
    forkOne(machine);
    machine.as(0, (cpu) => {
      cpu.image.tasks[first]!.state = TaskState.Dead;
      exitNotify(cpu, first);
    });
    forkOne(machine);
    expect(() => forkOne(machine)).toThrow(/FORK_POOL/);
    machine.setClock(700);
    machine.as(0, (cpu) => doWait(cpu, PARENT, cpu.image.regs[PARENT]!));
    const forkAt = (began: number): void => {
      machine.as(0, (cpu) => { cpu.stepDue = began; });
      forkOne(machine);
    };
    expect(() => forkAt(700)).toThrow(/FORK_POOL/);
    forkAt(701);
    expect(machine.archs[0]!.fieldsOf('sched_process_fork')).toEqual([first, second, first].map((child) => [PARENT, child]));
  });

  test('gives a record back that has lived and died again between the look at it and the claim', () => {
    const machine = newMachine();
    const { memory, image: { tasks } } = machine;
    const first = tasks[FIRST_CHILD]!;
    machine.as(0, () => { first.state = TaskState.Dead; });
    const cas = memory.cas.bind(memory);
    memory.cas = (at, expected, value) => {
      first.onCpu = 1;
      return cas(at, expected, value);
    };
    forkOne(machine);
    expect([first.state, tasks[FIRST_CHILD + 1]!.state]).toEqual([TaskState.Dead, TaskState.Running]);
  });
});

describe('a record that had an earlier life', () => {
  /** A child has lived, been read, and died; its record begins again. */
  function secondLife(): FakeMachine {
    const machine = newMachine();
    forkOne(machine);
    machine.as(0, (cpu) => {
      cpu.image.tasks[PARENT]!.state = TaskState.Sleeping;
      schedule(cpu);
      expect(cpu.curr).toBe(FIRST_CHILD);
      machine.setClock(1_000);
      vtimeUserEnter(cpu, FIRST_CHILD);
      machine.setClock(9_000_000);
      vtimeUserExit(cpu, FIRST_CHILD);
      vtimeUserEnter(cpu, FIRST_CHILD);
      machine.setClock(9_000_700);
      vtimeUserExit(cpu, FIRST_CHILD);
      cputimeAdjust(cpu, FIRST_CHILD, 9_000, 700, 9_000_700, { rtime: 0, utime: 0, stime: 0, turn: 0 });
      cpu.image.regs[FIRST_CHILD]!.setTimerNext(3, 77);
      exit(cpu);
      cpu.image.tasks[PARENT]!.state = TaskState.Waking;
      wakeUpNewTask(cpu, PARENT);
      schedule(cpu);
      machine.archs[0]!.traced.length = 0;
    });
    forkOne(machine);
    return machine;
  }

  test('has had no CPU time, charged or pending', () => {
    const machine = secondLife();
    const out = newTaskCputime();
    machine.as(0, (cpu) => taskCputime(cpu, FIRST_CHILD, 'complete', out));
    expect(out).toMatchObject({ utime: 0, stime: 0, rawUtime: 0, vtimeUtime: 0, vtimeStime: 0, state: VtimeState.Inactive });
    const { sumExecRuntime, nvcsw, nivcsw } = machine.image.tasks[FIRST_CHILD]!;
    expect([sumExecRuntime, nvcsw, nivcsw]).toEqual([0, 0, 0]);
  });

  test('says so in a version of its own, after the fork', () => {
    const { traced } = secondLife().archs[0]!;
    const told = traced.filter(({ name, fields }) =>
      name === 'sched_process_fork' || (name === 'vtime_publish' && fields[0] === FIRST_CHILD));
    expect(told.map(({ name }) => name)).toEqual(['sched_process_fork', 'vtime_publish']);
    expect(told[1]!.fields.slice(2, 4)).toEqual([VtimeState.Inactive, NOBODY]);
    expect(new Set(told[1]!.fields.slice(5))).toEqual(new Set([0]));
  });

  test('has nothing left in the filter of the pair that /proc shows', () => {
    const machine = secondLife();
    const pair = { rtime: 0, utime: 0, stime: 0, turn: 0 };
    machine.as(0, (cpu) => cputimeAdjust(cpu, FIRST_CHILD, 30, 70, 100, pair));
    expect(pair).toMatchObject({ utime: 30, stime: 70 });
  });

  test('has no timers', () => {
    expect(secondLife().image.regs[FIRST_CHILD]!.timerNext(3)).toBe(0);
  });
});
