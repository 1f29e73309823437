/** Explored memory with accesses that are not atomic. Shipped memory has none: they are evidence of why. */
import type { Memory } from '../../shared/memory/memory.ts';
import { ExploredMemory } from '../../src/explore/explored-memory.ts';
import { Op } from '../../src/explore/step.ts';

export class RacyMemory extends ExploredMemory {
  peek(at: number): number {
    return this.access(Op.PlainLoad, at, 0, 0);
  }
  poke(at: number, value: number): void {
    this.access(Op.PlainStore, at, value | 0, 0);
  }
}

export function racy(memory: Memory): RacyMemory {
  if (!(memory instanceof RacyMemory)) throw new Error('the model does not make racy memory');
  return memory;
}
