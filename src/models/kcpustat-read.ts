/**
 * A CPU's accounts are read from another one (`src/kernel/sched/kcpustat-read.ts`) while tasks come and go there: through the record of
 * the task that runs, which may be another one by the time it is looked at, and may run elsewhere. Flavour gen-exact, so that what a
 * CPU shows is its own time, to the nanosecond.
 *
 *      CPU 0                    CPU 2                      CPU 0's time
 *      800: T enters the kernel                            user 300 .. 800
 *      900: T is switched away                             system 800 .. 900
 *                               950: T arrives             idle 900 ..
 */
import type { CputimeFlavour } from '../../shared/cputime-flavour.ts';
import type { Memory } from '../../shared/memory/memory.ts';
import { CallQueue, Cpustat, NR_CPUSTAT } from '../../shared/structs/cpu.ts';
import { Vtime } from '../../shared/structs/task.ts';
import { KTIME_MAX, type Ns, type TaskId } from '../../shared/units.ts';
import { model, type Model, type ModelThread } from '../explore/model.ts';
import { everyStateWithin } from '../explore/state-walk.ts';
import type { Decisions } from '../kernel/decisions.ts';
import type { KernelCpu } from '../kernel/kernel-cpu.ts';
import { kcpustatCpuFetch, kcpustatField } from '../kernel/sched/kcpustat-read.ts';
import type { Catalogued, Mutant } from './catalogued.ts';
import { BACK, switchTo, TAKEN, truthAt, unmarked, World, type Edge, type Stretch } from './cputime-world.ts';
import { machineCells } from './machine-cells.ts';
import { answered, heldBack, isOdd } from './tampered-memory.ts';

/** CPU 0 is read by CPU 1; CPU 2 takes over what CPU 0 lets go. */
const CELLS = machineCells({ cpus: 3, tasks: 5 });
const { map } = CELLS;
const T: TaskId = 3;
const SINCE: Ns = 300;
/** 1 once CPU 0 has let go of T. */
const LET_GO = map.at.callQueue + CallQueue.at.bell;
const vtimeCell = (task: TaskId, field: keyof typeof Vtime.at): number => map.at.vtime + task * Vtime.bytes + Vtime.at[field];
const ARRIVES: Ns = 950;

/** What happens on CPU 0, and what that comes to. */
interface Life {
  readonly edges: readonly Edge[];
  /** T runs there at first, and in which mode; else nobody does. */
  readonly begins: 'user' | 'system' | 'idle';
  readonly stretches: readonly Stretch[];
  readonly moves?: boolean;
  readonly steals?: boolean;
}

const enters: Edge = [800, (cpu) => cpu.accounting.userExit(cpu)];
const toIdle: Edge = [900, (cpu) => switchTo(cpu, cpu.idle)];
const LEAVES: Life = {
  edges: [enters, toIdle], begins: 'user',
  stretches: [{ from: SINCE, to: 800, kind: 'user' }, { from: 800, to: 900, kind: 'system' }, { from: 900, to: KTIME_MAX, kind: 'idle' }],
};
const WAKES: Life = {
  edges: [[800, (cpu) => switchTo(cpu, T)], [900, (cpu) => cpu.accounting.userEnter(cpu)]], begins: 'idle',
  stretches: [{ from: 0, to: 800, kind: 'idle' }, { from: 800, to: 900, kind: 'system' }, { from: 900, to: KTIME_MAX, kind: 'user' }],
};
const STOLEN: Life = {
  edges: [TAKEN, BACK, enters], begins: 'user', steals: true,
  stretches: [
    { from: SINCE, to: 500, kind: 'user' }, { from: 500, to: 600, kind: 'stolen' }, { from: 600, to: 800, kind: 'user' },
    { from: 800, to: KTIME_MAX, kind: 'system' },
  ],
};
const GUEST: Life = {
  edges: [[800, (cpu) => cpu.accounting.guestEnter(cpu)], [900, (cpu) => cpu.accounting.guestExit(cpu)]], begins: 'system',
  stretches: [
    { from: SINCE, to: 800, kind: 'system' }, { from: 800, to: 900, kind: 'guest' }, { from: 900, to: KTIME_MAX, kind: 'system' },
  ],
};
const MOVES: Life = {
  edges: [[900, (cpu) => {
    switchTo(cpu, cpu.idle);
    cpu.memory.store(LET_GO, 1);
  }]],
  begins: 'system', moves: true,
  stretches: [{ from: SINCE, to: 900, kind: 'system' }, { from: 900, to: KTIME_MAX, kind: 'idle' }],
};

