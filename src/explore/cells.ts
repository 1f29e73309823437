/** Which cells a model has, and what they are called. */
import { CellNames } from '../../shared/memory/cell-names.ts';
import type { MemoryMap } from '../../shared/memory/memory-map.ts';
import type { Memory } from '../../shared/memory/memory.ts';

export interface CellPlan {
  readonly bytes: number;
  /** Of a cell, the number of a word. */
  nameOf(cell: number): string;
  /** What the cells hold before anything else is done to them; without it all are zero. */
  fill?(memory: Memory): void;
}

/** Offset 0 means "no record" in lists. */
const FIRST = 8;
const STRIDE = 8;

/** A few cells by name, with what they hold at first. Each is 8 bytes: a word, or a long. */
export function namedCells<Word extends string, Long extends string = never>(
  words: Readonly<Record<Word, number>>, longs: Readonly<Record<Long, number>> = {} as Record<Long, number>,
): { readonly plan: CellPlan; readonly at: { readonly [K in Word | Long]: number } } {
  const names = [...Object.keys(words), ...Object.keys(longs)] as (Word | Long)[];
  const offsetOf = (i: number) => FIRST + STRIDE * i;
  const at = Object.fromEntries(names.map((name, i) => [name, offsetOf(i)])) as { [K in Word | Long]: number };
  const plan: CellPlan = {
    bytes: offsetOf(names.length),
    nameOf: (cell) => names[(cell * 4 - FIRST) / STRIDE] ?? `byte ${cell * 4}`,
    fill: (memory) => {
      for (const [name, value] of Object.entries<number>(words)) memory.store(at[name as Word], value);
      for (const [name, value] of Object.entries<number>(longs)) memory.storeLong(at[name as Long], value);
    },
  };
  return { plan, at };
}

/** The records of a map: `vtime[1].utime`; of a kind of which there is but one, `window.mode`. */
export function mappedCells(map: MemoryMap): CellPlan {
  const names = new CellNames(map);
  const several = new Set(map.records.filter(({ count }) => count > 1).map(({ layout }) => layout.name));
  return {
    bytes: map.bytes,
    nameOf: (cell) => {
      const found = names.at(cell);
      if (found === undefined) return `byte ${cell * 4}`;
      return `${found.struct}${several.has(found.struct) ? `[${found.index}]` : ''}.${found.field}`;
    },
  };
}
