/**
 * The rules of `free`, each broken in one schedule that is the same every time. What happens in
 * between is named by an access; which reader or writer is wrong stands in the sentence.
 */
import { describe, expect, it } from 'vitest';
import { ForcedBench } from './forced-bench.ts';
import { judge, newBracket, openBracket, type Verdict } from './oracle.ts';
import { newReading, readTask, type Reading, type ReaderMutant } from './reader.ts';
import { IPI_DELAY, RING, SHORTEST_STAY, WANDERER } from './records.ts';
import type { WriterFaults } from './writer.ts';

const READER = 2;
/** The reader's clock: far ahead of both writers, so that only the promise holds it back. */
const T = 1_000_000;

interface Outcome { readonly verdict: Verdict; readonly ifTrusting: Verdict; readonly reading: Reading }
type Between = (bench: ForcedBench) => void;
interface Schedule {
  readonly task: number;
  readonly part: 'bracket' | 'read';
  readonly at: readonly [struct: string, field: string, n: number];
  readonly between: Between;
}

/** Reads as CPU 2, with something run at a load of the bracket or of the read. */
function readWith(bench: ForcedBench, mutant: ReaderMutant, { task, part, at: [struct, field, n], between }: Schedule): Outcome {
  const cut = (run: () => void) => bench.cut(struct, field, 'load', n, () => between(bench), run);
  return readIn(bench, mutant, task, (run) => (part === 'bracket' ? cut(run) : run()), (run) => (part === 'read' ? cut(run) : run()));
}

type Around = (run: () => void) => void;

function readIn(bench: ForcedBench, mutant: ReaderMutant, task: number, aroundBracket: Around, aroundRead: Around): Outcome {
  const { views } = bench;
  const bracket = newBracket();
  const reading = newReading();
  return bench.as(READER, () => {
    aroundBracket(() => openBracket(views, task, bracket));
    aroundRead(() => readTask(views, task, T, mutant, reading));
    const verdict = judge(views, task, T, bracket, reading);
    return { verdict, ifTrusting: judge(views, task, T, bracket, reading, true), reading };
  });
}

const versionOf = ({ views }: ForcedBench, task: number) => views.memory.load(views.vtimes[task]!.seq) >>> 1;

/** CPU 0 stores the next version of its task and promises its next event. */
const nextVersion: Between = (bench) => {
  const before = versionOf(bench, 0);
  bench.advanceUntil(0, () => versionOf(bench, 0) > before);
};

/** The wanderer runs on CPU 0 to begin with. */
function wandererOnCpu0(): ForcedBench {
  const bench = new ForcedBench();
  bench.advanceUntil(0, () => bench.views.vtimes[WANDERER]!.cpu === 0);
  return bench;
}

/** It moves to CPU 1 and runs there; then CPU 0 alone goes on, far beyond CPU 1's promise. */
const moveAway: Between = (bench) => {
  bench.advanceUntil(1, () => bench.views.vtimes[WANDERER]!.cpu === 1);
  bench.runAhead(0);
};

describe('a reader whose section is cut', () => {
  const cases: [ReaderMutant, Verdict, Schedule['at']][] = [
    ['promise outside', 'clock too late', ['vtime', 'seq', 1]],
    ['no retry', 'no such version', ['vtime', 'stime', 0]],
    ['own clock', 'clock too late', ['vtime', 'seq', 1]],
  ];

  it.each(cases)('is caught if it has %s', (mutant, verdict, at) => {
    expect(readWith(new ForcedBench(), mutant, { task: 0, part: 'read', at, between: nextVersion }).verdict).toBe(verdict);
  });

  it.each(cases)('is legal in the schedule that catches %s if it follows the rules', (_mutant, _verdict, at) => {
    expect(readWith(new ForcedBench(), 'none', { task: 0, part: 'read', at, between: nextVersion }).verdict).toBe('legal');
  });

  it('reads again if a version was stored in its section', () => {
    const { reading } = readWith(new ForcedBench(), 'none', { task: 0, part: 'read', at: ['vtime', 'stime', 0], between: nextVersion });
    expect(reading.retries).toBe(1);
  });
});

