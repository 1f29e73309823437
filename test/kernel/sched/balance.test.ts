import { describe, expect, test } from 'vitest';
import { schedBalanceSoftirq, schedBalanceTrigger } from '../../../src/kernel/sched/balance.ts';
import { attributesOf } from '../../support/fake-arch.ts';
import { oneCpu } from '../../support/sched-loop.ts';

describe('the balancing softirq of one CPU', () => {
  test.each([
    ['every tick while it idles', [], 1], ['every three ticks while it is busy', [attributesOf()], 3],
  ] as const)('is due %s', (_, tasks, ticks) => {
    const machine = oneCpu(...tasks);
    machine.as(0, (cpu) => {
      schedBalanceTrigger(cpu);
      expect(cpu.state.softirqPending).not.toBe(0);
      cpu.state.softirqPending = 0;
      schedBalanceSoftirq(cpu);
      schedBalanceTrigger(cpu);
      expect([cpu.state.softirqPending, cpu.rq.nextBalance]).toEqual([0, ticks]);
    });
  });
});
