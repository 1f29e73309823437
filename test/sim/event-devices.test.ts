import { describe, expect, test } from 'vitest';
import { ClockEventState } from '../../shared/structs/cpu.ts';
import type { InlineEngine } from '../../src/engine/inline-engine.ts';
import { DeviceId } from '../../src/kernel/time/clockevents.ts';
import { TickMode } from '../../src/kernel/time/tick-common.ts';
import { KernelLogCollector } from '../../src/observe/kernel-log.ts';
import { simulate } from '../../src/sim.ts';
import type { Scenario } from '../../src/workload/scenario.ts';
import { engineOf, resolve, Rows, runToLimit, type Row } from '../support/engine.ts';
import { brokenOf } from '../support/shipped.ts';

const LONG_NS = 200e6;

const TASKS = { t: { run: 700, sleep: 5_000 }, nap: { cpus: [0], run: 100, sleep: 20_000 } };

/** A machine with these event devices. */
function machine(clockevents: object, cpus: number, cmdline = '', tasks: object = TASKS): Scenario {
  return resolve(JSON.stringify({ tasks, dynticks: { machine: { clockevents } } }), { cpus, cmdline, durationNs: LONG_NS });
}

interface End {
  readonly engine: InlineEngine;
  readonly log: readonly string[];
  readonly rows: Rows;
}
function runOf(scenario: Scenario): End {
  const log = new KernelLogCollector();
  const rows = new Rows();
  const engine = engineOf(scenario, LONG_NS, [log, rows]);
  runToLimit(engine, LONG_NS);
  return { engine, rows, log: log.lines.map(({ cpu, text }) => `${cpu}: ${text}`) };
}
const modes = ({ engine }: End): number[] => engine.image.tickScheds.map(({ mode }) => mode);
const hres = ({ engine }: End): number[] => engine.image.hrtimerBases.map(({ hresActive }) => hresActive);
const devices = ({ engine }: End): number[] => engine.image.tickScheds.map(({ device }) => device);
const both = (what: string): string[] => [0, 1].map((cpu) => `${cpu}: ${what.replaceAll('N', String(cpu))}`);

describe('a machine that lacks what high resolution needs stays periodic, and says why in the log', () => {
  const { Lapic, Hpet, Pit } = DeviceId;
  test.each([
    ['no device for single events', { oneshot: false }, [Hpet, Lapic],
      ['0: dynticks: CPU 0 stays periodic: its event device is one for all CPUs',
        '1: dynticks: CPU 1 stays periodic: its event device knows no single events']],
    ['devices that may stop in idle and none to wake the CPU', { global: [] }, [Lapic, Lapic],
      both('dynticks: CPU N stays periodic: its event device may stop in idle, and no other could wake it')],
    ['several CPUs with only a global device', { local: 'dummy', global: ['pit'] }, [Pit, Lapic],
      [...both('Clockevents: could not switch to one-shot mode: dummy_timer is not functional.'),
        ...both('Could not switch to high resolution mode on CPU N')]],
  ])('%s', async (_, clockevents, expected, lines) => {
    const scenario = machine(clockevents, 2);
    const end = runOf(scenario);
    expect([devices(end), modes(end), hres(end)]).toEqual([expected, [0, 0], [0, 0]]);
    const said = end.log.filter((line) => !line.includes('clocksource'));
    expect(said.sort()).toEqual([...lines].sort());
    expect(brokenOf(await simulate(scenario))).toEqual({});
  });

  const onlyTsc = resolve(JSON.stringify({ tasks: TASKS, dynticks: { machine: { clocksources: { tsc: {} } } } }), {
    cpus: 2, cmdline: 'tsc=unstable', durationNs: LONG_NS,
  });
  test.each([
    ['clock source but jiffies', machine({}, 2, 'clocksource=jiffies')],
    ['clock source but one that is called unstable', onlyTsc],
  ])('no %s', async (_, scenario) => {
    const end = runOf(scenario);
    expect([modes(end), hres(end)]).toEqual([[0, 0], [0, 0]]);
    expect(end.log.filter((line) => line.includes('periodic')).sort())
      .toEqual(both('dynticks: CPU N stays periodic: clock source jiffies is too coarse'));
    expect(brokenOf(await simulate(scenario))).toEqual({});
  });

  test('nolapic_timer, as recorded', () => {
    const { log } = runOf(machine({ global: ['pit'] }, 2, 'nolapic_timer'));
    for (const line of both('Clockevents: could not switch to one-shot mode: lapic is not functional.')) expect(log).toContain(line);
    for (const line of both('Could not switch to high resolution mode on CPU N')) expect(log).toContain(line);
  });
});

