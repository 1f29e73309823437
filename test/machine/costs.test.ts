import { describe, expect, test } from 'vitest';
import { Path } from '../../src/kernel/arch.ts';
import { costTable } from '../../src/machine/costs.ts';

describe('path costs', () => {
  test('exist for every path, and none is free: time moves on every edge', () => {
    const table = costTable({});
    expect(table).toHaveLength(Object.keys(Path).length);
    expect(Math.min(...table)).toBeGreaterThanOrEqual(1);
  });

  test('are what a scenario says where it says something, at least 1 ns', () => {
    const usual = costTable({});
    const table = costTable({ Tick: 9_999, Softirq: 0 });
    expect([table[Path.Tick], table[Path.Softirq]]).toEqual([9_999, 1]);
    expect(table[Path.Fork]).toBe(usual[Path.Fork]);
  });
});
