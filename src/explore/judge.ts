/** What is wrong with an execution that has ended, if anything is. */
import type { ExploredMachine } from './explored-machine.ts';
import type { End } from './model.ts';
import { findRace, type Race } from './race-detector.ts';
import { Op } from './step.ts';
import type { Strand } from './strand.ts';

export const FAILURE_KINDS = ['invariant', 'exception', 'livelock', 'lost wake-up', 'deadlock', 'assertion', 'race'] as const;
export type FailureKind = (typeof FAILURE_KINDS)[number];

export interface Failure {
  readonly kind: FailureKind;
  /** What the model or the code had to say about it; empty where the kind says all. */
  readonly says: string;
  /** The number of steps after which nothing more matters. */
  readonly at: number;
  readonly race?: Race;
}

/** The first of the kinds that applies: what comes later in the list may be its consequence. */
export function judge(machine: ExploredMachine): Failure | undefined {
  if (machine.broken !== undefined) return { kind: 'invariant', says: machine.broken, at: machine.brokenAt };
  const thrower = machine.strands.find(({ step }) => step.op === Op.Thrown);
  if (thrower !== undefined) return exceptionOf(machine, thrower);
  const at = machine.length;
  const stuck = machine.strands.some(isUnfinished);
  if (stuck) return { kind: kindOfStop(machine), says: '', at };
  const says = machine.model.check?.(endOf(machine));
  if (says !== undefined) return { kind: 'assertion', says, at };
  const race = findRace(machine);
  return race === undefined ? undefined : { kind: 'race', says: '', at: race.second + 1, race };
}

function exceptionOf({ taken, length }: ExploredMachine, thrower: Strand): Failure {
  const last = taken.slice(0, length).findLastIndex(({ strand }) => strand === thrower);
  return { kind: 'exception', says: `${thrower.name} throws ${String(thrower.step.outcome)}`, at: last + 1 };
}

/** It has begun, or had to; an interrupt that never found its CPU unmasked did not have to. */
export function isUnfinished(strand: Strand): boolean {
  return !strand.ended && (!strand.isIrq || strand.log.length > 0 || strand.cpu.interrupt === strand);
}

function kindOfStop(machine: ExploredMachine): FailureKind {
  if (machine.enabled() !== 0) return 'livelock';
  return machine.strands.some(({ step }) => step.op === Op.Asleep) ? 'lost wake-up' : 'deadlock';
}

function endOf({ model, strands, cells, start }: ExploredMachine): End {
  const outcomes = strands.map(({ step }) => step.outcome);
  const threads = model.threads.length;
  return { results: outcomes.slice(0, threads), fired: outcomes.slice(threads), memory: cells, chosen: start.chosen };
}