interface Parts {
  readonly life: Life;
  /** One slot only, by `kcpustat_field`. */
  readonly slot?: number;
  /** `gen-exact`, if no other. */
  readonly flavour?: CputimeFlavour;
  readonly reads?: readonly Ns[];
  readonly decisions?: Partial<Decisions>;
  readonly writing?: (memory: Memory) => Memory;
  readonly reading?: (memory: Memory) => Memory;
}

interface Seen {
  readonly tau: Ns;
  readonly slots: readonly Ns[];
}

const SHOWN = [Cpustat.User, Cpustat.System, Cpustat.Idle, Cpustat.Steal, Cpustat.Guest] as const;

function lookAt(cpu: KernelCpu, slot: number | undefined): Seen {
  const out = new Float64Array(NR_CPUSTAT);
  if (slot === undefined) kcpustatCpuFetch(cpu, 0, 'complete', out, 0);
  else out[slot] = kcpustatField(cpu, 0, slot, 'complete');
  const { starttime, clock, promise } = cpu.kcpustatSample;
  return { tau: Math.max(starttime, Math.min(clock, promise)), slots: SHOWN.map((shown) => out[shown]!) };
}

function takeOver(world: World, memory: Memory): void {
  while (memory.load(LET_GO) === 0) memory.relax();
  world.run(memory, 2, [[ARRIVES, (cpu) => switchTo(cpu, T)]]);
}

function slotsAt(tau: Ns, { life, slot }: Parts): number[] {
  const { user, system, idle, stolen, guest } = truthAt(tau, life.stretches);
  return [user + guest, system, idle, stolen, guest].map((ns, i) => (slot === undefined || slot === SHOWN[i] ? ns : 0));
}

const honest = (memory: Memory): Memory => memory;

function kcpustat(name: string, parts: Parts): Model {
  const { life, slot, flavour = 'gen-exact', decisions = {}, reads = [850, 1_000], writing = honest, reading = honest } = parts;
  const world = new World(CELLS, { decisions, config: { cputime: [flavour, flavour, flavour], stealClock: life.steals ?? false } });
  const mover: ModelThread[] = life.moves ? [{ name: 'CPU2', run: (memory) => takeOver(world, memory) }] : [];
  return model({
    name,
    cells: CELLS.plan,
    setUp: (memory) => world.setUp(memory, SINCE, [life.edges[0]![0], KTIME_MAX, ARRIVES], (cpu) => {
      cpu.rq.curr = cpu.idle;
      if (cpu.id !== 0 || life.begins === 'idle') return;
      switchTo(cpu, T);
      if (life.begins === 'user') cpu.accounting.userEnter(cpu);
      // the time before is not looked at
      cpu.kcpustat.setCpustat(Cpustat.Idle, 0);
    }),
    threads: [
      { name: 'CPU0', run: (memory: Memory) => world.run(writing(memory), 0, life.edges) },
      { name: 'CPU1', run: (memory: Memory) => world.look(reading(memory), 1, reads, (cpu) => lookAt(cpu, slot)) },
      ...mover,
    ],
    check: ({ results }) => {
      const seen = results[1] as Seen[];
      const wrong = seen.find(({ tau, slots }) => `${slots}` !== `${slotsAt(tau, parts)}`);
      const words = 'user, system, idle, stolen, guest';
      if (wrong !== undefined) return `read ${wrong.slots} (${words}), and at ${wrong.tau} it was ${slotsAt(wrong.tau, parts)}`;
      const back = seen.length > 1 && seen[1]!.slots.some((ns, i) => ns < seen[0]!.slots[i]!);
      return back ? `it goes back: ${JSON.stringify(seen)}` : undefined;
    },
  });
}

/** A bug of whoever writes or reads, in the life that the model has. */
type Bug = Pick<Mutant, 'id' | 'says'> & Partial<Parts>;