describe('a reader of a task that moves to another CPU', () => {
  it('is caught if it uses the promise of the CPU that the task has left', () => {
    const schedule: Schedule = { task: WANDERER, part: 'read', at: ['vtime', 'cpu', 0], between: moveAway };
    expect(readWith(wandererOnCpu0(), 'wrong cpu', schedule).verdict).toBe('clock too late');
  });

  it('is legal if it takes the promise of the CPU that the accepted version names', () => {
    for (const field of ['seq', 'cpu', 'state']) {
      const schedule: Schedule = { task: WANDERER, part: 'read', at: ['vtime', field, 0], between: moveAway };
      expect(readWith(wandererOnCpu0(), 'none', schedule).verdict).toBe('legal');
    }
  });

  it('is accused without cause by an oracle that does not ask whose promise p0 was', () => {
    const schedule: Schedule = { task: WANDERER, part: 'bracket', at: ['vtime', 'cpu', 0], between: moveAway };
    const { verdict, ifTrusting } = readWith(wandererOnCpu0(), 'none', schedule);
    expect([verdict, ifTrusting]).toEqual(['legal', 'clock too early']);
  });
});

describe('a writer', () => {
  /** CPU 0's next event, with a read of its task at one of its stores. */
  function readAtStore(faults: WriterFaults, struct: string, field: string, n: number): Outcome & { bench: ForcedBench } {
    const bench = new ForcedBench(faults);
    bench.advance(0);
    let outcome: Outcome | undefined;
    const read = () => { outcome = readIn(bench, 'none', 0, (run) => run(), (run) => run()); };
    bench.cut(struct, field, 'store', n, read, () => nextVersion(bench));
    return { ...outcome!, bench };
  }

  it('that stores a record in two sections is caught between them', () => {
    expect(readAtStore({ tornWrite: true }, 'vtime', 'seq', 1).verdict).toBe('no such version');
    expect(readAtStore({}, 'vtime', 'seq', 1).verdict).toBe('legal');
  });

  it('that promises its next event too early makes false values that look legal: only its own promise tells', () => {
    const { verdict, reading, bench } = readAtStore({ earlyPromise: true }, 'participant', 'promise', 0);
    expect(verdict).toBe('legal');
    const next = versionOf(bench, 0);
    expect(bench.views.rings[0]!.stamp(next % RING)).toBeLessThan(reading.tau);
    expect(bench.writers[0]!.brokenPromises).toBeGreaterThan(0);
  });

  it('that keeps the rules breaks no promise', () => {
    const bench = new ForcedBench();
    bench.advanceUntil(0, () => bench.writers[0]!.sent === 5);
    expect(bench.writers.map(({ brokenPromises, lateMessages }) => [brokenPromises, lateMessages])).toEqual([[0, 0], [0, 0]]);
  });
});

describe('a CPU that awaits a message', () => {
  /** The message comes right after CPU 1 has found its list empty. */
  function promiseAfterEmptyList(faults: WriterFaults): { sendsFrom: number; mayAnswerFrom: number } {
    const bench = new ForcedBench(faults);
    const [sender, receiver] = bench.views.participants;
    bench.advanceUntil(0, () => sender!.promise >= sender!.nextInteracting - IPI_DELAY);
    const due = sender!.nextInteracting + IPI_DELAY;
    const send = () => bench.advanceUntil(0, () => bench.writers[0]!.sent === 1);
    bench.advanceUntil(1, () => receiver!.promise >= sender!.nextInteracting - IPI_DELAY);
    bench.cut('call_single_queue', 'head', 'load', 0, send, () => bench.as(1, () => bench.writers[1]!.turn()));
    return { sendsFrom: receiver!.nextInteracting, mayAnswerFrom: due + SHORTEST_STAY };
  }

  it('may promise silence only by what it had loaded before it looked into its list', () => {
    const { sendsFrom, mayAnswerFrom } = promiseAfterEmptyList({});
    expect(sendsFrom).toBeLessThanOrEqual(mayAnswerFrom);
  });

  it('promises too much if it looks at the sender again afterwards', () => {
    const { sendsFrom, mayAnswerFrom } = promiseAfterEmptyList({ lateLook: true });
    expect(sendsFrom).toBeGreaterThan(mayAnswerFrom);
  });
});
