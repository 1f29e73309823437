/**
 * Who may touch which cell, derived from the layouts: lockdep in a small table.
 *
 * Every cell has a gate, and a gate shows the CPU that may store behind it without a question: the
 * record's writer; or whoever holds the record's lock; or whoever is inside its write section. So a
 * legal store costs one comparison. A gate opens and shuts with the store to the lock or the count
 * itself, which has no gate: such a store goes by `opens`, and whatever else has no open gate asks
 * `checkStore`, which knows the rules and throws with names.
 *
 *      seq 8 -> 9       the section's gate shows CPU 0
 *        utime = 37     gate 0 = CPU 0: stored
 *      seq 9 -> 10      the gate shuts
 *        utime = 38     shut: asks, and throws
 */
import { KernelBug } from '../assert.ts';
import { NOBODY, type CpuId } from '../units.ts';
import { CellNames } from './cell-names.ts';
import type { MemoryMap, PlacedRecords } from './memory-map.ts';
import type { PlacedField } from './struct.ts';

/** What an event has declared that it does (`Memory` of other CPUs included). */
export const EventKind = {
  /** loads and stores only records whose writer is its CPU */
  Local: 0,
  /** loads foreign records too */
  Reading: 1,
  /** anything */
  Interacting: 2,
} as const;
export type EventKind = (typeof EventKind)[keyof typeof EventKind];

const { Local, Interacting } = EventKind;

/** What a shut gate shows: no CPU. */
export const SHUT = -2;
/** The gates of a record, from its number times `GATES` on; gate 0 is nobody's and always shut. */
const GATES = 3;
const OWNER_GATE = 1;
const LOCK_GATE = 2;
const SECTION_GATE = 3;

const NEEDS_SECTION = 1;
const NEEDS_LOCK = 2;
const ANY_WRITER = 4;
const IS_LONG = 8;

interface GuardedRecord {
  readonly base: number;
  /** Cell of the record's seqcount and of its lock's owner; -1 without one. */
  readonly seq: number;
  readonly lock: number;
  /** Any CPU may write it, by the lock or by read-modify-write. */
  readonly many: boolean;
  owner: CpuId;
}

export class Guards {
  /** Per gate: the CPU that may store behind it, or `SHUT`. */
  readonly gates: Int16Array;
  /** Per cell: the gate before a store. */
  readonly gateOf: Int32Array;
  /** Per cell: the gate that shows whose record it is; that of many writers is always shut. */
  readonly homeOf: Int32Array;
  /** Per cell: the gate that a store here opens or shuts: of a lock as it is, of a count negative; 0 for none. */
  readonly opens: Int32Array;
  private readonly flags: Uint8Array;
  private readonly recordAt: Int32Array;
  private readonly words: Int32Array;
  private readonly records: GuardedRecord[] = [];
  private readonly names: CellNames;

  /** `words` are the cells themselves: the guards look at locks and counts in them. */
  constructor(map: MemoryMap, words: Int32Array) {
    const cells = map.bytes >> 2;
    this.words = words;
    this.names = new CellNames(map);
    const records = map.records.reduce((sum, { count }) => sum + count, 0);
    this.gates = new Int16Array(1 + GATES * records).fill(SHUT);
    this.gateOf = new Int32Array(cells);
    this.homeOf = new Int32Array(cells);
    this.opens = new Int32Array(cells);
    this.flags = new Uint8Array(cells);
    this.recordAt = new Int32Array(cells).fill(-1);
    for (const placed of map.records) for (let i = 0; i < placed.count; i++) this.addRecord(placed, i);
  }

  /** A store of `cpu` that is not free to it. Returns if a rule allows it, else throws `KernelBug`. */
  checkStore(cell: number, cpu: CpuId, kind: EventKind, wide: boolean): void {
    const record = this.records[this.recordAt[cell]!];
    if (record === undefined) throw new KernelBug(`${name(cpu)} stores at ${cell * 4}: no record lies there`);
    const flags = this.flags[cell]!;
    const rightful = record.owner === cpu || (record.many && kind !== Local) || (kind === Interacting && (flags & ANY_WRITER) !== 0);
    const held = (flags & NEEDS_LOCK) === 0 || this.words[record.lock] === cpu + 1;
    const inside = (flags & NEEDS_SECTION) === 0 || (this.words[record.seq]! & 1) !== 0;
    if (rightful && held && inside && (flags & IS_LONG) === (wide ? IS_LONG : 0)) return;
    this.judgeStore(cell, cpu, kind, wide, record);
  }

