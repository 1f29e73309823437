/**
 * A task's CPU time is read from another CPU while its own writes it (`src/kernel/sched/vtime.ts`, `cputime-read.ts`): at edges between
 * user mode, kernel and guest, at a switch, and when it goes on elsewhere.
 *
 *      CPU 0                    CPU 2                      T
 *      800: enters the kernel                              user 300 .. 800
 *      900: is switched away                               kernel 800 .. 900
 *                               950: arrives by message    runs nowhere 900 .. 950
 */
import type { Memory } from '../../shared/memory/memory.ts';
import { CallQueue } from '../../shared/structs/cpu.ts';
import { VtimeState } from '../../shared/structs/task.ts';
import { KTIME_MAX, type Ns, type TaskId } from '../../shared/units.ts';
import { boundedAt } from '../explore/depth-first.ts';
import type { ModelCpu } from '../explore/explored-memory.ts';
import { model, type Model, type ModelThread } from '../explore/model.ts';
import { exhaustive } from '../explore/source-sets.ts';
import type { Decisions } from '../kernel/decisions.ts';
import type { KernelCpu } from '../kernel/kernel-cpu.ts';
import { newTaskCputime, taskCputime, taskGtime, type ReaderKind } from '../kernel/sched/cputime-read.ts';
import type { Catalogued } from './catalogued.ts';
import { switchTo, truthAt, World, type Edge, type Stretch } from './cputime-world.ts';
import { machineCells } from './machine-cells.ts';

/** CPU 0, where T runs at first, CPU 1, which reads, and CPU 2, where T may go on. */
const CELLS = machineCells({ cpus: 3, tasks: 4 });
const { map } = CELLS;
const T: TaskId = 3;
/** T is where it is from here on. */
const SINCE: Ns = 300;
/** A word that nobody else uses: 1 once CPU 0 has let go of T. */
const LET_GO = map.at.callQueue + CallQueue.at.bell;

const ENTERS_KERNEL: Edge = [800, (cpu) => cpu.accounting.userExit(cpu)];
const LEAVES_KERNEL: Edge = [900, (cpu) => cpu.accounting.userEnter(cpu)];
const IS_SWITCHED_AWAY: Edge = [900, (cpu) => switchTo(cpu, cpu.idle)];
const ENTERS_GUEST: Edge = [800, (cpu) => cpu.accounting.guestEnter(cpu)];
const LEAVES_GUEST: Edge = [900, (cpu) => cpu.accounting.guestExit(cpu)];
const LETS_GO: Edge = [900, (cpu) => {
  switchTo(cpu, cpu.idle);
  cpu.memory.store(LET_GO, 1);
}];
/** The message with T comes no earlier. */
const ARRIVES: Ns = 950;

/** What T does: edges, and what they make of it. */
interface Life {
  readonly edges: readonly Edge[];
  readonly inUser: boolean;
  readonly stretches: readonly Stretch[];
  /** T goes on on CPU 2. */
  readonly moves?: boolean;
}

const TWO_EDGES: Life = {
  edges: [ENTERS_KERNEL, LEAVES_KERNEL], inUser: true,
  stretches: [{ from: SINCE, to: 800, kind: 'user' }, { from: 800, to: 900, kind: 'system' }, { from: 900, to: KTIME_MAX, kind: 'user' }],
};
const SWITCH: Life = {
  edges: [ENTERS_KERNEL, IS_SWITCHED_AWAY], inUser: true,
  stretches: [{ from: SINCE, to: 800, kind: 'user' }, { from: 800, to: 900, kind: 'system' }],
};
const GUEST: Life = {
  edges: [ENTERS_GUEST, LEAVES_GUEST], inUser: false,
  stretches: [
    { from: SINCE, to: 800, kind: 'system' }, { from: 800, to: 900, kind: 'guest' }, { from: 900, to: KTIME_MAX, kind: 'system' },
  ],
};
const MIGRATION: Life = {
  edges: [LETS_GO], inUser: false, moves: true,
  stretches: [{ from: SINCE, to: 900, kind: 'system' }, { from: ARRIVES, to: KTIME_MAX, kind: 'system' }],
};

