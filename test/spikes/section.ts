/**
 * Spike: a section declared once, as a list of steps, in two forms: stepwise over any `Memory`, and
 * fused into one WebAssembly function. Registers are doubles; a number stands for itself.
 */
import wabt from 'wabt';
import type { Memory } from '../../shared/memory/memory.ts';
import type { AnyLayout } from '../../shared/memory/struct.ts';
import type { SharedWasmMemory } from '../../shared/memory/wasm-memory.ts';

export type Step =
  | readonly ['load', to: string, field: string]
  | readonly ['store', field: string, from: string]
  | readonly ['add' | 'sub', to: string, a: string, b: string | number]
  /** A read section begins: waits until the count is even. */
  | readonly ['await-even', to: string, field: string]
  /** The weak twin's end of a read section: no second look. */
  | readonly ['no-retry']
  /** A read section ends: begins it again if the count has moved. */
  | readonly ['retry-unless', field: string, is: string]
  | readonly ['return', register: string];

export interface Section {
  readonly name: string;
  readonly layout: AnyLayout;
  readonly parameters: readonly string[];
  readonly steps: readonly Step[];
}

export type Stepwise = (memory: Memory, base: number, ...args: number[]) => number;
/** One attempt. NaN: a read section met a writer, and the stepwise form must take over. */
export type Fused = (base: number, ...args: number[]) => number;

const fieldOf = ({ layout }: Section, name: string) => layout.fields.find((f) => f.name === name)!;
const isLong = (section: Section, name: string) => fieldOf(section, name).field.kind === 'long';

const WRITES: ReadonlySet<string> = new Set(['load', 'add', 'sub', 'await-even']);

function registersOf(section: Section): string[] {
  const written = section.steps.flatMap((step) => (WRITES.has(step[0]) ? [step[1]!] : []));
  return [...new Set(written)].filter((register) => !section.parameters.includes(register));
}

export function stepwise(section: Section): Stepwise {
  const registers = registersOf(section);
  const body = section.steps.map((step) => stepSource(section, step)).join('\n');
  const declared = registers.length > 0 ? `let ${registers.join(', ')};\n` : '';
  return new Function('memory', 'base', ...section.parameters, `${declared}${body}\nreturn 0;`) as Stepwise;
}

function stepSource(section: Section, step: Step): string {
  const cell = (name: string) => `base + ${fieldOf(section, name).offset}`;
  const load = (name: string) => `memory.${isLong(section, name) ? 'loadLong' : 'load'}(${cell(name)})`;
  switch (step[0]) {
    case 'load': return `${step[1]} = ${load(step[2])};`;
    case 'store': return `memory.${isLong(section, step[1]) ? 'storeLong' : 'store'}(${cell(step[1])}, ${step[2]});`;
    case 'add': return `${step[1]} = ${step[2]} + ${step[3]};`;
    case 'sub': return `${step[1]} = ${step[2]} - ${step[3]};`;
    case 'await-even': return `for (;;) {\nwhile (((${step[1]} = ${load(step[2])}) & 1) !== 0) memory.relax();`;
    case 'retry-unless': return `if (${load(step[1])} === ${step[2]}) break;\n}`;
    case 'no-retry': return 'break;\n}';
    case 'return': return `return ${step[1]};`;
  }
}

/** All sections in one module over `memory`. */
export async function fuse(sections: readonly Section[], memory: SharedWasmMemory): Promise<Record<string, Fused>> {
  const text = `(module (import "e" "m" (memory 1 65536 shared))\n${sections.map(functionText).join('\n')})`;
  const { parseWat } = await wabt();
  const bytes = parseWat('sections.wat', text, { threads: true }).toBinary({}).buffer.slice();
  const { Module, Instance } = (globalThis as unknown as { WebAssembly: { Module: any; Instance: any } }).WebAssembly;
  return new Instance(new Module(bytes), { e: { m: memory } }).exports as Record<string, Fused>;
}

function functionText(section: Section): string {
  const parameters = section.parameters.map((name) => `(param $${name} f64)`).join(' ');
  const locals = registersOf(section).map((name) => `(local $${name} f64)`).join(' ');
  const body = section.steps.map((step) => stepText(section, step)).join('\n  ');
  return ` (func (export "${section.name}") (param $base i32) ${parameters} (result f64) ${locals}\n  ${body}\n  (f64.const 0))`;
}

function stepText(section: Section, step: Step): string {
  const value = (of: string | number) => (typeof of === 'number' ? `(f64.const ${of})` : `(local.get $${of})`);
  const at = (name: string) => `offset=${fieldOf(section, name).offset} (local.get $base)`;
  const load = (name: string) => (isLong(section, name)
    ? `(f64.convert_i64_s (i64.atomic.load ${at(name)}))` : `(f64.convert_i32_s (i32.atomic.load ${at(name)}))`);
  const giveUpIf = (test: string) => `(if ${test} (then (return (f64.const nan))))`;
  switch (step[0]) {
    case 'load': return `(local.set $${step[1]} ${load(step[2])})`;
    case 'store': return isLong(section, step[1])
      ? `(i64.atomic.store ${at(step[1])} (i64.trunc_f64_s ${value(step[2])}))`
      : `(i32.atomic.store ${at(step[1])} (i32.trunc_f64_s ${value(step[2])}))`;
    case 'add': case 'sub': return `(local.set $${step[1]} (f64.${step[0]} ${value(step[2])} ${value(step[3])}))`;
    case 'await-even': return `(local.set $${step[1]} ${load(step[2])})
  ${giveUpIf(`(i32.and (i32.trunc_f64_s ${value(step[1])}) (i32.const 1))`)}`;
    case 'retry-unless': return giveUpIf(`(f64.ne ${load(step[1])} ${value(step[2])})`);
    case 'no-retry': return '';
    case 'return': return `(return ${value(step[1])})`;
  }
}
