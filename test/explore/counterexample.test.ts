import { describe, expect, it } from 'vitest';
import type { Memory } from '../../shared/memory/memory.ts';
import { MemoryMap } from '../../shared/memory/memory-map.ts';
import { Vtime } from '../../shared/structs/task.ts';
import { mappedCells, namedCells } from '../../src/explore/cells.ts';
import { replay } from '../../src/explore/counterexample.ts';
import { bounded, naive } from '../../src/explore/depth-first.ts';
import { explore } from '../../src/explore/explore.ts';
import { model, type Model } from '../../src/explore/model.ts';
import { printExecution, printReport } from '../../src/explore/print.ts';
import { random } from '../../src/explore/random.ts';
import { parseSchedule } from '../../src/explore/schedule.ts';
import { shrink } from '../../src/explore/shrink.ts';
import { exhaustive } from '../../src/explore/source-sets.ts';
import { seqlock } from '../support/two-fields.ts';

const { plan, at } = namedCells({ seq: 0, a: 0, bell: 7 });

/** Lines of code differ from host to host. */
const withoutCode = (text: string) => text.split('\n').map((line) => line.replace(/\s+code$|\s+\S+\.[jt]s:\d+$/, '').trimEnd());

function firstFailure(made: Model) {
  const { schedule, failure } = explore(made, bounded()).found!;
  return replay(made, shrink(made, schedule, failure.kind));
}

describe('a counterexample', () => {
  it('has a column a CPU, old and new values, where each load reads from, and why', () => {
    expect(withoutCode(printExecution(firstFailure(seqlock(1, 1, { noRetry: true }))))).toEqual([
      'FAIL two-fields: torn: a = 0, b = 10',
      '  7 steps, 1 preemption, replay: 11-0000-1',
      '   #  CPU0              CPU1',
      '   1                    load seq = 0',
      '   2                    load a = 0',
      '   3  store seq 0 -> 1',
      '   4  store a 0 -> 1',
      '   5  store b 0 -> 10',
      '   6  store seq 1 -> 2',
      '      ends',
      '   7                    load b = 10  (from 5)',
      '                        returns [0,10]',
      '  why: CPU1 was overtaken between its steps 2 and 7: meanwhile seq 0 -> 2 (read before), '
        + 'a 0 -> 1 (read before) and b 0 -> 10 (read after)',
    ]);
  });

  it('says where in the code each step stands', () => {
    const { rows } = firstFailure(seqlock(1, 1, { noRetry: true }));
    for (const { site } of rows) expect(site).toMatch(/^two-fields\.ts:\d+$/);
    const lines = rows.map(({ site }) => Number(site.split(':')[1]));
    expect(new Set(lines).size).toBeGreaterThan(1);
  });

  it('names fields of records, and the line that uses a view', () => {
    const map = new MemoryMap();
    const base = map.place(Vtime, 2);
    const made = model({
      name: 'views', cells: mappedCells(map),
      threads: [{ name: 'CPU0', run: (memory: Memory) => { Vtime.view(memory, base + Vtime.bytes).utime += 5; } }],
      check: () => 'look',
    });
    const { rows } = firstFailure(made);
    expect(rows.map(({ text }) => text)).toEqual(['load vtime[1].utime = 0', 'store vtime[1].utime 0 -> 5']);
    for (const { site } of rows) expect(site).toMatch(/^counterexample\.test\.ts:\d+$/);
  });

  it('is its own JSON', () => {
    const execution = firstFailure(seqlock(1, 1, { noRetry: true }));
    expect(JSON.parse(JSON.stringify(execution))).toEqual(execution);
    expect(execution.rows[6]).toMatchObject({
      step: 7, column: 1, strand: 'CPU1', cell: 'b', reads: true, writes: false, old: 10, now: 10, from: 5, preempts: false,
      ends: 'returns [0,10]',
    });
  });

  it('of a deadlock lists who waits for what', () => {
    const half = model({
      name: 'half', cells: plan,
      threads: [
        { name: 'writer', run: (memory: Memory) => memory.store(at.seq, 1) },
        { name: 'reader', run: (memory: Memory) => { while ((memory.load(at.seq) & 1) !== 0) memory.relax(); } },
      ],
    });
    expect(withoutCode(printExecution(firstFailure(half)))).toEqual([
      'FAIL half: deadlock: nobody can go on: reader spins until seq (stored in step 1) changes',
      '  2 steps, 0 preemptions, replay: 0-1',
      '   #  writer            reader',
      '   1  store seq 0 -> 1',
      '      ends',
      '   2                    load seq = 1  (from 1)',
      '                        spins until seq (stored in step 1) changes',
    ]);
  });

  it('of a lost wake-up says on what somebody sleeps', () => {
    const lost = model({
      name: 'lost', cells: plan,
      threads: [
        { name: 'sleeper', run: (memory: Memory) => memory.wait(at.bell, 7, Infinity) },
        { name: 'ringer', run: (memory: Memory) => memory.notify(at.bell, 1) },
      ],
    });
    expect(withoutCode(printExecution(firstFailure(lost)))).toEqual([
      'FAIL lost: lost wake-up: nobody is left to wake a sleeper: sleeper sleeps on bell, which was 7 and is 7',
      '  2 steps, 0 preemptions, replay: 1-0',
      '   #  sleeper                        ringer',
      '   1                                 notify bell: wakes nobody',
      '                                     returns 0',
      '   2  wait bell, which is 7: sleeps',
      '      sleeps on bell, which was 7 and is 7',
    ]);
  });

  it('of a race names both accesses and where they stand', () => {
    const { says, rows } = firstFailure(seqlock(1, 1, { plainLoads: true }));
    expect(says).toMatch(/^nothing orders 'peek [ab] = \d+' of CPU1 \(step \d, two-fields\.ts:\d+\) and 'store [ab] 0 -> \d+' of CPU0/);
    expect(says).toMatch(/of CPU0 \(step \d, two-fields\.ts:\d+\), and they are not both atomic$/);
    expect(rows.length, 'the rest is left out').toBeLessThan(8);
  });

  it('of a livelock says the usual cause', () => {
    const endless = model({
      name: 'endless', cells: plan, stepsMax: 10,
      threads: [{ name: 'CPU0', run: (memory: Memory) => { while (memory.load(at.seq) === 0); } }],
    });
    const { says, rows } = firstFailure(endless);
    expect(says).toBe('10 steps, and no end: usual cause is a loop that does not relax, or that stores while it waits');
    expect(rows).toHaveLength(10);
  });

  it('that is very long is shown without its middle', () => {
    const endless = model({
      name: 'endless', cells: plan, stepsMax: 500,
      threads: [{ name: 'CPU0', run: (memory: Memory) => { while (memory.load(at.seq) === 0); } }],
    });
    const lines = withoutCode(printExecution(firstFailure(endless)));
    expect(lines.slice(41, 46)).toEqual(['  39  load seq = 0', '  40  load seq = 0', ' ...', ' 461  load seq = 0', ' 462  load seq = 0']);
    expect(lines.slice(-2)).toEqual([' 500  load seq = 0', '      has not come to its end']);
  });

  it('shows an interrupt in the column of its CPU, what was chosen, and read-modify-writes', () => {
    const made = model({
      name: 'mixed', cells: plan,
      choices: { drift: [3] },
      threads: [{
        name: 'CPU0',
        run: (memory: Memory, cpu) => {
          cpu.maskIrqs();
          memory.cas(at.a, 1, 2);
          memory.cas(at.a, 0, cpu.choose('step', [5, 6]));
          cpu.unmaskIrqs();
          if (memory.load(at.a) === 7) throw new RangeError('seven');
        },
        irqs: [{ name: 'tick', run: (memory: Memory) => [memory.add(at.a, 1), memory.exchange(at.bell, 9)] }],
      }],
    });
    expect(withoutCode(printExecution(firstFailure(made)))).toEqual([
      'FAIL mixed: exception: CPU0 throws RangeError: seven',
      '  8 steps, 1 preemption, drift = 3, replay: s1-000.1.00-11-0',
      '   #  CPU0',
      '   1  masks interrupts',
      '   2  cas a = 0, not 1',
      '   3  chooses step: option 1 of 2',
      '   4  cas a 0 -> 6',
      '   5  unmasks interrupts',
      '   6  [tick] add a 6 -> 7  (from 4)',
      '   7  [tick] exchange bell 7 -> 9',
      '      [tick] returns [6,7]',
      '   8  load a = 7  (from 6)',
      '      throws RangeError: seven',
      '  why: CPU0 was overtaken between its steps 5 and 8: meanwhile a 6 -> 7 (read before and after)',
    ]);
  });

  it('of an execution that holds says so', () => {
    const text = printExecution(replay(seqlock(1, 1), parseSchedule('0000-1111')));
    expect(text).toMatch(/^two-fields: this execution holds\n {2}8 steps, 0 preemptions/);
  });
});

