/**
 * Messages between participants (`shared/sync/call-queue.ts`): the list that senders push to, the bell of a
 * receiver that sleeps, and the bell of a sender whose slots are all taken. None is lost, none comes twice,
 * those of one sender come in order, and nobody sleeps for ever.
 */
import type { MachineMap } from '../../shared/machine-map.ts';
import type { Memory } from '../../shared/memory/memory.ts';
import { CallQueue, Csd } from '../../shared/structs/cpu.ts';
import { WindowPage } from '../../shared/structs/window.ts';
import { sendCsd, sleepOnBell, takeAll } from '../../shared/sync/call-queue.ts';
import type { CpuId } from '../../shared/units.ts';
import { model, type Model, type ModelThread } from '../explore/model.ts';
import { exhaustive } from '../explore/source-sets.ts';
import { everyStateWithin } from '../explore/state-walk.ts';
import type { Catalogued } from './catalogued.ts';
import { machineCells } from './machine-cells.ts';
import { answered, inPieces, tampered, uncounted, unheard, withoutStores } from './tampered-memory.ts';

/** One participant's part: how many messages it sends to whom, and how many it is to get. */
interface Part {
  readonly sends?: number;
  readonly to?: CpuId;
  readonly gets?: number;
}
/** Weakens the memory of one participant. */
type Tamper = (memory: Memory, map: MachineMap, id: CpuId) => Memory;

/** A message, by its sender and its number there. */
type Got = readonly [origin: CpuId, n: number];

function play(memory: Memory, map: MachineMap, id: CpuId, { sends = 0, to = 0, gets = 0 }: Part): Got[] {
  const got: Got[] = [];
  const take = (): void => {
    takeAll(memory, map, id, (_kind, origin, a, _b, _due, n) => got.push([origin, a === n ? n : -1]));
  };
  for (let n = 0; n < sends; n++) sendCsd(memory, map, id, to, 0, n, 0, 0, n, 0, take);
  while (got.length < gets) {
    sleepOnBell(memory, map, id, Infinity);
    take();
  }
  return got;
}

interface Options {
  readonly csdPool?: number;
  readonly spinLoads?: number;
  readonly tamper?: Tamper;
}

/** Participant i does what `parts[i]` says. */
function messages(name: string, parts: readonly Part[], { csdPool = 2, spinLoads = 0, tamper = (memory) => memory }: Options = {}): Model {
  const { map, plan } = machineCells({ cpus: parts.length - 1, csdPool });
  return model({
    name,
    cells: plan,
    setUp: (memory) => memory.store(map.at.window + WindowPage.at.spinLoads, spinLoads),
    threads: parts.map((part, id): ModelThread => ({
      name: `CPU${id}`, run: (memory: Memory) => play(tamper(memory, map, id), map, id, part),
    })),
    check: ({ results }) => {
      const wrong = (results as Got[][]).findIndex((got, id) => !isRight(got, id, parts));
      return wrong < 0 ? undefined : `CPU ${wrong} got ${JSON.stringify(results[wrong])}`;
    },
  });
}

/** Of each sender all messages to `id`, in order. */
function isRight(got: readonly Got[], id: CpuId, parts: readonly Part[]): boolean {
  const all = parts.every(({ sends = 0, to = 0 }, from) => {
    const mine = got.filter(([origin]) => origin === from);
    return mine.length === (to === id ? sends : 0) && mine.every(([, n], i) => n === i);
  });
  return all && got.length === (parts[id]!.gets ?? 0);
}

const RECEIVER: CpuId = 0;
const queueCell = (map: MachineMap, id: CpuId, field: keyof typeof CallQueue.at): number =>
  map.at.callQueue + id * CallQueue.bytes + CallQueue.at[field];

const twoSenders = (tamper?: Tamper): Model => messages('csd', [{ gets: 2 }, { sends: 1 }, { sends: 1 }], tamper && { tamper });
/** One slot, so that the sender must wait before its second message. */
const fullPool = (sends: number, tamper?: Tamper): Model =>
  messages('csd-full-pool', [{ gets: sends }, { sends }], { csdPool: 1, ...(tamper && { tamper }) });
/** Both must take what the other has sent while they wait for a slot. */
const eachOther = (sends: number): Model =>
  messages('csd-each-other', [{ sends, to: 1, gets: sends }, { sends, gets: sends }], { csdPool: 1 });

const atReceiver = (weaken: (memory: Memory, map: MachineMap) => Memory): Tamper =>
  (memory, map, id) => (id === RECEIVER ? weaken(memory, map) : memory);
const atSenders = (weaken: (memory: Memory, map: MachineMap) => Memory): Tamper =>
  (memory, map, id) => (id === RECEIVER ? memory : weaken(memory, map));

/** A slot is free as soon as its place in the list has been read. */
function freedBeforeCopied(memory: Memory, map: MachineMap): Memory {
  const [first, last] = [map.at.csd, map.at.csd + map.shape.csdPool * (map.shape.cpus + 1) * Csd.bytes];
  return tampered(memory, { load: (cell) => {
    const value = memory.load(cell);
    if (cell >= first && cell < last && (cell - first) % Csd.bytes === Csd.at.origin) memory.store(cell - Csd.at.origin + Csd.at.locked, 0);
    return value;
  } });
}

