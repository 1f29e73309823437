/** The points of the execution that a search is in: by depth, as sets of strands. */
import { sizeOf } from './search.ts';

export class Points {
  /** Who could step there. */
  readonly enabled: number[] = [];
  /** Who need not be tried, or no more: what begins with them has been seen. */
  readonly aside: number[] = [];
  /** Who is to be tried, or has been. */
  readonly wanted: number[] = [];
  /** How many have been. */
  readonly tried: number[] = [];

  /** One of `first` is to be tried at this depth, unless one of them is already or need not be. */
  wantOneOf(depth: number, first: number): void {
    if ((first & (this.wanted[depth]! | this.aside[depth]!)) !== 0) return;
    const able = first & this.enabled[depth]!;
    this.wanted[depth]! |= able !== 0 ? able & -able : this.enabled[depth]!;
  }

  /** Each of `all` who could step there is to be tried. */
  wantAll(depth: number, all: number): void {
    this.wanted[depth]! |= all & this.enabled[depth]!;
  }

  /**
   * How much is done, were all branches alike and everybody wanted everywhere, where the execution is at
   * `depth`. It never falls.
   */
  share(depth: number): number {
    let share = 0;
    let part = 1;
    for (let d = 0; d < depth; d++) {
      part /= this.tried[d]! + sizeOf(this.enabled[d]! & ~this.aside[d]!);
      share += this.tried[d]! * part;
    }
    return share;
  }
}
