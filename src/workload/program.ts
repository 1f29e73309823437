/**
 * A declaration, compiled: flat arrays that never change and are equal in every thread. Where a task
 * stands in its program is in its `UserRegs`, so a program is only ever read.
 *
 *      SetAttributes   once a phase, where it changes anything: a on the first pass over all phases, b later
 *      Mark start
 *      ...             the events
 *      Mark end
 *      PhaseEnd        counts; back to Mark start, on to the next phase, back to the first, or over
 *      ...
 *      Exit
 */
import { OpKind } from '../kernel/user.ts';

/** The one instruction that is no operation: a = passes of the phase, b = its Mark start, c = 1 in the last phase. */
export const PHASE_END = 255;

export interface Program {
  /** `OpKind` or PHASE_END. */
  readonly kinds: Uint8Array;
  readonly a: Float64Array;
  readonly b: Float64Array;
  readonly c: Float64Array;
  /** Place in the declaration's file order; -1 for what no event of the file asks for. */
  readonly events: Int32Array;
  /** Passes over all phases; -1 for ever. */
  readonly loop: number;
  /** Position of Exit. */
  readonly exit: number;
}

/** Which attributes the phase sets that begins at `pc`: what it inherits differs on the first pass over all phases. -1: none. */
export const attributesAt = (program: Program, pc: number, threadLoop: number): number =>
  threadLoop === 0 ? program.a[pc]! : program.b[pc]!;

/** Writes a program down. */
export class ProgramBuilder {
  readonly #kinds: number[] = [];
  readonly #a: number[] = [];
  readonly #b: number[] = [];
  readonly #c: number[] = [];
  readonly #events: number[] = [];

  /** Position of the next instruction. */
  get position(): number {
    return this.#kinds.length;
  }

  emit(kind: number, a = 0, b = 0, c = 0, event = -1): void {
    this.#kinds.push(kind);
    this.#a.push(a);
    this.#b.push(b);
    this.#c.push(c);
    this.#events.push(event);
  }

  finish(loop: number): Program {
    const exit = this.position;
    this.emit(OpKind.Exit);
    return {
      kinds: Uint8Array.from(this.#kinds),
      a: Float64Array.from(this.#a),
      b: Float64Array.from(this.#b),
      c: Float64Array.from(this.#c),
      events: Int32Array.from(this.#events),
      loop,
      exit,
    };
  }
}
