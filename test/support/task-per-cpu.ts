/** Tasks that each run on a CPU of their own, for tests of what makes them wait for each other. */
import { MessageKind } from '../../shared/structs/cpu.ts';
import { TaskState, type UserRegs } from '../../shared/structs/task.ts';
import { NONE, type TaskId } from '../../shared/units.ts';
import type { KernelCpu } from '../../src/kernel/kernel-cpu.ts';
import { schedule } from '../../src/kernel/sched/core.ts';
import { schedTtwuPending } from '../../src/kernel/sched/wakeup.ts';
import { Outcome } from '../../src/kernel/syscalls/outcome.ts';
import { lockObject, unlockObject } from '../../src/kernel/syscalls/wait-queue.ts';
import { attributesOf, FakeMachine } from './fake-arch.ts';

export type Call = (cpu: KernelCpu, task: TaskId, regs: UserRegs) => Outcome;

export class TaskPerCpu {
  readonly machine: FakeMachine;

  /** `parties[i]`: what sync object i is told of a barrier; 0 for the others. */
  constructor(tasks: number, parties: readonly number[]) {
    const each = Array.from({ length: tasks }, (_, i) => attributesOf({ cpus: [i] }));
    this.machine = new FakeMachine(tasks, each, { syncObjects: parties.length });
    this.machine.as(0, (cpu) => parties.forEach((count, i) => {
      const object = lockObject(cpu, i);
      object.parties = count;
      object.waitHead = NONE;
      unlockObject(cpu, i);
    }));
    for (let i = 0; i < tasks; i++) this.arrive(i);
  }

  /** One pass of task `i` over a system call; if it blocks, its CPU goes idle. */
  call(i: number, what: Call, argA: number, argB = 0): Outcome {
    this.machine.as(i, () => Object.assign(this.regs(i), { argA, argB }));
    return this.again(i, what);
  }

  /** Another pass of the same call, at the stage that it has come to. */
  again(i: number, what: Call): Outcome {
    const { machine } = this;
    return machine.as(i, (cpu) => {
      const outcome = what(cpu, machine.first + i, this.regs(i));
      if (outcome === Outcome.Blocked) schedule(cpu);
      else this.regs(i).stage = 0;
      return outcome;
    });
  }

  /** Messages under way arrive; which tasks came back to their CPUs, in the order in which they were woken. */
  deliver(): number[] {
    const woken = this.machine.archs.flatMap(({ sent }) => sent.splice(0)).map(({ kind, to }) => {
      if (kind !== MessageKind.CallFunctionSingle) throw new Error(`message of kind ${kind} to an idle CPU`);
      return to as number;
    });
    for (const i of woken) {
      this.machine.as(i, (cpu) => {
        schedTtwuPending(cpu, this.machine.first + i);
        schedule(cpu);
      });
    }
    return woken;
  }

  isAsleep(i: number): boolean {
    return this.machine.task(i).state === TaskState.Sleeping;
  }

  private regs(i: number): UserRegs {
    return this.machine.image.regs[this.machine.first + i]!;
  }

  private arrive(i: number): void {
    this.machine.task(i).state = TaskState.Waking;
    this.machine.as(i, (cpu) => {
      cpu.rq.ttwuPending += 1;
      schedTtwuPending(cpu, this.machine.first + i);
      schedule(cpu);
    });
  }
}
