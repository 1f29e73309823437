/**
 * Two busy CPUs kick an idle one whose tick is stopped (`src/kernel/sched/nohz-balance.ts`): what either asks for is seen, by one
 * message for all that is asked before it arrives, and no record of a call is used twice.
 */
import { CallQueue, CpuState, MessageKind, NohzFlag, Rq } from '../../shared/structs/cpu.ts';
import { JiffiesPage, NohzPage } from '../../shared/structs/global.ts';
import type { Memory } from '../../shared/memory/memory.ts';
import type { CpuId } from '../../shared/units.ts';
import { model, type Model } from '../explore/model.ts';
import { everyStateWithin } from '../explore/state-walk.ts';
import { SmpFunction, flushSmpCallFunctionQueue } from '../kernel/smp.ts';
import { kickIlb, nohzCsdFunc } from '../kernel/sched/nohz-balance.ts';
import type { Catalogued } from './catalogued.ts';
import { machineCells } from './machine-cells.ts';
import { modelCpu } from './model-arch.ts';
import { inPieces } from './tampered-memory.ts';

const CPUS = 3;
const IDLE: CpuId = 0;
const { map, plan } = machineCells({ cpus: CPUS });
const FLAGS = map.at.rq + Rq.at.nohzFlags;
/** Messages sent to the idle CPU; what it has been asked for; how many kicks are over. */
const MAIL = map.at.callQueue + CallQueue.at.bell;
const SEEN = map.at.callQueue + CallQueue.at.starved;
const DONE = map.at.callQueue + CallQueue.at.asleep;
const ASKS = [0, NohzFlag.Balance, NohzFlag.Stats];

type Tamper = (memory: Memory) => Memory;

function kernelOf(memory: Memory, id: CpuId) {
  const { cpu, arch } = modelCpu(memory, id, { map, tickNs: 4_000_000 });
  Object.assign(arch, { send: () => void memory.add(MAIL, 1) });
  const smp = [(idle: typeof cpu): void => {
    nohzCsdFunc(idle);
    memory.or(SEEN, idle.nohzIdleBalance);
  }];
  return Object.assign(cpu, { irqsOff: 0, callbacks: { ...cpu.callbacks, smp } });
}

function kick(memory: Memory, id: CpuId): void {
  kickIlb(kernelOf(memory, id), ASKS[id]!);
  memory.add(DONE, 1);
}

/** Serves messages until both kicks are over and none is left; returns how many there were. */
function serve(memory: Memory): number {
  let served = 0;
  for (;;) {
    const done = memory.load(DONE);
    const mail = memory.load(MAIL);
    if (mail > served) {
      served += 1;
      const call = { kind: MessageKind.CallFunctionAsync, origin: 1, a: SmpFunction.NohzCsd, b: 0, n: served };
      flushSmpCallFunctionQueue(kernelOf(memory, IDLE), [call], 0);
    } else if (done === CPUS - 1) return served;
    else memory.relax();
  }
}

const honest: Tamper = (memory) => memory;

function kicks(name: string, kicking = honest, serving = honest): Model {
  return model({
    name,
    cells: plan,
    setUp: (memory) => {
      for (let cpu = 0; cpu < CPUS; cpu++) CpuState.view(memory, map.at.cpu + cpu * CpuState.bytes).online = 1;
      JiffiesPage.view(memory, map.at.jiffies).jiffies = 10;
      const nohz = NohzPage.view(memory, map.at.nohz);
      nohz.setIdleCpus(0, 1 << IDLE);
      nohz.nrCpus = 1;
    },
    threads: [
      { name: 'idle', run: (memory: Memory) => serve(serving(memory)) },
      ...[1, 2].map((id) => ({ name: `CPU${id}`, run: (memory: Memory) => kick(kicking(memory), id) })),
    ],
    check: ({ results: [served], memory }) => {
      const left = memory.load(FLAGS);
      if (left !== 0) return `flags ${left} are left, and no message is under way`;
      const seen = memory.load(SEEN);
      const asked = NohzFlag.Balance | NohzFlag.Stats;
      return seen === asked ? undefined : `asked for ${asked}, and ${seen} was seen in ${String(served)} messages`;
    },
  });
}

export const NOHZ_KICK: Catalogued = {
  id: 'nohz-kick',
  says: 'Two busy CPUs kick an idle one at once: what both ask for is seen, in one message or two.',
  model: kicks('nohz-kick'),
  mutants: [
    { id: 'flags-in-pieces', says: 'a kick sets its flag in two steps', model: kicks('nohz-kick', (memory) => inPieces(memory, FLAGS)) },
    {
      id: 'clear-in-pieces', says: 'the idle CPU takes the flags in two steps',
      model: kicks('nohz-kick', honest, (memory) => inPieces(memory, FLAGS)),
    },
  ],
  quick: () => everyStateWithin(2),
  thorough: () => everyStateWithin(3),
};
