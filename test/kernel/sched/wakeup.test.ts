import { describe, expect, test } from 'vitest';
import { MessageKind } from '../../../shared/structs/cpu.ts';
import { Policy, TaskState } from '../../../shared/structs/task.ts';
import type { CpuId, TaskId } from '../../../shared/units.ts';
import { schedule } from '../../../src/kernel/sched/core.ts';
import { selectTaskRq } from '../../../src/kernel/sched/select-task-rq.ts';
import { schedTtwuPending, tryToWakeUp, wakeUpNewTask } from '../../../src/kernel/sched/wakeup.ts';
import { attributesOf, FakeMachine } from '../../support/fake-arch.ts';

/** Starts task `i` on a CPU and lets it run there. */
function runOn(machine: FakeMachine, i: number, cpu: CpuId): void {
  const task = machine.first + i;
  machine.task(i).state = TaskState.Waking;
  machine.as(cpu, (self) => {
    machine.task(i).cpu = cpu;
    wakeHere(self, task);
    schedule(self);
  });
}
/** As a message that has arrived. */
function wakeHere(self: FakeMachine['cpus'][number], task: TaskId): void {
  self.rq.ttwuPending += 1;
  schedTtwuPending(self, task);
}
function sleep(machine: FakeMachine, i: number, cpu: CpuId): void {
  machine.task(i).state = TaskState.Sleeping;
  machine.as(cpu, schedule);
}

describe('select_task_rq', () => {
  const pinned = (...cpus: number[]) => attributesOf({ cpus });

  /** CPUs in `busy` run something; task 0 ran on `prev` last. */
  function select(attributes: ReturnType<typeof attributesOf>, prev: CpuId, busy: readonly CpuId[]): CpuId {
    const machine = new FakeMachine(4, [attributes, ...busy.map((c) => pinned(c))]);
    busy.forEach((c, i) => runOn(machine, i + 1, c));
    machine.task(0).cpu = prev;
    return selectTaskRq(machine.cpus[0]!, machine.first);
  }

  test('stays where it was if that CPU idles', () => expect(select(attributesOf(), 2, [])).toBe(2));
  test('goes to the next idle CPU after it else', () => expect(select(attributesOf(), 1, [0, 1])).toBe(2));
  test('goes on with the first CPU after the last', () => expect(select(attributesOf(), 3, [0, 3])).toBe(1));
  test('goes to the waker’s CPU if that idles and its own does not', () => expect(select(attributesOf(), 2, [2])).toBe(0));
  test('stays where it was if nobody idles', () => expect(select(attributesOf(), 2, [0, 1, 2, 3])).toBe(2));
  test('goes to an idle CPU that its affinity allows', () => expect(select(pinned(1, 3), 2, [1])).toBe(3));
  test('goes to the first allowed CPU if none idles and it may not stay', () => expect(select(pinned(1, 3), 2, [1, 3])).toBe(1));
  test('ignores an idle CPU that is not allowed', () => expect(select(pinned(2), 2, [2])).toBe(2));

  test('takes a CPU with a wake-up under way for busy', () => {
    const machine = new FakeMachine(2, [attributesOf()]);
    machine.image.rqs[0]!.ttwuPending = 1;
    machine.task(0).cpu = 0;
    expect(selectTaskRq(machine.cpus[0]!, machine.first)).toBe(1);
  });
});

