import { describe, expect, test } from 'vitest';
import { schedBalanceNewidle, schedBalanceSoftirq, schedBalanceTrigger } from '../../../src/kernel/sched/balance.ts';
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

  test('is due at the next tick of a CPU that was busy for long and has nothing to run now', () => {
    const machine = oneCpu(attributesOf());
    machine.as(0, (cpu) => {
      cpu.rq.lastBalance = 100;
      cpu.rq.nextBalance = 130;
      schedBalanceNewidle(cpu);
      expect(cpu.rq.nextBalance).toBe(101);
      cpu.rq.nextBalance = 100;
      schedBalanceNewidle(cpu);
      expect(cpu.rq.nextBalance).toBe(100);
    });
  });
});
