/** How late a sleep may end: the kernel's default, unless the task or its class says otherwise. */
import { describe, expect, test } from 'vitest';
import type { EventConsumer } from '../../shared/event-consumer.ts';
import { Event } from '../../shared/events.ts';
import { HrtimerFunction } from '../../shared/structs/hrtimer.ts';
import { simulate } from '../../src/sim.ts';
import { resolveScenario } from '../../src/workload/resolve.ts';

/** Lengths of the ranges in which the sleeps of a one-task workload may end. */
async function slacks(task: string): Promise<number[]> {
  const seen = new Set<number>();
  const watch: EventConsumer = {
    onEvent(id, _cpu, _t, fields, at) {
      if (id === Event.hrtimer_start && fields[at + 1] === HrtimerFunction.HrtimerWakeup) seen.add(fields[at + 2]! - fields[at + 3]!);
    },
  };
  await simulate(resolveScenario(`{"tasks": {"t": {${task}}}}`, 'w.json', { durationNs: 50e6, cpus: 1 }), { consumers: [watch] });
  return [...seen];
}

describe('timer slack', () => {
  test('is 50 µs for a task that says nothing', async () => expect(await slacks('"sleep": 1000')).toEqual([50_000]));
  test('is what the task sets it to', async () => {
    expect(await slacks('"phases": {"a": {"loop": 1, "slack": "3us"}, "b": {"loop": -1, "sleep": 1000}}')).toEqual([3_000]);
  });
  test('is none for a real-time task', async () => {
    expect(await slacks('"policy": "SCHED_FIFO", "priority": 5, "sleep": 1000')).toEqual([0]);
  });
});
