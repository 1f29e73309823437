import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HrtimerBase } from '../../../shared/structs/hrtimer.ts';
import { LockClass } from '../../../shared/lock-order.ts';
import { NONE, type Ns, type TimerId } from '../../../shared/units.ts';
import { spinLock, spinUnlock } from '../../../src/kernel/locking/lock.ts';
import { timerqueueAdd, timerqueueDel, timerqueueGetnext } from '../../../src/kernel/time/hrtimer-queue.ts';
import { attributesOf, FakeMachine } from '../../support/fake-arch.ts';

const TASKS = 12;
const BASE = HrtimerBase.Tai;
const TIMERS = 1 + 2 * (1 + TASKS);

/** The dumb twin: a list that is searched for the least expiry; whoever came first of equals stands first. */
class SortedList {
  readonly list: { timer: TimerId; expires: Ns }[] = [];
  add(timer: TimerId, expires: Ns): void {
    this.list.push({ timer, expires });
  }
  remove(timer: TimerId): void {
    this.list.splice(this.list.findIndex((entry) => entry.timer === timer), 1);
  }
  get first(): TimerId {
    const least = Math.min(...this.list.map(({ expires }) => expires));
    return this.list.find(({ expires }) => expires === least)?.timer ?? NONE;
  }
  has(timer: TimerId): boolean {
    return this.list.some((entry) => entry.timer === timer);
  }
}

const operation = fc.record({
  timer: fc.integer({ min: 0, max: TIMERS - 1 }), expires: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.nat(1_000)), takesFirst: fc.nat(4),
});

describe('the queue of timers', () => {
  test('gives the same first timer as a sorted list after any additions and removals, equals first-in first-out', () => {
    fc.assert(fc.property(fc.array(operation, { maxLength: 120, size: 'max' }), (operations) => {
      const machine = new FakeMachine(1, Array.from({ length: TASKS }, () => attributesOf()));
      machine.as(0, (cpu) => {
        const twin = new SortedList();
        spinLock(cpu, cpu.hrtimers.lock, LockClass.HrtimerBase, 0);
        for (const { timer, expires, takesFirst } of operations) {
          const victim = takesFirst === 0 ? twin.first : timer;
          if (twin.has(victim)) {
            twin.remove(victim);
            expect(timerqueueDel(cpu.image, BASE, victim)).toBe(twin.list.length > 0);
          } else if (takesFirst > 0) {
            twin.add(timer, expires);
            cpu.image.timers[timer]!.expires = expires;
            expect(timerqueueAdd(cpu.image, BASE, timer)).toBe(twin.first === timer);
          }
          expect(timerqueueGetnext(cpu.image, BASE)).toBe(twin.first);
        }
        for (let first = twin.first; first !== NONE; first = twin.first) {
          expect(timerqueueGetnext(cpu.image, BASE)).toBe(first);
          twin.remove(first);
          timerqueueDel(cpu.image, BASE, first);
        }
        expect(timerqueueGetnext(cpu.image, BASE)).toBe(NONE);
        spinUnlock(cpu, cpu.hrtimers.lock, LockClass.HrtimerBase, 0);
      });
    }), { numRuns: 150 });
  });
});
