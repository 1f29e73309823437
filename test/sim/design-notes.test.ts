/**
 * What the design notes on high-resolution timers and dynamic ticks promise, looked for in whole machines:
 * the claims of docs/SEEDS.md that no single function can answer for.
 */
import { describe, expect, test } from 'vitest';
import { EVENTS } from '../../shared/events.ts';
import { SoftirqVec, TickFlag } from '../../shared/structs/cpu.ts';
import { HrtimerFunction } from '../../shared/structs/hrtimer.ts';
import { Signal } from '../../shared/structs/signal.ts';
import { NSEC_PER_MSEC, type CpuId } from '../../shared/units.ts';
import { simulate, type RunResult } from '../../src/sim.ts';
import type { Overrides } from '../../src/workload/resolve.ts';
import { resolve, Rows, type Row } from '../support/engine.ts';

const TICK_NS = 4 * NSEC_PER_MSEC;
const ONE_SLEEPER = '"t": { "cpus": [1], "loop": -1, "run": 300, "sleep": 20000 }';
const BUSY = '"busy": { "cpus": [0], "run": 900000 }';

interface Ran {
  readonly run: RunResult;
  readonly rows: Rows;
  /** of this CPU, in order */
  readonly of: (cpu: CpuId, ...names: readonly string[]) => Row[];
  readonly log: readonly string[];
}

async function run(tasks: string, machine: object = {}, overrides: Overrides = {}): Promise<Ran> {
  const rows = new Rows();
  const text = `{ "tasks": { ${tasks} }, "dynticks": ${JSON.stringify({ machine })} }`;
  const result = await simulate(resolve(text, { cpus: 2, durationNs: 300 * NSEC_PER_MSEC, ...overrides }), { consumers: [rows] });
  expect(result.verdicts.filter(({ verdict }) => verdict.verdict === 'broken').map(({ id }) => id)).toEqual([]);
  return {
    run: result, rows,
    of: (cpu, ...names) => rows.all.filter((row) => row.cpu === cpu && names.includes(row.name)),
    log: result.kernelLog.map(({ text: line }) => line),
  };
}

const field = ({ name, fields }: Row, wanted: string): number => {
  const at = EVENTS.find((schema) => schema.name === name)!.fields.findIndex((f) => f.name === wanted);
  return fields[at]!;
};
const isHighRes = ({ run: { snapshot } }: Ran): boolean[] => snapshot.cpus.map(({ hrtimers }) => hrtimers.hresActive);

describe('high resolution', () => {
  test('begins after the boot, which has a periodic tick: sources and devices must be there first', async () => {
    const { of, rows } = await run(ONE_SLEEPER);
    const source = rows.named('printk')[0]!.t;
    for (const cpu of [0, 1]) {
      const modes = of(cpu, 'tick').map((row) => [row.t > source, field(row, 'mode')] as const);
      expect(modes.filter(([after, mode]) => !after && mode !== 0)).toEqual([]);
      expect(modes.at(-1)).toEqual([true, 1]);
    }
  });

  test('wakes a sleeper in the device’s interrupt: two switches a sleep, and no softirq in between', async () => {
    const { of } = await run(ONE_SLEEPER);
    const wakes = of(1, 'sched_waking').length;
    expect(wakes).toBeGreaterThan(10);
    const switches = of(1, 'sched_switch').length;
    expect(Math.abs(switches - 2 * wakes)).toBeLessThanOrEqual(3);
    const names = ['local_timer_entry', 'hrtimer_expire_entry', 'sched_waking', 'softirq_entry', 'sched_switch'];
    const story = of(1, ...names).map(({ name }) => name);
    for (let i = story.indexOf('sched_waking', 10); i > 0; i = story.indexOf('sched_waking', i + 1)) {
      expect(story.slice(i - 1, i)).toEqual(['hrtimer_expire_entry']);
    }
  });

  test('gives each CPU a tick by its own timer and device, and lets the first device go', async () => {
    const { run: { snapshot }, of } = await run(BUSY, {}, { cmdline: 'nohz=off' });
    expect(snapshot.cpus.map(({ device }) => device!.name)).toEqual(['lapic', 'lapic']);
    expect(snapshot.broadcastDevice!.nextEvent).toBe(Number.MAX_SAFE_INTEGER);
    expect(of(0, 'irq_handler_entry').filter(({ t }) => t > 50 * NSEC_PER_MSEC)).toEqual([]);
  });

  test('lives on one device for timers and tick where the machine has one CPU and a PIT', async () => {
    const pit = { clockevents: { local: 'dummy', global: ['pit'] } };
    const ran = await run('"t": { "loop": -1, "run": 300, "sleep": 1700 }', pit, { cpus: 1 });
    expect(isHighRes(ran)).toEqual([true]);
    expect(ran.run.snapshot.cpus[0]!.device!.name).toBe('pit');
    expect(ran.of(0, 'hrtimer_expire_entry').length).toBeGreaterThan(100);
  });

  test('is refused where two CPUs have one device for both, and the log says why', async () => {
    const ran = await run(ONE_SLEEPER, { clockevents: { local: 'dummy', global: ['pit'] } });
    expect(isHighRes(ran)).toEqual([false, false]);
    expect(ran.log.join('\n')).toMatch(/not functional|one for all CPUs/);
  });

  test('is refused where the device stops in deep idle states and no other could wake the CPU', async () => {
    const ran = await run(ONE_SLEEPER, { clockevents: { local: 'lapic', alwaysOn: false, global: [] } });
    expect(isHighRes(ran)).toEqual([false, false]);
    expect(ran.log.join('\n')).toMatch(/its event device may stop in idle, and no other could wake it/);
  });

  test('is refused where no device knows single events, and the log says why', async () => {
    const ran = await run(ONE_SLEEPER, { clockevents: { oneshot: false } });
    expect(isHighRes(ran)).toEqual([false, false]);
    expect(ran.log.slice(1)).toEqual([
      'dynticks: CPU 1 stays periodic: its event device knows no single events',
      // one that knows them is preferred, but cannot serve two
      'dynticks: CPU 0 stays periodic: its event device is one for all CPUs',
    ]);
  });
});

