/** What a model's file hands to the catalogue. */
import type { Model } from '../explore/model.ts';
import type { Search } from '../explore/search.ts';

/** A bug that is planted in a model: every search worth its name must find it. */
export interface Mutant {
  readonly id: string;
  /** What is done wrong. */
  readonly says: string;
  readonly model: Model;
}

export interface Catalogued {
  readonly id: string;
  /** What is proved, in one sentence. */
  readonly says: string;
  readonly model: Model;
  readonly mutants: readonly Mutant[];
  /** What is run where time is short: in the suite, and unless more is asked for. */
  quick(): Search;
  /** What is run where it is not; without it `quick` covers all. */
  thorough?(): Search;
}
