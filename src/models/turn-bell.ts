/**
 * A participant waits for its turn and for messages on one bell (`src/engine/threads/turn-bell.ts`,
 * `control.ts`): it gets the turn, and misses no message, whatever comes first.
 */
import type { Memory } from '../../shared/memory/memory.ts';
import { CallQueue } from '../../shared/structs/cpu.ts';
import { Standing, WindowPage } from '../../shared/structs/window.ts';
import { sendCsd, takeAll } from '../../shared/sync/call-queue.ts';
import { NOBODY } from '../../shared/units.ts';
import { controlOf, ring } from '../engine/threads/control.ts';
import { TurnBell } from '../engine/threads/turn-bell.ts';
import { model, type Model } from '../explore/model.ts';
import { exhaustive } from '../explore/source-sets.ts';
import { everyStateWithin } from '../explore/state-walk.ts';
import type { Catalogued } from './catalogued.ts';
import { machineCells } from './machine-cells.ts';
import { tampered, uncounted, unheard, withoutStores } from './tampered-memory.ts';

const { map, plan } = machineCells();
/** Who waits. */
const WAITER = 0;
const queue = map.at.callQueue + WAITER * CallQueue.bytes;
const turnCell = map.at.standing + WAITER * Standing.bytes + Standing.at.turn;
const doneCell = map.at.window + WindowPage.at.arrived;

type Tamper = (memory: Memory) => Memory;
const honest: Tamper = (memory) => memory;

/** Until it has had all turns and got all messages. */
function wait(memory: Memory, turns: number, messages: number): number {
  const bell = new TurnBell(controlOf(memory, map), WAITER);
  let [had, got] = [0, 0];
  while (had < turns || got < messages) {
    if (bell.wait(Infinity) === 'turn') {
      had++;
      memory.add(doneCell, 1);
    } else got += takeAll(memory, map, WAITER, () => undefined);
  }
  return had;
}

/** Nobody is given a turn before it is done with the last one. */
function give(memory: Memory, turns: number): void {
  const control = controlOf(memory, map);
  for (let turn = 1; turn <= turns; turn++) {
    while (memory.load(doneCell) < turn - 1) memory.relax();
    control.standings[WAITER]!.turn = turn;
    ring(control, WAITER);
  }
}

interface Parts {
  readonly turns?: number;
  readonly messages?: number;
  readonly spinLoads?: number;
  readonly waiting?: Tamper;
  readonly giving?: Tamper;
}

function turnBell({ turns = 1, messages = 0, spinLoads = 0, waiting = honest, giving = honest }: Parts = {}): Model {
  const giver = { name: 'opener', run: (memory: Memory) => give(giving(memory), turns) };
  const sender = { name: 'sender', run: (memory: Memory) => {
    for (let n = 0; n < messages; n++) sendCsd(memory, map, 1, WAITER, 0, 0, 0, 0, n, 0, () => undefined);
  } };
  return model({
    name: 'turn-bell',
    cells: plan,
    setUp: (memory) => {
      memory.store(map.at.window + WindowPage.at.spinLoads, spinLoads);
      controlOf(memory, map).baton.to = NOBODY;
    },
    threads: [
      { name: 'waiter', run: (memory: Memory) => wait(waiting(memory), turns, messages) },
      ...(turns > 0 ? [giver] : []), ...(messages > 0 ? [sender] : []),
    ],
    check: ({ results: [had] }) => (had === turns ? undefined : `${turns} turns given, ${had} had`),
  });
}

/** The look at the turn after it has said that it sleeps finds nothing new. */
function blindBeforeSleep(memory: Memory): Memory {
  let [seen, blind] = [0, false];
  return tampered(memory, {
    load: (cell) => {
      if (cell !== turnCell) return memory.load(cell);
      if (!blind) seen = memory.load(cell);
      blind = false;
      return seen;
    },
    store: (cell, value) => {
      blind = cell === queue + CallQueue.at.asleep && value === 1;
      memory.store(cell, value);
    },
  });
}

export const TURN_BELL: Catalogued = {
  id: 'turn-bell',
  says: 'A participant gets two turns from the opener of windows and a message from a sender: it sleeps over none of them.',
  model: turnBell({ turns: 2, messages: 1 }),
  mutants: [
    {
      id: 'no-second-look', says: 'the waiter does not look at its turn after it has said that it sleeps',
      model: turnBell({ waiting: blindBeforeSleep }),
    },
    {
      id: 'asleep-unsaid', says: 'the waiter does not say that it sleeps',
      model: turnBell({ waiting: (memory) => withoutStores(memory, queue + CallQueue.at.asleep) }),
    },
    {
      id: 'bell-uncounted', says: 'the opener wakes without counting the bell',
      model: turnBell({ giving: (memory) => uncounted(memory, queue + CallQueue.at.bell) }),
    },
    { id: 'silent', says: 'the opener wakes nobody', model: turnBell({ giving: (memory) => unheard(memory, queue + CallQueue.at.bell) }) },
    { id: 'turn-after-ring', says: 'the opener rings before it stores the turn', model: turnBell({ giving: turnAfterRing }) },
  ],
  quick: () => everyStateWithin(2),
  thorough: exhaustive,
};

function turnAfterRing(memory: Memory): Memory {
  let late = (): void => undefined;
  const asleep = queue + CallQueue.at.asleep;
  return tampered(memory, {
    store: (cell, value) => {
      if (cell === turnCell) late = () => memory.store(cell, value);
      else memory.store(cell, value);
    },
    load: (cell) => {
      const value = memory.load(cell);
      if (cell === asleep && value === 0) late();
      return value;
    },
    notify: (cell, count) => {
      const woken = memory.notify(cell, count);
      late();
      return woken;
    },
  });
}
