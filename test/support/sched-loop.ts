/** Ticks and nothing else: enough of a CPU to see how a scheduler shares it out. */
import type { Ns, TaskId } from '../../shared/units.ts';
import type { KernelCpu } from '../../src/kernel/kernel-cpu.ts';
import { schedTick, schedule } from '../../src/kernel/sched/core.ts';
import { wakeUpNewTask } from '../../src/kernel/sched/wakeup.ts';
import { hrtimerRunQueues } from '../../src/kernel/time/hrtimer-interrupt.ts';
import type { Attributes } from '../../src/kernel/user.ts';
import { FakeMachine } from './fake-arch.ts';

/** One CPU with all tasks awake and one of them running. */
export function oneCpu(...tasks: Attributes[]): FakeMachine {
  return allAwake(new FakeMachine(1, tasks));
}

/** All tasks of the machine are awake on CPU 0, and one of them runs. */
export function allAwake(machine: FakeMachine): FakeMachine {
  const tasks = machine.image.tasks.slice(machine.first);
  machine.as(0, (cpu) => {
    tasks.forEach((_, i) => wakeUpNewTask(cpu, machine.first + i));
    schedule(cpu);
  });
  return machine;
}

/** The scheduler runs if something has asked for it. */
export function preempt(cpu: KernelCpu): void {
  if (cpu.state.needResched === 1) schedule(cpu);
}

/** Lets so many ticks pass; returns who ran before each of them. */
export function runTicks(machine: FakeMachine, ticks: number, tickNs: Ns = 4_000_000): TaskId[] {
  const ran: TaskId[] = [];
  machine.as(0, (cpu) => {
    for (let i = 0; i < ticks; i++) {
      ran.push(cpu.rq.curr - machine.first);
      machine.archs[0]!.clock += tickNs;
      hrtimerRunQueues(cpu);
      schedTick(cpu);
      preempt(cpu);
    }
  });
  return ran;
}

/** Run times of the tasks in ns. */
export function runTimes(machine: FakeMachine): Ns[] {
  return machine.image.tasks.slice(machine.first).map((t) => t.sumExecRuntime);
}
