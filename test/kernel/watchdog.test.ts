import { describe, expect, test } from 'vitest';
import { Event } from '../../shared/events.ts';
import { HrtimerFunction } from '../../shared/structs/hrtimer.ts';
import { simulate } from '../../src/sim.ts';
import { resolve } from '../support/engine.ts';
import { brokenOf } from '../support/shipped.ts';

describe('the watchdog', () => {
  const cmdlines = ['', 'highres=off', 'nohz=off', 'nohz=off highres=off'];

  test.each(cmdlines)('wakes its thread on its own CPU once a period, with "%s"', async (cmdline) => {
    const text = `{"tasks": {"busy": {"cpus": [1], "run": 900}},
      "dynticks": {"kthreads": [{"name": "watchdog", "timer": "hrtimer", "cpu": 1, "every": "40ms", "work": "2us"}]}}`;
    const expiries: number[] = [];
    const run = await simulate(resolve(text, { cpus: 2, durationNs: 1e9, cmdline }), {
      consumers: [{
        onEvent: (id, cpu, t, fields, at) => {
          if (id === Event.hrtimer_expire_entry && fields[at + 1] === HrtimerFunction.WatchdogTimerFn) expiries.push(cpu, t);
        },
      }],
    });
    expect(brokenOf(run)).toEqual({});
    expect(new Set(expiries.filter((_, i) => i % 2 === 0))).toEqual(new Set([1]));
    expect(expiries.length / 2).toBeGreaterThanOrEqual(23);
    expect(expiries.length / 2).toBeLessThanOrEqual(25);
    expect(run.figures.tasks.find(({ name }) => name === 'watchdog')!.wakeups).toBe(1 + expiries.length / 2);
  });
});
