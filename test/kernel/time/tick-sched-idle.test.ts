/** When idle CPUs stop their tick, for how long, and how they go on. */
import { describe, expect, test } from 'vitest';
import { EVENTS } from '../../../shared/events.ts';
import { MessageKind, SoftirqVec, TickFlag } from '../../../shared/structs/cpu.ts';
import { TICK_DO_TIMER_NONE } from '../../../shared/structs/global.ts';
import { KTIME_MAX, NONE } from '../../../shared/units.ts';
import { wakeUpNohzCpu } from '../../../src/kernel/sched/core.ts';
import { setTickDoTimerCpu } from '../../../src/kernel/time/jiffies.ts';
import { canStopIdleTick } from '../../../src/kernel/time/tick-sched-idle.ts';
import { dropDuty } from '../../../src/kernel/time/tick-sched-stop.ts';
import { simulate } from '../../../src/sim.ts';
import { resolve } from '../../support/engine.ts';
import { FakeMachine } from '../../support/fake-arch.ts';
import { brokenOf } from '../../support/shipped.ts';

const MS = 1e6;

interface Counts {
  /** How often a CPU says so. */
  of(cpu: number, event: string): number;
  /** Fields of each such event of a CPU. */
  fields(cpu: number, event: string): Record<string, number>[];
}

async function run(tasks: string, block: string, durationNs: number): Promise<Counts> {
  const seen: { cpu: number; event: string; fields: Record<string, number> }[] = [];
  const scenario = resolve(`{"tasks": {${tasks}}, "dynticks": {${block}}}`, { durationNs });
  const result = await simulate(scenario, { consumers: [{
    onEvent: (id, cpu, _t, fields, at) => {
      const schema = EVENTS[id]!;
      seen.push({ cpu, event: schema.name, fields: Object.fromEntries(schema.fields.map(({ name }, i) => [name, fields[at + i]!])) });
    },
  }] });
  expect(brokenOf(result)).toEqual({});
  const fields = (cpu: number, event: string) => seen.filter((row) => row.cpu === cpu && row.event === event).map((row) => row.fields);
  return { fields, of: (cpu, event) => fields(cpu, event).length };
}

const EVERY_MS = '"t": {"cpus": [1], "timer": {"ref": "unique", "period": 1000, "mode": "grid"}, "run": 200}';
const RARELY = '"t": {"cpus": [1], "timer": {"ref": "unique", "period": 50000, "mode": "grid"}, "run": 200}';

describe('without a driver for idle states', () => {
  test('a CPU that each tick wakes keeps its tick for ever', async () => {
    const seen = await run(EVERY_MS, '"cpus": 2', 400 * MS);
    // at most once, before the task is there
    expect(seen.of(1, 'tick_stop')).toBeLessThanOrEqual(1);
    expect(seen.of(1, 'tick')).toBeGreaterThan(90);
  });

  test('one that sleeps longer stops it with the first tick that wakes nobody, and that only', async () => {
    const seen = await run(RARELY, '"cpus": 2', 400 * MS);
    expect(seen.of(1, 'tick_stop')).toBe(8);
    // each round: the tick that comes with the task, the one that stops, and what the boot took
    expect(seen.of(1, 'tick')).toBeLessThan(20);
    expect(seen.of(1, 'tick_nohz_restart')).toBe(7);
  });

  test('an interrupt that wakes nobody has a stopped CPU look again, and keep what it has', async () => {
    const seen = await run(`${RARELY}, "busy": {"cpus": [0], "call": {"cpus": [1], "wait": true}, "sleep": 7000}`, '"cpus": 2', 200 * MS);
    const stops = seen.fields(1, 'tick_nohz_idle_stop');
    expect(stops.length).toBeGreaterThan(seen.of(1, 'tick_stop') + 10);
    expect(stops.every(({ calls, sleeps }) => calls === sleeps)).toBe(true);
  });

  test('nohz=off leaves all ticks on', async () => {
    const seen = await run(RARELY, '"cpus": 2, "cmdline": "nohz=off"', 200 * MS);
    expect([seen.of(0, 'tick_nohz_next_event'), seen.of(1, 'tick_nohz_next_event')]).toEqual([0, 0]);
    expect(seen.of(0, 'tick')).toBe(50);
  });

  test('with nohz_full= whoever keeps the time never stops, and all others may', async () => {
    const seen = await run(RARELY, '"cpus": 3, "cmdline": "nohz_full=2"', 200 * MS);
    expect([seen.of(0, 'tick_nohz_next_event'), seen.of(0, 'tick')]).toEqual([0, 50]);
    expect(seen.of(1, 'tick_stop')).toBeGreaterThan(0);
    expect(seen.of(2, 'tick_stop')).toBe(1);
  });

  test('in low resolution the stopped tick comes for the first hrtimer, whole ticks late at most', async () => {
    const seen = await run('"t": {"cpus": [1], "sleep": 30100}', '"cpus": 2, "cmdline": "highres=off"', 300 * MS);
    expect(seen.of(1, 'tick_stop')).toBeGreaterThan(5);
    for (const { now, expires } of seen.fields(1, 'hrtimer_expire_entry')) expect(now! - expires!).toBeLessThan(4.2 * MS);
  });
});

