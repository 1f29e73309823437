/** Numbers for the workload's named things: equal kind and name are one object, made at its first use. */
import type { Workload } from '../kernel/user.ts';

export type SyncKind = Workload['syncObjects'][number]['kind'];

export class SyncNames {
  readonly #numbers = new Map<string, number>();
  readonly #objects: { readonly kind: SyncKind; readonly name: string; parties: number }[] = [];
  readonly #sharedTimers = new Map<string, number>();

  /** The object's number in operations. */
  numberOf(kind: SyncKind, name: string): number {
    const key = `${kind} ${name}`;
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const number = this.#objects.length;
    this.#numbers.set(key, number);
    this.#objects.push({ kind, name, parties: 0 });
    return number;
  }

  /** One use of a barrier by that many instances: rt-app counts its parties in the file. */
  addParties(name: string, instances: number): void {
    this.#objects[this.numberOf('barrier', name)]!.parties += instances;
  }

  sharedTimer(name: string): number {
    const known = this.#sharedTimers.get(name);
    if (known !== undefined) return known;
    this.#sharedTimers.set(name, this.#sharedTimers.size);
    return this.#sharedTimers.size - 1;
  }

  get objects(): Workload['syncObjects'] {
    return this.#objects;
  }

  get sharedTimers(): readonly string[] {
    return [...this.#sharedTimers.keys()];
  }
}
