import { describe, expect, it } from 'vitest';
import type { Memory } from '../../shared/memory/memory.ts';
import { Behaviour } from '../../src/explore/behaviour.ts';
import { namedCells } from '../../src/explore/cells.ts';
import { explore } from '../../src/explore/explore.ts';
import { ExploredMemory } from '../../src/explore/explored-memory.ts';
import { model } from '../../src/explore/model.ts';
import { random } from '../../src/explore/random.ts';
import { Op, type Step } from '../../src/explore/step.ts';

const { plan, at } = namedCells({ x: 0, y: 0 });

/** Loads x four times, and stores the sum. */
function sum(memory: Memory): number {
  let total = 0;
  for (let i = 0; i < 4; i++) total += memory.load(at.x);
  memory.store(at.y, total);
  return total;
}

function walk(behaviour: Behaviour, results: readonly number[]): Step {
  const log: number[] = [];
  return results.reduce<Step>((step, result) => {
    log.push(result);
    return behaviour.after(step, result, log);
  }, behaviour.first);
}

describe('a behaviour', () => {
  it('runs the code once for each step that nobody has asked for yet', () => {
    let runs = 0;
    const counted = (memory: Memory) => {
      runs++;
      return sum(memory);
    };
    const behaviour = new Behaviour('sum', counted, new ExploredMemory(plan), false);
    const end = walk(behaviour, [1, 2, 3, 4, 0]);
    expect(end).toMatchObject({ op: Op.Done, outcome: 10 });
    const before = runs;
    expect(walk(behaviour, [1, 2, 3, 4, 0])).toBe(end);
    expect(runs).toBe(before);
    expect(walk(behaviour, [1, 2, 3, 5])).toMatchObject({ op: Op.Store, value: 11 });
    expect(runs, 'one step more, asked twice').toBe(before + 2);
  });

  it('forgets when it knows too much, and does the same as before', () => {
    const behaviour = new Behaviour('sum', sum, new ExploredMemory(plan), false, 3);
    for (let round = 0; round < 3; round++) {
      for (let x = 0; x < 5; x++) {
        expect(walk(behaviour, [x, 0, 1, 1])).toMatchObject({ op: Op.Store, value: x + 2 });
        expect(walk(behaviour, [x, 0, 1, 1, 0])).toMatchObject({ op: Op.Done, outcome: x + 2 });
      }
    }
  });

  it('tells where the code stands at each access', () => {
    const sites = new Behaviour('sum', sum, new ExploredMemory(plan), false).sites([1, 2, 3, 4]);
    expect(sites.map((site) => site.replace(/\d+$/, ''))).toEqual(Array.from({ length: 5 }, () => 'behaviour.test.ts:'));
    expect(new Set(sites).size).toBe(2);
  });
});

describe('outcomes', () => {
  it('are counted together where there are too many', () => {
    const many = model({
      name: 'many', cells: plan,
      threads: [{ name: 'CPU0', run: (_: Memory, cpu) => cpu.choose('number', Array.from({ length: 2_000 }, (__, i) => i)) }],
    });
    const { outcomes } = explore(many, random({ executions: 5_000 }));
    expect(outcomes.size).toBe(1_001);
    expect([...outcomes.values()].reduce((sumOf, times) => sumOf + times, 0)).toBe(5_000);
    expect(outcomes.get('others')).toBeGreaterThan(1_000);
  });
});
