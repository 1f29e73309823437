/**
 * Who may touch which cell, derived from the layouts: lockdep in a small table.
 *
 * Each 32-bit cell has an entry in three arrays. `storer[cell]` is the CPU that may store there in
 * any event without further questions, or `ASK`; the memory compares it with the running CPU, and
 * only if they differ calls `checkStore`, which knows the rules and throws with names.
 */
import { KernelBug } from '../assert.ts';
import { NOBODY, type CpuId } from '../units.ts';
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

/** In `storer`: no CPU may store here unasked. */
const ASK = -2;

const NEEDS_SECTION = 1;
const NEEDS_LOCK = 2;
const ANY_WRITER = 4;
const IS_LONG = 8;

interface GuardedRecord {
  readonly placed: PlacedRecords;
  readonly index: number;
  readonly base: number;
  /** Cell of the record's seqcount and of its lock's owner; -1 without one. */
  readonly seq: number;
  readonly lock: number;
  /** Any CPU may write it, by the lock or by read-modify-write. */
  readonly many: boolean;
  owner: CpuId;
}

export interface CellName {
  readonly struct: string;
  readonly index: number;
  readonly field: string;
}

export class Guards {
  /** Per cell: the CPU that may store unasked, or `ASK`. */
  readonly storer: Int16Array;
  /** Per cell: the CPU whose record this is; `NOBODY` for records of many writers. */
  readonly home: Int16Array;
  /**
   * Per cell: what the CPU whose record it is must have opened first. Above 0 the seqcount's cell,
   * below 0 the lock's, 0 nothing or both.
   */
  readonly gate: Int32Array;
  private readonly flags: Uint8Array;
  private readonly recordAt: Int32Array;
  private readonly words: Int32Array;
  private readonly records: GuardedRecord[] = [];

  /** `words` are the cells themselves: the guards look at locks and counts in them. */
  constructor(map: MemoryMap, words: Int32Array) {
    const cells = map.bytes >> 2;
    this.words = words;
    this.storer = new Int16Array(cells).fill(ASK);
    this.home = new Int16Array(cells).fill(NOBODY);
    this.gate = new Int32Array(cells);
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
    const record = this.records[this.recordAt[at >> 2]!];
    if (record === undefined || record.base !== at) throw new KernelBug(`no record starts at ${at}: hand-over to CPU ${to}`);
    record.owner = to;
    this.openCells(record);
  }

  /** What lies at a cell; `undefined` where no record does. */
  cellName(cell: number): CellName | undefined {
    const record = this.records[this.recordAt[cell]!];
    if (record === undefined) return undefined;
    const { placed, index, base } = record;
    const field = fieldAt(placed.layout.fields, cell * 4 - base);
    return { struct: placed.layout.name, index, field: field?.name ?? 'padding' };
  }

  /** `struct[index].field`, for messages. */
  nameOf(cell: number): string {
    const found = this.cellName(cell);
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
      placed, index, base, many, seq: cellOf(layout.options.seqcount), lock: cellOf(layout.options.lock), owner: placed.ownerOf(index),
    };
    this.recordAt.fill(this.records.length, base >> 2, (base + layout.bytes) >> 2);
    this.records.push(record);
    for (const field of layout.fields) this.addField(field, record);
    this.openCells(record);
  }

  private addField(field: PlacedField, record: GuardedRecord): void {
    const from = (record.base + field.offset) >> 2;
    const to = from + (field.bytes >> 2);
    const flags = flagsOf(field, record);
    this.flags.fill(flags, from, to);
    if (field.field.kind === 'spinlock') this.flags.fill(ANY_WRITER | IS_LONG, from + 2, from + 4);
    const needs = flags & (NEEDS_LOCK | NEEDS_SECTION);
    if (needs === NEEDS_SECTION) this.gate.fill(record.seq, from, to);
    if (needs === NEEDS_LOCK) this.gate.fill(-record.lock, from, to);
  }

  /** Lets the owner store unasked wherever no lock or section is needed. */
  private openCells({ base, placed, owner, many }: GuardedRecord): void {
    const end = (base + placed.layout.bytes) >> 2;
    for (let cell = base >> 2; cell < end; cell++) {
      const free = !many && owner !== NOBODY && (this.flags[cell]! & (NEEDS_LOCK | NEEDS_SECTION)) === 0;
      this.storer[cell] = free ? owner : ASK;
      this.home[cell] = many ? NOBODY : owner;
    }
  }
}

const KIND_NAMES = ['local', 'reading', 'interacting'];

function name(cpu: CpuId): string {
  return cpu === NOBODY ? 'no CPU' : `CPU ${cpu}`;
}

function fieldAt(fields: readonly PlacedField[], offset: number): PlacedField | undefined {
  return fields.find((f) => offset >= f.offset && offset < f.offset + f.bytes);
}

/** A seqcount under a lock belongs to whoever holds the lock. */
function flagsOf({ field }: PlacedField, record: GuardedRecord): number {
  const wide = field.kind === 'long' ? IS_LONG : 0;
  if (field.anyWriter) return ANY_WRITER | wide;
  const locked = record.lock >= 0 && (field.guarded || field.kind === 'seqcount') ? NEEDS_LOCK : 0;
  const inSection = record.seq >= 0 && field.guarded ? NEEDS_SECTION : 0;
  return locked | inSection | wide;
}
