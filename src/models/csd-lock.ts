/**
 * A CPU calls a function on two others and waits for them (`src/kernel/smp.ts`): it goes on when both have
 * run it, not before, and it is told of that once. A message is a word here that the receiver waits for.
 */
import { CallQueue, CpuState, MessageKind } from '../../shared/structs/cpu.ts';
import { CSD_WAITING, callFunctionData } from '../../shared/structs/smp.ts';
import type { Memory } from '../../shared/memory/memory.ts';
import type { CpuId } from '../../shared/units.ts';
import { exhaustive } from '../explore/source-sets.ts';
import { model, type Model } from '../explore/model.ts';
import { everyStateWithin } from '../explore/state-walk.ts';
import type { Decisions } from '../kernel/decisions.ts';
import type { SmpCallback } from '../kernel/kernel-cpu.ts';
import { SmpFunction, callsAreOver, flushSmpCallFunctionQueue, smpCallFunctionMany } from '../kernel/smp.ts';
import type { Catalogued } from './catalogued.ts';
import { machineCells } from './machine-cells.ts';
import { modelCpu } from './model-arch.ts';
import { inPieces, tampered } from './tampered-memory.ts';

const CPUS = 3;
const { map, plan } = machineCells({ cpus: CPUS });
const CALLS = callFunctionData(CPUS).at;
const ofCaller = (field: 'pending' | 'locked'): number => map.at.callFunctionData + CALLS[field];
const queueOf = (cpu: CpuId): number => map.at.callQueue + cpu * CallQueue.bytes;
/** How many messages a CPU has been sent. */
const mailOf = (cpu: CpuId): number => queueOf(cpu) + CallQueue.at.bell;
/** How often the function has run there. */
const ranOf = (cpu: CpuId): number => queueOf(cpu) + CallQueue.at.starved;

interface Parts {
  readonly wait?: boolean;
  readonly decisions?: Partial<Decisions>;
  readonly tamperCaller?: (memory: Memory) => Memory;
  readonly tamperCalled?: (memory: Memory) => Memory;
}

const note: SmpCallback = (cpu) => void cpu.memory.add(ranOf(cpu.id), 1);

function kernelOf(memory: Memory, id: CpuId, decisions: Partial<Decisions>) {
  const { cpu, arch } = modelCpu(memory, id, { map, tickNs: 4_000_000, decisions });
  Object.assign(arch, { send: (to: CpuId) => void memory.add(mailOf(to), 1) });
  return Object.assign(cpu, { irqsOff: 0, callbacks: { ...cpu.callbacks, smp: [note, note, note, note] } });
}

function awaitMail(memory: Memory, id: CpuId, nth = 1): void {
  while (memory.load(mailOf(id)) < nth) memory.relax();
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
      const [told, pending] = [memory.load(mailOf(0)), memory.load(ofCaller('pending'))];
      if (told !== seen[3] || pending !== 0) return `the caller waited ${seen[3]} times, was told ${told} times; ${pending} is left`;
      return memory.load(ofCaller('locked') + 4) === 0 && memory.load(ofCaller('locked') + 8) === 0 ? undefined : 'a record stays locked';
    },
  });
}

/** Who lowers the count looks for the caller's note only then. */
const looksForNoteLater = (memory: Memory): Memory => tampered(memory, {
  add: (cell, by) => {
    const old = memory.add(cell, by);
    return cell === ofCaller('pending') ? (old & ~CSD_WAITING) | (memory.load(cell) & CSD_WAITING) : old;
  },
});

/** Calls CPU 1 without waiting, and again as soon as its record is free; returns what it saw after the second call. */
function callTwice(memory: Memory): number[] {
  const cpu = kernelOf(memory, 0, {});
  const mask = Uint8Array.of(0, 1, 0);
  smpCallFunctionMany(cpu, mask, SmpFunction.Nothing, 0, false);
  let told = 0;
  if (!callsAreOver(cpu, SmpFunction.Nothing)) awaitMail(memory, 0, ++told);
  if (smpCallFunctionMany(cpu, mask, SmpFunction.Nothing, 0, true)) awaitMail(memory, 0, ++told);
  return [memory.load(ranOf(1)), memory.load(ofCaller('pending')), told];
}

function serveTwice(memory: Memory): void {
  const cpu = kernelOf(memory, 1, {});
  const kinds = [MessageKind.CallFunctionMany, MessageKind.CallFunctionSync];
  kinds.forEach((kind, i) => {
    awaitMail(memory, 1, i + 1);
    flushSmpCallFunctionQueue(cpu, [{ kind, origin: 0, a: SmpFunction.Nothing, b: 0, n: i }], 0);
  });
}

const twice = (tamperCalled: (memory: Memory) => Memory = (memory) => memory): Model => model({
  name: 'csd-lock-twice',
  cells: plan,
  setUp: (memory) => { CpuState.view(memory, map.at.cpu + CpuState.bytes).online = 1; },
  threads: [{ name: 'caller', run: callTwice }, { name: 'CPU1', run: (memory: Memory) => serveTwice(tamperCalled(memory)) }],
  check: ({ results: [[ran, pending, told]], memory }) => {
    if (ran !== 2 || pending !== 0) return `the caller goes on after ${ran} of 2 calls, with ${pending} records locked`;
    const mail = memory.load(mailOf(0));
    return mail === told ? undefined : `the caller waited ${told} times, and was told ${mail} times`;
  },
});

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
      id: 'note-in-pieces', says: 'the caller looks at the count, and then notes beside it that it waits',
      model: calls('csd-lock', { tamperCaller: (memory) => inPieces(memory, ofCaller('pending')) }),
    },
  ],
  quick: () => everyStateWithin(2),
  thorough: () => everyStateWithin(3),
};

export const CSD_LOCK_ALONE: Catalogued = {
  id: 'csd-lock-alone',
  says: 'A CPU calls a function on two others and waits only before its next call: its records are free by then.',
  model: calls('csd-lock-alone', { wait: false }),
  mutants: [],
  quick: () => everyStateWithin(2),
  thorough: () => everyStateWithin(3),
};

export const CSD_LOCK_TWICE: Catalogued = {
  id: 'csd-lock-twice',
  says: 'A CPU calls a function on another, does not wait, and calls again: who unlocks the first record does not end the second wait.',
  model: twice(),
  mutants: [{
    id: 'note-looked-for-later', says: 'who unlocks the last record lowers the count, and then looks whether the caller waits',
    model: twice(looksForNoteLater),
  }],
  quick: exhaustive,
};
