/**
 * A task's CPU time is read from another CPU while its own writes it (`src/kernel/sched/vtime.ts`,
 * `cputime-read.ts`), and that one's promise says how far it has done everything
 * (`src/engine/threads/free-pace.ts`). What a reader is told is the truth for an instant: its own clock, or
 * the promise, or the version's own if that is later (docs/adr/0004-free-rules.md, rule 4).
 *
 *      CPU 0                                 T                     what the model calls the truth
 *      800: T enters the kernel              user 300 .. 800       utime min(t, 800) - 300
 *      900: T is switched away               kernel 800 .. 900     stime what is left, up to 900
 */
import type { Memory } from '../../shared/memory/memory.ts';
import { Standing } from '../../shared/structs/window.ts';
import { KTIME_MAX, type Ns, type TaskId } from '../../shared/units.ts';
import { controlOf, prepareControl } from '../engine/threads/control.ts';
import { FreePace } from '../engine/threads/free-pace.ts';
import { boundedAt } from '../explore/depth-first.ts';
import type { ModelCpu } from '../explore/explored-memory.ts';
import { model, type Model } from '../explore/model.ts';
import { exhaustive } from '../explore/source-sets.ts';
import { ctCpuTrackUser } from '../kernel/context-tracking.ts';
import type { Decisions } from '../kernel/decisions.ts';
import { newTaskCputime, taskCputime, type ReaderKind } from '../kernel/sched/cputime-read.ts';
import { vtimeInitIdle, vtimeTaskSwitch, vtimeUserEnter, vtimeUserExit } from '../kernel/sched/vtime.ts';
import type { KernelCpu } from '../kernel/kernel-cpu.ts';
import type { Participant } from '../machine/participant.ts';
import type { Catalogued } from './catalogued.ts';
import { machineCells } from './machine-cells.ts';
import { modelCpu } from './model-arch.ts';

const { map, plan } = machineCells({ cpus: 2, tasks: 3 });
const IDLE: TaskId = 0;
const T: TaskId = 2;
/** T is in user mode from here on. */
const SINCE: Ns = 300;
/** Less than the user time of T: it is charged at the first edge. */
const TICK: Ns = 400;
/** L, Q, and a horizon that nothing comes to. */
const RULES = { ipiDelayNs: 0, skewNs: 0, reads: 'racing' } as const;
const HORIZON: Ns = 10_000;

/** CPU 0's events: when, and what. */
type Edge = readonly [at: Ns, what: (cpu: KernelCpu) => void];
const ENTERS_KERNEL: Edge = [800, (cpu) => vtimeUserExit(cpu, T)];
const LEAVES_KERNEL: Edge = [900, (cpu) => vtimeUserEnter(cpu, T)];
const IS_SWITCHED_AWAY: Edge = [900, (cpu) => vtimeTaskSwitch(cpu, T, IDLE)];
/** When CPU 0's next event would be. */
const AFTER: Ns = 2_000;

interface Parts {
  readonly edges?: readonly Edge[];
  /** Clocks of CPU 1 at its reads; one of the lists is chosen. */
  readonly reads?: readonly (readonly Ns[])[];
  readonly reader?: ReaderKind;
  readonly decisions?: Partial<Decisions>;
  /** The promise is raised before the event's stores. */
  readonly promiseFirst?: boolean;
}

interface Seen {
  readonly tau: Ns;
  readonly utime: Ns;
  readonly stime: Ns;
}

/** What `ended` and `begin` want to know of a participant: when its next event is. */
const standsAt = (time: Ns): Participant => ({ id: 0, next: { time } }) as unknown as Participant;

function write(memory: Memory, { edges = [ENTERS_KERNEL, LEAVES_KERNEL], decisions = {}, promiseFirst = false }: Parts): void {
  const pace = new FreePace(controlOf(memory, map), 0, RULES);
  pace.begin();
  const { cpu, arch } = modelCpu(memory, 0, { map, tickNs: TICK, decisions });
  edges.forEach(([at, what], i) => {
    const next = standsAt(edges[i + 1]?.[0] ?? AFTER);
    arch.clock = at;
    if (promiseFirst) pace.ended(next);
    what(cpu);
    if (!promiseFirst) pace.ended(next);
  });
}

