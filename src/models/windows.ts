/**
 * The barrier between two windows (`src/engine/threads/windows.ts`), with the bells on which participants
 * sleep. The policy is the smallest that can go wrong: a list of instants at which each CPU has something
 * to do; a window goes as far as the first of them.
 */
import type { Memory } from '../../shared/memory/memory.ts';
import { Standing, WindowMode, WindowPage } from '../../shared/structs/window.ts';
import { KTIME_MAX, type CpuId, type Ns } from '../../shared/units.ts';
import { controlOf, prepareControl, type Control } from '../engine/threads/control.ts';
import { TurnBell } from '../engine/threads/turn-bell.ts';
import { Windows, type Opening, type WindowPolicy } from '../engine/threads/windows.ts';
import { model, type Model, type ModelThread } from '../explore/model.ts';
import { exhaustive } from '../explore/source-sets.ts';
import { everyStateWithin } from '../explore/state-walk.ts';
import type { Catalogued } from './catalogued.ts';
import { machineCells, type MachineCells } from './machine-cells.ts';
import { answered, inPieces, tampered } from './tampered-memory.ts';

type Tamper = (memory: Memory, cells: MachineCells, id: CpuId) => Memory;

interface Parts {
  /** Of each CPU: when it has something to do. */
  readonly events: readonly (readonly Ns[])[];
  /** Where the coordinator lets the machine go, one after the other; the first is there from the start. */
  readonly limits: readonly Ns[];
  readonly tamper?: Tamper;
  /** The coordinator moves the limit without waiting for the machine to come to the last one. */
  readonly hasty?: boolean;
}

class NextEventFirst implements WindowPolicy {
  open({ window, standings }: Control, limit: Ns, opening: Opening): void {
    const first = Math.min(...standings.map(({ nextTime }) => nextTime));
    const horizon = Math.min(first + 1, limit);
    opening.count = 0;
    standings.forEach(({ nextTime }, id) => { if (nextTime < horizon) opening.who[opening.count++] = id; });
    window.horizon = horizon;
    window.mode = WindowMode.Run;
  }
}

/** What a participant does beside taking part: between two waits, and how long it sleeps. */
interface Beside {
  /** Whether it has done anything. */
  look(windows: Windows): boolean;
  readonly sleepMs: number;
}

const nothing: Beside = { look: () => false, sleepMs: Infinity };

/** A participant as `Member` has it, its events being instants. Returns those at which it has done something. */
function takePart(control: Control, id: CpuId, events: readonly Ns[], beside: Beside): Ns[] {
  const windows = new Windows(control, new NextEventFirst());
  const bell = new TurnBell(control, id);
  const standing = control.standings[id]!;
  const done: Ns[] = [];
  standing.nextTime = events[0] ?? KTIME_MAX;
  if (events.length > 0) windows.arrive();
  for (;;) {
    const woken = bell.wait(beside.sleepMs);
    if (woken === 'turn') {
      if (control.window.mode === WindowMode.Stop) return done;
      const { horizon } = control.window;
      while (done.length < events.length && events[done.length]! < horizon) done.push(events[done.length]!);
      standing.nextTime = events[done.length] ?? KTIME_MAX;
      windows.arrive();
    }
    if (!beside.look(windows) && woken !== 'turn') control.memory.relax();
  }
}

/**
 * The coordinator's decisions, as `Conductor` takes them: it never sleeps for long, and looks each time
 * whether the machine is parked. Then the next limit, and in the end the stop. Hasty: it moves the
 * limit at any moment, as when somebody asks it to; 0 is a pause.
 */
function conducting(control: Control, limits: readonly Ns[], hasty: boolean): Beside {
  const { window, standings } = control;
  let next = 1;
  const move = (windows: Windows): void => {
    const limit = limits[Math.min(next++, limits.length - 1)]!;
    window.limit = limit;
    if (limit > 0) windows.limitMoved();
  };
  const decide = (windows: Windows): void => {
    const first = Math.min(...standings.map(({ nextTime }) => nextTime));
    if (first < limits.at(-1)!) move(windows);
    else windows.stop(limits.at(-1)!);
  };
  const look = (windows: Windows): boolean => {
    if (hasty && next < limits.length) move(windows);
    else if (window.parked === 1) decide(windows);
    else return false;
    return true;
  };
  return { look, sleepMs: 5 };
}

function windowsModel(name: string, { events, limits, tamper = (memory) => memory, hasty = false }: Parts): Model {
  const cells = machineCells({ cpus: events.length });
  const { map, plan } = cells;
  const coordinator = events.length;
  const cpus = events.map((instants, id): ModelThread => ({
    name: `CPU${id}`, run: (memory: Memory) => takePart(controlOf(tamper(memory, cells, id), map), id, instants, nothing),
  }));
  return model({
    name,
    cells: plan,
    setUp: (memory) => {
      const control = controlOf(memory, map);
      prepareControl(control, 0);
      // the coordinator has joined
      control.window.expected = events.length;
      control.window.limit = limits[0]!;
    },
    threads: [...cpus, { name: 'coordinator', run: (memory: Memory) => {
      const control = controlOf(tamper(memory, cells, coordinator), map);
      return takePart(control, coordinator, [], conducting(control, limits, hasty));
    } }],
    check: ({ results }) => {
      const wrong = events.findIndex((instants, id) => JSON.stringify(results[id]) !== JSON.stringify(instants));
      return wrong < 0 ? undefined : `CPU ${wrong} was to act at ${events[wrong]} and did at ${results[wrong]}`;
    },
  });
}

const windowCell = ({ map }: MachineCells, field: keyof typeof WindowPage.at): number => map.at.window + WindowPage.at[field];