describe('timers', () => {
  const fdTimer = (soft: boolean): string =>
    `"t": { "loop": -1, "fd_timer": { "name": "f", "value": "5ms", "soft": ${soft} }, "fd_read": "f", "run": 100 }`;
  const story = ({ rows }: Ran): string[] => rows.all
    .filter((row) => row.name !== 'hrtimer_expire_entry' || field(row, 'function') === HrtimerFunction.TimerfdTmrproc)
    .filter(({ name }) => ['softirq_entry', 'softirq_exit', 'hrtimer_expire_entry'].includes(name))
    .map((row) => (row.name.startsWith('softirq') && field(row, 'vec') !== SoftirqVec.Hrtimer ? 'other' : row.name));

  test('may leave their work to a softirq of their own, which is not the wheel’s', async () => {
    const ran = await run(fdTimer(true), {}, { cpus: 1 });
    const seen = story(ran).filter((name) => name !== 'other');
    const expiries = seen.flatMap((name, i) => (name === 'hrtimer_expire_entry' ? [i] : []));
    expect(expiries.length).toBeGreaterThan(30);
    for (const i of expiries) expect(seen.slice(i - 1, i + 2)).toEqual(['softirq_entry', 'hrtimer_expire_entry', 'softirq_exit']);
    expect(ran.run.snapshot.cpus[0]!.softirqs[SoftirqVec.Hrtimer]).toBe(expiries.length);
  });

  test('do it in the interrupt where their mode says so', async () => {
    const ran = await run(fdTimer(false), {}, { cpus: 1 });
    expect(story(ran).filter((name) => name === 'hrtimer_expire_entry').length).toBeGreaterThan(30);
    expect(ran.run.snapshot.cpus[0]!.softirqs[SoftirqVec.Hrtimer]).toBe(0);
    const inSoftirq = story(ran).flatMap((name, i, all) => (name === 'hrtimer_expire_entry' && all[i - 1] === 'softirq_entry' ? [i] : []));
    expect(inSoftirq).toEqual([]);
  });

  /** Starts its timer once, and waits for signals from then on. */
  const waits = (timer: string): string =>
    `"t": { "phases": { "start": { "loop": 1, ${timer} }, "wait": { "loop": -1, "pause": "", "run": 100 } } }`;

  test('of the interval kind deliver a signal each period', async () => {
    const { rows } = await run(waits('"itimer": "10ms"'), {}, { cpus: 1 });
    const at = rows.named('signal_deliver').filter((row) => field(row, 'sig') === Signal.Alarm).map(({ t }) => t);
    expect(at.length).toBeGreaterThan(20);
    for (let i = 1; i < at.length; i++) expect(Math.abs(at[i]! - at[i - 1]! - 10 * NSEC_PER_MSEC)).toBeLessThan(100_000);
  });

  test('of POSIX deliver one too, and count the periods that went by without', async () => {
    const busy = '"t": { "phases": { "start": { "loop": 1, "posix_timer": { "name": "p", "value": "5ms", "interval": "5ms" } }, '
      + '"busy": { "loop": -1, "sigmask1": true, "run": 20000, "sigmask2": false } } }';
    for (const [tasks, overruns] of [[waits('"posix_timer": { "name": "p", "value": "5ms", "interval": "5ms" }'), 0], [busy, 3]] as const) {
      const { rows } = await run(tasks, {}, { cpus: 1 });
      const delivered = rows.named('posixtimer_deliver').map((row) => field(row, 'overruns'));
      expect(delivered.length).toBeGreaterThan(8);
      expect(Math.max(...delivered)).toBeGreaterThanOrEqual(overruns);
      expect(Math.min(...delivered.slice(1))).toBeGreaterThanOrEqual(overruns === 0 ? 0 : overruns - 1);
      if (overruns === 0) expect(Math.max(...delivered)).toBe(0);
    }
  });
});

