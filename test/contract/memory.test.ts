import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assemble, renderBytes } from '../../scripts/wasm/assemble.ts';
import { AtomicsMemory } from '../../shared/memory/atomics-memory.ts';
import { SpinHang } from '../../shared/memory/spin.ts';
import { long, longs, struct, word, words } from '../../shared/memory/struct.ts';
import { allocateShared, WasmMemory } from '../../shared/memory/wasm-memory.ts';
import { describeEachMemory, NATIVE } from '../support/each-memory.ts';
import { runThreads, type Thread } from '../support/threads.ts';

const MAX = Number.MAX_SAFE_INTEGER;
const WORDS = [0, 1, -1, 2 ** 31 - 1, -(2 ** 31), 12345];
const LONGS = [0, 1, -1, 2 ** 31, -(2 ** 31) - 1, 2 ** 32, 2 ** 32 + 1, 1 - 2 ** 32, MAX - 1, MAX, -MAX];
const A = 64;
const B = 72;

describeEachMemory('memory', (make) => {
  it('begins as zero', () => {
    const memory = make(4096);
    for (let at = 0; at < 4096; at += 8) expect(memory.load(at) + memory.loadLong(at)).toBe(0);
  });

  it('gives words and longs back with their sign', () => {
    const memory = make(128);
    for (const value of WORDS) {
      memory.store(A, value);
      expect(memory.load(A)).toBe(value);
    }
    for (const value of LONGS) {
      memory.storeLong(B, value);
      expect(memory.loadLong(B)).toBe(value);
    }
  });

  it('keeps every long of 53 bits exactly', () => {
    const memory = make(128);
    fc.assert(fc.property(fc.maxSafeInteger(), (value) => {
      memory.storeLong(B, value);
      expect(Object.is(memory.loadLong(B), value + 0)).toBe(true);
    }));
  });

  it('knows no negative zero', () => {
    const memory = make(128);
    memory.storeLong(B, -0);
    expect(Object.is(memory.loadLong(B), 0)).toBe(true);
  });

  it('wraps words at 32 bits', () => {
    const memory = make(128);
    memory.store(A, 2 ** 31);
    expect(memory.load(A)).toBe(-(2 ** 31));
    memory.store(A, 2 ** 31 - 1);
    expect(memory.add(A, 1)).toBe(2 ** 31 - 1);
    expect(memory.load(A)).toBe(-(2 ** 31));
    expect(memory.add(A, -1)).toBe(-(2 ** 31));
    expect(memory.load(A)).toBe(2 ** 31 - 1);
  });

  it('returns the old word from each read-modify-write', () => {
    const memory = make(128);
    memory.store(A, 0b1100);
    expect(memory.or(A, 0b0011)).toBe(0b1100);
    expect(memory.and(A, 0b0110)).toBe(0b1111);
    expect(memory.exchange(A, -5)).toBe(0b0110);
    expect(memory.add(A, 7)).toBe(-5);
    expect(memory.load(A)).toBe(2);
  });

  it('swaps a word only if it is the expected one', () => {
    const memory = make(128);
    memory.store(A, -7);
    expect(memory.cas(A, 7, 1)).toBe(-7);
    expect(memory.load(A)).toBe(-7);
    expect(memory.cas(A, -7, 1)).toBe(-7);
    expect(memory.load(A)).toBe(1);
    memory.store(A, 2 ** 31);
    expect(memory.cas(A, 2 ** 31, 3), 'expected wraps as the cell does').toBe(-(2 ** 31));
    expect(memory.load(A)).toBe(3);
  });

  it('does the same with longs', () => {
    const memory = make(128);
    expect(memory.addLong(B, 2 ** 52)).toBe(0);
    expect(memory.exchangeLong(B, -MAX)).toBe(2 ** 52);
    expect(memory.casLong(B, MAX, 5)).toBe(-MAX);
    expect(memory.casLong(B, -MAX, 5)).toBe(-MAX);
    expect(memory.addLong(B, -8)).toBe(5);
    expect(memory.loadLong(B)).toBe(-3);
  });

  it('keeps neighbours apart', () => {
    const memory = make(128);
    memory.store(A, -1);
    memory.store(A + 4, 1);
    memory.storeLong(B, -1);
    memory.storeLong(B + 8, MAX);
    expect([memory.load(A), memory.load(A + 4), memory.loadLong(B), memory.loadLong(B + 8)]).toEqual([-1, 1, -1, MAX]);
  });

  it('shows one record through two views', () => {
    const Pair = struct('pair', { count: word(''), sum: long(''), low: words(3, ''), high: longs(2, '') }, { writer: 'any cpu' });
    const memory = make(256);
    const [one, two] = [Pair.view(memory, 64), Pair.view(memory, 64)];
    one.count = 3;
    one.sum -= 4;
    one.setLow(2, 5);
    two.setHigh(1, MAX);
    expect([two.count, two.sum, two.low(2), one.high(1), one.low(0)]).toEqual([3, -4, 5, MAX, 0]);
  });

  it('lets nobody sleep on a word that has changed, and wakes nobody where nobody sleeps', () => {
    const memory = make(128);
    memory.store(A, 1);
    expect(memory.wait(A, 0, 1000)).toBe('not-equal');
    expect(memory.notify(A, 5)).toBe(0);
  });
});

