import { describe, expect, it } from 'vitest';
import { MemoryMap } from '../../shared/memory/memory-map.ts';
import { PlainMemory } from '../../shared/memory/plain-memory.ts';
import { Vtime } from '../../shared/structs/task.ts';
import { WindowPage } from '../../shared/structs/window.ts';
import { BadModel } from '../../src/explore/bad-model.ts';
import { mappedCells, namedCells } from '../../src/explore/cells.ts';
import { explore } from '../../src/explore/explore.ts';
import { model, startsOf } from '../../src/explore/model.ts';
import { exhaustive } from '../../src/explore/source-sets.ts';
import { seqlock } from '../support/two-fields.ts';

const { plan } = namedCells({ x: 0 });
const thread = (name: string) => ({ name, run: () => 0 });
const irq = (name: string, max?: number) => ({ name, run: () => 0, ...(max === undefined ? {} : { max }) });

describe('a model', () => {
  it('is refused without threads, with one name twice, with too many strands, or with a name that is no part of a line', () => {
    const made = (parts: object) => () => model({ name: 'made', cells: plan, threads: [thread('CPU0')], ...parts });
    expect(made({})).not.toThrow();
    expect(made({ threads: [] })).toThrow(BadModel);
    expect(made({ threads: [thread('CPU0'), thread('CPU0')] })).toThrow(/two strands have one name/);
    expect(made({ threads: [{ ...thread('CPU0'), irqs: [irq('CPU0')] }] })).toThrow(/two strands have one name/);
    expect(made({ threads: [{ ...thread('CPU0'), irqs: [irq('tick', 30)] }] })).toThrow(/made has 31 strands, at most 30/);
    expect(made({ name: 'Not a name' })).toThrow(/no name in kebab-case/);
  });

  it('begins in each combination of its choices and of how often its interrupts fire', () => {
    const made = model({
      name: 'made', cells: plan, choices: { a: [1, 2], b: ['x'] },
      threads: [{ ...thread('CPU0'), irqs: [irq('tick', 2)] }, { ...thread('CPU1'), irqs: [irq('ipi')] }],
    });
    expect(startsOf(made)).toHaveLength(12);
    expect(startsOf(made)[0]).toEqual({ chosen: { a: 1, b: 'x' }, firings: [[0], [0]] });
    expect(startsOf(made).at(-1)).toEqual({ chosen: { a: 2, b: 'x' }, firings: [[2], [1]] });
    expect(startsOf(model({ name: 'plain', cells: plan, threads: [thread('CPU0')] }))).toEqual([{ chosen: {}, firings: [[]] }]);
  });
});

describe('cells', () => {
  it('by name are words or longs with values of their own', () => {
    const { plan: cells, at } = namedCells({ seq: 6, count: -1 }, { total: 2 ** 40 });
    const memory = new PlainMemory(cells.bytes);
    cells.fill!(memory);
    expect([memory.load(at.seq), memory.load(at.count), memory.loadLong(at.total)]).toEqual([6, -1, 2 ** 40]);
    expect([at.seq, at.count, at.total].map((offset) => cells.nameOf(offset >> 2))).toEqual(['seq', 'count', 'total']);
    expect(cells.nameOf(0)).toBe('byte 0');
  });

  it('of a map are named by record and field, with a number where there are several', () => {
    const map = new MemoryMap();
    const [vtime, page] = [map.place(Vtime, 2), map.place(WindowPage, 1)];
    const cells = mappedCells(map);
    expect(cells.bytes).toBe(map.bytes);
    expect(cells.nameOf((vtime + Vtime.bytes + Vtime.at.utime) >> 2)).toBe('vtime[1].utime');
    expect(cells.nameOf((page + WindowPage.at.mode) >> 2)).toBe('window.mode');
    expect(cells.nameOf(0)).toBe('byte 0');
  });
});

describe('an exploration', () => {
  it('says that it was stopped if a limit comes first, and never passes then', () => {
    const stopped = { verdict: 'incomplete', coverage: { kind: 'stopped' } };
    expect(explore(seqlock(2, 1), exhaustive(), { limits: { executions: 100 } })).toMatchObject({ ...stopped, executions: 100 });
    let now = 0;
    const byTime = explore(seqlock(2, 1), exhaustive(), { limits: { ms: 3, now: () => now++ } });
    expect(byTime).toMatchObject(stopped);
    expect(byTime.executions).toBeLessThan(383);
  });

  it('reports how far it is now and then', () => {
    const seen: number[] = [];
    const report = explore(seqlock(3, 1), exhaustive(), { onProgress: ({ executions, steps }) => seen.push(executions, steps) });
    expect(seen.filter((_, i) => i % 2 === 0)).toEqual([1, 2, 3, 4, 5, 6, 7].map((n) => n * 1_024));
    expect(seen.at(-1)).toBeLessThan(report.steps);
  });
});
