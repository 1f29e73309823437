/**
 * `struct()` declares a record of shared memory once. Offsets, the typed view, the guard that plain
 * memory checks at every store, and the printed memory map all derive from that declaration.
 *
 *     export const Vtime = struct('vtime', {
 *       seq: word('odd while the owner is inside a section'),
 *       utime: long<Ns>('user time not yet charged'),
 *     }, { writer: 'task cpu', seqcount: 'seq' });
 *
 *     const vtime = Vtime.view(memory, base);
 *     vtime.utime += 5;                       // two steps of `memory`: a load and a store
 *
 * A view's accessors are compiled per layout (`new Function`), because one generic accessor that
 * serves all layouts is four times slower: its call sites see every layout and V8 inlines none. There
 * are two forms of each: through the methods of `Memory`, and straight into cells that lie open
 * (`OpenMemory`), which means the same.
 */
import { assert } from '../assert.ts';
import type { Memory } from './memory.ts';

/** Who may store into a record's fields. */
export type Writer =
  /** the CPU that the record belongs to (one record per CPU) */
  | 'owning cpu'
  /** the CPU that the record was last handed over to (`Memory.handOver`) */
  | 'task cpu'
  /** the participant that owns the global devices */
  | 'coordinator'
  /** any CPU, by a lock or by one read-modify-write */
  | 'any cpu';

export interface StructOptions<Fields> {
  readonly writer: Writer;
  /** Field of kind `seqcount`: stores into guarded fields need it odd. */
  readonly seqcount?: keyof Fields & string;
  /** Field of kind `spinlock`: stores into guarded fields need the storing CPU to hold it. */
  readonly lock?: keyof Fields & string;
}

export type FieldKind = 'word' | 'long' | 'seqcount' | 'spinlock';

export interface Field<T> {
  readonly kind: FieldKind;
  readonly says: string;
  /** More than 1 for an array of cells. */
  readonly count: number;
  /** False: a store needs neither the record's lock nor its seqcount. */
  readonly guarded: boolean;
  /** True: any CPU may store, whoever the record's single writer is. */
  readonly anyWriter: boolean;
  readonly value?: T;
}
export interface ArrayField<T> extends Field<T> {
  readonly many: true;
}
/** A composite: the view gives its byte offset, which the lock functions take. */
export interface CompositeField extends Field<number> {
  readonly composite: true;
}

/** Bytes of a spinlock: owner + 1, generation, release stamp (`shared/sync/raw-spinlock.ts`). */
export const SPINLOCK_BYTES = 16;

export function word<T extends number = number>(says: string): Field<T> {
  return { kind: 'word', says, count: 1, guarded: true, anyWriter: false };
}
export function long<T extends number = number>(says: string): Field<T> {
  return { kind: 'long', says, count: 1, guarded: true, anyWriter: false };
}
export function words<T extends number = number>(count: number, says: string): ArrayField<T> {
  return { kind: 'word', says, count, guarded: true, anyWriter: false, many: true };
}
export function longs<T extends number = number>(count: number, says: string): ArrayField<T> {
  return { kind: 'long', says, count, guarded: true, anyWriter: false, many: true };
}
export function seqcount(says: string): CompositeField {
  return { kind: 'seqcount', says, count: 1, guarded: false, anyWriter: false, composite: true };
}
export function spinlock(says: string): CompositeField {
  return { kind: 'spinlock', says, count: 1, guarded: false, anyWriter: true, composite: true };
}
/** A cell that its single writer may store outside lock and seqcount: one store publishes it. */
export function unguarded<F extends Field<number>>(field: F): F {
  return { ...field, guarded: false };
}
/** A cell that several CPUs change, by read-modify-write or under a protocol of its own. */
export function anyWriter<F extends Field<number>>(field: F): F {
  return { ...field, guarded: false, anyWriter: true };
}

export type Fields = Readonly<Record<string, Field<number>>>;

type ValueOf<F> = F extends Field<infer T> ? T : never;
type ScalarKeys<F> = { [K in keyof F]: F[K] extends ArrayField<number> ? never : K }[keyof F];
type CompositeKeys<F> = { [K in keyof F]: F[K] extends CompositeField ? K : never }[keyof F];
type ArrayKeys<F> = { [K in keyof F]: F[K] extends ArrayField<number> ? K : never }[keyof F];

/** Typed access to one record: scalars as properties, arrays as `name(i)` and `setName(i, value)`. */
export type View<F extends Fields> = {
  readonly memory: Memory;
  readonly base: number;
} & { readonly [K in CompositeKeys<F> & string]: number } & {
  [K in Exclude<ScalarKeys<F>, CompositeKeys<F>> & string]: ValueOf<F[K]>;
} & { readonly [K in ArrayKeys<F> & string]: (index: number) => ValueOf<F[K]> } & {
  readonly [K in ArrayKeys<F> & string as `set${Capitalize<K>}`]: (
    index: number,
    value: ValueOf<F[K]>,
  ) => void;
};

