/**
 * A CPU calls a function on two others and waits for them (`src/kernel/smp.ts`): it goes on when both have
 * run it, not before, and it is told of that once. A message is a word here that the receiver waits for.
 */
import { CallQueue, CpuState, MessageKind } from '../../shared/structs/cpu.ts';
import { callFunctionData } from '../../shared/structs/smp.ts';
import type { Memory } from '../../shared/memory/memory.ts';
import type { CpuId } from '../../shared/units.ts';
import { boundedAt } from '../explore/depth-first.ts';
import { model, type Model } from '../explore/model.ts';
import type { Decisions } from '../kernel/decisions.ts';
import type { SmpCallback } from '../kernel/kernel-cpu.ts';
import { SmpFunction, callsAreOver, flushSmpCallFunctionQueue, smpCallFunctionMany } from '../kernel/smp.ts';
import type { Catalogued } from './catalogued.ts';
import { machineCells } from './machine-cells.ts';
import { modelCpu } from './model-arch.ts';
import { answered, inPieces } from './tampered-memory.ts';

const CPUS = 3;
const { map, plan } = machineCells({ cpus: CPUS });
const CALLS = callFunctionData(CPUS).at;
const ofCaller = (field: 'pending' | 'waiting' | 'locked'): number => map.at.callFunctionData + CALLS[field];
const queueOf = (cpu: CpuId): number => map.at.callQueue + cpu * CallQueue.bytes;
/** How many messages a CPU has been sent. */
const mailOf = (cpu: CpuId): number => queueOf(cpu) + CallQueue.at.bell;
/** Whether the function has run there. */
const ranOf = (cpu: CpuId): number => queueOf(cpu) + CallQueue.at.starved;

interface Parts {
  readonly wait?: boolean;
  readonly decisions?: Partial<Decisions>;
  readonly tamperCaller?: (memory: Memory) => Memory;
  readonly tamperCalled?: (memory: Memory) => Memory;
}

const note: SmpCallback = (cpu) => cpu.memory.store(ranOf(cpu.id), 1);

function kernelOf(memory: Memory, id: CpuId, decisions: Partial<Decisions>) {
  const { cpu, arch } = modelCpu(memory, id, { map, tickNs: 4_000_000, decisions });
  Object.assign(arch, { send: (to: CpuId) => void memory.add(mailOf(to), 1) });
  return Object.assign(cpu, { irqsOff: 0, callbacks: { ...cpu.callbacks, smp: [note, note, note, note] } });
}

function awaitMail(memory: Memory, id: CpuId): void {
  while (memory.load(mailOf(id)) === 0) memory.relax();
}

/** Where the caller goes on: on which CPUs the function had run by then, how many records were locked, and whether it waited. */
function call(memory: Memory, { wait = true, decisions = {} }: Parts): number[] {
  const cpu = kernelOf(memory, 0, decisions);
  const waits = smpCallFunctionMany(cpu, Uint8Array.of(0, 1, 1), SmpFunction.Nothing, 0, wait);
  // who does not wait for this call does before the next one
  const waited = waits || (!wait && !callsAreOver(cpu, SmpFunction.Nothing));
  if (waited) awaitMail(memory, 0);
  return [memory.load(ranOf(1)), memory.load(ranOf(2)), memory.load(ofCaller('pending')), waited ? 1 : 0];
}

function serve(memory: Memory, id: CpuId, { wait = true, decisions = {} }: Parts): void {
  const kind = wait ? MessageKind.CallFunctionSync : MessageKind.CallFunctionMany;
  awaitMail(memory, id);
  flushSmpCallFunctionQueue(kernelOf(memory, id, decisions), [{ kind, origin: 0, a: SmpFunction.Nothing, b: 0, n: id }], 0);
}

function calls(name: string, parts: Parts = {}): Model {
  const { wait = true, tamperCaller = (memory) => memory, tamperCalled = (memory) => memory } = parts;
  return model({
    name,
    cells: plan,
    setUp: (memory) => {
      for (let cpu = 0; cpu < CPUS; cpu++) CpuState.view(memory, map.at.cpu + cpu * CpuState.bytes).online = 1;
    },
    threads: [
      { name: 'caller', run: (memory: Memory) => call(tamperCaller(memory), parts) },
      { name: 'CPU1', run: (memory: Memory) => serve(tamperCalled(memory), 1, parts) },
      { name: 'CPU2', run: (memory: Memory) => serve(tamperCalled(memory), 2, parts) },
    ],
    check: ({ results: [seen], memory }) => {
      if (seen[2] !== 0) return `the caller goes on with ${seen[2]} records locked`;
      if (wait && seen[0] + seen[1] !== 2) return `the caller goes on after the function has run on ${seen[0] + seen[1]} of 2 CPUs`;
      const [told, waiting] = [memory.load(mailOf(0)), memory.load(ofCaller('waiting'))];
      if (told !== seen[3] || waiting !== 0) return `the caller waited ${seen[3]} times, was told ${told} times, and waits: ${waiting}`;
      return memory.load(ofCaller('locked') + 4) === 0 && memory.load(ofCaller('locked') + 8) === 0 ? undefined : 'a record stays locked';
    },
  });
}

/** The look at the count after the caller has said that it waits finds what the look before it found. */
const blindSecondLook = (memory: Memory): Memory => {
  let waits = false;
  const told = answered(memory, ofCaller('pending'), (_, load) => (waits ? 1 : load()));
  return { ...told, store: (cell, value) => {
    if (cell === ofCaller('waiting')) waits = value === 1;
    memory.store(cell, value);
  } };
};

export const CSD_LOCK: Catalogued = {
  id: 'csd-lock',
  says: 'A CPU calls a function on two others and waits: it goes on when both have run it, and is told once.',
  model: calls('csd-lock'),
  mutants: [
    {
      id: 'unlocked-first', says: 'the record is unlocked before the function runs',
      model: calls('csd-lock', { decisions: { unlocksCallFirst: true } }),
    },
    {
      id: 'count-in-pieces', says: 'the count of locked records is read and lowered in two steps',
      model: calls('csd-lock', { tamperCalled: (memory) => inPieces(memory, ofCaller('pending')) }),
    },
    {
      id: 'no-second-look', says: 'the caller says that it waits, and does not look once more whether it must',
      model: calls('csd-lock', { tamperCaller: blindSecondLook }),
    },
    {
      id: 'told-in-pieces', says: 'who unlocks the last record looks whether the caller waits, and then takes that note away',
      model: calls('csd-lock', { tamperCalled: (memory) => inPieces(memory, ofCaller('waiting')) }),
    },
  ],
  quick: () => boundedAt(2),
  thorough: () => boundedAt(3),
};

export const CSD_LOCK_ALONE: Catalogued = {
  id: 'csd-lock-alone',
  says: 'A CPU calls a function on two others and waits only before its next call: its records are free by then.',
  model: calls('csd-lock-alone', { wait: false }),
  mutants: [],
  quick: () => boundedAt(2),
  thorough: () => boundedAt(3),
};