describe('the dynamic tick', () => {
  test('is stopped on the way into idle, and started again before the next task gets the CPU', async () => {
    const { of } = await run(`${ONE_SLEEPER}, ${BUSY}`);
    const story = of(1, 'tick_stop', 'tick_nohz_restart', 'sched_switch').map(({ name }) => name);
    const restarts = story.flatMap((name, i) => (name === 'tick_nohz_restart' ? [i] : []));
    expect(restarts.length).toBeGreaterThan(8);
    for (const i of restarts) expect(story.slice(i - 1, i + 2)).toEqual(['tick_stop', 'tick_nohz_restart', 'sched_switch']);
  });

  test('goes on at the grid that it had', async () => {
    const { of } = await run(`${ONE_SLEEPER}, ${BUSY}`);
    for (const row of of(1, 'tick_nohz_restart')) {
      expect(field(row, 'expires') % TICK_NS).toBe(0);
      expect(field(row, 'expires') - field(row, 'now')).toBeLessThanOrEqual(TICK_NS);
    }
  });

  test('is looked at again when an interrupt in idle has given no task the CPU', async () => {
    const { of, run: { snapshot } } = await run(ONE_SLEEPER);
    // the balancer’s and the others’ interrupts come while the tick is stopped
    const stops = of(0, 'tick_nohz_idle_stop');
    const isNext = (row: Row, i: number): boolean => i > 0 && field(row, 'calls') === field(stops[i - 1]!, 'calls') + 1;
    const again = stops.filter((row, i) => isNext(row, i) && (field(row, 'flags') & TickFlag.Stopped) !== 0);
    expect(again.length).toBeGreaterThan(0);
    const { idleCalls, idleSleeps } = snapshot.cpus[0]!.tick;
    expect(idleCalls).toBeGreaterThanOrEqual(idleSleeps);
  });

  test('leaves jiffies to the first interrupt where all sleep: they are right before its handler runs', async () => {
    const { rows, of } = await run(ONE_SLEEPER);
    const late = rows.named('jiffies_update').filter((row) => field(row, 'ticks') > 1);
    expect(late.length).toBeGreaterThan(5);
    for (const update of late.filter(({ cpu }) => cpu === 1)) {
      const entry = of(1, 'local_timer_entry').find(({ t }) => t >= update.t)!;
      expect(entry.t - update.t).toBeLessThan(10_000);
    }
  });

  test('is a matter of the idle loop alone: nothing of it is left with nohz=off', async () => {
    const { rows, run: { snapshot } } = await run(ONE_SLEEPER, {}, { cmdline: 'nohz=off' });
    expect(['tick_stop', 'tick_nohz_restart', 'tick_nohz_idle_stop'].flatMap((name) => rows.named(name))).toEqual([]);
    expect(snapshot.cpus.map(({ tick }) => [tick.idleCalls, tick.nohz])).toEqual([[0, false], [0, false]]);
  });

  test('is stopped in low resolution too', async () => {
    const { rows, run: { snapshot } } = await run(ONE_SLEEPER, {}, { cmdline: 'highres=off' });
    expect(rows.named('tick_stop').length).toBeGreaterThan(5);
    expect(snapshot.cpus.map(({ tick, hrtimers }) => [tick.nohz, tick.highres, hrtimers.hresActive])).toEqual([
      [true, false, false], [true, false, false],
    ]);
  });
});

describe('the machines that the notes name', () => {
  test.each([
    ['i386, x86_64', { clockevents: { local: 'lapic', global: ['pit'] } }, 'lapic'],
    ['with a deadline in the tsc', { clockevents: { local: 'lapic-deadline', alwaysOn: true } }, 'lapic-deadline'],
    [
      'ARM', { clocksources: { arch_sys_counter: { frequency: '62.5MHz' } }, clockevents: { local: 'arch_sys_timer', global: [] } },
      'arch_sys_timer',
    ],
  ])('go to high resolution and stop their ticks: %s', async (_, machine, device) => {
    const ran = await run(ONE_SLEEPER, machine);
    expect(isHighRes(ran)).toEqual([true, true]);
    expect(ran.run.snapshot.cpus.map((cpu) => cpu.device!.name)).toEqual([device, device]);
    expect(ran.rows.named('tick_stop').length).toBeGreaterThan(5);
  });
});
