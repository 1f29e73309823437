/**
 * Who deletes a wheel timer and waits may throw away what its function uses: when it is told that the timer
 * is gone, the function does not execute, and it never will unless the timer is put up again.
 *
 *      CPU 0 (runs timers)                    CPU 1 (deletes T)
 *      T out of its list; running = T
 *      unlock
 *        function of T                        lock; T is in no list, but running: not gone yet
 *      lock; running = none
 *                                             lock; gone
 */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { WheelOp } from '../../../shared/structs/timer.ts';
import type { OracleDescription } from '../oracle.ts';
import type { Wheel, WheelRow } from '../wheel-log.ts';
import { WheelOracle } from '../wheel-oracle.ts';

export class WheelDeleted extends WheelOracle {
  static readonly about: OracleDescription = {
    id: 'W-08',
    says: 'when a timer has been deleted for good, its function neither executes nor will, until the timer is put up again',
    reference: 'kernel/time/timer.c timer_delete_sync',
    blindTo: 'what the function still holds on to when it has returned',
    listens: ['timer_base'],
  };

  /** Deleted for good and not put up since, by wheel and timer. */
  readonly #gone = new Map<string, WheelRow>();

  constructor(facts: RunFacts) {
    super(WheelDeleted.about, facts);
  }

  protected override judge(row: WheelRow, before: Wheel): void {
    const key = `${before.index} ${row.timer}`;
    switch (row.op) {
      case WheelOp.Enqueue: this.#gone.delete(key); break;
      case WheelOp.Expire: this.#onExpire(row, this.#gone.get(key)); break;
      case WheelOp.DeletedSync: this.#onDeleted(key, row, before);
    }
  }

  #onDeleted(key: string, row: WheelRow, { running, last }: Wheel): void {
    this.checked++;
    this.#gone.set(key, row);
    if (running !== row.timer) return;
    this.broken(() => ({
      says: `CPU ${row.cpu} at ${row.t} ns is told that timer ${row.timer} is gone, while its function executes`,
      events: [...(last === null ? [] : [last.event]), row.event],
    }));
  }

  #onExpire(row: WheelRow, deleted: WheelRow | undefined): void {
    if (deleted === undefined) return;
    this.broken(() => ({
      says: `CPU ${row.cpu} at ${row.t} ns runs timer ${row.timer}, which was deleted for good at ${deleted.t} ns and not put up since`,
      events: [deleted.event, row.event],
    }));
  }
}