describe('a machine with other devices', () => {
  test.each([
    ['one CPU with a PIT alone', { local: 'dummy', global: ['pit'] }, 1, DeviceId.Pit],
    ['one CPU with an HPET alone', { local: 'dummy', global: ['hpet'] }, 1, DeviceId.Hpet],
    ['one CPU whose own device only ticks', { oneshot: false }, 1, DeviceId.Hpet],
    ['lapic-deadline', { local: 'lapic-deadline' }, 2, DeviceId.Lapic],
    ['Arm’s timers and nothing else', { local: 'arch_sys_timer' }, 2, DeviceId.Lapic],
    ['a lapic that is always on, and no other', { alwaysOn: true, global: [] }, 2, DeviceId.Lapic],
    ['a PIT, an HPET, and lapics', { global: ['pit', 'hpet'] }, 2, DeviceId.Lapic],
  ])('goes to high resolution: %s', async (_, clockevents, cpus, device) => {
    const scenario = machine(clockevents, cpus);
    const end = runOf(scenario);
    expect([new Set(devices(end)), new Set(modes(end)), new Set(hres(end))]).toEqual([new Set([device]), new Set([1]), new Set([1])]);
    expect(end.log.filter((line) => line.includes('periodic'))).toEqual([]);
    expect(brokenOf(await simulate(scenario))).toEqual({});
  });

  test.each(['lapic', 'lapic-deadline', 'arch_sys_timer'])('ticks in low resolution with highres=off, else as told: %s', async (local) => {
    for (const [cmdline, mode] of [['highres=off', TickMode.Oneshot], ['highres=off nohz=off', TickMode.Periodic]] as const) {
      const scenario = machine({ local }, 2, cmdline);
      const end = runOf(scenario);
      expect([modes(end), hres(end)]).toEqual([[mode, mode], [0, 0]]);
      expect(brokenOf(await simulate(scenario))).toEqual({});
    }
  });

  test('takes the PIT first, then the HPET, then the CPU’s own, and lets the others go', () => {
    const { engine, rows } = runOf(machine({ global: ['pit', 'hpet'] }, 1));
    expect(rows.named('clockevents_exchange_device').map(({ fields }) => fields)).toEqual([[0, 2], [2, 3], [3, 1]]);
    expect(engine.image.globalDevices.map(({ state }) => state)).toEqual([ClockEventState.Detached, ClockEventState.Detached]);
    expect(engine.image.globalDevices.map(({ nrFired }) => nrFired > 0)).toEqual([false, true]);
  });

  test('counts what its devices did', () => {
    const long = { nap: { run: 100, sleep: 60_000 } };
    const { engine } = runOf(machine({ local: 'dummy', global: ['pit'] }, 1, '', long));
    const [pit] = engine.image.globalDevices;
    expect(pit!.nrFired).toBe(engine.image.cpus[0]!.deviceIrqs);
    expect(pit!.nrProgrammed).toBeGreaterThan(10);
    expect(pit!.nrSpurious).toBe(0);
    // 27 ms at most: an event beyond that comes early, once or more
    expect([pit!.nrClamped > 0, pit!.nrEarly <= pit!.nrClamped]).toEqual([true, true]);
  });

  test('has periodic ticks in a phase of each CPU’s own: when its device was started', () => {
    const { rows } = runOf(machine({}, 3, 'nohz=off highres=off'));
    const ticksOf = (cpu: number): Row[] => rows.named('local_timer_entry').filter((row) => row.cpu === cpu && row.t > 30e6);
    const phase = (cpu: number): Set<number> =>
      new Set(ticksOf(cpu).map(({ t }) => Math.floor((t % 4e6) / 1_000)));
    const phases = [0, 1, 2].map(phase);
    for (const of of phases) expect(Math.max(...of) - Math.min(...of)).toBeLessThan(5);
    expect(Math.min(...phases[0]!)).not.toBe(Math.min(...phases[1]!));
  });

  test('has a duty that a boot CPU of nohz_full= gives to the first other one', async () => {
    const scenario = machine({}, 3, 'nohz_full=0,2');
    const { engine, rows } = runOf(scenario);
    expect(engine.image.jiffies.tickDoTimerCpu).toBe(1);
    expect(rows.named('tick_do_timer_cpu').map(({ fields }) => fields)).toEqual([[0], [1]]);
    expect(brokenOf(await simulate(scenario))).toEqual({});
  });
});

describe('whoever unbinds a CPU’s tick device', () => {
  const unbind = (cpus: readonly number[], cmdline: string): Scenario => {
    const events = cpus.map((unbindDevice, i) => ({ at: `${50 + 10 * i}ms`, unbindDevice }));
    const block = { machine: { clockevents: { global: ['pit', 'hpet'] } }, events };
    return resolve(JSON.stringify({ tasks: TASKS, dynticks: block }), { cpus: 2, cmdline, durationNs: LONG_NS });
  };

  const cmdlines = ['', 'highres=off', 'nohz=off', 'highres=off nohz=off'];
  test.each(cmdlines)('gets the next best in its place, or is refused: %s', async (cmdline) => {
    const scenario = unbind([0, 1, 0, 0], cmdline);
    const end = runOf(scenario);
    expect(end.log.filter((line) => line.includes('event device') && !line.includes('periodic'))).toEqual([
      '0: dynticks: CPU 0 lets its event device go, and has hpet from now on',
      '1: dynticks: CPU 1 keeps its event device lapic: nothing can take its place',
      '0: dynticks: CPU 0 lets its event device go, and has pit from now on',
      '0: dynticks: CPU 0 keeps its event device pit: nothing can take its place',
    ]);
    expect(devices(end)).toEqual([DeviceId.Pit, DeviceId.Lapic]);
    const ticksSince = end.rows.named('irq_handler_entry').filter(({ t }) => t > 90e6);
    expect(ticksSince.length).toBeGreaterThan(5);
    expect(brokenOf(await simulate(scenario))).toEqual({});
  });
});
