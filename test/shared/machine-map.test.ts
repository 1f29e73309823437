import { describe, expect, it } from 'vitest';
import { layOutMachine } from '../../shared/machine-map.ts';
import { LINE_BYTES } from '../../shared/memory/struct.ts';

const SHAPE = { cpus: 2, tasks: 3, syncObjects: 1, sharedTimers: 1, csdPool: 2 };

describe('the memory map', () => {
  it('is the one that everybody knows (npm run map; a change is a change for every thread)', async () => {
    await expect(`${layOutMachine(SHAPE).map.print()}\n`).toMatchFileSnapshot('machine-map.txt');
  });

  it('gives each record lines of its own, and no two the same', () => {
    const { map } = layOutMachine(SHAPE);
    let end = LINE_BYTES;
    for (const { base, count, layout } of map.records) {
      expect([base % LINE_BYTES, layout.bytes % LINE_BYTES, base]).toEqual([0, 0, end]);
      end = base + count * layout.bytes;
    }
    expect(end).toBe(map.bytes);
  });

  it('has one hash for one shape, and another for any other', () => {
    const hash = (change: object = {}) => layOutMachine({ ...SHAPE, ...change }).map.hash();
    const others = [{ cpus: 3 }, { tasks: 4 }, { syncObjects: 2 }, { sharedTimers: 2 }, { csdPool: 3 }].map(hash);
    expect(hash()).toBe(hash());
    expect(new Set([hash(), ...others]).size).toBe(6);
  });

  it('refuses shapes outside the machine’s limits', () => {
    expect(() => layOutMachine({ ...SHAPE, cpus: 257, tasks: 300 })).toThrow(/257 CPUs/);
    expect(() => layOutMachine({ ...SHAPE, cpus: 4 })).toThrow(/3 tasks/);
  });
});
