/** Every implementation of `Memory`, for suites that must hold on all of them. */
import { describe } from 'vitest';
import { AtomicsMemory } from '../../shared/memory/atomics-memory.ts';
import type { Memory } from '../../shared/memory/memory.ts';
import { PlainMemory } from '../../shared/memory/plain-memory.ts';
import { allocateShared, WasmMemory } from '../../shared/memory/wasm-memory.ts';
import { soloMemory } from './solo-memory.ts';

export const NATIVE = ['wasm', 'atomics'] as const;
export type NativeKind = (typeof NATIVE)[number];

const MAKERS: Record<NativeKind | 'plain' | 'explored', (bytes: number) => Memory> = {
  plain: (bytes) => new PlainMemory(bytes),
  explored: soloMemory,
  wasm: (bytes) => new WasmMemory(allocateShared(bytes)),
  atomics: (bytes) => new AtomicsMemory(allocateShared(bytes).buffer),
};

/** Declares the suite once for each memory; `make` gives a zeroed one. */
export function describeEachMemory(title: string, suite: (make: (bytes: number) => Memory) => void): void {
  for (const [kind, make] of Object.entries(MAKERS)) describe(`${title} [${kind}]`, () => suite(make));
}
