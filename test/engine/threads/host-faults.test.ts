import { describe, expect, it } from 'vitest';
import { layOutMachine } from '../../../shared/machine-map.ts';
import { allocateShared, WasmMemory } from '../../../shared/memory/wasm-memory.ts';
import { HOST_FAULTS, hostFaultOf, Saboteur, type Struck } from '../../../src/engine/threads/host-faults.ts';
import { FAULTS } from '../../../src/machine/faults.ts';

const map = layOutMachine({ cpus: 3, tasks: 3, syncObjects: 0, sharedTimers: 0 });
const struck = (cpu: number): Struck => ({ map, cpu, memory: new WasmMemory(allocateShared(map.map.bytes)) });

describe('a fault of the host', () => {
  it('has a name of its own, and a sentence', () => {
    const ids = [...HOST_FAULTS, ...FAULTS].map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { id, says } of HOST_FAULTS) {
      expect(says).toMatch(/the last CPU/);
      expect(hostFaultOf(['torn-vtime', id])?.id).toBe(id);
    }
  });

  it('sits in the thread of the last CPU only, and where it is switched on', () => {
    expect([0, 1, 2, 3].map((cpu) => Saboteur.of(['thread-throws'], struck(cpu)) !== undefined)).toEqual([false, false, true, false]);
    expect(Saboteur.of(['torn-vtime'], struck(2))).toBeUndefined();
  });

  it('strikes at the first event at 20 ms or later', () => {
    const saboteur = Saboteur.of(['thread-throws'], struck(2))!;
    saboteur.beforeEvent(0);
    saboteur.beforeEvent(19_999_999);
    expect(() => saboteur.beforeEvent(20_000_000)).toThrow('planted');
  });
});