export const CSD: Catalogued = {
  id: 'csd',
  says: 'Two senders push a message each to a receiver that sleeps on its bell: both come, once.',
  model: twoSenders(),
  mutants: [
    {
      id: 'push-in-pieces', says: 'a sender looks at the head and sets it in two steps',
      model: twoSenders(atSenders((memory, map) => inPieces(memory, queueCell(map, RECEIVER, 'head')))),
    },
    {
      id: 'take-in-pieces', says: 'the receiver reads the head and empties it in two steps',
      model: twoSenders(atReceiver((memory, map) => inPieces(memory, queueCell(map, RECEIVER, 'head')))),
    },
    {
      id: 'bell-uncounted', says: 'a sender wakes the receiver without counting the bell',
      model: twoSenders(atSenders((memory, map) => uncounted(memory, queueCell(map, RECEIVER, 'bell')))),
    },
    {
      id: 'silent', says: 'a sender counts the bell and wakes nobody',
      model: twoSenders(atSenders((memory, map) => unheard(memory, queueCell(map, RECEIVER, 'bell')))),
    },
    {
      id: 'asleep-unsaid', says: 'the receiver does not say that it is about to sleep',
      model: twoSenders(atReceiver((memory, map) => withoutStores(memory, queueCell(map, RECEIVER, 'asleep')))),
    },
    {
      id: 'no-second-look', says: 'the receiver reads the bell, and sleeps without looking into its list',
      model: twoSenders(atReceiver(blindBeforeSleep)),
    },
    {
      id: 'link-late', says: 'a record is linked to the older ones only after it is in the list',
      model: messages('csd', [{ gets: 2 }, { sends: 2 }], { tamper: atSenders(linkedLate) }),
    },
  ],
  quick: exhaustive,
};

/** The look at the list after the bell was read finds nothing. */
function blindBeforeSleep(memory: Memory, map: MachineMap): Memory {
  const head = queueCell(map, RECEIVER, 'head');
  let bellRead = false;
  return tampered(memory, { load: (cell) => {
    if (cell === queueCell(map, RECEIVER, 'bell')) bellRead = true;
    else if (cell === head && bellRead) {
      bellRead = false;
      return 0;
    }
    return memory.load(cell);
  } });
}

function linkedLate(memory: Memory, map: MachineMap): Memory {
  let late = (): void => undefined;
  const isNext = (cell: number): boolean => cell >= map.at.csd && (cell - map.at.csd) % Csd.bytes === Csd.at.next;
  return tampered(memory, {
    store: (cell, value) => {
      if (isNext(cell)) late = () => memory.store(cell, value);
      else memory.store(cell, value);
    },
    cas: (cell, expected, value) => {
      const found = memory.cas(cell, expected, value);
      late();
      return found;
    },
  });
}

export const CSD_TWICE: Catalogued = {
  id: 'csd-twice',
  says: 'Two senders push two messages each to a receiver that sleeps on its bell: all come, once, in the order of each sender.',
  model: messages('csd-twice', [{ gets: 4 }, { sends: 2 }, { sends: 2 }]),
  mutants: [],
  quick: () => everyStateWithin(2),
  thorough: () => everyStateWithin(3),
};

export const CSD_FULL_POOL: Catalogued = {
  id: 'csd-full-pool',
  says: 'Two messages through a pool of one slot: the sender sleeps until the slot is free, the receiver until a message comes.',
  model: fullPool(2),
  mutants: [
    {
      id: 'starved-unsaid', says: 'the sender does not say that it waits for a slot',
      model: fullPool(2, atSenders((memory, map) => withoutStores(memory, queueCell(map, 1, 'starved')))),
    },
    {
      id: 'feed-silent', says: 'the receiver frees the slot and wakes nobody',
      model: fullPool(2, atReceiver((memory, map) => unheard(memory, queueCell(map, 1, 'bell')))),
    },
    {
      id: 'feed-uncounted', says: 'the receiver wakes the sender without counting the bell',
      model: fullPool(2, atReceiver((memory, map) => uncounted(memory, queueCell(map, 1, 'bell')))),
    },
    {
      id: 'freed-uncopied', says: 'the receiver frees the slot before it has copied it',
      model: fullPool(2, atReceiver(freedBeforeCopied)),
    },
    {
      id: 'hungry-blind', says: 'the sender does not look for a slot once more before it sleeps',
      model: fullPool(2, atSenders(blindWhenStarved)),
    },
  ],
  quick: exhaustive,
};

/** All slots look taken between the reading of the bell and the sleep. */
function blindWhenStarved(memory: Memory, map: MachineMap): Memory {
  const [starved, locked] = [queueCell(map, 1, 'starved'), map.at.csd + map.shape.csdPool * Csd.bytes + Csd.at.locked];
  let blind = false;
  return tampered(answered(memory, locked, (_, load) => (blind ? 1 : load())), { store: (cell, value) => {
    if (cell === starved) blind = value === 1;
    memory.store(cell, value);
  } });
}

export const CSD_EACH_OTHER: Catalogued = {
  id: 'csd-each-other',
  says: 'Two CPUs send each other two messages through pools of one slot: each takes what has come while it waits for a slot.',
  model: eachOther(2),
  mutants: [],
  quick: () => everyStateWithin(2),
  thorough: () => everyStateWithin(4),
};
