/** Counts that are known, and the checks by which a reduction that loses classes is found out. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { naive } from '../../src/explore/depth-first.ts';
import { explore, type Report } from '../../src/explore/explore.ts';
import type { Model } from '../../src/explore/model.ts';
import type { Search } from '../../src/explore/search.ts';
import { exhaustive, sleepSets } from '../../src/explore/source-sets.ts';
import { ANYTHING, classOf, modelOf, outcomeOf, programs, STRAIGHT } from '../support/random-program.ts';
import { lockedUpdate, read, seqlock, twoFields, update } from '../support/two-fields.ts';

const locked = [lockedUpdate, lockedUpdate, lockedUpdate].map((write) => (memory: Parameters<typeof write>[0]) => write(memory));
const unlocked = (memory: Parameters<typeof read>[0]) => lockedUpdate(memory, { noLock: true });
const reader = (memory: Parameters<typeof read>[0]) => read(memory);

describe('source sets', () => {
  it.each([
    ['1 update, 1 reader', seqlock(1, 1), 19],
    ['2 updates, 1 reader', seqlock(2, 1), 383],
    ['3 updates, 1 reader', seqlock(3, 1), 7_731],
    ['1 update, 2 readers', seqlock(1, 2), 361],
    ['1 update, 3 readers', seqlock(1, 3), 6_859],
    ['2 updates, 2 readers', seqlock(2, 2), 146_689],
    ['2 locked writers, 1 reader', twoFields([locked[0]!, locked[1]!, reader]), 1_532],
  ] as const)('find the classes of a sequence lock with %s, none twice, and none torn', (_, model, classes) => {
    const search = exhaustive();
    const report = explore(model, search);
    expect(report).toMatchObject({ verdict: 'pass', coverage: { kind: 'exhaustive' }, executions: classes, areClasses: true });
    expect(report.failures).toEqual({});
    expect(search.blocked).toBe(0);
  });

  it.runIf(process.env['LONG'] !== undefined)('find the 156,049 classes of four updates and a reader', () => {
    expect(explore(seqlock(4, 1), exhaustive())).toMatchObject({ verdict: 'pass', executions: 156_049 });
  });

  it('find the 60 classes of three locked writers', () => {
    expect(explore(twoFields(locked), exhaustive())).toMatchObject({ verdict: 'pass', executions: 60 });
  });

  it('find what goes wrong without the lock', () => {
    const report = explore(twoFields([unlocked, unlocked, reader]), exhaustive(), { countAll: true });
    expect(report).toMatchObject({ verdict: 'fail', executions: 22_934, failures: { deadlock: 2_924, assertion: 6_214 } });
  });

  it.each([
    ['no retry', { noRetry: true }, 20, 9],
    ['no look whether the count is odd', { noOddCheck: true }, 983, 148],
    ['no odd count', { noOddMark: true }, 71, 13],
  ] as const)('find all classes of a seeded bug: %s', (_, sites, classes, torn) => {
    const report = explore(seqlock(2, 1, sites), exhaustive(), { countAll: true });
    expect(report).toMatchObject({ verdict: 'fail', executions: classes, failures: { assertion: torn } });
  });

  it('stop at the first failure if they are not asked to go on', () => {
    const report = explore(seqlock(2, 1, { noRetry: true }), exhaustive());
    expect(report).toMatchObject({ verdict: 'fail', coverage: { kind: 'stopped' }, failures: { assertion: 1 } });
    expect(report.executions).toBeLessThan(20);
  });

  it('know how far they have come', () => {
    const shares: number[] = [];
    explore(seqlock(3, 1), exhaustive(), { onProgress: ({ share }) => shares.push(share) });
    expect(shares.length).toBe(7);
    expect(shares).toEqual([...shares].sort((a, b) => a - b));
    expect(shares.at(-1)).toBeGreaterThan(shares[0]!);
    for (const share of shares) expect(share).toBeLessThanOrEqual(1);
  });
});

interface Seen {
  readonly report: Report;
  readonly classes: ReadonlySet<string>;
  readonly outcomes: ReadonlySet<string>;
}

function see(model: Model, search: Search, executions = Infinity): Seen {
  const classes = new Set<string>();
  const outcomes = new Set<string>();
  const report = explore(model, search, {
    countAll: true,
    limits: { executions },
    onExecution: (machine) => {
      classes.add(`${JSON.stringify(machine.start.firings)} ${classOf(machine)}`);
      outcomes.add(outcomeOf(machine));
    },
  });
  return { report, classes, outcomes };
}

/** The three must agree: executions of source sets, of sleep sets alone, and classes found by looking at all pairs. */
function expectComplete(model: Model): void {
  const dumb = see(model, sleepSets(), 2_000);
  fc.pre(dumb.report.coverage.kind !== 'stopped');
  const clever = see(model, exhaustive());
  expect(dumb.report.executions).toBe(dumb.classes.size);
  expect(clever.report.executions).toBe(clever.classes.size);
  expect(clever.classes).toEqual(dumb.classes);
  const all = see(model, naive(), 15_000);
  if (all.report.coverage.kind !== 'stopped') {
    expect(clever.outcomes).toEqual(all.outcomes);
    expect(clever.classes).toEqual(all.classes);
  }
}

