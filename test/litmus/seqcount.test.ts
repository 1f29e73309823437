/**
 * Seqcount: one writer stores A = B = i, i + 1, …; two readers must never see A and B differ.
 * Verdict: 0 torn with the retry; without it the same readers do see torn pairs.
 */
import { describe, expect, it } from 'vitest';
import { NATIVE } from '../support/each-memory.ts';
import { runThreads, type Body } from '../support/threads.ts';

interface Reads {
  readonly reads: number;
  readonly retry: boolean;
}

const writer: Body<Reads> = ({ memory, lib }) => {
  const [SEQ, A, B, DONE] = [64, 128, 192, 256];
  let i = 0;
  while (memory.load(DONE) < 2) {
    i++;
    lib.writeSeqcountBegin(memory, SEQ);
    memory.storeLong(A, i);
    memory.storeLong(B, i);
    lib.writeSeqcountEnd(memory, SEQ);
    for (let pause = 0; pause < 50; pause++) memory.load(DONE);
  }
  return i;
};

const reader: Body<Reads> = ({ memory, lib, arg }) => {
  const [SEQ, A, B, DONE] = [64, 128, 192, 256];
  let [good, torn, back, last] = [0, 0, 0, 0];
  while (good < arg.reads) {
    const seq = lib.readSeqcountBegin(memory, SEQ);
    const a = memory.loadLong(A);
    for (let wide = 0; wide < (good & 31); wide++) memory.load(DONE);
    const b = memory.loadLong(B);
    if (arg.retry && lib.readSeqcountRetry(memory, SEQ, seq)) continue;
    good++;
    if (a !== b) torn++;
    if (a < last) back++;
    last = a;
  }
  memory.add(DONE, 1);
  return [torn, back];
};

describe.each(NATIVE)('a seqcount on %s memory', (kind) => {
  it('shows two readers no torn pair, and no step back', async () => {
    const [, ...seen] = await runThreads(kind, [writer, reader, reader], { reads: 50_000, retry: true });
    expect(seen).toEqual([[0, 0], [0, 0]]);
  });

  it('shows torn pairs if the reader does not look again', async () => {
    const [, ...seen] = await runThreads(kind, [writer, reader, reader], { reads: 50_000, retry: false });
    expect(seen.flat().reduce((sum: number, n) => sum + Number(n), 0)).toBeGreaterThan(0);
  });
});
