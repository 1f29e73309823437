/**
 * The CPU time of a process is summed up (`src/kernel/sched/thread-group.ts`) while a thread of it comes to its end
 * (`src/kernel/exit.ts`): its times go from its own record to the process's, and no sum has them twice, or not at all.
 *
 *      CPU 0                                  CPU 1 (reader)
 *      800: A enters the kernel
 *                                             dead threads: nothing yet
 *      850: A ends: its 550 are the process's
 *                                             living threads: B only
 *                                             the sequence moved: all over again, under the lock
 */
import type { Memory } from '../../shared/memory/memory.ts';
import { ProcessState, SignalStruct } from '../../shared/structs/process.ts';
import { Task } from '../../shared/structs/task.ts';
import { KTIME_MAX, type Ns, type ProcessId, type TaskId } from '../../shared/units.ts';
import { exhaustive } from '../explore/source-sets.ts';
import { model, type Model, type ModelThread } from '../explore/model.ts';
import { everyStateWithin } from '../explore/state-walk.ts';
import type { Decisions } from '../kernel/decisions.ts';
import { exitNotify } from '../kernel/exit.ts';
import type { KernelCpu } from '../kernel/kernel-cpu.ts';
import { newGroupCputime, threadGroupCputime } from '../kernel/sched/thread-group.ts';
import type { Catalogued } from './catalogued.ts';
import { switchTo, World, type Edge } from './cputime-world.ts';
import { machineCells } from './machine-cells.ts';
import { NO_WORKLOAD } from './model-arch.ts';
import { answered, heldBack, isOdd, tampered } from './tampered-memory.ts';

export const CELLS = machineCells({ cpus: 3, tasks: 6, processes: 1 });
const { map } = CELLS;
/** The leader, which sleeps all the time, and the threads that end: A on CPU 0, C on CPU 2. */
export const LEADER: TaskId = 3;
export const A: TaskId = 4;
export const C: TaskId = 5;
export const PROCESS: ProcessId = 0;
export const SINCE: Ns = 300;
/** What the leader has had. */
export const LEADERS = 1_000;
const signalCell = (field: keyof typeof SignalStruct.at): number => map.at.signalStruct + SignalStruct.at[field];
const SEQ = signalCell('seq');
export const LOCK = signalCell('lock');
/** CPU 1 holds the lock. */
const READERS_MARK = 2;
const LISTED = map.at.task + A * Task.bytes + Task.at.listed;

export const WORKLOAD = {
  ...NO_WORKLOAD,
  processes: [{ name: 'p', threads: [LEADER, A, C], waits: false, age: { utime: 0, stime: 0 } }],
  processOf: [PROCESS, PROCESS, PROCESS],
};

/** A thread in the kernel ends, and is switched away. What it runs after its end is nobody's. */
export const ends = (at: Ns): Edge[] => [
  [at, (cpu) => exitNotify(cpu, cpu.curr)],
  [at + 50, (cpu) => switchTo(cpu, cpu.idle)],
];
const honest = (memory: Memory): Memory => memory;

export const A_ENDS: Ns = 850;
const C_ENDS: Ns = 870;
/** Where two threads end the reader's clock is no later. */
const WAITS_UNTIL: Ns = 900;

interface Parts {
  /** C ends, too; else it is not there. */
  readonly two?: boolean;
  readonly reads?: readonly Ns[];
  readonly decisions?: Partial<Decisions>;
  readonly ending?: (memory: Memory) => Memory;
  readonly reading?: (memory: Memory) => Memory;
}

interface Seen {
  readonly sum: Ns;
  readonly threads: number;
  readonly from: Ns;
  readonly to: Ns;
}

function lookAt(cpu: KernelCpu): Seen {
  const out = newGroupCputime();
  threadGroupCputime(cpu, LEADER, 'complete', out);
  return { sum: out.utime + out.stime, threads: out.threads, from: out.firstTau, to: out.lastTau };
}

/** What all of them have had at `t`, if the first ends at `a` and the other, if there is one, at `c`. */
function truthAt(t: Ns, two: boolean, a = A_ENDS, c = C_ENDS): Ns {
  const had = (end: Ns): Ns => Math.max(0, Math.min(t, end) - SINCE);
  return LEADERS + had(a) + (two ? had(c) : 0);
}

/**
 * A sum lies between what there was at the earliest and at the latest instant of its parts: the end of a thread, if it is dead. Who has
 * waited for the lock ends when it was let go, no later than the reader's clock.
 */
