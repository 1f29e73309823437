/**
 * Three CPUs go through a stop of the machine together (`src/kernel/stop-machine.ts`): the last one that
 * acknowledges a state moves it on, the function runs once, and while it runs all of them stand still. A
 * CPU that would wait for a message looks at the state again here.
 */
import { CallQueue } from '../../shared/structs/cpu.ts';
import { MultiStopState, StopPage } from '../../shared/structs/smp.ts';
import type { Memory } from '../../shared/memory/memory.ts';
import type { CpuId } from '../../shared/units.ts';
import { model, type Model } from '../explore/model.ts';
import { exhaustive } from '../explore/source-sets.ts';
import { everyStateWithin } from '../explore/state-walk.ts';
import { ALL_EARS, type KernelCpu } from '../kernel/kernel-cpu.ts';
import { multiCpuStop } from '../kernel/stop-machine.ts';
import type { Catalogued } from './catalogued.ts';
import { machineCells } from './machine-cells.ts';
import { modelCpu } from './model-arch.ts';
import { heldBack, inPieces } from './tampered-memory.ts';

const { map, plan } = machineCells({ cpus: 3 });
const { stop: PAGE } = map.at;
const THREAD_ACK = PAGE + StopPage.at.threadAck;
const STATE = PAGE + StopPage.at.state;
const cell = (field: keyof typeof CallQueue.at): number => map.at.callQueue + CallQueue.at[field];
/** How often the function ran, and how many stood still then. */
const RAN = cell('bell');
const STOOD = cell('asleep');
/** CPUs that stand still. */
const STILL = cell('starved');

/** One CPU's part. */
function takePart(memory: Memory, id: CpuId): void {
  const { cpu } = modelCpu(memory, id, { map, tickNs: 4_000_000 });
  if (id === 0) cpu.stopRequest = { functions: [theFunction], fn: 0, arg: 0 };
  cpu.stopPending = true;
  let hears: number = ALL_EARS;
  Object.defineProperty(cpu, 'hears', { get: () => hears, set: (only: number) => {
    memory.add(STILL, only === ALL_EARS ? -1 : 1);
    hears = only;
  } });
  while (!multiCpuStop(cpu)) memory.relax();
}

function theFunction({ memory }: KernelCpu): void {
  memory.add(RAN, 1);
  memory.store(STOOD, memory.load(STILL));
}

function stops(name: string, cpus: number, tamper: (memory: Memory) => Memory = (memory) => memory): Model {
  return model({
    name,
    cells: plan,
    setUp: (memory) => {
      const page = StopPage.view(memory, PAGE);
      page.busy = 1;
      page.threads = cpus;
      page.threadAck = cpus;
      page.active = 0;
      page.state = MultiStopState.Prepare;
    },
    threads: Array.from({ length: cpus }, (_, id) => ({ name: `CPU${id}`, run: (memory: Memory) => takePart(tamper(memory), id) })),
    check: ({ memory }) => {
      const [ran, stood] = [memory.load(RAN), memory.load(STOOD)];
      if (ran !== 1 || stood !== cpus) return `the function ran ${ran} times, while ${stood} of ${cpus} CPUs stood still`;
      const page = StopPage.view(memory, PAGE);
      return page.state === MultiStopState.None && page.busy === 0 ? undefined : `the stop ends in state ${page.state}, busy ${page.busy}`;
    },
  });
}

export const STOP_MACHINE: Catalogued = {
  id: 'stop-machine',
  says: 'Two CPUs go through a stop of the machine: the last to acknowledge a state moves it on, and the function runs once.',
  model: stops('stop-machine', 2),
  mutants: [
    {
      id: 'ack-in-pieces', says: 'the count of those who have still to acknowledge is read and lowered in two steps',
      model: stops('stop-machine', 2, (memory) => inPieces(memory, THREAD_ACK)),
    },
    {
      id: 'state-first', says: 'the state is moved on before the count is set up for it',
      model: stops('stop-machine', 2, (memory) => heldBack(memory, THREAD_ACK, STATE)),
    },
  ],
  quick: exhaustive,
};

export const STOP_MACHINE_THREE: Catalogued = {
  id: 'stop-machine-three',
  says: 'Three CPUs go through a stop of the machine.',
  model: stops('stop-machine-three', 3),
  mutants: [],
  quick: () => everyStateWithin(1),
  thorough: () => everyStateWithin(2),
};