function read(memory: Memory, clocks: readonly Ns[], { decisions = {}, reader = 'complete' }: Parts): Seen[] {
  const pace = new FreePace(controlOf(memory, map), 1, RULES);
  const { cpu, arch } = modelCpu(memory, 1, { map, tickNs: TICK, decisions, promiseOf: (other) => pace.promiseOf(other) });
  return clocks.map((clock) => {
    const look = newTaskCputime();
    arch.clock = clock;
    taskCputime(cpu, T, reader, look);
    const { starttime, promise, utime, stime } = look;
    return { tau: Math.max(starttime, Math.min(clock, promise)), utime, stime };
  });
}

/** T runs on CPU 0 in user mode, whose next event is the first edge. */
function setUp(memory: Memory, edges: readonly Edge[]): void {
  const control = controlOf(memory, map);
  prepareControl(control, 0);
  control.window.horizon = HORIZON;
  const { cpu, arch } = modelCpu(memory, 0, { map, tickNs: TICK });
  ctCpuTrackUser(cpu);
  vtimeInitIdle(cpu);
  cpu.rq.curr = T;
  arch.clock = SINCE;
  vtimeTaskSwitch(cpu, IDLE, T);
  vtimeUserEnter(cpu, T);
  memory.storeLong(map.at.standing + Standing.at.promise, edges[0]![0]);
}

/** CPU time of T at `t`, in user mode and in the kernel. */
function truthAt(t: Ns, edges: readonly Edge[]): [utime: Ns, stime: Ns] {
  const [enters, second] = [edges[0]![0], edges[1]?.[0] ?? KTIME_MAX];
  const leaves = edges[1] === LEAVES_KERNEL;
  const user = Math.min(t, enters) - SINCE + (leaves ? Math.max(0, t - second) : 0);
  return [user, Math.max(0, Math.min(t, second) - enters)];
}

function cputimeRead(name: string, parts: Parts): Model {
  const { edges = [ENTERS_KERNEL, LEAVES_KERNEL], reads = [[850, 1_000]] } = parts;
  return model({
    name,
    cells: plan,
    setUp: (memory) => setUp(memory, edges),
    threads: [
      { name: 'CPU0', run: (memory: Memory) => write(memory, parts) },
      { name: 'CPU1', run: (memory: Memory, cpu: ModelCpu) => read(memory, cpu.choose<readonly Ns[]>('clocks', reads), parts) },
    ],
    check: ({ results }) => {
      const seen = results[1] as Seen[];
      const wrong = seen.find(({ tau, utime, stime }) => `${[utime, stime]}` !== `${truthAt(tau, edges)}`);
      if (wrong !== undefined) return `read ${wrong.utime},${wrong.stime}, and at ${wrong.tau} it was ${truthAt(wrong.tau, edges)}`;
      const back = seen.find(({ tau, utime, stime }, i) => i > 0 && !isNoEarlier({ tau, utime, stime }, seen[i - 1]!));
      return back === undefined ? undefined : `it goes back: ${JSON.stringify(seen)}`;
    },
  });
}

function isNoEarlier(later: Seen, earlier: Seen): boolean {
  return later.tau >= earlier.tau && later.utime >= earlier.utime && later.stime >= earlier.stime;
}

/** One edge, one read far ahead. */
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
      id: 'delta-outside', says: 'the clock is moved before the section is entered',
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

export const CPUTIME_SWITCH: Catalogued = {
  id: 'cputime-switch',
  says: 'The same where the second edge is a switch to another task, in two sections of two records.',
  model: cputimeRead('cputime-switch', { edges: [ENTERS_KERNEL, IS_SWITCHED_AWAY], reads: [[850, 1_000], [1_000, 2_500]] }),
  mutants: [
    {
      id: 'own-clock', says: 'the reader goes by its own clock',
      model: cputimeRead('cputime-switch', { edges: [ENTERS_KERNEL, IS_SWITCHED_AWAY], decisions: { ignorePromise: true } }),
    },
  ],
  quick: () => boundedAt(2),
  thorough: exhaustive,
};
