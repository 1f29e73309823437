import fc from 'fast-check';
import { expect, it } from 'vitest';
import { layOutMachine } from '../../../shared/machine-map.ts';
import { isQueueEmpty, sendCsd, sleepOnBell, takeAll } from '../../../shared/sync/call-queue.ts';
import { CallQueue, Csd, MessageKind } from '../../../shared/structs/cpu.ts';
import { WindowPage } from '../../../shared/structs/window.ts';
import { describeEachMemory } from '../../support/each-memory.ts';
import { doesRelax } from '../../support/relaxing.ts';

const POOL = 4;
const map = layOutMachine({ cpus: 2, tasks: 2, syncObjects: 1, sharedTimers: 1, csdPool: POOL });
const COORDINATOR = 2;
const cellOf = (cpu: number, field: keyof typeof CallQueue.at) => map.at.callQueue + cpu * CallQueue.bytes + CallQueue.at[field];
const LOADS = map.at.window + WindowPage.at.spinLoads;
const bellOf = (cpu: number) => cellOf(cpu, 'bell');
const nobody = () => expect.unreachable('no slot is free');

describeEachMemory('a call queue', (make) => {
  const start = () => {
    const memory = make(map.map.bytes);
    const counts = [0, 0, 0];
    return {
      memory,
      send: (from: number, to: number, a = 0, whileFull: () => void = nobody) =>
        sendCsd(memory, map, from, to, MessageKind.Reschedule, a, -a, 100 + a, counts[from]!++, a + 1, whileFull),
      take: (owner: number) => {
        const got: number[][] = [];
        const taken = takeAll(memory, map, owner, (...message) => got.push(message));
        expect(taken).toBe(got.length);
        return got;
      },
    };
  };

  it('hands over all of a message, to a CPU and to the coordinator', () => {
    const { send, take } = start();
    send(0, COORDINATOR, 2 ** 40);
    expect(take(COORDINATOR)).toEqual([[MessageKind.Reschedule, 0, 2 ** 40, -(2 ** 40), 100 + 2 ** 40, 0, 2 ** 40 + 1]]);
    expect(take(COORDINATOR)).toEqual([]);
  });

  it('gives messages in the order in which they were pushed, to their receiver only', () => {
    const { memory, send, take } = start();
    send(0, 1, 1);
    send(2, 1, 2);
    send(0, 2, 9);
    send(0, 1, 3);
    expect(isQueueEmpty(memory, map, 0)).toBe(true);
    expect(isQueueEmpty(memory, map, 1)).toBe(false);
    expect(take(1).map(([, origin, a]) => [origin, a])).toEqual([[0, 1], [2, 2], [0, 3]]);
    expect(isQueueEmpty(memory, map, 1)).toBe(true);
  });

  it('rings only for the first message of a batch', () => {
    const { memory, send, take } = start();
    for (let i = 0; i < 3; i++) send(0, 1, i);
    expect(memory.load(bellOf(1))).toBe(1);
    take(1);
    send(0, 1);
    expect(memory.load(bellOf(1))).toBe(2);
  });

  it('frees a slot when its message has been taken, and uses the pool round and round', () => {
    const { send, take } = start();
    for (let round = 0; round < 5; round++) {
      for (let i = 0; i < POOL; i++) send(0, 1, round * POOL + i);
      expect(take(1).map((message) => message[2])).toEqual([0, 1, 2, 3].map((i) => round * POOL + i));
    }
  });

  it('uses whichever slot is free when a slow receiver keeps the next one', () => {
    const { send, take } = start();
    send(0, 1, 7);
    for (let i = 0; i < 3 * POOL; i++) {
      send(0, 2, i);
      expect(take(2).map((message) => message[2])).toEqual([i]);
    }
    expect(take(1).map((message) => message[2])).toEqual([7]);
  });

  it('lets a sender without slots take its own messages, and goes on at once if that freed one', () => {
    const { send, take } = start();
    for (let i = 0; i < POOL; i++) send(0, 0, i);
    const got: number[] = [];
    send(0, 1, 5, () => got.push(...take(0).map((message) => message[2]!)));
    expect(got).toEqual([0, 1, 2, 3]);
    expect(take(1).map((message) => message[2])).toEqual([5]);
  });

  it('looks for a free slot as often as it may before it sleeps', () => {
    const { memory, send, take } = start();
    for (let i = 0; i < POOL; i++) send(0, 1, i);
    memory.store(LOADS, 3);
    memory.wait = () => expect.unreachable('sleeps');
    const turns = doesRelax(memory, 3, () => expect(take(1)).toHaveLength(POOL));
    let drains = 0;
    send(0, 1, 9, () => drains++);
    expect([turns(), drains]).toEqual([3, 1]);
    expect(take(1).map((message) => message[2])).toEqual([9]);
  });

  it('sleeps with a full pool until a receiver frees a slot, which rings for it once', () => {
    const { memory, send, take } = start();
    for (let i = 0; i < POOL; i++) send(0, 1, i);
    const slept: unknown[] = [];
    memory.wait = (at, expected, timeoutMs) => {
      slept.push([at, memory.load(at) - expected, memory.load(cellOf(0, 'starved')), memory.load(cellOf(0, 'asleep')), timeoutMs]);
      expect(take(1)).toHaveLength(POOL);
      return 'ok';
    };
    send(0, 1, 9, () => {});
    expect(slept).toEqual([[bellOf(0), 0, 1, 1, Infinity]]);
    expect([memory.load(bellOf(0)), memory.load(cellOf(0, 'starved')), memory.load(cellOf(0, 'asleep'))]).toEqual([1, 0, 0]);
  });

  it('takes its own messages each time one wakes it while its pool is full', () => {
    const { memory, send, take } = start();
    for (let i = 0; i < POOL; i++) send(0, 1, i);
    let sleeps = 0;
    memory.wait = () => {
      sleeps++;
      if (sleeps < 3) send(1, 0, 100 + sleeps);
      else take(1);
      return 'ok';
    };
    const got: number[] = [];
    send(0, 1, 9, () => got.push(...take(0).map((message) => message[2]!)));
    expect(got).toEqual([101, 102]);
    expect(sleeps).toBe(3);
  });

  it('does not sleep when a slot was freed, or a message came, before it said that it is starved', () => {
    const { memory, send, take } = start();
    for (let i = 0; i < POOL; i++) send(0, 1, i);
    memory.wait = () => expect.unreachable('sleeps');
    send(0, 1, 9, () => take(1));
    expect(memory.load(bellOf(0))).toBe(0);
    for (let i = 1; i < POOL; i++) send(0, 1, i);
    let drains = 0;
    send(0, 1, 9, () => (drains++ === 0 ? send(2, 0) : take(1)));
    expect(drains).toBe(2);
  });

  it('does not let its owner sleep on a list that is not empty', () => {
    const { memory, send } = start();
    send(0, 1);
    memory.wait = () => expect.unreachable('sleeps');
    sleepOnBell(memory, map, 1, Infinity);
    expect(memory.load(cellOf(1, 'asleep'))).toBe(0);
  });

  it('looks into its list as often as it may before it sleeps', () => {
    const { memory } = start();
    memory.store(LOADS, 2);
    const load = memory.load.bind(memory);
    let looks = 0;
    memory.load = (at) => {
      if (at === cellOf(1, 'head') && looks++ === 1) memory.store(at, 64);
      return load(at);
    };
    memory.wait = () => expect.unreachable('sleeps');
    sleepOnBell(memory, map, 1, Infinity);
    expect(looks).toBe(2);
  });

  it('equals a queue that is an array, for any order of sends and takes', () => {
    const step = fc.record({ from: fc.nat(2), to: fc.nat(2), takes: fc.boolean() });
    fc.assert(fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const { send, take } = start();
      const twin: number[][] = [[], [], []];
      const takeBoth = (owner: number) => expect(take(owner).map((message) => message[2])).toEqual(twin[owner]!.splice(0));
      steps.forEach(({ from, to, takes }, i) => {
        if (takes) takeBoth(to);
        send(from, to, i, () => [0, 1, 2].forEach(takeBoth));
        twin[to]!.push(i);
      });
      [0, 1, 2].forEach(takeBoth);
    }), { numRuns: 30 });
  });
});

it('a message fits two cache lines', () => {
  expect(Csd.bytes).toBeLessThanOrEqual(128);
});
