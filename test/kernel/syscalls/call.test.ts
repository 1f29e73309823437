import { beforeEach, describe, expect, test } from 'vitest';
import { MessageKind } from '../../../shared/structs/cpu.ts';
import { SystemState } from '../../../shared/structs/global.ts';
import { RegsMode } from '../../../src/kernel/irq/entry.ts';
import { schedule } from '../../../src/kernel/sched/core.ts';
import { wakeUpNewTask } from '../../../src/kernel/sched/wakeup.ts';
import { SmpFunction, csdUnlock } from '../../../src/kernel/smp.ts';
import { call } from '../../../src/kernel/syscalls/call.ts';
import { Outcome } from '../../../src/kernel/syscalls/outcome.ts';
import type { CallSpec, TaskSpec } from '../../../src/kernel/user.ts';
import { attributesOf, FakeMachine } from '../../support/fake-arch.ts';

const { CallFunctionSync: SYNC, CallFunctionMany: MANY } = MessageKind;
const spec = (given: Partial<CallSpec>): CallSpec => ({ cpus: null, wait: true, membarrier: false, ...given });

let machine: FakeMachine;

/** Three CPUs; a task runs on CPU 0, which calls, and on CPU 1; `kernel`: the one on CPU 1 is a kernel thread. */
function setUp(calls: readonly CallSpec[], kernel = false): void {
  const tasks = [0, 1].map((cpu) => ({ kernel: cpu === 1 && kernel }) as TaskSpec);
  machine = new FakeMachine(3, [attributesOf({ cpus: [0] }), attributesOf({ cpus: [1] })]);
  for (const cpu of machine.cpus) {
    machine.as(cpu.id, () => {
      Object.assign(cpu, { config: { ...cpu.config, workload: { ...cpu.config.workload, calls, tasks } } });
      cpu.state.online = 1;
      cpu.irqsOff = 0;
      if (cpu.id === 2) return;
      wakeUpNewTask(cpu, machine.first + cpu.id);
      schedule(cpu);
      machine.image.regs[machine.first + cpu.id]!.mode = RegsMode.Kernel;
    });
    machine.archs[cpu.id]!.sent.length = 0;
  }
  machine.as(0, () => { machine.image.system.state = SystemState.Running; });
}

/** One pass over the call; what was sent. */
function pass(n = 0): unknown {
  const regs = machine.image.regs[machine.first]!;
  return machine.as(0, (cpu) => {
    regs.argA = n;
    const outcome = call(cpu, regs);
    return [outcome, regs.stage, machine.archs[0]!.sent.splice(0).map(({ to, kind, a }) => [to, kind, a])];
  });
}

describe('a call of a program', () => {
  beforeEach(() => setUp([spec({ cpus: [2, 0] }), spec({ cpus: [1], wait: false })]));

  test('goes to the CPUs that it names, and waits for them', () => {
    expect(pass()).toEqual([Outcome.Working, 1, [[2, SYNC, SmpFunction.Nothing]]]);
    machine.as(2, (cpu) => csdUnlock(cpu, 0));
    expect(pass()).toEqual([Outcome.Done, 1, []]);
  });

  test('that waits for nobody is over at once, but the next one waits for it', () => {
    expect(pass(1)).toEqual([Outcome.Done, 1, [[1, MANY, SmpFunction.Nothing]]]);
    machine.as(0, () => { machine.image.regs[machine.first]!.stage = 0; });
    expect(pass(1)).toEqual([Outcome.Working, 0, []]);
    machine.as(1, (cpu) => csdUnlock(cpu, 0));
    expect(machine.archs[1]!.sent.map(({ to, kind }) => [to, kind])).toEqual([[0, MessageKind.CallsDone]]);
    expect(pass(1)).toEqual([Outcome.Done, 1, [[1, MANY, SmpFunction.Nothing]]]);
  });
});

describe('a membarrier', () => {
  test('goes where another task of the workload runs, not to idle CPUs', () => {
    setUp([spec({ membarrier: true })]);
    expect(pass()).toEqual([Outcome.Working, 1, [[1, SYNC, SmpFunction.Membarrier]]]);
  });

  test('leaves kernel threads alone', () => {
    setUp([spec({ membarrier: true })], true);
    expect(pass()).toEqual([Outcome.Done, 1, []]);
  });
});