describe('source sets lose nothing', () => {
  it.each([
    ['two updates and a reader', seqlock(2, 1)],
    ['one update and two readers', seqlock(1, 2)],
    ['one update and three readers that do not retry', seqlock(1, 3, { noRetry: true })],
    ['three locked writers', twoFields(locked)],
    ['two locked writers and a reader', twoFields([locked[0]!, locked[1]!, reader])],
  ] as const)('of %s', (_, model) => expectComplete(model));

  it('of two writers that share nothing but the cells', () => {
    expectComplete(twoFields([(memory) => update(memory, 1), (memory) => update(memory, 1)]));
  });

  it.each([
    ['straight programs', programs(STRAIGHT, 3, 3, false), 150],
    ['programs that spin', programs([...STRAIGHT, 'spin', 'spin-two'], 3, 4, false), 120],
    ['programs that sleep and wake', programs(['load', 'store', 'wait', 'wait-short', 'notify'], 3, 3, false), 150],
    ['programs with interrupts', programs(STRAIGHT, 2, 3, true), 100],
    ['programs with all there is', programs(ANYTHING, 3, 3, true), 60],
    ['longer programs with all there is', programs(ANYTHING, 2, 4, true), 80],
  ] as const)('of random %s', (_, arbitrary, numRuns) => {
    fc.assert(fc.property(arbitrary, (program) => expectComplete(modelOf(program))), { numRuns, seed: 1 });
  });

  /** Each was once lost. */
  it.each([
    ['a spin that a later store could have ended', '[[["spin-two",2,0]],[["store",2,1]],[["add",0,1]]]', '[]', 0],
    ['a spin that the thread’s own interrupt could have ended',
      '[[["load",0,0],["spin-two",1,0],["load",0,0]],[["store",1,1],["load",0,0]]]', '[["add",0,1],["load",0,0]]', 1],
    ['an interrupt before it was masked for good', '[[["mask",0,0],["load",0,0]],[["load",2,0]]]', '[["add",2,0],["load",0,0]]', 2],
    ['a time-out that a notify forestalled', '[[["wait-short",0,0]],[["load",0,0],["notify",0,1]]]', '[["load",0,0]]', 1],
    ['a sleeper that could have lost its patience instead of doing what it did when it was woken',
      '[[["wait-short",1,0],["wait-short",0,0]],[["wait-short",0,0]],[["wait-short",0,0],["notify",1,1]]]', '[]', 0],
    ['a thread woken twice', '[[["load",0,0]],[["wait-short",1,0],["wait",1,0]]]', '[["notify",1,1]]', 2],
  ] as const)('such as %s', (_, threads, irq, firings) => {
    const listOf = (rows: [string, number, number][]) => rows.map(([op, cell, value]) => ({ op: op as 'load', cell, value }));
    expectComplete(modelOf({ threads: JSON.parse(threads).map(listOf), irq: listOf(JSON.parse(irq)), firings, watches: false }));
  });
});
