/**
 * Hand-off: a turn goes round among threads that look now and then, and else sleep without any
 * time-out. Verdict: each turn comes to each thread once and in order, and nobody sleeps over his own;
 * a waiter who says that he sleeps whatever the word holds by then does.
 */
import { describe, expect, it } from 'vitest';
import { NATIVE } from '../support/each-memory.ts';
import { runThreads, type Body } from '../support/threads.ts';

interface Round {
  readonly threads: number;
  readonly turns: number;
  /** One wait in so many is a long look; the others sleep at once. */
  readonly lookOneIn: number;
}

/** Waits on its own word, gives to the next one's; what it gives is one more than what it got. */
const player: Body<Round> = ({ memory, lib, id, arg: { threads, turns, lookOneIn } }) => {
  const wordOf = (thread: number) => 64 * (1 + (thread % threads));
  let [seen, wrong, draw] = [0, 0, id + 1];
  if (id === 0) lib.giveTurn(memory, wordOf(1), 1);
  for (let n = 0; n < turns; n++) {
    draw = (Math.imul(draw, 1_103_515_245) + 12_345) & 0x7fffffff;
    const turn = lib.awaitTurn(memory, wordOf(id), seen, (draw >> 8) % lookOneIn === 0 ? 20_000 : 0);
    if (turn !== (id === 0 ? threads : id) + n * threads) wrong++;
    seen = turn;
    if (id !== 0 || n < turns - 1) lib.giveTurn(memory, wordOf(id + 1), turn + 1);
  }
  return wrong;
};

describe.each(NATIVE)('turns handed over on %s memory', (kind) => {
  it.each([
    { threads: 2, turns: 5_000, lookOneIn: 2 },
    { threads: 2, turns: 5_000, lookOneIn: 1_000 },
    { threads: 4, turns: 1_000, lookOneIn: 20 },
  ])('come once and in order: $threads threads, $turns rounds, one wait in $lookOneIn is a look', async (round) => {
    expect(await runThreads(kind, Array(round.threads).fill(player), round)).toEqual(Array(round.threads).fill(0));
  });
});

describe('a weak twin of the hand-off', () => {
  it('sleeps over its turn when it sets the bit without comparing', async () => {
    const [overslept] = await runThreads('wasm', [
      ({ memory }) => {
        const [AT, STEP, ASLEEP] = [64, 128, 1 << 30];
        let overslept = 0;
        for (let n = 1; n <= 10; n++) {
          const awake = memory.load(AT) === n - 1;
          memory.store(STEP, 2 * n - 1);
          while (memory.load(STEP) !== 2 * n) memory.relax(); // the window: the turn comes in here
          memory.or(AT, ASLEEP);
          if (awake && memory.wait(AT, memory.load(AT), 20) === 'timed-out') overslept++;
          memory.and(AT, ~ASLEEP);
        }
        return overslept;
      },
      ({ memory, lib }) => {
        for (let n = 1; n <= 10; n++) {
          while (memory.load(128) !== 2 * n - 1) memory.relax();
          lib.giveTurn(memory, 64, n);
          memory.store(128, 2 * n);
        }
      },
    ]);
    expect(overslept).toBe(10);
  });
});