describe.each(NATIVE)('memory of many threads [%s]', (kind) => {
  const over = (maxSpinTurns?: number) => {
    const shared = allocateShared(128);
    return kind === 'wasm' ? new WasmMemory(shared, maxSpinTurns) : new AtomicsMemory(shared.buffer, maxSpinTurns);
  };

  it('ends a sleep at its time-out', () => {
    expect(over().wait(A, 0, 2)).toBe('timed-out');
  });

  it('wakes a sleeper on another thread', async () => {
    const [slept, woken] = await runThreads(kind, [
      ({ memory }) => memory.wait(64, 0, Infinity),
      ({ memory }) => {
        while (memory.notify(64, 1) === 0) memory.relax();
        return 'woke one';
      },
    ]);
    expect([slept, woken]).toEqual(['ok', 'woke one']);
  });

  it('gives up a spin loop that never ends, with an error that has a name', () => {
    const memory = over(100_000);
    const spin = () => {
      for (;;) memory.relax();
    };
    expect(spin).toThrow(SpinHang);
    memory.spin.reset();
    expect(() => memory.relax()).not.toThrow();
  });

  it('adds without loss from several threads', async () => {
    const add = { times: 20_000 };
    const sums = await runThreads(kind, Array.from({ length: 3 }, () => ({ memory, arg }: Thread<typeof add>) => {
      for (let i = 0; i < arg.times; i++) {
        memory.add(64, 1);
        memory.addLong(72, -1);
      }
      memory.add(80, 1);
      while (memory.load(80) !== 3) memory.relax();
      return [memory.load(64), memory.loadLong(72)];
    }), add);
    expect(sums).toEqual([[60_000, -60_000], [60_000, -60_000], [60_000, -60_000]]);
  });
});

describe('the two memories of many threads', () => {
  it('are two ways to one cell', () => {
    const shared = allocateShared(128);
    const [wasm, atomics] = [new WasmMemory(shared), new AtomicsMemory(shared.buffer)];
    for (const value of LONGS) {
      wasm.storeLong(B, value);
      expect(atomics.loadLong(B)).toBe(value);
      atomics.storeLong(B, -value);
      expect(wasm.loadLong(B)).toBe(0 - value);
    }
    wasm.store(A, -9);
    expect(atomics.add(A, 1)).toBe(-9);
    expect(wasm.load(A)).toBe(-8);
  });

  it('refuse a long that is not a number', () => {
    const shared = allocateShared(128);
    expect(() => new WasmMemory(shared).storeLong(B, Number.NaN)).toThrow();
    expect(() => new AtomicsMemory(shared.buffer).storeLong(B, Number.NaN)).toThrow();
  });
});

describe('the WebAssembly module', () => {
  it('that is checked in is what its text assembles to', async () => {
    const bytes = await assemble(readFileSync('shared/memory/atomic-cells.wat', 'utf8'));
    expect(readFileSync('shared/memory/atomic-cells.ts', 'utf8')).toBe(renderBytes(bytes));
  });
});