/** An arrival looks how many are expected only after it has arrived. */
function expectedLate(memory: Memory, cells: MachineCells): Memory {
  let arrived = 0;
  const [expectedCell, arrivedCell] = [windowCell(cells, 'expected'), windowCell(cells, 'arrived')];
  return tampered(memory, {
    load: (at) => {
      if (at === expectedCell) arrived = memory.add(arrivedCell, 1);
      return memory.load(at);
    },
    add: (at, by) => (at === arrivedCell ? arrived : memory.add(at, by)),
  });
}

/** A window of both CPUs, and one of the first alone. */
const barrier = (tamper?: Tamper): Model => windowsModel('windows', { events: [[5, 6], [5]], limits: [10], ...(tamper && { tamper }) });
/** The coordinator pauses the machine and lets it go on while one CPU comes to the limit. */
const park = (tamper?: Tamper): Model =>
  windowsModel('windows-park', { events: [[5]], limits: [10, 0, 10], hasty: true, ...(tamper && { tamper }) });

const atCpus = (weaken: (memory: Memory, cells: MachineCells) => Memory): Tamper =>
  (memory, cells, id) => (id === cells.map.shape.cpus ? memory : weaken(memory, cells));

export const WINDOWS: Catalogued = {
  id: 'windows',
  says: 'Two CPUs have a window in common, one of them another, both stop: nobody arrives twice, no window and no event is lost.',
  model: barrier(),
  mutants: [
    { id: 'expected-late', says: 'an arrival looks how many are expected after it has arrived', model: barrier(expectedLate) },
    {
      id: 'arrive-in-pieces', says: 'an arrival is counted in two steps',
      model: barrier((memory, cells) => inPieces(memory, windowCell(cells, 'arrived'))),
    },
    {
      id: 'called-first', says: 'the opener calls participants before it has emptied the count of arrivals',
      model: windowsModel('windows', { events: [[5], [5]], limits: [10], tamper: emptiedLate }),
    },
  ],
  quick: () => everyStateWithin(2),
  thorough: () => everyStateWithin(3),
};

export const WINDOWS_PARK: Catalogued = {
  id: 'windows-park',
  says: 'The coordinator pauses a machine of one CPU, lets it go on, and stops it at its end: the CPU does what it has to, once.',
  model: park(),
  mutants: [
    {
      id: 'opener-unasked', says: 'the opener that finds the limit moved goes on without taking `parked` back',
      model: park(atCpus((memory, cells) => tampered(memory, { cas: (at, expected, value) =>
        (at === windowCell(cells, 'parked') ? expected : memory.cas(at, expected, value)) }))),
    },
  ],
  quick: () => everyStateWithin(2),
  thorough: exhaustive,
};

/** One arrival at the limit, and one move of the limit. */
function limitMoves(tamper: Tamper = (memory) => memory, looksFirst = false): Model {
  const cells = machineCells({ cpus: 1 });
  const { map, plan } = cells;
  const windows = (memory: Memory, id: CpuId): Windows => new Windows(controlOf(tamper(memory, cells, id), map), new NextEventFirst());
  return model({
    name: 'windows-limit',
    cells: plan,
    setUp: (memory) => {
      const control = controlOf(memory, map);
      prepareControl(control, 0);
      control.standings[0]!.nextTime = 5;
      control.window.expected = 1;
      control.window.limit = 4;
    },
    threads: [
      { name: 'CPU0', run: (memory: Memory) => windows(memory, 0).arrive() },
      { name: 'coordinator', run: (memory: Memory) => {
        if (looksFirst) windows(memory, 1).limitMoved();
        memory.storeLong(windowCell(cells, 'limit'), 10);
        if (!looksFirst) windows(memory, 1).limitMoved();
      } },
    ],
    check: ({ memory }) => {
      const { window, standings } = controlOf(memory, map);
      const { opened, parked } = window;
      const { turn } = standings[0]!;
      return opened === 1 && turn === 1 && parked === 0 ? undefined : `${opened} windows opened, turn ${turn}, parked ${parked}`;
    },
  });
}

export const WINDOWS_LIMIT: Catalogued = {
  id: 'windows-limit',
  says: 'An opener finds the limit reached while the coordinator moves it: exactly one of the two opens the next window.',
  model: limitMoves(),
  mutants: [
    { id: 'no-second-look', says: 'the opener parks without looking at the limit again', model: limitMoves(atCpus(lookingOnce)) },
    {
      id: 'both-go-on', says: 'park is left in two steps',
      model: limitMoves((memory, cells) => inPieces(memory, windowCell(cells, 'parked'))),
    },
    {
      id: 'limit-late', says: 'the coordinator stores the limit after it has looked whether the machine is parked',
      model: limitMoves(undefined, true),
    },
  ],
  quick: exhaustive,
};

/** The count of arrivals is emptied once the first participant has its turn. */
function emptiedLate(memory: Memory, cells: MachineCells): Memory {
  let late: (() => void) | undefined;
  const { map } = cells;
  const turns = map.at.standing + Standing.at.turn;
  return tampered(memory, { store: (at, value) => {
    if (at === windowCell(cells, 'arrived')) {
      late = () => memory.store(at, value);
      return;
    }
    memory.store(at, value);
    if ((at - turns) % Standing.bytes !== 0 || at < turns || at >= map.at.window) return;
    late?.();
    late = undefined;
  } });
}

/** The limit that was found before `parked` is stored is found again. */
function lookingOnce(memory: Memory, cells: MachineCells): Memory {
  let [known, parks] = [0, false];
  return answered(tampered(memory, { store: (at, value) => {
    if (at === windowCell(cells, 'parked')) parks = value === 1;
    memory.store(at, value);
  } }), windowCell(cells, 'limit'), (_, load) => {
    if (!parks) known = load();
    parks = false;
    return known;
  });
}