describe('a report', () => {
  it('says how much was looked at, in words that cannot be mistaken', () => {
    const first = (text: string) => text.split('\n')[0];
    expect(first(printReport(explore(seqlock(1, 1), exhaustive())))).toBe(
      'PASS two-fields: 19 classes (exhaustive: every class of interleavings); 135 steps, the longest 14');
    expect(first(printReport(explore(seqlock(1, 1), naive())))).toMatch(
      /^PASS two-fields: \d+ executions \(exhaustive: every interleaving\)/);
    expect(first(printReport(explore(seqlock(2, 1), bounded(2))))).toMatch(
      /^PASS two-fields: 62 executions \(bounded: no execution with more than 2 preemptions was tried\)/);
    expect(first(printReport(explore(seqlock(1, 1), random({ executions: 10 }))))).toMatch(
      /^NOT DECIDED two-fields: 10 executions \(some executions at random, seed 1; others may fail\)/);
    expect(first(printReport(explore(seqlock(2, 2), exhaustive(), { limits: { executions: 1_000 } })))).toMatch(
      /^NOT DECIDED two-fields: 1,000 classes \(stopped before its end: every class of interleavings\)/);
    expect(first(printReport(explore(seqlock(2, 1, { noRetry: true }), naive(), { countAll: true })))).toMatch(
      /^FAIL two-fields: 121 executions, 42 assertions \(exhaustive/);
  });

  it('lists the outcomes with their numbers', () => {
    expect(printReport(explore(seqlock(2, 1), exhaustive())).split('\n').slice(1)).toEqual([
      'outcomes: 3', '       364  - [2,20]', '        18  - [1,10]', '         1  - [0,0]',
    ]);
  });
});
