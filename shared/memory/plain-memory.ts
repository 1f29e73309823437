/**
 * Memory of one thread: plain typed arrays, and the guards of the layouts on every access.
 *
 * The inline engine says before each event who executes and what the event has declared
 * (`runAs`); the guards then refuse what would be a race, or break lockstep's equality with inline,
 * once CPUs run on threads. The whole price of a legal access is one comparison.
 */
import { KernelBug } from '../assert.ts';
import { NOBODY, type CpuId, type Long, type Word } from '../units.ts';
import { EventKind, Guards, SHUT } from './guards.ts';
import { MemoryMap } from './memory-map.ts';
import type { OpenMemory } from './memory.ts';

export class PlainMemory implements OpenMemory {
  /** Without a map there is nothing to guard: tests of the primitives alone. */
  protected readonly guards: Guards | undefined;
  /** Words and longs lie in one buffer; a cell has one width, so they never overlap. */
  readonly words: Int32Array;
  readonly longs: Float64Array;
  readonly gates: Int16Array;
  readonly gateOf: Int32Array;
  cpu: CpuId = NOBODY;
  /**
   * Views must ask for every access: in a local event, where loads are judged, and always in a subclass,
   * which must see what it overrides. Compared with `true`: V8 tests a bare field for all that could be false.
   */
  asks: boolean;
  private readonly overridden: boolean;
  private readonly homeOf: Int32Array;
  private readonly opens: Int32Array;
  private kind: EventKind = EventKind.Interacting;
  private lowered = false;

  constructor(mapOrBytes: MemoryMap | number) {
    this.overridden = new.target !== PlainMemory;
    this.asks = this.overridden;
    const guarded = mapOrBytes instanceof MemoryMap;
    const bytes = Math.ceil((guarded ? mapOrBytes.bytes : mapOrBytes) / 8) * 8;
    const buffer = new ArrayBuffer(bytes);
    this.words = new Int32Array(buffer);
    this.longs = new Float64Array(buffer);
    this.guards = guarded ? new Guards(mapOrBytes, this.words) : undefined;
    const { gates, gateOf, homeOf, opens } = this.guards ?? openEverywhere(bytes >> 2);
    this.gates = gates;
    this.gateOf = gateOf;
    this.homeOf = homeOf;
    this.opens = opens;
  }

  /**
   * Who executes from now on, and what its event has declared. `NOBODY` (so it starts) is the host:
   * it may prepare memory as it likes.
   */
  runAs(cpu: CpuId, kind: EventKind): void {
    if (this.guards === undefined) return;
    this.cpu = cpu;
    this.kind = kind;
    this.asks = this.overridden || kind === EventKind.Local;
  }

  load(at: Word): number {
    if (this.asks === true && this.gates[this.homeOf[at >> 2]!] !== this.cpu) this.askLoad(at);
    return this.words[at >> 2]!;
  }

  store(at: Word, value: number): void {
    if (this.gates[this.gateOf[at >> 2]!] !== this.cpu) this.askStore(at, false, value);
    this.words[at >> 2] = value;
  }

  add(at: Word, by: number): number {
    const old = this.load(at);
    this.store(at, old + by);
    return old;
  }

  or(at: Word, bits: number): number {
    const old = this.load(at);
    this.store(at, old | bits);
    return old;
  }

  and(at: Word, bits: number): number {
    const old = this.load(at);
    this.store(at, old & bits);
    return old;
  }

  exchange(at: Word, value: number): number {
    const old = this.load(at);
    this.store(at, value);
    return old;
  }

  cas(at: Word, expected: number, value: number): number {
    const old = this.load(at);
    if (old === (expected | 0)) this.store(at, value);
    return old;
  }

  loadLong(at: Long): number {
    if (this.asks === true && this.gates[this.homeOf[at >> 2]!] !== this.cpu) this.askLoad(at);
    return this.longs[at >> 3]!;
  }

  storeLong(at: Long, value: number): void {
    if (this.gates[this.gateOf[at >> 2]!] !== this.cpu) this.askStore(at, true, value);
    if (!Number.isSafeInteger(value)) this.refuse(at, value);
    // adding 0 turns -0, which no 64-bit integer has, into 0
    this.longs[at >> 3] = value + 0;
  }

  addLong(at: Long, by: number): number {
    const old = this.loadLong(at);
    this.storeLong(at, old + by);
    return old;
  }

  exchangeLong(at: Long, value: number): number {
    const old = this.loadLong(at);
    this.storeLong(at, value);
    return old;
  }

  casLong(at: Long, expected: number, value: number): number {
    const old = this.loadLong(at);
    if (old === expected) this.storeLong(at, value);
    return old;
  }

  relax(): void {
    throw new KernelBug(
      `CPU ${this.cpu} spins, but on one thread nobody else can run: an event returned inside a section or with a lock held`,
    );
  }

  wait(at: Word, expected: number, _timeoutMs: number): 'ok' | 'not-equal' | 'timed-out' {
    if (this.load(at) !== (expected | 0)) return 'not-equal';
    throw new KernelBug(`CPU ${this.cpu} sleeps on ${at}, but on one thread nobody can wake it`);
  }

  /** Nobody can sleep here. */
  notify(_at: Word, _count: number): number {
    return 0;
  }

  handOver(record: number, to: CpuId): void {
    this.guards?.handOver(record, to);
  }

  /** A fault that breaks the rules of who may store when is switched on: from now on stores are not judged. */
  lowerGuards(): void {
    this.lowered = true;
  }

  private askLoad(at: number): void {
    if (this.kind === EventKind.Local) this.guards?.checkLoad(at >> 2, this.cpu);
  }

  /** A store to a cell whose gate does not show this CPU: a lock or a count, which open gates themselves, or one to be judged. */
  private askStore(at: number, wide: boolean, value: number): void {
    const cell = at >> 2;
    const opens = this.opens[cell]!;
    // what a record's own writer stores to its lock or count needs no judge
    if (opens === 0 || wide || this.gates[this.homeOf[cell]!] !== this.cpu) this.judgeStore(cell, wide);
    if (opens > 0) this.gates[opens] = value > 0 ? value - 1 : SHUT;
    else if (opens < 0) this.gates[-opens] = (value & 1) !== 0 ? this.cpu : SHUT;
  }

  private judgeStore(cell: number, wide: boolean): void {
    if (!this.lowered) this.guards?.checkStore(cell, this.cpu, this.kind, wide);
  }

  private refuse(at: Long, value: number): never {
    throw new KernelBug(`${this.guards?.nameOf(at >> 2) ?? `byte ${at}`} is to hold ${value}, which is no integer of 53 bits`);
  }
}

/** Without a map every store stands before one gate, which shows who executes for ever: `NOBODY`. */
function openEverywhere(cells: number): Pick<Guards, 'gates' | 'gateOf' | 'homeOf' | 'opens'> {
  const none = new Int32Array(cells);
  return { gates: new Int16Array(1).fill(NOBODY), gateOf: none, homeOf: none, opens: none };
}