interface Parts {
  readonly life?: Life;
  /** Clocks of CPU 1 at its reads; one of the lists is chosen. */
  readonly reads?: readonly (readonly Ns[])[];
  readonly reader?: ReaderKind;
  readonly gtime?: boolean;
  readonly decisions?: Partial<Decisions>;
  /** The promise is raised before the event's stores. */
  readonly promiseFirst?: boolean;
}

interface Seen {
  readonly tau: Ns;
  readonly state: VtimeState;
  readonly utime: Ns;
  readonly stime: Ns;
  readonly gtime: Ns;
}

function lookAt(cpu: KernelCpu, { reader = 'complete', gtime = false }: Parts): Seen {
  const out = newTaskCputime();
  const guest = gtime ? taskGtime(cpu, T, reader, out) : 0;
  if (!gtime) taskCputime(cpu, T, reader, out);
  const { starttime, state, clock, promise, utime, stime } = out;
  // of a task that runs nowhere nothing changes from its last instant on
  const tau = Math.max(starttime, state === VtimeState.Inactive ? 0 : Math.min(clock, promise));
  return { tau, state, utime, stime, gtime: guest };
}

/** CPU 2: what T's arrival is there. Nobody sends a message before its stores are done. */
function takeOver(world: World, memory: Memory): void {
  while (memory.load(LET_GO) === 0) memory.relax();
  world.run(memory, 2, [[ARRIVES, (cpu) => switchTo(cpu, T)]]);
}

/** Whether it is the truth for its instant; `linux` shows of what is not charged only what T does just now. */
function isTrue({ tau, state, utime, stime, gtime }: Seen, { life = TWO_EDGES, reader = 'complete', gtime: ofGuest }: Parts): boolean {
  const truth = truthAt(tau, life.stretches);
  if (ofGuest) return gtime === (reader === 'complete' || state === VtimeState.Guest ? truth.guest : 0);
  // the second stretch is less than a tick: 100 ns that wait in an accumulator
  const hidden = reader === 'linux' && life === TWO_EDGES && state === VtimeState.User && tau >= 900 ? truth.system : 0;
  return utime === truth.user + truth.guest && stime === truth.system - hidden;
}

function cputimeRead(name: string, parts: Parts): Model {
  const { life = TWO_EDGES, reads = [[850, 1_000]], decisions = {}, reader = 'complete' } = parts;
  const world = new World(CELLS, { decisions });
  const mover: ModelThread[] = life.moves ? [{ name: 'CPU2', run: (memory) => takeOver(world, memory) }] : [];
  return model({
    name,
    cells: CELLS.plan,
    setUp: (memory) => world.setUp(memory, SINCE, [life.edges[0]![0], KTIME_MAX, ARRIVES], (cpu) => {
      if (cpu.id !== 0) return;
      switchTo(cpu, T);
      if (life.inUser) cpu.accounting.userEnter(cpu);
    }),
    threads: [
      { name: 'CPU0', run: (memory: Memory) => world.run(memory, 0, life.edges, parts.promiseFirst) },
      {
        name: 'CPU1', run: (memory: Memory, cpu: ModelCpu) =>
          world.look(memory, 1, cpu.choose<readonly Ns[]>('clocks', reads), (kernel) => lookAt(kernel, parts)),
      },
      ...mover,
    ],
    check: ({ results }) => {
      const seen = results[1] as Seen[];
      const wrong = seen.find((look) => !isTrue(look, parts));
      if (wrong !== undefined) return `read ${JSON.stringify(wrong)}; there was ${JSON.stringify(truthAt(wrong.tau, life.stretches))}`;
      const back = reader === 'linux' ? undefined : seen.find((look, i) => i > 0 && !isNoEarlier(look, seen[i - 1]!));
      return back === undefined ? undefined : `it goes back: ${JSON.stringify(seen)}`;
    },
  });
}

function isNoEarlier(later: Seen, earlier: Seen): boolean {
  const { utime, stime, gtime, tau } = later;
  return tau >= earlier.tau && utime >= earlier.utime && stime >= earlier.stime && gtime >= earlier.gtime;
}

