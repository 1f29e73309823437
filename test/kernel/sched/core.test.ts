import { describe, expect, test } from 'vitest';
import { Policy, TaskState } from '../../../shared/structs/task.ts';
import { schedTick, schedule, taskSchedRuntime } from '../../../src/kernel/sched/core.ts';
import { schedSetattr } from '../../../src/kernel/sched/syscalls.ts';
import { schedTtwuPending, tryToWakeUp } from '../../../src/kernel/sched/wakeup.ts';
import { MessageKind } from '../../../shared/structs/cpu.ts';
import { attributesOf, FakeMachine } from '../../support/fake-arch.ts';
import { oneCpu, preempt, runTicks } from '../../support/sched-loop.ts';

describe('schedule', () => {
  test('begins with the idle task running and nobody waiting', () => {
    const machine = new FakeMachine(2, []);
    const { rq } = machine.cpus[1]!;
    expect([rq.curr, rq.head, rq.nrRunning, machine.image.tasks[1]!.onCpu, machine.image.tasks[1]!.cpu]).toEqual([1, -1, 0, 1, 1]);
  });

  test('traces a switch with the priorities of the kernel and why the task stopped', () => {
    const deadline = attributesOf({ policy: Policy.Deadline, dlRuntime: 1e6, dlDeadline: 1e7, dlPeriod: 1e7 });
    const machine = oneCpu(attributesOf({ nice: 5 }), attributesOf({ policy: Policy.Rr, rtPriority: 10 }), deadline);
    machine.as(0, (cpu) => {
      machine.task(2).state = TaskState.Sleeping;
      schedule(cpu);
      machine.task(1).state = TaskState.Dead;
      schedule(cpu);
      machine.setClock(5_000_000);
      tryToWakeUp(cpu, machine.first + 2);
      schedule(cpu);
    });
    const task = (i: number): number => machine.first + i;
    expect(machine.archs[0]!.fieldsOf('sched_switch')).toEqual([
      [0, 120, 0, task(2), -1],
      [task(2), -1, 1, task(1), 89],
      [task(1), 89, 128, task(0), 125],
      [task(0), 125, 0, task(2), -1],
    ]);
    expect(machine.archs[0]!.switches).toEqual([task(2), task(1), task(0), task(2)]);
  });

  test('counts voluntary and involuntary switches apart', () => {
    const machine = oneCpu(attributesOf(), attributesOf());
    runTicks(machine, 20);
    machine.as(0, (cpu) => {
      const { curr } = cpu.rq;
      machine.image.tasks[curr]!.state = TaskState.Sleeping;
      schedule(cpu);
      expect(machine.image.tasks[curr]!.nvcsw).toBe(1);
      expect(machine.task(0).nivcsw + machine.task(1).nivcsw + 2).toBe(cpu.rq.nrSwitches);
    });
  });

  test('marks the next task on the CPU before the switch, and the previous one off it after', () => {
    const machine = oneCpu(attributesOf(), attributesOf());
    const seen: number[][] = [];
    machine.archs[0]!.onSwitch = () => seen.push([machine.task(0).onCpu, machine.task(1).onCpu]);
    const { curr } = machine.cpus[0]!.rq;
    machine.image.tasks[curr]!.state = TaskState.Sleeping;
    machine.as(0, schedule);
    expect(seen).toEqual([[1, 1]]);
    expect([machine.image.tasks[curr]!.onCpu, machine.image.tasks[machine.cpus[0]!.rq.curr]!.onCpu]).toEqual([0, 1]);
  });

  test('charges the cost of a switch to the task that is switched to', () => {
    const machine = oneCpu(attributesOf(), attributesOf());
    machine.as(0, (cpu) => {
      const prev = cpu.rq.curr;
      machine.archs[0]!.cost = 1500;
      machine.image.tasks[prev]!.state = TaskState.Sleeping;
      schedule(cpu);
      const next = cpu.rq.curr;
      schedTick(cpu);
      expect([machine.image.tasks[prev]!.sumExecRuntime, machine.image.tasks[next]!.sumExecRuntime]).toEqual([0, 1500]);
    });
  });

  test('does not switch a sleeper out that was woken before', () => {
    const machine = oneCpu(attributesOf());
    machine.as(0, (cpu) => {
      const switches = cpu.rq.nrSwitches;
      machine.task(0).state = TaskState.Sleeping;
      machine.task(0).state = TaskState.Running;
      schedule(cpu);
      expect([cpu.rq.curr, cpu.rq.nrSwitches]).toEqual([machine.first, switches]);
    });
  });
});

