/**
 * Call queue: threads send and receive through the soak's own path (`npm run soak -- messages`), only
 * fewer messages, and sleep without any time-out. Verdict: nothing lost, doubled or altered, nothing out
 * of order per sender, no wake-up missed. The soak must find each mutant out; a push without
 * compare-and-swap loses messages, and a sleep without a second look misses wake-ups.
 */
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { MUTANTS, type Mutant } from '../../scripts/soak/message-mutants.ts';
import { hasDefect, PATTERNS, POOLS, soakMessages, type MessageCase } from '../../scripts/soak/messages.ts';
import { CallQueue, Csd } from '../../shared/structs/cpu.ts';
import { NATIVE } from '../support/each-memory.ts';
import { runThreads, type Body } from '../support/threads.ts';

/** Threads run `dist/`, as those of `runThreads` do. */
const WORKER = pathToFileURL(`${process.cwd()}/dist/scripts/soak/message-worker.js`);
/** With one slot, each message is a hand-over there and back. */
const messagesFor = (pool: number) => (pool === 1 ? 2_000 : 50_000);

function soak(which: Omit<MessageCase, 'messages'>, stuckAfterMs = 30_000) {
  return soakMessages({ loads: 0, messages: messagesFor(which.pool), ...which }, WORKER, stuckAfterMs);
}

const sound = (pool: number) => ({ received: messagesFor(pool), lost: 0, outOfOrder: 0, altered: 0, stuck: false });

describe.each(NATIVE)('call queues on %s memory', (memory) => {
  describe.each(PATTERNS)('%s', (pattern) => {
    it.each(POOLS)('lose nothing and keep the order of each sender, with %i slots', async (pool) => {
      expect(await soak({ pattern, pool, memory })).toMatchObject(sound(pool));
    });
  });

  it.each(POOLS)('do so where threads look before they sleep, with %i slots', async (pool) => {
    expect(await soak({ pattern: 'one to one', pool, memory, loads: 20_000 })).toMatchObject({ ...sound(pool), loads: 20_000 });
  });
});

describe('the soak finds out', () => {
  const STUCK_AFTER_MS = 500;
  /** Where each does its harm, and what of it is seen. */
  const harm: Record<Mutant, { pool: number; seen: object }> = {
    'doorbell lost': { pool: 1, seen: { stuck: true } },
    'slot freed silently': { pool: 1, seen: { stuck: true } },
    'slot freed before it is copied': { pool: 256, seen: {} },
    'list not reversed': { pool: 256, seen: { stuck: false, lost: 0, altered: 0 } },
    'no second look': { pool: 1, seen: { stuck: true } },
  };

  it.each(MUTANTS)('%s', async (mutant) => {
    const { pool, seen } = harm[mutant];
    const result = await soak({ pattern: 'one to one', pool, memory: 'wasm', mutant }, STUCK_AFTER_MS);
    expect(hasDefect(result)).toBe(true);
    expect(result).toMatchObject(seen);
  });
});

interface Weak {
  readonly messages: number;
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
    const arg = { messages: 20_000, head: 16, slot: Csd.bytes, next: Csd.at.next };
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
