/** A step becomes an access: exactly what the same call does to the memory of one thread. */
import type { Memory } from '../../shared/memory/memory.ts';
import { Op, type Step } from './step.ts';

/** Executes a step that neither sleeps nor wakes, and returns its result. */
export function perform(memory: Memory, { op, at, value, expected }: Step): number {
  switch (op) {
    case Op.Load: case Op.PlainLoad: return memory.load(at);
    case Op.LoadLong: return memory.loadLong(at);
    case Op.Store: case Op.PlainStore: memory.store(at, value); return 0;
    case Op.StoreLong: memory.storeLong(at, value); return 0;
    case Op.Add: return memory.add(at, value);
    case Op.Or: return memory.or(at, value);
    case Op.And: return memory.and(at, value);
    case Op.Exchange: return memory.exchange(at, value);
    case Op.Cas: return memory.cas(at, expected, value);
    case Op.AddLong: return memory.addLong(at, value);
    case Op.ExchangeLong: return memory.exchangeLong(at, value);
    case Op.CasLong: return memory.casLong(at, expected, value);
    default: throw new Error(`operation ${op} is no access`);
  }
}