export interface PlacedField {
  readonly name: string;
  readonly offset: number;
  readonly bytes: number;
  readonly field: Field<number>;
}

export interface Layout<F extends Fields = Fields> {
  readonly name: string;
  /** Bytes of one record, padded to whole 64-byte lines. */
  readonly bytes: number;
  readonly options: StructOptions<F>;
  readonly fields: readonly PlacedField[];
  /** Byte offset of each field inside the record. */
  readonly at: { readonly [K in keyof F]: number };
  view(memory: Memory, base: number): View<F>;
}

/** The view type of a layout: `type Vtime = ViewOf<typeof Vtime>`. */
export type ViewOf<L> = L extends Layout<infer F> ? View<F> : never;

/** What `MemoryMap` and the guards need of a layout, whatever its fields. */
export type AnyLayout = Omit<Layout, 'view' | 'at' | 'options'> & {
  readonly options: { readonly writer: Writer; readonly seqcount?: string; readonly lock?: string };
};

/** A cache line of every host we know; false sharing costs several times an access. */
export const LINE_BYTES = 64;

export function struct<F extends Fields>(
  name: string,
  fields: F,
  options: StructOptions<F>,
): Layout<F> {
  const placed = place(fields);
  const last = placed[placed.length - 1];
  assert(last !== undefined, `struct ${name} has no fields`);
  const bytes = Math.ceil((last.offset + last.bytes) / LINE_BYTES) * LINE_BYTES;
  const at = Object.fromEntries(placed.map((p) => [p.name, p.offset])) as Layout<F>['at'];
  type ViewClass = new (memory: Memory, base: number) => View<F>;
  const ClosedView = compileView(name, placed.map(closedMember)) as ViewClass;
  const OpenView = compileView(name, placed.map(openMember)) as ViewClass;
  return {
    name, bytes, options, fields: placed, at,
    view: (memory, base) => ('asks' in memory ? new OpenView(memory, base) : new ClosedView(memory, base)),
  };
}

function place(fields: Fields): PlacedField[] {
  let offset = 0;
  return Object.entries(fields).map(([name, field]) => {
    const unit = field.kind === 'long' || field.kind === 'spinlock' ? 8 : 4;
    const each = field.kind === 'spinlock' ? SPINLOCK_BYTES : unit;
    offset = Math.ceil(offset / unit) * unit;
    const placed = { name, offset, bytes: each * field.count, field };
    offset += placed.bytes;
    return placed;
  });
}

function compileView(name: string, members: readonly string[]): unknown {
  const source = `return class ${pascal(name)}View {
  constructor(memory, base) { this.memory = memory; this.base = base; }
${members.join('\n')}
};
//# sourceURL=dynticks/struct/${name}.js`;
  return new Function(source)();
}

/** A member over cells that lie open: one test, then the cell itself. Whatever is not plain sailing goes through the methods. */
function openMember(placed: PlacedField): string {
  const { name, offset, field } = placed;
  if ('many' in field || field.kind === 'spinlock' || field.kind === 'seqcount') return closedMember(placed);
  const isLong = field.kind === 'long';
  const [load, store] = isLong ? ['loadLong', 'storeLong'] : ['load', 'store'];
  const at = `this.base + ${offset}`;
  const cell = isLong ? `m.longs[(${at}) >> 3]` : `m.words[(${at}) >> 2]`;
  const judged = `m.asks === true || m.gates[m.gateOf[(${at}) >> 2]] !== m.cpu${isLong ? ' || !Number.isSafeInteger(value)' : ''}`;
  return `  get ${name}() { const m = this.memory; return m.asks === true ? m.${load}(${at}) : ${cell}; }
  set ${name}(value) { const m = this.memory; if (${judged}) m.${store}(${at}, value); else ${cell} = value${isLong ? ' + 0' : ''}; }`;
}

/** A member over any memory. */
function closedMember({ name, offset, field }: PlacedField): string {
  const cell = `this.base + ${offset}`;
  if (field.kind === 'spinlock' || field.kind === 'seqcount') return `  get ${name}() { return ${cell}; }`;
  const [load, store, bytes] = field.kind === 'long' ? ['loadLong', 'storeLong', 8] : ['load', 'store', 4];
  if ('many' in field) {
    return `  ${name}(i) { return this.memory.${load}(${cell} + ${bytes} * i); }
  set${pascal(name)}(i, value) { this.memory.${store}(${cell} + ${bytes} * i, value); }`;
  }
  return `  get ${name}() { return this.memory.${load}(${cell}); }
  set ${name}(value) { this.memory.${store}(${cell}, value); }`;
}

function pascal(name: string): string {
  const joined = name.replace(/[-_](\w)/g, (_, letter: string) => letter.toUpperCase());
  return joined.charAt(0).toUpperCase() + joined.slice(1);
}
