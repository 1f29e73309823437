/**
 * How often a look was begun anew. A reader without a lock throws away what it has loaded if a version was published meanwhile. How
 * often it did so, and how many versions went by from its first pass to its last, is part of what a look leaves in the trace: no
 * reader may go round for any other reason.
 *
 *      writer                                 reader
 *                                             begins with sequence 4
 *      4 -> 5 ... 5 -> 6                      sequence is not 4: throws this pass away
 *                                             begins with 6: retries 1, published 1
 */
import { readSeqcountBegin } from '../../../shared/sync/seqcount.ts';
import type { Word } from '../../../shared/units.ts';
import type { Looker } from '../reads/looker.ts';

/** Of one look, all its records together. */
export interface ReadPasses {
  retries: number;
  published: number;
}

/** Looks are counted by passes that were thrown away: none, one, two and so on, and all that had more. */
export const RETRY_BUCKETS = 8;

/** @dynticks Linux does not count them */
export const newReadPasses = (): ReadPasses => ({ retries: 0, published: 0 });

/** A look begins. @dynticks Linux does not count them */
export function beginLook({ passes }: Looker): void {
  passes.retries = 0;
  passes.published = 0;
}

/** The pass that began with sequence `start` is thrown away; returns that of the next one. @dynticks Linux does not count them */
export function readAgain({ memory, passes }: Looker, seq: Word, start: number): number {
  const next = readSeqcountBegin(memory, seq);
  passes.retries += 1;
  passes.published += (next - start) >>> 1;
  return next;
}

/** A look is over: its passes, into an event's fields from `at` on. @dynticks Linux does not count them */
export function sayPasses(cpu: Looker, at: number): void {
  const { fields, passes } = cpu;
  countRetries(cpu);
  fields[at] = passes.retries;
  fields[at + 1] = passes.published;
}

/** A look is over. @dynticks Linux does not count them */
export function countRetries({ passes, readRetries }: Looker): void {
  readRetries[Math.min(passes.retries, RETRY_BUCKETS - 1)]! += 1;
}
