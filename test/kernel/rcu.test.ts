import { describe, expect, test } from 'vitest';
import { Event } from '../../shared/events.ts';
import { SoftirqVec } from '../../shared/structs/cpu.ts';
import { simulate, type RunResult } from '../../src/sim.ts';
import { resolve } from '../support/engine.ts';
import { brokenOf } from '../support/shipped.ts';

interface Seen {
  readonly run: RunResult;
  /** ends of grace periods */
  readonly periods: number;
  /** RCU softirqs by CPU */
  readonly softirqs: readonly number[];
}

/** A task on CPU 0 frees something five times; CPU 1 is busy, the others idle. */
async function freeing(cmdline: string, kthreads: string): Promise<Seen> {
  const text = `{"tasks": {
    "closer": {"cpus": [0], "loop": 5, "syscall": "100us", "free": "", "sleep": 40000, "phases": {}},
    "busy": {"cpus": [1], "run": 1000}}, "dynticks": {${kthreads}}}`.replace(', "phases": {}', '');
  let periods = 0;
  const softirqs = [0, 0, 0, 0];
  const run = await simulate(resolve(text, { cpus: 4, durationNs: 300e6, cmdline }), {
    consumers: [{
      onEvent: (id, cpu, _t, fields, at) => {
        if (id === Event.rcu_grace_period) periods += fields[at + 1]!;
        if (id === Event.softirq_entry && fields[at] === SoftirqVec.Rcu) softirqs[cpu]! += 1;
      },
    }],
  });
  return { run, periods, softirqs };
}

describe('what is freed', () => {
  test.each(['', 'highres=off', 'nohz=off', 'nohz=off highres=off'])('waits for a grace period each time, with "%s"', async (cmdline) => {
    const { run, periods, softirqs } = await freeing(cmdline, '"kthreads": "linux"');
    expect(brokenOf(run)).toEqual({});
    // five times, and the end of the task
    expect(periods).toBe(6);
    // a busy CPU learns that a period has begun, reports, and learns that it is over; an idle one that ticks is reported
    expect(softirqs[1]).toBe(18);
    const idlers = softirqs[2]! + softirqs[3]!;
    if (cmdline.includes('nohz=off')) expect(idlers).toBe(24);
    else expect(idlers).toBeLessThan(18);
  });

  test('waits for nothing where the kernel has no threads', async () => {
    const { run, periods, softirqs } = await freeing('', '');
    expect([brokenOf(run), periods, softirqs]).toEqual([{}, 0, [0, 0, 0, 0]]);
  });
});
