/** What lies at which cell, by name: for messages, for cuts, for whoever counts accesses. */
import type { MemoryMap, PlacedRecords } from './memory-map.ts';

export interface CellName {
  readonly struct: string;
  readonly index: number;
  readonly field: string;
}

export class CellNames {
  private readonly map: MemoryMap;
  /** By cell; filled as they are asked for, since most never are. */
  private readonly known: (CellName | undefined)[] = [];

  constructor(map: MemoryMap) {
    this.map = map;
  }

  /** `undefined` where no record lies. A cell (number of a word) between two fields is `padding`. */
  at(cell: number): CellName | undefined {
    return (this.known[cell] ??= this.find(cell * 4));
  }

  private find(at: number): CellName | undefined {
    const placed = this.map.records.find(({ layout, base, count }) => at >= base && at < base + layout.bytes * count);
    return placed === undefined ? undefined : nameIn(placed, at - placed.base);
  }
}

function nameIn({ layout }: PlacedRecords, offset: number): CellName {
  const inRecord = offset % layout.bytes;
  const field = layout.fields.find((f) => inRecord >= f.offset && inRecord < f.offset + f.bytes);
  return { struct: layout.name, index: Math.floor(offset / layout.bytes), field: field?.name ?? 'padding' };
}
