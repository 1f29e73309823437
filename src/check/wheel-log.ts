/**
 * Timer wheels as their log tells of them: each change of a wheel carries the wheel's own count, since where
 * CPUs race two of them may change one wheel within less than a message's way. Rows are handed on in that
 * order, each with the wheel as it was before.
 */
import { Event } from '../../shared/events.ts';
import { NR_TIMER_BASES, TimerBaseKind, WheelOp } from '../../shared/structs/timer.ts';
import { NONE, type CpuId, type Jiffies, type Ns } from '../../shared/units.ts';
import { InVersionOrder } from './in-version-order.ts';
import { namedEvent, places } from './kept-events.ts';
import type { WitnessEvent } from './oracle.ts';

const [BASE, VERSION, OP, TIMER, EXPIRES, BUCKET_EXPIRY, CLK, NEXT_EXPIRY, RECALC, NOW] = places(
  'timer_base', 'base', 'version', 'op', 'timer', 'expires', 'bucket_expiry', 'clk', 'next_expiry', 'recalc', 'now',
);

/** One change of a wheel. */
export interface WheelRow {
  readonly cpu: CpuId;
  readonly t: Ns;
  readonly op: WheelOp;
  readonly timer: number;
  readonly expires: Jiffies;
  readonly bucketExpiry: Jiffies;
  readonly clk: Jiffies;
  readonly nextExpiry: Jiffies;
  readonly recalc: boolean;
  readonly now: Jiffies;
  readonly event: WitnessEvent;
}

export interface QueuedTimer {
  readonly expires: Jiffies;
  readonly bucketExpiry: Jiffies;
  readonly event: WitnessEvent;
}

/** A wheel between two changes. */
export interface Wheel {
  readonly index: number;
  readonly cpu: CpuId;
  readonly deferrable: boolean;
  readonly queued: ReadonlyMap<number, QueuedTimer>;
  /** null: nothing has been heard of it. */
  readonly last: WheelRow | null;
  /** The timer whose function executes. */
  readonly running: number;
}

interface MutableWheel extends Wheel {
  readonly queued: Map<number, QueuedTimer>;
  last: WheelRow | null;
  running: number;
}

export class WheelLog {
  readonly #accept: (row: WheelRow, before: Wheel) => void;
  readonly #wheels: MutableWheel[] = [];
  readonly #orders: InVersionOrder[] = [];

  constructor(cpus: number, accept: (row: WheelRow, before: Wheel) => void) {
    this.#accept = accept;
    for (let index = 0; index < NR_TIMER_BASES * cpus; index++) {
      this.#wheels.push({
        index, cpu: Math.floor(index / NR_TIMER_BASES), deferrable: index % NR_TIMER_BASES === TimerBaseKind.Def,
        queued: new Map(), last: null, running: NONE,
      });
      this.#orders.push(new InVersionOrder((id, cpu, t, fields, at) => this.#onRow(id, cpu, t, fields, at), 1));
    }
  }

  /** A `timer_base` event. */
  onEvent(cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    this.#orders[fields[at + BASE]]!.take(fields[at + VERSION], t, Event.timer_base, cpu, t, fields, at);
  }

  /** The wheels as they stand at the end. */
  finish(): readonly Wheel[] {
    for (const order of this.#orders) order.flush();
    return this.#wheels;
  }

  #onRow(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const wheel = this.#wheels[fields[at + BASE]]!;
    const row: WheelRow = {
      cpu, t, op: fields[at + OP] as WheelOp, timer: fields[at + TIMER], expires: fields[at + EXPIRES],
      bucketExpiry: fields[at + BUCKET_EXPIRY], clk: fields[at + CLK], nextExpiry: fields[at + NEXT_EXPIRY],
      recalc: fields[at + RECALC] !== 0, now: fields[at + NOW], event: namedEvent(id, cpu, t, fields, at),
    };
    this.#accept(row, wheel);
    this.#apply(wheel, row);
  }

  #apply(wheel: MutableWheel, row: WheelRow): void {
    wheel.last = row;
    switch (row.op) {
      case WheelOp.Enqueue:
        wheel.queued.set(row.timer, row);
        break;
      case WheelOp.Detach: wheel.queued.delete(row.timer); break;
      case WheelOp.Expire:
        wheel.queued.delete(row.timer);
        wheel.running = row.timer;
        break;
      case WheelOp.Done: wheel.running = NONE;
    }
  }
}