describe('task_sched_runtime', () => {
  test('adds the stretch under way, also for a reader on another CPU', () => {
    const machine = new FakeMachine(2, [attributesOf({ cpus: [0] })]);
    machine.as(0, (cpu) => {
      machine.task(0).state = TaskState.Waking;
      cpu.rq.ttwuPending += 1;
      schedTtwuPending(cpu, machine.first);
      schedule(cpu);
    });
    machine.setClock(1_234_567);
    expect(machine.task(0).sumExecRuntime).toBe(0);
    expect(machine.as(0, (cpu) => taskSchedRuntime(cpu, machine.first))).toBe(1_234_567);
    expect(machine.as(1, (cpu) => taskSchedRuntime(cpu, machine.first))).toBe(1_234_567);
  });

  test('writes down what it says, and leaves the class’s part to the task’s own CPU', () => {
    const machine = new FakeMachine(2, [attributesOf({ cpus: [0] })]);
    machine.as(0, (cpu) => {
      machine.task(0).state = TaskState.Waking;
      cpu.rq.ttwuPending += 1;
      schedTtwuPending(cpu, machine.first);
      schedule(cpu);
    });
    const { vruntime } = machine.task(0);
    machine.setClock(900_000);
    machine.as(1, (cpu) => taskSchedRuntime(cpu, machine.first));
    const { sumExecRuntime, refreshed, execStart } = machine.task(0);
    expect([sumExecRuntime, refreshed, execStart, machine.task(0).vruntime]).toEqual([900_000, 900_000, 900_000, vruntime]);
    machine.setClock(1_000_000);
    machine.as(0, schedTick);
    expect([machine.task(0).sumExecRuntime, machine.task(0).refreshed]).toEqual([1_000_000, 0]);
    expect(machine.task(0).vruntime - vruntime).toBe(1_000_000);
  });

  test('is what was charged once the task sleeps', () => {
    const machine = oneCpu(attributesOf());
    machine.setClock(1000);
    machine.task(0).state = TaskState.Sleeping;
    machine.as(0, schedule);
    machine.setClock(5000);
    expect(machine.as(0, (cpu) => taskSchedRuntime(cpu, machine.first))).toBe(1000);
  });
});

describe('sched_setattr of the running task', () => {
  test('makes room for a task that is now ahead of it', () => {
    const machine = oneCpu(attributesOf({ policy: Policy.Fifo, rtPriority: 5 }), attributesOf({ policy: Policy.Fifo, rtPriority: 3 }));
    machine.as(0, (cpu) => {
      schedSetattr(cpu, machine.first, attributesOf({ policy: Policy.Fifo, rtPriority: 2 }));
      preempt(cpu);
      expect(cpu.rq.curr).toBe(machine.first + 1);
    });
  });

  test('changes the share of a fair task', () => {
    const machine = oneCpu(attributesOf(), attributesOf());
    runTicks(machine, 100);
    machine.as(0, (cpu) => schedSetattr(cpu, cpu.rq.curr, attributesOf({ nice: 5 })));
    const slow = machine.cpus[0]!.rq.curr - machine.first;
    const before = machine.task(slow).sumExecRuntime;
    runTicks(machine, 2000);
    const share = (machine.task(slow).sumExecRuntime - before) / (2000 * 4e6);
    expect(share).toBeCloseTo(335 / 1359, 2);
  });

  test('begins a period when it becomes a deadline task', () => {
    const machine = oneCpu(attributesOf());
    machine.setClock(7_000_000);
    machine.as(0, (cpu) => schedSetattr(cpu, machine.first, attributesOf({ policy: Policy.Deadline, dlRuntime: 1e6, dlDeadline: 5e6 })));
    const t = machine.task(0);
    expect([t.deadline, t.dlBudget, t.dlPeriod]).toEqual([12_000_000, 1_000_000, 5_000_000]);
  });

  test('comes back to the fair class at the average of those that stayed', () => {
    const machine = oneCpu(attributesOf(), attributesOf());
    machine.as(0, (cpu) => {
      const { curr } = cpu.rq;
      schedSetattr(cpu, curr, attributesOf({ policy: Policy.Fifo, rtPriority: 1 }));
      runTicks(machine, 500);
      schedSetattr(cpu, curr, attributesOf());
      const other = machine.image.tasks[curr === machine.first ? curr + 1 : machine.first]!;
      expect(Math.abs(machine.image.tasks[curr]!.vruntime - other.vruntime)).toBeLessThan(8_000_000);
    });
  });

  test('sends a task away that may not stay, runnable all the time', () => {
    const machine = new FakeMachine(2, [attributesOf({ cpus: [0] })]);
    machine.as(0, (cpu) => {
      machine.task(0).state = TaskState.Waking;
      cpu.rq.ttwuPending += 1;
      schedTtwuPending(cpu, machine.first);
      schedule(cpu);
      schedSetattr(cpu, machine.first, attributesOf({ cpus: [1] }));
      preempt(cpu);
      expect([cpu.rq.curr, cpu.rq.nrRunning]).toEqual([cpu.idle, 0]);
    });
    expect(machine.archs[0]!.sent).toEqual([{ to: 1, kind: MessageKind.Reschedule, a: machine.first, b: 0 }]);
    expect([machine.task(0).state, machine.task(0).onCpu, machine.task(0).onRq]).toEqual([TaskState.Running, 0, 0]);
    machine.as(1, (cpu) => {
      schedTtwuPending(cpu, machine.first);
      schedule(cpu);
      expect(cpu.rq.curr).toBe(machine.first);
    });
    expect(machine.archs[1]!.fieldsOf('sched_migrate_task')).toEqual([[machine.first, 120, 0, 1]]);
    expect(machine.archs[1]!.fieldsOf('sched_wakeup')).toEqual([]);
  });
});
