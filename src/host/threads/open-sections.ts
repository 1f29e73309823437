/** Which sections of shared memory are open: locks that are held, sequence counts that are odd. */
import type { MemoryMap, PlacedRecords } from '../../../shared/memory/memory-map.ts';
import type { Memory } from '../../../shared/memory/memory.ts';
import type { PlacedField } from '../../../shared/memory/struct.ts';
import { rawSpinOwner } from '../../../shared/sync/raw-spinlock.ts';
import { NOBODY, type CpuId } from '../../../shared/units.ts';

export interface OpenSection {
  /** `timekeeper.lock`, `vtime[7].seq` */
  readonly name: string;
  /** Who holds the lock; `NOBODY` for a sequence count, which does not say whose it is. */
  readonly holder: CpuId;
}

/** Looks through all of memory: for a machine that has come to a halt. */
export function openSections(memory: Memory, map: MemoryMap): OpenSection[] {
  return map.records.flatMap((placed) => placed.layout.fields
    .filter(({ field: { kind } }) => kind === 'spinlock' || kind === 'seqcount')
    .flatMap((field) => openIn(memory, placed, field)));
}

function openIn(memory: Memory, { layout, base, count }: PlacedRecords, { name, offset, field }: PlacedField): OpenSection[] {
  const found: OpenSection[] = [];
  for (let i = 0; i < count; i++) {
    const cell = base + i * layout.bytes + offset;
    const holder = field.kind === 'spinlock' ? rawSpinOwner(memory, cell) : NOBODY;
    const isOpen = field.kind === 'spinlock' ? holder !== NOBODY : (memory.load(cell) & 1) !== 0;
    if (isOpen) found.push({ name: `${layout.name}${count > 1 ? `[${i}]` : ''}.${name}`, holder });
  }
  return found;
}