function isTrue({ sum, threads, from, to }: Seen, two: boolean): boolean {
  const dead = threads < (two ? 3 : 2);
  if (!dead) return sum >= truthAt(from, two) && sum <= truthAt(to, two);
  const last = two ? WAITS_UNTIL : A_ENDS;
  return sum >= truthAt(Math.min(from, A_ENDS), two) && sum <= truthAt(Math.max(to, last), two, last, last);
}

function setUp(world: World, memory: Memory, two: boolean): void {
  world.setUp(memory, SINCE, [A_ENDS, KTIME_MAX, C_ENDS], (cpu) => {
    cpu.rq.curr = cpu.idle;
    const { tasks, signalStructs } = cpu.image;
    const thread = cpu.id === 0 ? A : C;
    if (cpu.id === 1) {
      tasks[LEADER]!.utime = LEADERS;
      tasks[LEADER]!.listed = 1;
      signalStructs[PROCESS]!.state = ProcessState.Living;
      signalStructs[PROCESS]!.nrThreads = two ? 3 : 2;
    } else if (thread === A || two) {
      tasks[thread]!.listed = 1;
      switchTo(cpu, thread);
    }
  });
}

function groups(name: string, { two = false, reads = [825, 900], decisions = {}, ending = honest, reading = honest }: Parts = {}): Model {
  const world = new World(CELLS, { decisions, config: { workload: WORKLOAD } });
  const other: ModelThread[] = two ? [{ name: 'CPU2', run: (memory) => world.run(ending(memory), 2, ends(C_ENDS)) }] : [];
  return model({
    name,
    cells: CELLS.plan,
    setUp: (memory) => setUp(world, memory, two),
    threads: [
      { name: 'CPU0', run: (memory: Memory) => world.run(ending(memory), 0, ends(A_ENDS)) },
      { name: 'CPU1', run: (memory: Memory) => world.look(reading(memory), 1, reads, lookAt) },
      ...other,
    ],
    check: ({ results }) => {
      const seen = results[1] as Seen[];
      const wrong = seen.find((look) => !isTrue(look, two));
      if (wrong !== undefined) return `${JSON.stringify(wrong)}: there were ${truthAt(wrong.from, two)} .. ${truthAt(wrong.to, two)}`;
      return seen.length > 1 && seen[1]!.sum < seen[0]!.sum ? `it goes back: ${JSON.stringify(seen)}` : undefined;
    },
  });
}

/** Whoever sums up does not look again whether a thread has ended. */
export const unchecked = (memory: Memory): Memory => {
  let first: number | undefined;
  return answered(memory, SEQ, (_nth, load) => {
    const seq = load();
    if (!isOdd(seq)) first ??= seq;
    return first ?? seq;
  });
};

/** The second pass goes without the lock. */
const unlocked = (memory: Memory): Memory => tampered(memory, {
  cas: (at, expected, value) => (at === LOCK ? expected : memory.cas(at, expected, value)),
  load: (at) => (at === LOCK ? READERS_MARK : memory.load(at)),
  store: (at, value) => (at === LOCK ? undefined : memory.store(at, value)),
});

export const GROUP_EXIT: Catalogued = {
  id: 'group-exit',
  says: 'A thread comes to its end while another CPU sums up its process twice: it is in each sum once, and no sum falls.',
  model: groups('group-exit'),
  mutants: [
    {
      id: 'listed-too-long', says: 'the thread leaves the list when the section is over, so that it counts twice',
      model: groups('group-exit', { ending: (memory) => heldBack(memory, LISTED, LOCK) }),
    },
    {
      id: 'unmarked', says: 'the thread’s times move while the sequence stands still',
      model: groups('group-exit', { decisions: { movesTimesUnmarked: true } }),
    },
    {
      id: 'no-recheck', says: 'the reader does not look whether a thread has ended meanwhile',
      model: groups('group-exit', { reading: unchecked }),
    },
  ],
  quick: () => everyStateWithin(2),
  thorough: exhaustive,
};

export const GROUP_EXITS: Catalogued = {
  id: 'group-exits',
  says: 'Two threads come to their ends on two CPUs, one in each pass of a reader: the second pass keeps the other from ending.',
  model: groups('group-exits', { two: true, reads: [900] }),
  mutants: [
    {
      id: 'no-lock', says: 'the second pass of a reader keeps nobody from ending',
      model: groups('group-exits', { two: true, reads: [900], reading: unlocked }),
    },
  ],
  quick: () => everyStateWithin(1),
  thorough: () => everyStateWithin(2),
};
