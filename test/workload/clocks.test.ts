import { describe, expect, it } from 'vitest';
import { ClocksourceId } from '../../shared/structs/timekeeper.ts';
import { ClockStepKind } from '../../src/kernel/user.ts';
import { BadInput } from '../../src/workload/bad-input.ts';
import { resolveScenario, type Overrides } from '../../src/workload/resolve.ts';

const { Tsc, Hpet, AcpiPm, KvmClock } = ClocksourceId;
const S = 1_000_000_000;
const resolve = (dynticks: object, overrides: Overrides = {}) =>
  resolveScenario(JSON.stringify({ tasks: { t: { run: 1 } }, dynticks }), 'w.json', overrides);
const sourcesOf = (dynticks: object, overrides?: Overrides) => resolve(dynticks, overrides).machine.clocksources;

describe('the counters of a machine', () => {
  it('are those of a PC of today, where nothing else is said', () => {
    expect(sourcesOf({})).toEqual([
      { id: Tsc, hz: 2_400_000_000, trusted: true, drifts: [], skews: [] },
      { id: Hpet, hz: 14_318_180, trusted: true, drifts: [], skews: [] },
      { id: AcpiPm, hz: 3_579_545, trusted: true, drifts: [], skews: [] },
    ]);
  });

  it('are those that are named, each with its frequency and how far it is off', () => {
    const clocksources = { hpet: { frequency: '100MHz', drift: '-17.5ppm' }, 'kvm-clock': {} };
    expect(sourcesOf({ machine: { clocksources } })).toEqual([
      { id: Hpet, hz: 100_000_000, trusted: true, drifts: [{ at: 0, ppb: -17_500 }], skews: [] },
      { id: KvmClock, hz: S, trusted: true, drifts: [], skews: [] },
    ]);
    expect(sourcesOf({ machine: { clocksources: {} } })).toEqual([]);
  });

  it('take the frequency of the tsc from either place', () => {
    expect(sourcesOf({ machine: { tsc: '3GHz' } })[0]!.hz).toBe(3e9);
    const { machine } = resolve({ machine: { clocksources: { tsc: { frequency: '1GHz' } } } });
    expect(machine).toMatchObject({ tscHz: 1e9, clocksources: [{ hz: 1e9 }] });
  });

  it.each([
    ['the block', { verify: true }, '', false],
    ['tsc=reliable', { verify: true }, 'tsc=reliable', true],
    ['tsc=nowatchdog', { verify: true }, 'tsc=nowatchdog', true],
    ['tsc=watchdog', {}, 'tsc=watchdog', false],
  ])('are trusted as %s says', (_, tsc, cmdline, trusted) => {
    expect(sourcesOf({ machine: { clocksources: { tsc } } }, { cmdline })[0]!.trusted).toBe(trusted);
  });

  it('drift and jump when events say so, in the order of time', () => {
    const events = [
      { at: '3s', drift: { source: 'tsc', by: '0ppb' } }, { at: '1s', drift: { source: 'tsc', by: '200ppm' } },
      { at: '2s', skew: { cpu: 1, by: '-2ms' } }, { at: '1s', drift: { source: 'hpet', by: '1ppm' } },
    ];
    const [tsc, hpet, pm] = sourcesOf({ events });
    expect(tsc!.drifts).toEqual([{ at: S, ppb: 200_000 }, { at: 3 * S, ppb: 0 }]);
    expect(tsc!.skews).toEqual([{ at: 2 * S, cpu: 1, byNs: -2_000_000 }]);
    expect([hpet!.drifts, hpet!.skews, pm!.drifts]).toEqual([[{ at: S, ppb: 1_000 }], [], []]);
  });
});

describe('what tasks do to the clocks', () => {
  it('is done by one task, in the order of time, that is no task of the workload', () => {
    const { workload, ...rest } = resolve({
      cpus: 2,
      events: [
        { at: '2s', tai: 37 }, { at: '1s', settime: '-3600s' }, { at: '3s', frequency: '-500ppm' }, { at: '4s', setoffset: '1us' },
        { at: '5s', clocksource: 'hpet' }, { at: '6s', clocksource: '' }, { at: '7s', unbind: 'acpi_pm' },
      ],
    });
    const { Settime, Setoffset, Tai, Frequency, Clocksource, Unbind } = ClockStepKind;
    expect(workload.clockSteps).toEqual([
      { at: S, kind: Settime, value: -3_600 * S }, { at: 2 * S, kind: Tai, value: 37 }, { at: 3 * S, kind: Frequency, value: -500_000 },
      { at: 4 * S, kind: Setoffset, value: 1_000 }, { at: 5 * S, kind: Clocksource, value: Hpet },
      { at: 6 * S, kind: Clocksource, value: -1 }, { at: 7 * S, kind: Unbind, value: AcpiPm },
    ]);
    expect(workload.tasks.map(({ name, kernel }) => [name, kernel])).toEqual([['t-0', false], ['settime', false]]);
    expect([workload.clockTasks, rest.programs.length]).toEqual([[3], 2]);
  });

  it('needs a thread where a source must be watched', () => {
    const { workload } = resolve({ cpus: 1, machine: { clocksources: { tsc: { verify: true } } } });
    expect([workload.kwatchdog, workload.tasks.at(-1)]).toMatchObject([2, { name: 'kwatchdog', kernel: true }]);
    expect(resolve({}).workload.kwatchdog).toBe(-1);
  });
});

it('the firmware takes a CPU, or all of them', () => {
  const events = [{ at: '2s', stall: { for: '3ms' } }, { at: '1s', stall: { cpu: 1, for: '2s' } }];
  expect(resolve({ events }).machine.stalls).toEqual([{ at: S, cpu: 1, forNs: 2 * S }, { at: 2 * S, cpu: null, forNs: 3_000_000 }]);
});

it('the machine’s epoch is 2026, or what the block says', () => {
  expect([resolve({}).epochSec, resolve({ epoch: '1970-01-01T00:01:00Z' }).epochSec]).toEqual([1_767_225_600, 60]);
});

it('a clock source that is not there is warned of', () => {
  expect(resolve({ machine: { clocksources: { hpet: {} } } }, { cmdline: 'clocksource=tsc' }).warnings)
    .toEqual(['command line: there is no clock source tsc here (jiffies, hpet); the best one stays.']);
});

describe('an event is refused', () => {
  it.each([
    ['that does nothing', { at: '1s' }, 'dynticks.events[0]: found an object, expected one thing that happens, beside "at"'],
    ['that does two things', { at: '1s', tai: 1, settime: '1s' }, 'expected one thing that happens, beside "at"'],
    ['without an instant', { tai: 1 }, 'dynticks.events[0].at: found no "at"'],
    ['with a rate that is none', { at: '1s', frequency: '5' }, 'expected a rate with its unit, such as "20ppm" or "-500ppb"'],
    ['with an unknown counter', { at: '1s', drift: { source: 'pit', by: '1ppm' } }, 'expected a clock source'],
    [
      'on a CPU that is not there', { at: '1s', skew: { cpu: 2, by: '1ms' } },
      'dynticks.events[0].skew.cpu: found CPU 2, expected a CPU from 0 to 1',
    ],
    ['for a CPU that is not there', { at: '1s', stall: { cpu: 7, for: '1ms' } }, 'dynticks.events[0].stall.cpu: found CPU 7'],
    ['that nobody knows', { at: '1s', warp: 9 }, 'the unknown key "warp"'],
  ])('%s', (_, event, says) => {
    const attempt = () => resolve({ cpus: 2, events: [event] });
    expect(attempt).toThrow(BadInput);
    expect(attempt).toThrow(says);
  });
});