describe('the duty of the time', () => {
  test('is dropped by who stops and taken by who ticks; who had it last bounds its sleep', async () => {
    const seen = await run(RARELY, '"cpus": 2', 200 * MS);
    const owners = seen.fields(1, 'tick_do_timer_cpu').map(({ owner }) => owner);
    expect(owners).toContain(1);
    expect(owners).toContain(TICK_DO_TIMER_NONE);
    const looks = [...seen.fields(0, 'tick_nohz_next_event'), ...seen.fields(1, 'tick_nohz_next_event')];
    expect(looks.filter(({ duty }) => duty === 1).every(({ expires }) => expires! < KTIME_MAX)).toBe(true);
    expect(looks.some(({ duty, expires }) => duty === 0 && expires === KTIME_MAX)).toBe(true);
  });

  test.each([
    ['its own', 1, 0, [TICK_DO_TIMER_NONE, TickFlag.DoTimerLast]],
    ['another’s', 0, TickFlag.DoTimerLast, [0, 0]],
    ['nobody’s, and it was the last', TICK_DO_TIMER_NONE, TickFlag.DoTimerLast, [TICK_DO_TIMER_NONE, TickFlag.DoTimerLast]],
    ['nobody’s, and it was not', TICK_DO_TIMER_NONE, 0, [TICK_DO_TIMER_NONE, 0]],
  ] as const)('when it is %s', (_, owner, flags, after) => {
    const machine = new FakeMachine(2, []);
    machine.as(1, (cpu) => {
      setTickDoTimerCpu(cpu, owner);
      cpu.tick.flags = flags;
      dropDuty(cpu);
      expect([cpu.image.jiffies.tickDoTimerCpu, cpu.tick.flags]).toEqual(after);
    });
  });
});

describe('what forbids to stop', () => {
  const may = (prepare: (machine: FakeMachine) => void, nohzFull = false): boolean => {
    const machine = new FakeMachine(2, [], { config: { nohz: true, nohzFull } });
    return machine.as(1, (cpu) => {
      cpu.tick.flags = TickFlag.Nohz;
      setTickDoTimerCpu(cpu, 0);
      prepare(machine);
      return canStopIdleTick(cpu);
    });
  };

  test('nothing, as a rule', () => expect(may(() => undefined)).toBe(true));
  test('a tick that is not able to', () => expect(may(({ cpus }) => { cpus[1]!.tick.flags = 0; })).toBe(false));
  test('a task that wants to run', () => expect(may(({ cpus }) => { cpus[1]!.state.needResched = 1; })).toBe(false));
  test('a softirq that nobody ran', () => expect(may(({ cpus }) => { cpus[1]!.state.softirqPending = 1 << SoftirqVec.Sched; }))
    .toBe(false));
  test('the duty, or that nobody has it, where CPUs may run without a tick', () => {
    expect(may(() => undefined, true)).toBe(true);
    expect(may(({ cpus }) => setTickDoTimerCpu(cpus[1]!, 1), true)).toBe(false);
    expect(may(({ cpus }) => setTickDoTimerCpu(cpus[1]!, TICK_DO_TIMER_NONE), true)).toBe(false);
  });
});

test('whoever puts a timer on the wheel of a sleeping CPU sends for it, but not for himself', () => {
  const machine = new FakeMachine(2, []);
  machine.as(0, (cpu) => {
    wakeUpNohzCpu(cpu, 0);
    wakeUpNohzCpu(cpu, 1);
  });
  expect(machine.archs[0]!.sent).toMatchObject([{ to: 1, kind: MessageKind.Reschedule, a: NONE }]);
});

describe('with idle states', () => {
  const states = '"states": [{"name": "C1", "exitLatency": "2us", "targetResidency": "2us"}, '
    + '{"name": "C6", "exitLatency": "100us", "targetResidency": "600us"}]';
  const machine = (governor: string) => `"cpus": 2, "machine": {"cpuidle": {"governor": "${governor}", ${states}}}`;
  const entered = (seen: Counts, state: number) => seen.fields(1, 'cpu_idle').filter((fields) => fields.state === state).length;

  test('the menu governor stops the tick at once for a long sleep, in the deep state', async () => {
    const seen = await run(RARELY, machine('menu'), 800 * MS);
    expect(seen.of(1, 'tick_stop')).toBeGreaterThan(12);
    expect(entered(seen, 1)).toBeGreaterThan(12);
    // no tick is needed to find out
    expect(seen.of(1, 'tick')).toBeLessThan(12);
  });

  test('it keeps the tick for short sleeps, in whichever state pays off', async () => {
    const seen = await run(EVERY_MS, machine('menu'), 400 * MS);
    expect(seen.of(1, 'tick_stop')).toBeLessThan(10);
    expect(entered(seen, 1)).toBeGreaterThan(200);
  });

  test('the ladder governor always stops it', async () => {
    const seen = await run(EVERY_MS, machine('ladder'), 200 * MS);
    expect(seen.of(1, 'tick_stop')).toBeGreaterThan(150);
  });

  test('an interrupt comes late by the way out of the state', async () => {
    const seen = await run(RARELY, machine('ladder'), 800 * MS);
    const late = seen.fields(1, 'hrtimer_expire_entry').slice(-3).map(({ now, expires }) => now! - expires!);
    expect(late.every((ns) => ns > 100_000 && ns < 110_000)).toBe(true);
  });
});