describe('try_to_wake_up', () => {
  test('wakes a sleeper once: the second waker is told so', () => {
    const machine = new FakeMachine(2, [attributesOf()]);
    runOn(machine, 0, 0);
    sleep(machine, 0, 0);
    expect(machine.as(1, (cpu) => tryToWakeUp(cpu, machine.first))).toBe(true);
    expect(machine.as(0, (cpu) => tryToWakeUp(cpu, machine.first))).toBe(false);
    expect(machine.archs[0]!.sent).toEqual([]);
  });

  const kinds = [['idle', MessageKind.CallFunctionSingle], ['busy', MessageKind.Reschedule]] as const;
  test.each(kinds)('sends to an %s CPU message kind %i, and that CPU queues the task', (how, kind) => {
    const machine = new FakeMachine(2, [attributesOf({ cpus: [1] }), attributesOf({ cpus: [1] })]);
    runOn(machine, 0, 1);
    sleep(machine, 0, 1);
    if (how === 'busy') runOn(machine, 1, 1);
    machine.as(0, (cpu) => tryToWakeUp(cpu, machine.first));
    expect(machine.archs[0]!.sent).toEqual([{ to: 1, kind, a: machine.first, b: 0 }]);
    expect([machine.task(0).state, machine.task(0).onRq, machine.image.rqs[1]!.ttwuPending]).toEqual([TaskState.Waking, 0, 1]);
    machine.as(1, (cpu) => schedTtwuPending(cpu, machine.first));
    expect([machine.task(0).state, machine.task(0).onRq, machine.image.rqs[1]!.ttwuPending]).toEqual([TaskState.Running, 1, 0]);
    expect(machine.archs[1]!.fieldsOf('sched_wakeup').at(-1)).toEqual([machine.first, 120, 1]);
  });

  test('moves a task to an idle CPU, which says so and may write its records from then on', () => {
    const machine = new FakeMachine(2, [attributesOf(), attributesOf({ cpus: [0] })]);
    runOn(machine, 0, 0);
    sleep(machine, 0, 0);
    runOn(machine, 1, 0);
    machine.as(0, (cpu) => tryToWakeUp(cpu, machine.first));
    machine.as(1, (cpu) => schedTtwuPending(cpu, machine.first));
    expect(machine.archs[1]!.fieldsOf('sched_migrate_task')).toEqual([[machine.first, 120, 0, 1]]);
    expect(machine.task(0).cpu).toBe(1);
    machine.as(1, schedule);
    expect(machine.cpus[1]!.rq.curr).toBe(machine.first);
    expect(() => machine.as(0, () => { machine.task(0).vruntime = 0; })).toThrow(/task\[2\]\.vruntime.*not its writer/);
  });

  test('sends a task that is just being switched out to the CPU that does it, although another one idles', () => {
    const machine = new FakeMachine(3, [attributesOf(), attributesOf({ cpus: [0] })]);
    runOn(machine, 0, 0);
    runOn(machine, 1, 0);
    machine.archs[0]!.onSwitch = () => {
      machine.as(1, (cpu) => tryToWakeUp(cpu, machine.first));
      machine.as(0, () => undefined);
    };
    sleep(machine, 0, 0);
    expect(machine.archs[1]!.sent).toEqual([{ to: 0, kind: MessageKind.Reschedule, a: machine.first, b: 0 }]);
    expect([machine.task(0).state, machine.task(0).onCpu]).toEqual([TaskState.Waking, 0]);
    machine.as(0, (cpu) => schedTtwuPending(cpu, machine.first));
    expect([machine.task(0).state, machine.task(0).onRq, machine.task(0).cpu]).toEqual([TaskState.Running, 1, 0]);
  });

  test('undoes the sleep of a task that has not been switched out yet, on its own CPU', () => {
    const machine = new FakeMachine(1, [attributesOf()]);
    runOn(machine, 0, 0);
    machine.task(0).state = TaskState.Sleeping;
    machine.as(0, (cpu) => {
      expect(tryToWakeUp(cpu, machine.first)).toBe(true);
      schedule(cpu);
      expect([cpu.rq.curr, cpu.rq.nrRunning, machine.task(0).nvcsw]).toEqual([machine.first, 1, 0]);
    });
  });

  test('undoes it also by a message that arrives before the switch', () => {
    const machine = new FakeMachine(2, [attributesOf()]);
    runOn(machine, 0, 0);
    machine.task(0).state = TaskState.Sleeping;
    machine.as(1, (cpu) => tryToWakeUp(cpu, machine.first));
    machine.as(0, (cpu) => {
      schedTtwuPending(cpu, machine.first);
      schedule(cpu);
      expect([cpu.rq.curr, cpu.rq.nrRunning, cpu.rq.ttwuPending, machine.task(0).state]).toEqual([machine.first, 1, 0, TaskState.Running]);
    });
  });

  test('preempts a lower class at once and a higher one never', () => {
    const machine = new FakeMachine(1, [attributesOf(), attributesOf({ policy: Policy.Fifo, rtPriority: 1 }), attributesOf({ nice: -20 })]);
    runOn(machine, 0, 0);
    machine.as(0, (cpu) => {
      wakeUpNewTask(cpu, machine.first + 1);
      expect(cpu.state.needResched).toBe(1);
      schedule(cpu);
      expect(cpu.rq.curr).toBe(machine.first + 1);
      wakeUpNewTask(cpu, machine.first + 2);
      expect(cpu.state.needResched).toBe(0);
    });
  });
});

describe('wake_up_new_task', () => {
  test('starts a task where it was created if that CPU idles, with half a slice to go', () => {
    const machine = new FakeMachine(1, [attributesOf()]);
    machine.as(0, (cpu) => wakeUpNewTask(cpu, machine.first));
    const t = machine.task(0);
    expect([t.state, t.onRq, t.cpu, t.deadline - t.vruntime]).toEqual([TaskState.Running, 1, 0, t.slice / 2]);
    expect(machine.archs[0]!.fieldsOf('sched_wakeup_new')).toEqual([[machine.first, 120, 0]]);
    expect(machine.archs[0]!.fieldsOf('sched_wakeup')).toEqual([]);
  });

  test('starts it on an idle CPU by message while its creator runs', () => {
    const machine = new FakeMachine(2, [attributesOf(), attributesOf()]);
    runOn(machine, 0, 0);
    machine.as(0, (cpu) => wakeUpNewTask(cpu, machine.first + 1));
    expect(machine.archs[0]!.sent).toHaveLength(1);
    machine.as(1, (cpu) => schedTtwuPending(cpu, machine.first + 1));
    expect(machine.archs[1]!.fieldsOf('sched_wakeup_new')).toEqual([[machine.first + 1, 120, 1]]);
    expect(machine.archs[1]!.fieldsOf('sched_migrate_task')).toEqual([]);
  });

  test('starts where the average is, whatever its creator has used', () => {
    const machine = new FakeMachine(1, [attributesOf(), attributesOf()]);
    runOn(machine, 0, 0);
    machine.setClock(1_000_000_000);
    machine.as(0, (cpu) => wakeUpNewTask(cpu, machine.first + 1));
    expect(machine.task(1).vruntime).toBe(1_000_000_000);
  });
});
