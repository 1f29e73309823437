/**
 * Windows of lockstep: events that others could notice (ordered ones) run alone and in the order of
 * their keys; between two of them everybody's local events run in parallel.
 *
 *      K   smallest key of an ordered event of anybody. Of a participant whose next event is local
 *          only an instant is known before which none of its events is ordered; it counts as
 *          "before all else at that instant" (soft).
 *
 * Whoever has a local event before K runs up to it (`Run`). If nobody has, K is the exact key of one
 * participant's next event; that one runs alone (`Turn`), and goes on as long as its next event comes
 * before anything of the others.
 *
 *      CPU 0    local 100   local 140   | tick 200 |               local 230
 *      CPU 1    local 110               |          | tick 200      local 220
 *               Run, K = tick of CPU 0  | Turn     | Turn: CPU 1   Run, K = ...
 *
 * A message whose receiver has not looked yet is a soft event at the instant at which it is due.
 */
import { KernelBug } from '../../../shared/assert.ts';
import { WindowMode } from '../../../shared/structs/window.ts';
import { KTIME_MAX, NOBODY, type CpuId, type Ns } from '../../../shared/units.ts';
import { comesBefore, type RankOf } from '../event-order.ts';
import { arrivalAt, type Control } from './control.ts';
import type { Opening, WindowPolicy } from './windows.ts';

/** The end of a window as a key: exact, or soft: before all events of that instant. */
export interface KeyBound {
  time: Ns;
  /** -1: soft. */
  class: number;
  cpu: CpuId;
  origin: CpuId;
  n: number;
}

const SOFT = -1;

export const newBound = (): KeyBound => ({ time: KTIME_MAX, class: SOFT, cpu: NOBODY, origin: NOBODY, n: 0 });

interface Key { time: Ns; class: number; origin: CpuId; n: number }

/** Whether an event of `cpu` comes before the bound; the event that is the bound does not. */
export function isBefore(event: Key, cpu: CpuId, bound: KeyBound, rankOf: RankOf): boolean {
  if (bound.class === SOFT) return event.time < bound.time;
  if (cpu === bound.cpu && event.origin === bound.origin && event.n === bound.n) return false;
  return comesBefore(event, cpu, bound, bound.cpu, rankOf);
}

/** Lowers the bound to the instant `time`, if that is not after it. */
export function soften(bound: KeyBound, time: Ns): void {
  if (time > bound.time) return;
  bound.time = time;
  bound.class = SOFT;
}

export class LockstepPolicy implements WindowPolicy {
  private readonly rankOf: RankOf;
  private readonly keys: Key[] = [];
  /** When a message that it may not know of arrives at each; KTIME_MAX for none. */
  private readonly arrivals: Ns[] = [];
  private readonly bound = newBound();

  constructor(rankOf: RankOf) {
    this.rankOf = rankOf;
  }

  open(control: Control, limit: Ns, opening: Opening): void {
    const { bound } = this;
    this.load(control);
    opening.count = 0;
    this.boundLocals(control, limit);
    this.takeLocals(opening);
    control.window.mode = WindowMode.Run;
    control.window.reached = this.first();
    if (opening.count === 0 && bound.time < limit) {
      if (bound.class === SOFT) throw new KernelBug(`nobody has anything before ${bound.time}, which nobody can say more of`);
      const owner = bound.cpu;
      opening.who[opening.count++] = owner;
      this.boundTurn(owner, limit);
      control.window.mode = WindowMode.Turn;
    }
    this.store(control);
  }

  private load({ standings }: Control): void {
    standings.forEach((standing, i) => {
      const key = (this.keys[i] ??= { time: 0, class: 0, origin: 0, n: 0 });
      key.time = standing.nextTime;
      key.class = standing.nextClass;
      key.origin = standing.nextOrigin;
      key.n = standing.nextN;
      this.arrivals[i] = arrivalAt(standing);
    });
  }

  /** K: the first ordered event, exactly or not before an instant. */
  private boundLocals({ standings }: Control, limit: Ns): void {
    const { bound, keys, arrivals } = this;
    setSoft(bound, limit);
    for (let i = 0; i < standings.length; i++) {
      const standing = standings[i]!;
      if (standing.nextOrdered === 0) soften(bound, standing.orderedFrom);
      else if (isBefore(keys[i]!, i, bound, this.rankOf)) setExact(bound, keys[i]!, i);
      soften(bound, arrivals[i]!);
    }
  }

  /** B: the first event of anybody but `owner`. */
  private boundTurn(owner: CpuId, limit: Ns): void {
    const { bound, keys, arrivals } = this;
    setSoft(bound, limit);
    for (let i = 0; i < keys.length; i++) {
      if (i === owner) continue;
      if (isBefore(keys[i]!, i, bound, this.rankOf)) setExact(bound, keys[i]!, i);
      soften(bound, arrivals[i]!);
    }
  }

  /** Who runs up to K, and who must look into its list before K can be known better. */
  private takeLocals(opening: Opening): void {
    const { bound, keys, arrivals } = this;
    for (let i = 0; i < keys.length; i++) {
      const looks = bound.class === SOFT && arrivals[i]! <= bound.time && arrivals[i]! !== KTIME_MAX;
      if (looks || isBefore(keys[i]!, i, bound, this.rankOf)) opening.who[opening.count++] = i;
    }
  }

  private first(): Ns {
    let first = KTIME_MAX;
    for (let i = 0; i < this.keys.length; i++) first = Math.min(first, this.keys[i]!.time, this.arrivals[i]!);
    return first;
  }

  private store({ window }: Control): void {
    const { bound } = this;
    window.horizon = bound.time;
    window.horizonClass = bound.class;
    window.horizonCpu = bound.cpu;
    window.horizonOrigin = bound.origin;
    window.horizonN = bound.n;
  }
}

function setSoft(bound: KeyBound, time: Ns): void {
  bound.time = time;
  bound.class = SOFT;
  bound.cpu = NOBODY;
}

function setExact(bound: KeyBound, key: Key, cpu: CpuId): void {
  bound.time = key.time;
  bound.class = key.class;
  bound.cpu = cpu;
  bound.origin = key.origin;
  bound.n = key.n;
}
