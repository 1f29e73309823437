/**
 * Which record lies where. A pure function of the machine's shape, so that every thread that maps
 * the same memory computes the same map and proves it by the same hash.
 */
import { assert } from '../assert.ts';
import { NOBODY, type CpuId } from '../units.ts';
import { LINE_BYTES, type AnyLayout, type Fields, type Layout, type View } from './struct.ts';
import type { Memory } from './memory.ts';

export interface PlacedRecords {
  readonly layout: AnyLayout;
  /** Byte offset of record 0; record i lies `layout.bytes * i` further. */
  readonly base: number;
  readonly count: number;
  /** The CPU that may write record i's single-writer fields at first; `NOBODY` for any CPU. */
  readonly ownerOf: (index: number) => CpuId;
}

export class MemoryMap {
  readonly records: PlacedRecords[] = [];
  /** Bytes in use. Offset 0 stays unused: it means "no record" in lists. */
  bytes = LINE_BYTES;

  /** Places `count` records of a layout, each on cache lines of its own, and returns the first one's offset. */
  place(layout: AnyLayout, count: number, ownerOf: (index: number) => CpuId = () => NOBODY): number {
    assert(this.bytes % LINE_BYTES === 0, `${layout.name} does not start on a line of its own`);
    const base = this.bytes;
    this.records.push({ layout, base, count, ownerOf });
    this.bytes += layout.bytes * count;
    return base;
  }

  /** One line a field: what `npm run map` prints and a test pins. */
  print(): string {
    return this.records.map((placed) => printRecords(placed)).join('\n');
  }

  /** A hash of the whole map; two threads whose hashes differ must not share memory. */
  hash(): string {
    let h = 0x811c9dc5;
    for (const char of this.print()) h = Math.imul(h ^ char.charCodeAt(0), 0x01000193) >>> 0;
    return h.toString(16).padStart(8, '0');
  }
}

/** Views of all records of one kind. */
export function viewsOf<F extends Fields>(layout: Layout<F>, memory: Memory, base: number, count: number): View<F>[] {
  return Array.from({ length: count }, (_, i) => layout.view(memory, base + layout.bytes * i));
}

function printRecords({ layout, base, count }: PlacedRecords): string {
  const { writer, lock, seqcount } = layout.options;
  const guards = [lock && `lock ${lock}`, seqcount && `seqcount ${seqcount}`].filter(Boolean).join(', ');
  const head = `${layout.name}  ${count} x ${layout.bytes} bytes at ${base}  writer: ${writer}${guards && `  guarded by ${guards}`}`;
  const rows = layout.fields.map(({ name, offset, bytes, field }) =>
    `  ${String(offset).padStart(5)} ${String(bytes).padStart(4)}  ${name.padEnd(20)} ${field.guarded ? ' ' : '*'} ${field.says}`);
  return [head, ...rows].join('\n');
}