/** Two edges, one read far ahead. */
const broken = (parts: Parts): Model => cputimeRead('cputime-read', { reads: [[1_000]], ...parts });

export const CPUTIME_READ: Catalogued = {
  id: 'cputime-read',
  says: 'A CPU has two edges, and promises after each; another reads its task twice: the truth for its instant, never less than before.',
  model: cputimeRead('cputime-read', { reads: [[850, 1_000], [700, 850], [1_000, 2_500]] }),
  mutants: [
    {
      id: 'torn-vtime', says: 'the section is closed between the clock and what it measured',
      model: broken({ decisions: { tearVtimeWrite: true } }),
    },
    {
      id: 'missing-retry', says: 'the reader does not look whether the sequence moved',
      model: broken({ decisions: { skipReadRetry: true } }),
    },
    {
      id: 'delta-outside', says: 'B-01: the clock is moved before the section is entered',
      model: broken({ decisions: { vtimeDeltaOutsideSection: true } }),
    },
    {
      id: 'promise-outside', says: 'the promise is loaded when the section is over',
      model: broken({ decisions: { promiseAfterSection: true } }),
    },
    { id: 'own-clock', says: 'the reader goes by its own clock', model: broken({ decisions: { ignorePromise: true } }) },
    { id: 'promise-first', says: 'the promise is raised before the stores of its event', model: broken({ promiseFirst: true }) },
  ],
  quick: () => boundedAt(2),
  thorough: exhaustive,
};

/** A model with one more life, or reader, and the bugs that show there, too. */
function likewise(id: string, says: string, parts: Parts, bugs: Readonly<Record<string, Partial<Decisions>>>): Catalogued {
  const words: Readonly<Record<string, string>> = {
    'own-clock': 'the reader goes by its own clock',
    'torn-vtime': 'the section is closed between the clock and what it measured',
    'missing-retry': 'the reader does not look whether the sequence moved',
    'delta-outside': 'B-01: the clock is moved before the section is entered',
  };
  return {
    id, says, model: cputimeRead(id, parts),
    mutants: Object.entries(bugs).map(([bug, decisions]) => ({
      id: bug, says: words[bug]!, model: cputimeRead(id, { ...parts, decisions, reads: [[1_000, 2_500]] }),
    })),
    quick: () => boundedAt(2),
    thorough: exhaustive,
  };
}

const BUGS = {
  'own-clock': { ignorePromise: true }, 'torn-vtime': { tearVtimeWrite: true }, 'missing-retry': { skipReadRetry: true },
} as const;

export const CPUTIME_LINUX: Catalogued = likewise(
  'cputime-linux', 'The same by the reader that Linux has: the truth but for what its rule hides.',
  { reader: 'linux', reads: [[850, 1_000], [1_000, 2_500]] }, { ...BUGS, 'delta-outside': { vtimeDeltaOutsideSection: true } },
);

export const CPUTIME_SWITCH: Catalogued = likewise(
  'cputime-switch', 'The same where the second edge is a switch to another task, in two sections of two records.',
  { life: SWITCH, reads: [[850, 1_000], [1_000, 2_500]] }, BUGS,
);

export const CPUTIME_GUEST: Catalogued = likewise(
  'cputime-guest', 'A task enters its guest and leaves it while another CPU reads its user and system time.',
  { life: GUEST, reads: [[850, 1_000], [1_000, 2_500]] }, BUGS,
);

export const CPUTIME_GTIME: Catalogued = likewise(
  'cputime-gtime', 'The same while another CPU reads its time as guest.',
  { life: GUEST, gtime: true, reads: [[850, 1_000], [1_000, 2_500]] }, { 'own-clock': BUGS['own-clock'], 'torn-vtime': BUGS['torn-vtime'] },
);

export const CPUTIME_MIGRATION: Catalogued = likewise(
  'cputime-migration', 'A task leaves one CPU and goes on on a second, while a third reads it: by the promise of the one that had it.',
  { life: MIGRATION, reads: [[850, 1_000], [1_000, 2_500]] }, BUGS,
);
