/**
 * An execution as somebody reads it: a row a step, names in place of offsets, what each load read and
 * from which step, and where in the code it stands. Plain data, so that it is its own JSON. Lines of code
 * cost much, so only an execution that is shown is asked for them.
 */
import type { ExploredMachine } from './explored-machine.ts';
import { preemptionsOf, rewind, turnsOf } from './follow.ts';
import { isUnfinished } from './judge.ts';
import { NO_CELL, Op, READS, TRAITS, WIDE, WRITES, type Step } from './step.ts';
import { READ_LENGTH, SLEEPS, type Strand, type StepTaken } from './strand.ts';

export interface Row {
  /** From 1. */
  readonly step: number;
  /** Number of its CPU. */
  readonly column: number;
  readonly strand: string;
  /** Empty where the step touches none. */
  readonly cell: string;
  readonly reads: boolean;
  readonly writes: boolean;
  /** What the cell held before and after. */
  readonly old: number;
  readonly now: number;
  /** The step that stored what was there before; 0: it was there from the beginning. */
  readonly from: number;
  /** `store seq 1 -> 2` */
  readonly text: string;
  /** It took the turn from somebody who could have gone on. */
  readonly preempts: boolean;
  /** `file.ts:12` */
  readonly site: string;
  /** How the strand ended, if this was its last step. */
  readonly ends: string;
}

/** A strand that has not ended. */
export interface Waiting {
  readonly strand: string;
  readonly column: number;
  /** `spins until seq changes: it is 3, from step 6` */
  readonly text: string;
  readonly site: string;
}

export interface Film {
  readonly rows: readonly Row[];
  readonly waiting: readonly Waiting[];
}

/** The execution that the machine has behind it. */
export function filmOf(machine: ExploredMachine): Film {
  const preemptions = preemptionsOf(machine);
  const turns = turnsOf(machine);
  const sites = machine.strands.map(({ behaviour, log }) => behaviour.sites(log));
  rewind(machine);
  const storedBy = new Map<number, number>();
  const rows = turns.map(({ strand, way }, i) => {
    const site = siteNow(machine.strands[strand]!, sites);
    machine.take(strand, way);
    return rowOf(machine, storedBy, preemptions[i]!, site);
  });
  const waiting = machine.strands.filter(isUnfinished).map((strand) =>
    ({ strand: strand.name, column: strand.cpu.id, text: waitText(machine, strand, storedBy), site: siteNow(strand, sites) }));
  return { rows, waiting };
}

/** Where the strand's next step stands in the code: there is one access for each result in its log. */
function siteNow({ id, log }: Strand, sites: readonly (readonly string[])[]): string {
  return sites[id]![log.length] ?? '';
}

/** The row of the step that was taken last. */
function rowOf(machine: ExploredMachine, storedBy: Map<number, number>, preempts: boolean, site: string): Row {
  const { length, model } = machine;
  const taken = machine.taken[length - 1]!;
  const { strand, step, old } = taken;
  const traits = TRAITS[step.op]!;
  const cell = step.at >> 2;
  const touches = step.at !== NO_CELL;
  const name = touches ? model.cells.nameOf(cell) : '';
  const now = touches ? valueOf(machine, step) : 0;
  const from = storedBy.get(cell) ?? 0;
  const writes = (traits & WRITES) !== 0 && (step.op !== Op.Cas && step.op !== Op.CasLong || taken.result === step.expected);
  if (writes) storedBy.set(cell, length);
  return {
    step: length, column: strand.cpu.id, strand: strand.name, cell: name, old, now, from, preempts, site, writes,
    reads: (traits & READS) !== 0,
    text: textOf(taken, name, now),
    ends: strand.step.op === Op.Done ? endText('returns', strand.step) : strand.step.op === Op.Thrown ? endText('throws', strand.step) : '',
  };
}

function endText(verb: string, { outcome, outcomeText }: Step): string {
  return outcome === undefined ? 'ends' : `${verb} ${outcomeText}`;
}

function valueOf({ cells }: ExploredMachine, { op, at }: Step): number {
  return (TRAITS[op]! & WIDE) !== 0 ? cells.longs[at >> 3]! : cells.words[at >> 2]!;
}

const VERBS: Readonly<Partial<Record<Op, string>>> = {
  [Op.Load]: 'load', [Op.LoadLong]: 'load', [Op.PlainLoad]: 'peek', [Op.Store]: 'store', [Op.StoreLong]: 'store', [Op.PlainStore]: 'poke',
  [Op.Add]: 'add', [Op.AddLong]: 'add', [Op.Or]: 'or', [Op.And]: 'and', [Op.Exchange]: 'exchange', [Op.ExchangeLong]: 'exchange',
  [Op.Cas]: 'cas', [Op.CasLong]: 'cas', [Op.MaskIrqs]: 'masks interrupts', [Op.UnmaskIrqs]: 'unmasks interrupts',
};

function textOf({ step, old, result, woken }: StepTaken, name: string, now: number): string {
  const { op, expected } = step;
  if (op === Op.Choose) return `chooses ${step.label}: option ${result} of ${step.value}`;
  if (op === Op.Wait) return `wait ${name}, ${result === SLEEPS ? `which is ${expected}: sleeps` : `but it is ${old}, not ${expected}`}`;
  if (op === Op.Asleep) return `wait ${name}: timed out`;
  if (op === Op.Notify) return `notify ${name}: wakes ${woken.length === 0 ? 'nobody' : woken.map((sleeper) => sleeper.name).join(', ')}`;
  const verb = VERBS[op]!;
  if (step.at === NO_CELL) return verb;
  if ((op === Op.Cas || op === Op.CasLong) && result !== expected) return `${verb} ${name} = ${old}, not ${expected}`;
  return (TRAITS[op]! & WRITES) === 0 ? `${verb} ${name} = ${old}` : `${verb} ${name} ${old} -> ${now}`;
}

function waitText(machine: ExploredMachine, strand: Strand, storedBy: ReadonlyMap<number, number>): string {
  const { step, cpu } = strand;
  const { cells } = machine.model;
  if (cpu.interrupt !== undefined && cpu.interrupt !== strand) return `is interrupted by ${cpu.interrupt.name}`;
  if (step.op === Op.Asleep) return `sleeps on ${cells.nameOf(step.at >> 2)}, which was ${step.expected} and is ${valueOf(machine, step)}`;
  if (!step.relaxed) return 'has not come to its end';
  const watched = [...new Set(strand.reads.slice(strand.readsFrom, strand.readCount).filter((_, i) => i % READ_LENGTH === 0))];
  const each = watched.map((cell) => `${cells.nameOf(cell)} (${by(storedBy.get(cell))})`);
  return each.length === 0 ? 'relaxes twice and reads nothing in between' : `spins until ${each.join(' or ')} changes`;
}

function by(step: number | undefined): string {
  return step === undefined ? 'as at first' : `stored in step ${step}`;
}
