/**
 * A thread joins a process (`copyProcess`, `joinThreadGroup`) while another one ends and a third CPU sums the process up. Its record has
 * had a thread before: what that had must be out of it when the new one is on the list.
 *
 *      CPU 2 (a thread forks)                 CPU 1 (reader)
 *      the record: utime 700 -> 0
 *                                             it is not on the list: left out
 *      stats_lock: on the list
 *                                             the sequence moved: all over again, with the new one's 0
 */
import type { Memory } from '../../shared/memory/memory.ts';
import { ProcessState } from '../../shared/structs/process.ts';
import { Policy, Task, Vtime } from '../../shared/structs/task.ts';
import { KTIME_MAX, type Ns } from '../../shared/units.ts';
import { model, type Model } from '../explore/model.ts';
import { everyStateWithin } from '../explore/state-walk.ts';
import type { KernelCpu } from '../kernel/kernel-cpu.ts';
import { newGroupCputime, threadGroupCputime } from '../kernel/sched/thread-group.ts';
import { copyProcess } from '../kernel/syscalls/fork.ts';
import type { TaskSpec } from '../kernel/user.ts';
import type { Catalogued } from './catalogued.ts';
import { switchTo, World, type Edge } from './cputime-world.ts';
import { A, A_ENDS, C, CELLS, ends, LEADER, LEADERS, LOCK, PROCESS, SINCE, unchecked, WORKLOAD } from './group-cputime.ts';
import { heldBack, withoutStores } from './tampered-memory.ts';

const { map } = CELLS;
/** What the record's last thread had, and was not charged for. */
const OLD = 700;
const OLD_PENDING = 70;
const FORKED: Ns = 840;
const RUNS: Ns = 870;
const CHILD: TaskSpec = {
  name: 'child', declaration: 0, instance: 0, startsAtBoot: false, delay: 0, kernel: false,
  attributes: { policy: Policy.Other, nice: 0, rtPriority: 0, dlRuntime: 0, dlDeadline: 0, dlPeriod: 0, cpus: null },
};

const FORKS: readonly Edge[] = [[FORKED, (cpu) => copyProcess(cpu, LEADER, C, CHILD)], [RUNS, (cpu) => switchTo(cpu, C)]];

interface Seen {
  readonly sum: Ns;
  readonly from: Ns;
  readonly to: Ns;
}

function lookAt(cpu: KernelCpu): Seen {
  const out = newGroupCputime();
  threadGroupCputime(cpu, LEADER, 'complete', out);
  return { sum: out.utime + out.stime, from: Math.min(out.firstTau, A_ENDS), to: Math.max(out.lastTau, A_ENDS) };
}

const truthAt = (t: Ns): Ns => LEADERS + Math.max(0, Math.min(t, A_ENDS) - SINCE) + Math.max(0, t - RUNS);

function setUp(world: World, memory: Memory): void {
  world.setUp(memory, SINCE, [A_ENDS, KTIME_MAX, FORKED], (cpu) => {
    cpu.rq.curr = cpu.idle;
    const { tasks, vtimes, signalStructs } = cpu.image;
    if (cpu.id === 0) {
      tasks[A]!.listed = 1;
      switchTo(cpu, A);
    } else if (cpu.id === 1) {
      tasks[LEADER]!.utime = LEADERS;
      tasks[LEADER]!.listed = 1;
      signalStructs[PROCESS]!.state = ProcessState.Living;
      signalStructs[PROCESS]!.nrThreads = 2;
    } else {
      switchTo(cpu, C);
      switchTo(cpu, cpu.idle);
      tasks[C]!.utime = OLD;
      vtimes[C]!.stime = OLD_PENDING;
    }
  });
}

interface Parts {
  readonly forking?: (memory: Memory) => Memory;
  readonly reading?: (memory: Memory) => Memory;
}

const honest = (memory: Memory): Memory => memory;

function groupFork({ forking = honest, reading = honest }: Parts): Model {
  const world = new World(CELLS, { config: { workload: WORKLOAD } });
  return model({
    name: 'group-fork',
    cells: CELLS.plan,
    setUp: (memory) => setUp(world, memory),
    threads: [
      { name: 'CPU0', run: (memory: Memory) => world.run(memory, 0, ends(A_ENDS)) },
      { name: 'CPU1', run: (memory: Memory) => world.look(reading(memory), 1, [900], lookAt) },
      { name: 'CPU2', run: (memory: Memory) => world.run(forking(memory), 2, FORKS) },
    ],
    check: ({ results }) => {
      const seen = results[1] as Seen[];
      const wrong = seen.find(({ sum, from, to }) => sum < truthAt(from) || sum > truthAt(to));
      return wrong === undefined ? undefined : `${JSON.stringify(wrong)}: there were ${truthAt(wrong.from)} .. ${truthAt(wrong.to)}`;
    },
  });
}

const cellOfC = (field: keyof typeof Task.at): number => map.at.task + C * Task.bytes + Task.at[field];

export const GROUP_FORK: Catalogued = {
  id: 'group-fork',
  says: 'A thread joins a process while another ends, and a third CPU sums it up: nothing of the record’s last thread is in it.',
  model: groupFork({}),
  mutants: [
    {
      id: 'cleared-late', says: 'the record is cleared when the thread has joined',
      model: groupFork({ forking: (memory) => heldBack(memory, cellOfC('utime'), LOCK) }),
    },
    {
      id: 'keeps-pending', says: 'what the record’s last thread was not charged for is the new one’s',
      model: groupFork({ forking: (memory) => withoutStores(memory, map.at.vtime + C * Vtime.bytes + Vtime.at.stime) }),
    },
    { id: 'no-recheck', says: 'the reader does not look whether a thread has ended meanwhile', model: groupFork({ reading: unchecked }) },
  ],
  quick: () => everyStateWithin(1),
  thorough: () => everyStateWithin(2),
};
