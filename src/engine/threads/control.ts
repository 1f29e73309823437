/** One thread's views of what the threads share beside the machine itself (`shared/structs/window.ts`). */
import type { MachineMap } from '../../../shared/machine-map.ts';
import { viewsOf } from '../../../shared/memory/memory-map.ts';
import type { Memory } from '../../../shared/memory/memory.ts';
import { CallQueue } from '../../../shared/structs/cpu.ts';
import { Baton, Standing, WindowPage } from '../../../shared/structs/window.ts';
import { KTIME_MAX, NOBODY, type CpuId, type Ns } from '../../../shared/units.ts';

export interface Control {
  readonly memory: Memory;
  readonly map: MachineMap;
  readonly window: WindowPage;
  readonly baton: Baton;
  /** By participant; the coordinator is the last. */
  readonly standings: readonly Standing[];
  readonly queues: readonly CallQueue[];
}

export function controlOf(memory: Memory, map: MachineMap): Control {
  const participants = map.shape.cpus + 1;
  return {
    memory, map,
    window: WindowPage.view(memory, map.at.window),
    baton: Baton.view(memory, map.at.baton),
    standings: viewsOf(Standing, memory, map.at.standing, participants),
    queues: viewsOf(CallQueue, memory, map.at.callQueue, participants),
  };
}

/** Before any thread starts: nobody has a window, and all are expected at the first one. `promise`: where promises begin. */
export function prepareControl({ window, baton, standings }: Control, promise: Ns): void {
  window.expected = standings.length;
  baton.to = NOBODY;
  for (const standing of standings) {
    standing.promise = promise;
    standing.announced = KTIME_MAX;
    standing.nextTime = KTIME_MAX;
    standing.orderedFrom = KTIME_MAX;
    standing.left = -1;
    standing.lastStart = -1;
    standing.spunIn = KTIME_MAX;
  }
}

/** Wakes a participant that sleeps, if it does. What it shall find is stored before. */
export function ring({ memory, queues }: Control, id: CpuId): void {
  const { base } = queues[id]!;
  memory.add(base + CallQueue.at.bell, 1);
  if (memory.load(base + CallQueue.at.asleep) !== 0) memory.notify(base + CallQueue.at.bell, 1);
}

/** Says that a message due then lies in the participant's list: whoever opens a window reckons with it. */
export function announce({ memory, standings }: Control, to: CpuId, due: Ns): void {
  const cell = standings[to]!.base + Standing.at.announced;
  let known = memory.loadLong(cell);
  while (due < known) {
    const found = memory.casLong(cell, known, due);
    if (found === known) return;
    known = found;
  }
}

/** When a message that the participant may not know of begins an event there: not before its clock. KTIME_MAX for none. */
export function arrivalAt({ announced, now }: Standing): Ns {
  return announced === KTIME_MAX ? KTIME_MAX : Math.max(announced, now);
}

/** The first that it will do, a message that it may not know of included. KTIME_MAX for nothing. */
export function startOfNext(standing: Standing): Ns {
  return Math.min(standing.nextTime, arrivalAt(standing));
}
