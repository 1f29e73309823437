/**
 * What a task may live through while another CPU reads its CPU time, and the model of that: edges between user mode, kernel and guest,
 * a switch, and a way to another CPU, under any flavour that tracks contexts.
 *
 *      CPU 0                    CPU 2                      T
 *      800: enters the kernel                              user 300 .. 800
 *      900: is switched away                               kernel 800 .. 900
 *                               950: arrives by message    runs nowhere 900 .. 950
 */
import type { Memory } from '../../shared/memory/memory.ts';
import type { CputimeFlavour } from '../../shared/cputime-flavour.ts';
import { CallQueue } from '../../shared/structs/cpu.ts';
import { Vtime, VtimeState } from '../../shared/structs/task.ts';
import { KTIME_MAX, type Ns, type TaskId } from '../../shared/units.ts';
import type { ModelCpu } from '../explore/explored-memory.ts';
import { model, type Model, type ModelThread } from '../explore/model.ts';
import type { Decisions } from '../kernel/decisions.ts';
import type { KernelCpu } from '../kernel/kernel-cpu.ts';
import { newTaskCputime, taskCputime, taskGtime, type ReaderKind } from '../kernel/sched/cputime-read.ts';
import { switchTo, TICK, truthAt, World, type Edge, type Stretch } from './cputime-world.ts';
import { machineCells } from './machine-cells.ts';

/** CPU 0, where T runs at first, CPU 1, which reads, and CPU 2, where T may go on. */
const CELLS = machineCells({ cpus: 3, tasks: 4 });
const { map } = CELLS;
export { map as MAP };
const T: TaskId = 3;
/** T is where it is from here on. */
export const SINCE: Ns = 300;
/** A cell of T's record. */
export const cellOfT = (field: keyof typeof Vtime.at): number => map.at.vtime + T * Vtime.bytes + Vtime.at[field];
/** A word that nobody else uses: 1 once CPU 0 has let go of T. */
const LET_GO = map.at.callQueue + CallQueue.at.bell;

export const ENTERS_KERNEL: Edge = [800, (cpu) => cpu.accounting.userExit(cpu)];
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
export interface Life {
  readonly edges: readonly Edge[];
  readonly begins: 'user' | 'system' | 'guest';
  readonly stretches: readonly Stretch[];
  /** T goes on on CPU 2. */
  readonly moves?: boolean;
  /** CPU 0 has a hypervisor that takes its processor. */
  readonly steals?: boolean;
}

export const TWO_EDGES: Life = {
  edges: [ENTERS_KERNEL, LEAVES_KERNEL], begins: 'user',
  stretches: [{ from: SINCE, to: 800, kind: 'user' }, { from: 800, to: 900, kind: 'system' }, { from: 900, to: KTIME_MAX, kind: 'user' }],
};
export const SWITCH: Life = {
  edges: [ENTERS_KERNEL, IS_SWITCHED_AWAY], begins: 'user',
  stretches: [{ from: SINCE, to: 800, kind: 'user' }, { from: 800, to: 900, kind: 'system' }],
};
export const GUEST: Life = {
  edges: [ENTERS_GUEST, LEAVES_GUEST], begins: 'system',
  stretches: [
    { from: SINCE, to: 800, kind: 'system' }, { from: 800, to: 900, kind: 'guest' }, { from: 900, to: KTIME_MAX, kind: 'system' },
  ],
};
/** What is preempted in its guest was a guest to the last. */
export const PREEMPTED_GUEST: Life = {
  edges: [ENTERS_GUEST, IS_SWITCHED_AWAY], begins: 'system',
  stretches: [{ from: SINCE, to: 800, kind: 'system' }, { from: 800, to: 900, kind: 'guest' }],
};
export const MIGRATION: Life = {
  edges: [LETS_GO], begins: 'system', moves: true,
  stretches: [{ from: SINCE, to: 900, kind: 'system' }, { from: ARRIVES, to: KTIME_MAX, kind: 'system' }],
};

/** The same from within a guest, of which it bears the mark all the while. */
export const GUEST_MIGRATION: Life = {
  edges: [LETS_GO], begins: 'guest', moves: true,
  stretches: [{ from: SINCE, to: 900, kind: 'guest' }, { from: ARRIVES, to: KTIME_MAX, kind: 'guest' }],
};

