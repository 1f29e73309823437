/**
 * Call queue: senders push to one receiver, which sleeps without any time-out between batches.
 * Verdict: nothing lost, nothing out of order per sender, no wake-up missed; a push without
 * compare-and-swap loses messages, and a sleep without a second look misses wake-ups.
 */
import { describe, expect, it } from 'vitest';
import { CallQueue, Csd } from '../../shared/structs/cpu.ts';
import { NATIVE } from '../support/each-memory.ts';
import { runThreads, type Body } from '../support/threads.ts';

interface Load {
  readonly messages: number;
  readonly receiver: number;
}

const sender: Body<Load> = ({ memory, map, lib, id, arg }) => {
  let waits = 0;
  for (let n = 0; n < arg.messages; n++) {
    const kind = n === arg.messages - 1 ? 4 : 0; // the last one says so
    lib.sendCsd(memory, map, id, arg.receiver, kind, n * 7, -n, n, n, n + 1, () => waits++);
  }
  return waits;
};

const receiver: Body<Load> = ({ memory, map, lib, id }) => {
  const next = Array(id).fill(0);
  let [got, wrong, ended] = [0, 0, 0];
  while (ended < id) {
    lib.takeAll(memory, map, id, (kind, origin, a, b, due, n, cause) => {
      got++;
      if (n !== next[origin] || a !== n * 7 || b !== 0 - n || due !== n || cause !== n + 1) wrong++;
      next[origin]++;
      if (kind === 4) ended++;
    });
    if (ended < id) lib.sleepOnBell(memory, map, id, Infinity);
  }
  return { got, wrong };
};

describe.each(NATIVE)('a call queue on %s memory', (kind) => {
  it.each([1, 3])('loses nothing and keeps the order of each sender: %i -> 1', async (senders) => {
    const bodies = [...Array(senders).fill(sender), receiver] as Body<Load>[];
    const ends = await runThreads(kind, bodies, { messages: 100_000, receiver: senders });
    expect(ends[senders]).toEqual({ got: senders * 100_000, wrong: 0 });
  });

  it('with one slot a sender hands over message by message', async () => {
    const ends = await runThreads(kind, [sender, receiver], { messages: 2_000, receiver: 1 }, { csdPool: 1 });
    expect(ends[1]).toEqual({ got: 2_000, wrong: 0 });
  });
});

interface Weak extends Load {
  readonly head: number;
  readonly slot: number;
  readonly next: number;
}

const carelessSender: Body<Weak> = ({ memory, map, id, arg }) => {
  for (let n = 0; n < arg.messages; n++) {
    const csd = map.at.csd + (id * map.shape.csdPool + n) * arg.slot;
    memory.store(csd + arg.next, memory.load(arg.head));
    for (let wide = 0; wide < 300; wide++) memory.load(8);
    memory.store(arg.head, csd);
  }
  memory.add(8, 1);
  while (memory.load(8) !== 3) memory.relax();
  let listed = 0;
  for (let csd = memory.load(arg.head); csd !== 0; csd = memory.load(csd + arg.next)) listed++;
  return listed;
};

describe('weak twins of the call queue', () => {
  it('a push without compare-and-swap loses messages', async () => {
    const arg = { messages: 20_000, receiver: 3, head: 16, slot: Csd.bytes, next: Csd.at.next };
    const [listed] = await runThreads('wasm', [carelessSender, carelessSender, carelessSender], arg, { csdPool: 20_000 });
    expect(listed).toBeLessThan(60_000);
  });

  it('a sleeper that does not look again after it has said so misses wake-ups', async () => {
    const arg = { rounds: 10, bell: CallQueue.bytes + CallQueue.at.bell };
    const [, missed] = await runThreads('wasm', [
      ({ memory, map, lib, arg: { rounds } }) => {
        for (let n = 0; n < rounds; n++) {
          while (memory.load(16) !== n + 1) memory.relax(); // the receiver is about to sleep
          lib.sendCsd(memory, map, 0, 1, 0, 0, 0, 0, n, 0, () => {});
          memory.store(24, n + 1);
        }
      },
      ({ memory, map, lib, arg: { rounds, bell } }) => {
        const at = map.at.callQueue + bell;
        let missed = 0;
        for (let n = 0; n < rounds; n++) {
          const empty = lib.isQueueEmpty(memory, map, 1);
          memory.store(16, n + 1);
          while (memory.load(24) !== n + 1) memory.relax(); // the window: the message comes in here
          if (empty && memory.wait(at, memory.load(at), 20) === 'timed-out') missed++;
          lib.takeAll(memory, map, 1, () => {});
        }
        return missed;
      },
    ], arg);
    expect(missed).toBe(10);
  });
});
