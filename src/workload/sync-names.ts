/** Numbers for the workload's named things: equal kind and name are one object, made at its first use. */
import { ClockId } from '../../shared/structs/timekeeper.ts';
import type { PosixTimerSpec, TimerfdSpec, Workload } from '../kernel/user.ts';

export type SyncKind = Workload['syncObjects'][number]['kind'];

/** A timer that nothing sets. */
const RELATIVE: PosixTimerSpec = { clock: ClockId.Monotonic, absolute: false };

/** Timers by name; each is what the first event makes of it that sets it. */
class TimerNames<Spec> {
  readonly specs: Spec[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #isSet = new Set<string>();
  readonly #otherwise: Spec;

  constructor(otherwise: Spec) {
    this.#otherwise = otherwise;
  }

  numberOf(name: string, count: number, spec: Spec | null): number {
    const first = this.#numbers.get(name) ?? this.specs.length;
    if (!this.#numbers.has(name)) {
      this.#numbers.set(name, first);
      for (let i = 0; i < count; i++) this.specs.push(this.#otherwise);
    }
    if (spec !== null && !this.#isSet.has(name)) {
      this.#isSet.add(name);
      this.specs.fill(spec, first, first + count);
    }
    return first;
  }
}

export class SyncNames {
  readonly #numbers = new Map<string, number>();
  readonly #objects: { readonly kind: SyncKind; readonly name: string; parties: number }[] = [];
  readonly #sharedTimers = new Map<string, number>();
  readonly #posixTimers = new TimerNames<PosixTimerSpec>(RELATIVE);
  readonly #timerfds = new TimerNames<TimerfdSpec>({ ...RELATIVE, cancelOnSet: false, soft: false });

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

  /** As many POSIX timers in a row as the declaration has instances. `spec`: of an event that sets it; the first one counts. */
  posixTimers(name: string, instances: number, spec: PosixTimerSpec | null): number {
    return this.#posixTimers.numberOf(name, instances, spec);
  }

  timerfd(name: string, spec: TimerfdSpec | null): number {
    return this.#timerfds.numberOf(name, 1, spec);
  }

  get posixTimerSpecs(): readonly PosixTimerSpec[] {
    return this.#posixTimers.specs;
  }

  get timerfdSpecs(): readonly TimerfdSpec[] {
    return this.#timerfds.specs;
  }

  get objects(): Workload['syncObjects'] {
    return this.#objects;
  }

  get sharedTimers(): readonly string[] {
    return [...this.#sharedTimers.keys()];
  }
}
