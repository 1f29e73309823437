import { describe, expect, test } from 'vitest';
import { ProcessState, SignalStruct } from '../../shared/structs/process.ts';
import { TaskState } from '../../shared/structs/task.ts';
import { NONE, type TaskId } from '../../shared/units.ts';
import { doWait } from '../../src/kernel/exit.ts';
import { Outcome } from '../../src/kernel/syscalls/outcome.ts';
import type { FakeMachine } from '../support/fake-arch.ts';
import { begin, die, processMachine, run, type ProcessOfTest } from '../support/process-machine.ts';
import { doAt, switchTo } from '../support/tracked.ts';

const LEADER: TaskId = 2;
const THREAD: TaskId = 3;
const CHILD: TaskId = 4;
const GRANDCHILD: TaskId = 5;
const FAMILY: readonly ProcessOfTest[] = [{ threads: [LEADER, THREAD], waits: true }, { threads: [CHILD] }];

const signal = (machine: FakeMachine, process: number) => machine.image.signalStructs[process]!;
const listed = (machine: FakeMachine, task: TaskId): number => machine.image.tasks[task]!.listed;
function wait(machine: FakeMachine, task: TaskId): Outcome {
  return machine.as(0, (cpu) => doWait(cpu, task, machine.image.regs[task]!));
}

describe('a thread that ends', () => {
  test('leaves its times to its process, and is on its list no more', () => {
    const machine = processMachine(FAMILY);
    begin(machine, 0, LEADER, THREAD);
    doAt(machine, run(machine, 0, THREAD, 300, 700) + 50, 0, () => die(machine, THREAD));
    const { utime, stime, restUtime, restStime, nrThreads, state } = signal(machine, 0);
    // in the kernel now: what it had in user mode stands in an accumulator that Linux does not look at
    expect({ utime, stime, restUtime, restStime, nrThreads }).toEqual({ utime: 0, stime: 350, restUtime: 700, restStime: 0, nrThreads: 1 });
    expect([listed(machine, THREAD), listed(machine, LEADER), state]).toEqual([0, 1, ProcessState.Living]);
  });

  test('says with what it went, in which version of its process', () => {
    const machine = processMachine(FAMILY);
    begin(machine, 0, LEADER, THREAD);
    const before = machine.memory.load(signal(machine, 0).seq) / 2;
    doAt(machine, run(machine, 0, THREAD, 300, 700), 0, () => die(machine, THREAD));
    expect(machine.archs[0]!.fieldsOf('exit_signal')).toEqual([[THREAD, before + 1, 0, 300, 0, 0, 700, 300, 0]]);
    expect(machine.memory.load(signal(machine, 0).seq) / 2).toBe(before + 1);
  });

  test('leaves run time only as far as its CPU has written it down', () => {
    const machine = processMachine(FAMILY);
    begin(machine, 0, LEADER, THREAD);
    machine.as(0, () => { machine.image.tasks[THREAD]!.sumExecRuntime = 900; });
    doAt(machine, run(machine, 0, THREAD, 300, 700), 0, () => die(machine, THREAD));
    expect(signal(machine, 0).sumSchedRuntime).toBe(900);
  });

  test('that leads stays on the list until the last one is gone; then both are, and the process', () => {
    const machine = processMachine([{ threads: [LEADER, THREAD] }]);
    begin(machine, 0, LEADER, THREAD);
    doAt(machine, run(machine, 0, LEADER, 10, 90), 0, () => die(machine, LEADER));
    expect([listed(machine, LEADER), signal(machine, 0).state, signal(machine, 0).nrThreads]).toEqual([1, ProcessState.Leaderless, 2]);
    doAt(machine, run(machine, 200, THREAD, 20, 80), 0, () => die(machine, THREAD));
    const { state, nrThreads, stime, restUtime } = signal(machine, 0);
    expect([listed(machine, LEADER), listed(machine, THREAD), state, nrThreads]).toEqual([0, 0, ProcessState.None, 0]);
    // the leader was switched out meanwhile: then Linux sees no accumulator at all
    expect([stime, restUtime + signal(machine, 0).utime, signal(machine, 0).restStime]).toEqual([20, 170, 110]);
  });
});

