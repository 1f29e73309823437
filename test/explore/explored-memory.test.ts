import { describe, expect, it } from 'vitest';
import type { Memory } from '../../shared/memory/memory.ts';
import { BadModel } from '../../src/explore/bad-model.ts';
import { namedCells } from '../../src/explore/cells.ts';
import { naive } from '../../src/explore/depth-first.ts';
import { explore } from '../../src/explore/explore.ts';
import { ExploredMemory, type StrandCode } from '../../src/explore/explored-memory.ts';
import { model, type Model } from '../../src/explore/model.ts';
import { exhaustive } from '../../src/explore/source-sets.ts';
import { Op } from '../../src/explore/step.ts';
import { lockedUpdate, read, twoFields, update } from '../support/two-fields.ts';

const { plan, at } = namedCells({ x: 0, y: 0 }, { far: 0 });

function stepAfter(code: StrandCode, ...log: number[]) {
  const { op, at: cell, value, expected, relaxed, outcome } = new ExploredMemory(plan).stepAfter(code, log);
  return { op, at: cell, value, expected, relaxed, outcome };
}

const one = (run: StrandCode): Model => model({ name: 'one', cells: plan, threads: [{ name: 'CPU0', run }] });
const run = (code: StrandCode) => explore(one(code), naive());

describe('explored memory', () => {
  it('feeds the log back, and stops the code at the first access beyond it', () => {
    const code = (memory: Memory) => {
      if (memory.load(at.x) === 5) memory.store(at.y, memory.load(at.x) + 1);
      return 'done';
    };
    expect(stepAfter(code)).toMatchObject({ op: Op.Load, at: at.x });
    expect(stepAfter(code, 4)).toMatchObject({ op: Op.Done, outcome: 'done' });
    expect(stepAfter(code, 5)).toMatchObject({ op: Op.Load, at: at.x });
    expect(stepAfter(code, 5, 7)).toMatchObject({ op: Op.Store, at: at.y, value: 8 });
    expect(stepAfter(code, 5, 7, 0)).toMatchObject({ op: Op.Done, outcome: 'done' });
  });

  it('keeps what the code throws', () => {
    const wrong = new Error('wrong');
    expect(stepAfter(() => { throw wrong; })).toMatchObject({ op: Op.Thrown, outcome: wrong });
  });

  it('remembers that the code relaxed, until its next access', () => {
    const code = (memory: Memory) => {
      while (memory.load(at.x) === 0) memory.relax();
    };
    expect(stepAfter(code)).toMatchObject({ relaxed: false });
    expect(stepAfter(code, 0)).toMatchObject({ op: Op.Load, relaxed: true });
  });

  it('stores words and operands as cells would hold them', () => {
    expect(stepAfter((memory) => memory.store(at.x, 2 ** 31))).toMatchObject({ value: -(2 ** 31) });
    expect(stepAfter((memory) => memory.cas(at.x, 2 ** 32 + 1, -1))).toMatchObject({ expected: 1, value: -1 });
    expect(Object.is(stepAfter((memory) => memory.storeLong(at.far, -0)).value, 0)).toBe(true);
  });

  it('takes no step in a finally block while the code is thrown out', () => {
    const code = (memory: Memory) => {
      try {
        memory.load(at.x);
      } finally {
        memory.store(at.y, 1);
      }
    };
    expect(stepAfter(code)).toMatchObject({ op: Op.Load, at: at.x });
    expect(stepAfter(code, 3)).toMatchObject({ op: Op.Store, at: at.y });
  });

  it('finds as many classes of writers that unlock in a finally block', () => {
    const write = (memory: Memory) => lockedUpdate(memory, { withFinally: true });
    const report = explore(twoFields([write, write, (memory) => read(memory)]), exhaustive());
    expect(report).toMatchObject({ verdict: 'pass', executions: 1_532 });
  });

  it('is not deceived by code that catches everything', () => {
    const code = (memory: Memory) => {
      try {
        return memory.load(at.x);
      } catch {
        return memory.load(at.y);
      }
    };
    expect(stepAfter(code)).toMatchObject({ op: Op.Load, at: at.x });
    expect(run(code)).toMatchObject({ verdict: 'pass', executions: 1, steps: 1 });
  });

  it('gives up code that catches everything inside a loop', () => {
    const stubborn = (memory: Memory) => {
      for (let seen: number | undefined, tries = 0; seen === undefined && tries < 100_000; tries++) {
        try {
          seen = memory.load(at.x);
        } catch {
          // tries again
        }
      }
    };
    expect(() => run(stubborn)).toThrow(/catches everything inside a loop/);
  });

  it('refuses code that is no function of its accesses', () => {
    let runs = 0;
    expect(() => run((memory) => memory.store(at.x, runs++))).toThrow(/CPU0 is no function of its accesses/);
    const kept: number[] = [];
    const leaks = (memory: Memory) => {
      kept.push(memory.load(at.x));
      if (kept.length > 1) memory.store(at.y, kept.length);
    };
    expect(() => run(leaks)).toThrow(BadModel);
  });

  it('finds out code that becomes impure late', () => {
    let runs = 0;
    const ages = (memory: Memory) => {
      runs++;
      for (let i = 0; i < 500; i++) memory.store(at.x, runs > 300 ? runs : 0);
    };
    expect(() => run(ages)).toThrow(BadModel);
  });

  it('refuses to explore from inside an exploration over the same memory', () => {
    const memory = new ExploredMemory(plan);
    const nested = () => memory.stepAfter(() => 0, []);
    expect(memory.stepAfter(nested, [])).toMatchObject({ op: Op.Thrown, outcome: expect.any(BadModel) });
  });

  it('takes an access with two widths, or outside of the cells, for a bug of the code', () => {
    const failures = (code: StrandCode) => explore(one(code), naive()).found?.failure.says;
    expect(failures((memory) => memory.load(at.x) + memory.loadLong(at.x))).toMatch(/TypeError: x is accessed as a word and as a long/);
    expect(failures((memory) => memory.load(at.far + 4) + memory.loadLong(at.far))).toMatch(/is accessed as a word and as a long/);
    expect(failures((memory) => memory.load(at.x + 2))).toMatch(/RangeError: byte 10 of 32 is no word/);
    expect(failures((memory) => memory.loadLong(32))).toMatch(/RangeError: byte 32 of 32 is no long/);
    expect(failures((memory) => memory.storeLong(at.far, 2 ** 53))).toMatch(/far is to hold 9007199254740992, which is no/);
  });

  it('runs the code of a large search a few times only', () => {
    let runs = 0;
    const counted = (memory: Memory) => {
      runs++;
      return read(memory);
    };
    expect(explore(twoFields([(memory) => update(memory, 2), counted]), naive()).steps).toBe(95_542);
    expect(runs).toBeLessThan(5_000);
  });
});
