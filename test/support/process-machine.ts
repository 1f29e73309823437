/** A machine of two tracked CPUs whose tasks are threads of processes as a test says. */
import { TaskState } from '../../shared/structs/task.ts';
import type { CpuId, Ns, TaskId } from '../../shared/units.ts';
import { exitNotify } from '../../src/kernel/exit.ts';
import { joinThreadGroup } from '../../src/kernel/process.ts';
import type { ProcessSpec } from '../../src/kernel/user.ts';
import type { Decisions } from '../../src/kernel/decisions.ts';
import { vtimeUserEnter, vtimeUserExit } from '../../src/kernel/sched/vtime.ts';
import { attributesOf, FAKE_CONFIG, type FakeMachine } from './fake-arch.ts';
import { doAt, switchTo, trackedMachine } from './tracked.ts';

export const CPUS = 2;

/** Threads of a process, its leader first; whether it waits for children. */
export interface ProcessOfTest {
  readonly threads: readonly TaskId[];
  readonly waits?: boolean;
  readonly age?: ProcessSpec['age'];
}

/** Nobody has joined yet. */
export function processMachine(asked: readonly ProcessOfTest[], decisions: Partial<Decisions> = {}): FakeMachine {
  const tasks = asked.reduce((most, { threads }) => Math.max(most, ...threads), 0) + 1 - CPUS;
  const processes = asked.map(({ threads, waits = false, age = { utime: 0, stime: 0 } }, i) => ({ name: `p${i}`, threads, waits, age }));
  const processOf = Array.from({ length: tasks }, (_, i) => asked.findIndex(({ threads }) => threads.includes(CPUS + i)));
  const workload = { ...FAKE_CONFIG.workload, processes, processOf };
  return trackedMachine(CPUS, Array.from({ length: tasks }, () => attributesOf()), { config: { workload }, decisions });
}

/** Tasks begin, in that order, as children of `parent`. */
export function begin(machine: FakeMachine, parent: TaskId, ...tasks: TaskId[]): void {
  machine.as(0, (cpu) => {
    for (const task of tasks) {
      machine.memory.handOver(machine.image.tasks[task]!.base, 0);
      machine.memory.handOver(machine.image.vtimes[task]!.base, 0);
      machine.memory.handOver(machine.image.regs[task]!.base, 0);
      joinThreadGroup(cpu, parent, task);
    }
  });
}

/** A task runs on CPU 0: so long in the kernel, then in user mode, and into the kernel again, where it stays. Returns when that is. */
export function run(machine: FakeMachine, from: Ns, task: TaskId, systemNs: Ns, userNs: Ns): Ns {
  const at = (now: Ns, what: (cpu: Parameters<typeof switchTo>[0]) => void): void => doAt(machine, now, 0, what);
  at(from, (cpu) => switchTo(cpu, task));
  at(from + systemNs, (cpu) => vtimeUserEnter(cpu, task));
  at(from + systemNs + userNs, (cpu) => vtimeUserExit(cpu, task));
  return from + systemNs + userNs;
}

/** The task that runs on the CPU ends there. */
export function die(machine: FakeMachine, task: TaskId, on: CpuId = 0): void {
  machine.as(on, (cpu) => {
    machine.image.tasks[task]!.state = TaskState.Dead;
    exitNotify(cpu, task);
  });
}
