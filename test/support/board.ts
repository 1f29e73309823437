/** What participants of a small machine are built over, with a note of who was sent to. */
import { layOutMachine } from '../../shared/machine-map.ts';
import { PlainMemory } from '../../shared/memory/plain-memory.ts';
import { KTIME_MAX, type CpuId } from '../../shared/units.ts';
import { asLinux } from '../../src/kernel/decisions.ts';
import type { Board } from '../../src/machine/participant.ts';

export const IPI_DELAY = 500;

export function newBoard(cpus: number, given: Partial<Board> = {}): { board: Board; sentTo: CpuId[] } {
  const map = layOutMachine({ cpus, tasks: cpus, syncObjects: 0, sharedTimers: 0 });
  const sentTo: CpuId[] = [];
  const board: Board = {
    memory: new PlainMemory(map.map), map, decisions: asLinux, ipiDelayNs: IPI_DELAY,
    promiseOf: () => KTIME_MAX, onSend: (to) => sentTo.push(to), whileFull: () => { throw new Error('the pool is full'); },
    linger: () => undefined, ...given,
  };
  return { board, sentTo };
}
