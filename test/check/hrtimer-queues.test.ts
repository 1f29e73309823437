import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Event } from '../../shared/events.ts';
import { HrtimerQueues } from '../../src/check/hrtimer-queues.ts';
import { places } from '../../src/check/kept-events.ts';

const [TIMER, EXPIRES] = places('hrtimer_start', 'hrtimer', 'expires');

describe('the model of the hrtimer queues', () => {
  it('gives timers in the order of a stable sort by expiry', () => {
    const starts = fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 20 });
    fc.assert(fc.property(starts, (expiries) => {
      const queues = new HrtimerQueues(1);
      expiries.forEach((expires, timer) => {
        const fields = new Float64Array(6);
        fields[TIMER!] = timer;
        fields[EXPIRES!] = expires;
        queues.start(timer, 0, Event.hrtimer_start, fields, 0);
      });
      const order: number[] = [];
      for (let head = queues.head(0); head >= 0; head = queues.head(0)) {
        order.push(head);
        queues.remove(head);
      }
      const sorted = expiries.map((expires, timer) => ({ expires, timer })).sort((a, b) => a.expires - b.expires);
      expect(order).toEqual(sorted.map(({ timer }) => timer));
    }));
  });
});