  /** Which rule was broken, if any: the host, and CPUs that share a record nobody owns yet, are free. */
  private judgeStore(cell: number, cpu: CpuId, kind: EventKind, wide: boolean, record: GuardedRecord): void {
    const flags = this.flags[cell]!;
    if (((flags & IS_LONG) !== 0) !== wide) this.complain(cell, cpu, `is stored as a ${wide ? 'long' : 'word'}`);
    if (cpu === NOBODY || (!record.many && record.owner === NOBODY)) return;
    const foreign = record.many ? kind === Local : record.owner !== cpu;
    if (foreign && kind !== Interacting) this.complain(cell, cpu, `is foreign, but stored in a ${KIND_NAMES[kind]} event`);
    if (foreign && (flags & ANY_WRITER) === 0) this.complain(cell, cpu, 'is stored by a CPU that is not its writer');
    const holder = record.lock < 0 ? NOBODY : this.words[record.lock]! - 1;
    if ((flags & NEEDS_LOCK) !== 0 && holder !== cpu) this.complain(cell, cpu, `is stored without its lock, held by ${name(holder)}`);
    const closed = record.seq < 0 || (this.words[record.seq]! & 1) === 0;
    if ((flags & NEEDS_SECTION) !== 0 && closed) this.complain(cell, cpu, 'is stored outside its seqcount section');
  }

  /** A load, in a local event, of a cell that is not the CPU's own. Throws `KernelBug` if it is foreign. */
  checkLoad(cell: number, cpu: CpuId): void {
    const record = this.records[this.recordAt[cell]!];
    if (record === undefined) throw new KernelBug(`${name(cpu)} loads at ${cell * 4}: no record lies there`);
    if (cpu === NOBODY || (!record.many && record.owner === NOBODY)) return;
    this.complain(cell, cpu, 'is foreign, but loaded in a local event');
  }

  /** The record's single writer from now on. */
  handOver(at: number, to: CpuId): void {
    const number = this.recordAt[at >> 2]!;
    const record = this.records[number];
    if (record === undefined || record.base !== at) throw new KernelBug(`no record starts at ${at}: hand-over to CPU ${to}`);
    record.owner = to;
    this.gates[GATES * number + OWNER_GATE] = to === NOBODY ? SHUT : to;
  }

  /** `struct[index].field`, for messages. */
  nameOf(cell: number): string {
    const found = this.names.at(cell);
    return found === undefined ? `byte ${cell * 4}` : `${found.struct}[${found.index}].${found.field}`;
  }

  private complain(cell: number, cpu: CpuId, what: string): never {
    const owner = this.records[this.recordAt[cell]!]!.owner;
    throw new KernelBug(`${this.nameOf(cell)} ${what}: by ${name(cpu)}, its writer is ${name(owner)}`);
  }

  private addRecord(placed: PlacedRecords, index: number): void {
    const { layout } = placed;
    const base = placed.base + layout.bytes * index;
    const many = layout.options.writer === 'any cpu';
    const cellOf = (field: string | undefined) => {
      const found = layout.fields.find((f) => f.name === field);
      return found === undefined ? -1 : (base + found.offset) >> 2;
    };
    const record: GuardedRecord = {
      base, many, seq: cellOf(layout.options.seqcount), lock: cellOf(layout.options.lock), owner: placed.ownerOf(index),
    };
    const gate = GATES * this.records.length;
    const [from, to] = [base >> 2, (base + layout.bytes) >> 2];
    this.recordAt.fill(this.records.length, from, to);
    if (!many) {
      this.homeOf.fill(gate + OWNER_GATE, from, to);
      this.gates[gate + OWNER_GATE] = record.owner === NOBODY ? SHUT : record.owner;
    }
    if (!many && record.lock >= 0 && record.seq >= 0) {
      throw new KernelBug(`${layout.name} has one writer, a lock and a count: the guards do not know which of them opens the section`);
    }
    this.records.push(record);
    for (const field of layout.fields) this.addField(field, record, gate);
  }

  private addField(field: PlacedField, record: GuardedRecord, gate: number): void {
    const from = (record.base + field.offset) >> 2;
    const to = from + (field.bytes >> 2);
    const flags = flagsOf(field, record);
    this.flags.fill(flags, from, to);
    if (field.field.kind === 'spinlock') this.flags.fill(ANY_WRITER | IS_LONG, from + 2, from + 4);
    // a lock and a count open gates, so they have none
    if (from === record.lock) {
      this.opens[from] = gate + LOCK_GATE;
      this.gateOf.fill(gate + LOCK_GATE, from + 1, to);
    } else if (from === record.seq) this.opens[from] = -(gate + SECTION_GATE);
    if (this.opens[from] !== 0) return;
    if ((flags & NEEDS_SECTION) !== 0) this.gateOf.fill(gate + SECTION_GATE, from, to);
    else if ((flags & NEEDS_LOCK) !== 0) this.gateOf.fill(gate + LOCK_GATE, from, to);
    else if (!record.many) this.gateOf.fill(gate + OWNER_GATE, from, to);
  }
}

const KIND_NAMES = ['local', 'reading', 'interacting'];

function name(cpu: CpuId): string {
  return cpu === NOBODY ? 'no CPU' : `CPU ${cpu}`;
}

/** A seqcount under a lock belongs to whoever holds the lock. */
function flagsOf({ field }: PlacedField, record: GuardedRecord): number {
  const wide = field.kind === 'long' ? IS_LONG : 0;
  if (field.anyWriter) return ANY_WRITER | wide;
  const locked = record.lock >= 0 && (field.guarded || field.kind === 'seqcount') ? NEEDS_LOCK : 0;
  const inSection = record.seq >= 0 && field.guarded ? NEEDS_SECTION : 0;
  return locked | inSection | wide;
}