function catalogued(
  id: string, says: string, parts: Parts, bugs: readonly Bug[], bounds: readonly [quick: number, thorough: number],
): Catalogued {
  return {
    id, says,
    model: kcpustat(id, parts),
    mutants: bugs.map(({ id: bug, says: wrong, ...part }) => ({ id: bug, says: wrong, model: kcpustat(id, { ...parts, ...part }) })),
    quick: () => everyStateWithin(bounds[0]),
    thorough: () => everyStateWithin(bounds[1]),
  };
}

const TORN: Bug = {
  id: 'torn-vtime', says: 'the section is closed between the clock and what it measured', decisions: { tearVtimeWrite: true },
};
const OUTSIDE: Bug = {
  id: 'delta-outside', says: 'B-01: the clock is moved before the section is entered', decisions: { vtimeDeltaOutsideSection: true },
};
const LATE_ODD: Bug = {
  id: 'late-odd', says: 'the count becomes odd after the state has changed',
  writing: (memory) => heldBack(memory, vtimeCell(T, 'seq'), vtimeCell(T, 'state'), isOdd),
};
const TRUSTS_CURR: Bug = {
  id: 'trusts-curr', says: 'B-10: the reader takes whatever task is current, wherever it is and switched in or not',
  decisions: { trustsCurr: true },
};
const NO_CROSS_CHECK: Bug = {
  id: 'no-cross-check', says: 'the reader does not look on which CPU the task runs',
  reading: (memory) => answered(memory, vtimeCell(T, 'cpu'), () => 0),
};

export const KCPUSTAT_SWITCH = catalogued(
  'kcpustat-switch',
  'A task enters the kernel and gives its CPU up while another CPU reads that one’s accounts twice: the truth for an instant.',
  { life: LEAVES }, [TORN, LATE_ODD, OUTSIDE, TRUSTS_CURR], [2, 3],
);

export const KCPUSTAT_WAKES = catalogued(
  'kcpustat-wakes', 'The same where a CPU was idle, and a task begins there.', { life: WAKES }, [TORN], [2, 3],
);

export const KCPUSTAT_FIELD = catalogued(
  'kcpustat-field', 'The same by the reader of a single account: the user time of a CPU that a task gives up.',
  { life: LEAVES, slot: Cpustat.User }, [OUTSIDE], [2, 3],
);

export const KCPUSTAT_FIELD_IDLE = catalogued(
  'kcpustat-field-idle', 'The same of the idle time of a CPU on which a task begins.',
  { life: WAKES, slot: Cpustat.Idle }, [TORN], [2, 3],
);

export const KCPUSTAT_GUEST = catalogued(
  'kcpustat-guest', 'The same of all accounts, where a task enters its guest and leaves it: guest time is user time, too.',
  { life: GUEST }, [TORN], [2, 3],
);

export const KCPUSTAT_STOLEN = catalogued(
  'kcpustat-stolen', 'A CPU’s processor is stolen while its accounts are read: user time, stolen time, each the truth for one instant.',
  { life: STOLEN, reads: [550, 850] }, [
    TORN,
    {
      id: 'unmarked', says: 'a theft’s edges are no sections of the task’s record',
      life: { ...STOLEN, edges: [unmarked(TAKEN), unmarked(BACK), enters] },
    },
  ], [2, 3],
);

export const KCPUSTAT_2013 = catalogued(
  'kcpustat-2013', 'The same by the records of 2013, where a task gives its CPU up in three sections.',
  { life: LEAVES, flavour: 'gen-2013' }, [OUTSIDE, TRUSTS_CURR], [2, 3],
);

export const KCPUSTAT_2013_WAKES = catalogued(
  'kcpustat-2013-wakes', 'The same where a CPU was idle, and a task begins there.',
  { life: WAKES, flavour: 'gen-2013' }, [TRUSTS_CURR], [2, 3],
);

export const KCPUSTAT_MIGRATION = catalogued(
  'kcpustat-migration',
  'A CPU’s accounts are read while its task goes over to another CPU: what the task has there is not this one’s.',
  { life: MOVES }, [NO_CROSS_CHECK, TRUSTS_CURR], [2, 3],
);