describe('a child', () => {
  const withChild = (family: readonly ProcessOfTest[] = FAMILY): FakeMachine => {
    const machine = processMachine(family);
    begin(machine, 0, LEADER, THREAD);
    begin(machine, LEADER, CHILD);
    return machine;
  };

  test('of a parent that waits is a zombie, whose record nobody else gets, until the parent takes its times', () => {
    const machine = withChild();
    doAt(machine, run(machine, 0, CHILD, 300, 700), 0, () => die(machine, CHILD));
    expect([signal(machine, 1).state, listed(machine, CHILD)]).toEqual([ProcessState.Zombie, 1]);
    machine.as(0, (cpu) => { machine.image.tasks[CHILD]!.sumExecRuntime = 1_000; switchTo(cpu, LEADER); });
    expect(wait(machine, LEADER)).toBe(Outcome.Done);
    expect([signal(machine, 1).state, listed(machine, CHILD), signal(machine, 0).children]).toEqual([ProcessState.None, 0, 0]);
    const { cutime, cstime } = signal(machine, 0);
    expect(cutime + cstime).toBe(1_000);
    expect(machine.archs[0]!.fieldsOf('wait_task_zombie').map((row) => row.slice(0, 2))).toEqual([[LEADER, CHILD]]);
  });

  test('of a parent that never waits is gone at once, and nobody has its times', () => {
    const machine = withChild([{ threads: [LEADER, THREAD] }, { threads: [CHILD] }]);
    doAt(machine, run(machine, 0, CHILD, 300, 700), 0, () => die(machine, CHILD));
    const { children, cutime, cstime } = signal(machine, 0);
    expect([signal(machine, 1).state, listed(machine, CHILD), children, cutime, cstime]).toEqual([ProcessState.None, 0, 0, 0, 0]);
  });

  test('takes along what its own children left it', () => {
    const machine = withChild([FAMILY[0]!, { threads: [CHILD], waits: true }, { threads: [GRANDCHILD] }]);
    begin(machine, CHILD, GRANDCHILD);
    machine.as(0, () => {
      machine.image.tasks[GRANDCHILD]!.sumExecRuntime = 70;
      machine.image.tasks[CHILD]!.sumExecRuntime = 500;
    });
    die(machine, GRANDCHILD);
    wait(machine, CHILD);
    die(machine, CHILD);
    wait(machine, LEADER);
    expect(signal(machine, 0).cutime + signal(machine, 0).cstime).toBe(570);
  });

  test('that outlives its parent is nobody’s, and gone when it ends', () => {
    const machine = withChild();
    die(machine, LEADER);
    die(machine, THREAD);
    expect(signal(machine, 1).parent).toBe(NONE);
    die(machine, CHILD);
    expect([signal(machine, 1).state, listed(machine, CHILD)]).toEqual([ProcessState.None, 0]);
  });

  test('that has ended before its parent, who does not ask, goes with it', () => {
    const machine = withChild();
    die(machine, CHILD);
    die(machine, LEADER);
    expect(listed(machine, CHILD)).toBe(1);
    die(machine, THREAD);
    expect([signal(machine, 1).state, listed(machine, CHILD)]).toEqual([ProcessState.None, 0]);
  });

  test.each(['before', 'after'])('that ends while its parent does is reaped by one of the two, %s it says that it is a zombie', (when) => {
    const machine = withChild();
    const { memory } = machine;
    const cell = signal(machine, 1).base + SignalStruct.at.state;
    const store = memory.store.bind(memory);
    let over = false;
    memory.store = (at, value): void => {
      const now = !over && at === cell && value === ProcessState.Zombie;
      if (!now || when === 'after') store(at, value);
      if (!now) return;
      over = true;
      die(machine, LEADER);
      die(machine, THREAD);
      if (when === 'before') store(at, value);
    };
    die(machine, CHILD);
    expect([over, signal(machine, 1).state, listed(machine, CHILD)]).toEqual([true, ProcessState.None, 0]);
    expect(machine.archs[0]!.fieldsOf('exit_signal').filter(([task]) => task === CHILD)).toHaveLength(1);
  });
});

describe('whoever waits', () => {
  test('does not, where there is no child', () => {
    const machine = processMachine(FAMILY);
    begin(machine, 0, LEADER, THREAD);
    expect(wait(machine, LEADER)).toBe(Outcome.Done);
  });

  test('sleeps until a child has ended, and looks again', () => {
    const machine = processMachine(FAMILY);
    begin(machine, 0, LEADER, THREAD);
    begin(machine, LEADER, CHILD);
    machine.as(0, () => { machine.image.tasks[LEADER]!.state = TaskState.Running; });
    expect([wait(machine, LEADER), machine.image.tasks[LEADER]!.state]).toEqual([Outcome.Blocked, TaskState.Sleeping]);
    die(machine, CHILD);
    expect(machine.image.tasks[LEADER]!.state).not.toBe(TaskState.Sleeping);
    expect([wait(machine, LEADER), listed(machine, CHILD)]).toEqual([Outcome.Done, 0]);
  });

  test('beside another thread of the process has a child of its own, or goes on waiting', () => {
    const machine = processMachine(FAMILY);
    begin(machine, 0, LEADER, THREAD);
    begin(machine, LEADER, CHILD);
    die(machine, CHILD);
    expect([wait(machine, THREAD), wait(machine, LEADER)]).toEqual([Outcome.Done, Outcome.Done]);
    expect(machine.archs[0]!.fieldsOf('wait_task_zombie')).toHaveLength(1);
    expect(signal(machine, 0).children).toBe(0);
  });
});