export interface Parts {
  readonly life?: Life;
  /** Clocks of CPU 1 at its reads; one of the lists is chosen. */
  readonly reads?: readonly (readonly Ns[])[];
  readonly reader?: ReaderKind;
  readonly gtime?: boolean;
  /** `gen`, if no other. */
  readonly flavour?: CputimeFlavour;
  /** What CPU 0's memory is, and CPU 1's. */
  readonly writing?: (memory: Memory) => Memory;
  readonly reading?: (memory: Memory) => Memory;
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
  const { starttime, state, promise, utime, stime } = out;
  // where a hypervisor steals it is no earlier than the last edge of a theft
  const clock = cpu.config.stealClock ? out.clock : cpu.arch.schedClock();
  // of a task that runs nowhere nothing changes from its last instant on
  const tau = Math.max(starttime, state === VtimeState.Inactive ? 0 : Math.min(clock, promise));
  return { tau, state, utime, stime, gtime: guest };
}

/** CPU 2: what T's arrival is there. Nobody sends a message before its stores are done. */
function takeOver(world: World, memory: Memory): void {
  while (memory.load(LET_GO) === 0) memory.relax();
  world.run(memory, 2, [[ARRIVES, (cpu) => switchTo(cpu, T)]]);
}

/** Whether it is the truth for its instant. */
function isTrue({ tau, state, utime, stime, gtime }: Seen, parts: Parts): boolean {
  const { life = TWO_EDGES, gtime: ofGuest } = parts;
  const truth = truthAt(tau, life.stretches);
  const hides = isLinuxOfGen(parts);
  if (ofGuest) return gtime === (hides && state !== VtimeState.Guest ? 0 : truth.guest);
  const hidden = hides && !life.steals ? hiddenAt(state, life, truth) : NOTHING;
  // what is stolen is the task's to `linux` until the next edge
  const taken = hides && state === VtimeState.User ? truth.stolen : 0;
  return utime === truth.user + truth.guest - hidden.user + taken && stime === truth.system - hidden.system;
}

const NOTHING = { user: 0, system: 0 };
const STATE_OF = { user: VtimeState.User, system: VtimeState.Sys, guest: VtimeState.Guest } as const;

/** A stretch of less than a tick waits in an accumulator, of which `linux` shows what T does just now. */
function hiddenAt(state: VtimeState, { stretches }: Life, truth: ReturnType<typeof truthAt>): typeof NOTHING {
  const kind = stretches.find(({ from, to }) => to - from < TICK)?.kind;
  if (kind === undefined || kind === 'idle' || kind === 'stolen' || STATE_OF[kind] === state) return NOTHING;
  return kind === 'system' ? { user: 0, system: truth.system } : { user: truth[kind], system: 0 };
}

const isLinuxOfGen = ({ reader, flavour = 'gen' }: Parts): boolean => reader === 'linux' && flavour === 'gen';

const honest = (memory: Memory): Memory => memory;

export function cputimeRead(name: string, parts: Parts): Model {
  const { life = TWO_EDGES, reads = [[850, 1_000]], decisions = {}, flavour = 'gen', writing = honest, reading = honest } = parts;
  const world = new World(CELLS, { decisions, config: { cputime: [flavour, flavour, flavour], stealClock: life.steals ?? false } });
  const mover: ModelThread[] = life.moves ? [{ name: 'CPU2', run: (memory) => takeOver(world, memory) }] : [];
  return model({
    name,
    cells: CELLS.plan,
    setUp: (memory) => world.setUp(memory, SINCE, [life.edges[0]![0], KTIME_MAX, ARRIVES], (cpu) => {
      if (cpu.id !== 0) return;
      switchTo(cpu, T);
      if (life.begins === 'user') cpu.accounting.userEnter(cpu);
      if (life.begins === 'guest') cpu.accounting.guestEnter(cpu);
    }),
    threads: [
      { name: 'CPU0', run: (memory: Memory) => world.run(writing(memory), 0, life.edges, parts.promiseFirst) },
      {
        name: 'CPU1', run: (memory: Memory, cpu: ModelCpu) =>
          world.look(reading(memory), 1, cpu.choose<readonly Ns[]>('clocks', reads), (kernel) => lookAt(kernel, parts)),
      },
      ...mover,
    ],
    check: ({ results }) => {
      const seen = results[1] as Seen[];
      const wrong = seen.find((look) => !isTrue(look, parts));
      if (wrong !== undefined) return `read ${JSON.stringify(wrong)}; there was ${JSON.stringify(truthAt(wrong.tau, life.stretches))}`;
      const back = isLinuxOfGen(parts) ? undefined : seen.find((look, i) => i > 0 && !isNoEarlier(look, seen[i - 1]!));
      return back === undefined ? undefined : `it goes back: ${JSON.stringify(seen)}`;
    },
  });
}

function isNoEarlier(later: Seen, earlier: Seen): boolean {
  const { utime, stime, gtime, tau } = later;
  return tau >= earlier.tau && utime >= earlier.utime && stime >= earlier.stime && gtime >= earlier.gtime;
}
