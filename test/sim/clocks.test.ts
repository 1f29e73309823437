/** Whole machines and their clocks: which source they boot on, and what kernel selftests ask of clocks. */
import { describe, expect, test } from 'vitest';
import { ClocksourceId, CLOCKSOURCE_NAMES, ClockId } from '../../shared/structs/timekeeper.ts';
import { simulate, type RunResult } from '../../src/sim.ts';
import { printkText } from '../../src/observe/printk-text.ts';
import { resolve, Rows, type Row } from '../support/engine.ts';
import { brokenOf } from '../support/shipped.ts';

const S = 1_000_000_000;
interface Ran {
  readonly run: RunResult;
  readonly rows: Rows;
}

/** A machine of `dynticks` on which a task works and sleeps. */
async function ran(dynticks: object, task: object = { loop: -1, run: 400, sleep: 2_600 }): Promise<Ran> {
  const rows = new Rows();
  const scenario = resolve(JSON.stringify({ tasks: { t: task }, dynticks: { cpus: 2, duration: '80ms', ...dynticks } }));
  return { run: await simulate(scenario, { consumers: [rows] }), rows };
}
const log = ({ rows }: Ran): string[] => rows.named('printk').map(({ fields: [line, a, b] }) => printkText(line!, a!, b!));
/** Best first, a star behind the one that is read. */
const sources = ({ rows }: Ran) =>
  rows.named('clocksource_final').map(({ fields: [id, , current] }) => CLOCKSOURCE_NAMES[id!]! + (current === 1 ? '*' : ''));
const machine = (...names: string[]) => ({ clocksources: Object.fromEntries(names.map((name) => [name, {}])) });
/** What a clock was read as, by whoever read it. */
const reads = ({ rows }: Ran, clock: ClockId): { readonly by: number; readonly t: number; readonly value: number }[] =>
  rows.named('clock_gettime').filter(({ fields }) => fields[1] === clock)
    .map(({ fields: [by, , t, value] }: Row) => ({ by: by!, t: t!, value: value! }));

describe('a machine boots on', () => {
  test.each([
    ['the tsc of a PC', {}, ['tsc*', 'hpet', 'acpi_pm', 'jiffies']],
    ['the HPET, if its tsc is known to be wrong', { cmdline: 'tsc=unstable' }, ['hpet*', 'acpi_pm', 'jiffies']],
    ['what the user asks for', { cmdline: 'clocksource=acpi_pm' }, ['tsc', 'hpet', 'acpi_pm*', 'jiffies']],
    ['the clock of its host', { machine: machine('kvm-clock', 'tsc') }, ['kvm-clock*', 'tsc', 'jiffies']],
    ['the counter of an Arm machine', { machine: machine('arch_sys_counter') }, ['arch_sys_counter*', 'jiffies']],
    ['the slowest counter, if there is no other', { machine: machine('acpi_pm') }, ['acpi_pm*', 'jiffies']],
  ])('%s', async (_, dynticks, expected) => {
    const all = await ran(dynticks);
    expect(sources(all)).toEqual(expected);
    const [chosen] = expected.filter((name) => name.endsWith('*'));
    expect(log(all)).toContain(`clocksource: Switched to clocksource ${chosen!.replace('*', '')}`);
    expect(brokenOf(all.run)).toEqual({});
  });

  test.each([
    ['has no other counter', { machine: machine() }, ['jiffies*']],
    ['the user asks for it', { cmdline: 'clocksource=jiffies' }, ['tsc', 'hpet', 'acpi_pm', 'jiffies*']],
  ])('jiffies if it %s, keeps its periodic tick, and says why', async (_, dynticks, expected) => {
    const all = await ran(dynticks);
    expect(sources(all)).toEqual(expected);
    expect(log(all)).toContain('dynticks: CPU 0 stays periodic: clock source jiffies is too coarse');
    expect(all.rows.named('tick').filter(({ fields }) => fields[0] === 1)).toEqual([]);
    expect(brokenOf(all.run)).toEqual({});
  });
});

describe('a tsc that is not trusted', () => {
  const unsure = { clocksources: { tsc: { verify: true }, hpet: {} } };

  test.each([
    ['drifts', { at: '100ms', drift: { source: 'tsc', by: '1000ppm' } }],
    ['jumps on one CPU', { at: '1200ms', skew: { cpu: 1, by: '400us' } }],
  ])('is given up when it %s, for what is left', async (_, event) => {
    const all = await ran({ duration: '2200ms', machine: unsure, events: [event] });
    expect(sources(all)).toEqual(['hpet*', 'jiffies', 'tsc']);
    const found = /Marking clocksource 'tsc' as unstable because the skew is too large:[^]*TSC unstable due to clocksource watchdog/;
    expect(log(all).join('\n')).toMatch(found);
    expect(log(all).at(-1)).toBe('clocksource: Switched to clocksource hpet');
    expect(brokenOf(all.run)).toEqual({});
  });

  const alone = { clocksources: { tsc: { verify: true } } };

  test('leaves to jiffies, if there is nothing else and the tick is periodic', async () => {
    const all = await ran({
      duration: '1800ms', cmdline: 'highres=off nohz=off', machine: alone,
      events: [{ at: '100ms', drift: { source: 'tsc', by: '90000ppm' } }],
    });
    expect(log(all)).toEqual(expect.arrayContaining([
      expect.stringContaining("Marking clocksource 'tsc' as unstable"), 'clocksource: Switched to clocksource jiffies',
    ]));
    expect(sources(all)).toEqual(['jiffies*', 'tsc']);
    expect(brokenOf(all.run)).toEqual({});
  });

  test('stays, if nothing else can carry a one-shot tick', async () => {
    const all = await ran({ duration: '2500ms', machine: alone, events: [{ at: '1100ms', skew: { cpu: 0, by: '40ms' } }] });
    expect(log(all)).toContainEqual(expect.stringContaining("Marking clocksource 'tsc' as unstable"));
    expect(sources(all)).toEqual(['jiffies', 'tsc*']);
    expect(brokenOf(all.run)).toEqual({});
  });

  test.each(['tsc=reliable', 'tsc=nowatchdog'])('is not watched with %s', async (cmdline) => {
    const events = [{ at: '100ms', drift: { source: 'tsc', by: '1000ppm' } }];
    const all = await ran({ duration: '1200ms', machine: unsure, cmdline, events });
    expect([sources(all)[0], all.rows.named('clocksource_watchdog')]).toEqual(['tsc*', []]);
  });

  test('is watched with tsc=watchdog, whatever the machine', async () => {
    const all = await ran({ duration: '1200ms', cmdline: 'tsc=watchdog' });
    expect(all.rows.named('clocksource_watchdog').length).toBeGreaterThan(1);
    expect(sources(all)[0]).toBe('tsc*');
  });
});

/** Kernel selftests, as far as they ask something of clocks. */
describe('selftests/timers', () => {
  const everywhere = [{ name: 'r0', cpu: 0, every: '1ms', clocks: 'all' }, { name: 'r1', cpu: 1, every: '1100us', clocks: 'all' }];
  /** Reads of each reader and clock that is never set: none is before the one before it. */
  function expectConsistent(all: Ran): void {
    const { Monotonic, MonotonicRaw, MonotonicCoarse, Boottime, MonotonicFast, RawFast } = ClockId;
    for (const clock of [Monotonic, MonotonicRaw, MonotonicCoarse, Boottime, MonotonicFast, RawFast]) {
      const values = reads(all, clock).map(({ value }) => value);
      expect(values.length).toBeGreaterThan(50);
      expect(values).toEqual([...values].sort((a, b) => a - b));
    }
    expect(brokenOf(all.run)).toEqual({});
  }

  test('clocksource-switch: clocks are consistent while the source changes as fast as it can', async () => {
    const names = ['hpet', 'acpi_pm', 'tsc', 'kvm-clock'];
    const events = Array.from({ length: 40 }, (_, i) => ({ at: `${40 + 3 * i}ms`, clocksource: names[i % names.length] }));
    const all = await ran({ duration: '200ms', machine: machine(...names), readers: everywhere, events });
    expect(all.rows.named('timekeeping_change').length).toBeGreaterThan(40);
    expectConsistent(all);
  });

  test('skew_consistency: clocks are consistent while the frequency goes back and forth', async () => {
    const events = Array.from({ length: 40 }, (_, i) => ({ at: `${40 + 3 * i}ms`, frequency: i % 2 === 0 ? '500ppm' : '-500ppm' }));
    expectConsistent(await ran({ duration: '200ms', readers: everywhere, events }));
  });

  test('inconsistency-check: clocks are consistent while the wall clock is set and TAI moves', async () => {
    const events = Array.from({ length: 20 }, (_, i) =>
      ({ at: `${40 + 5 * i}ms`, ...(i % 3 === 0 ? { settime: '1s' } : i % 3 === 1 ? { setoffset: '-999ms' } : { tai: i }) }));
    expectConsistent(await ran({ duration: '200ms', readers: everywhere, events }));
  });

  test.each(['tsc', 'hpet', 'acpi_pm'])('change_skew on %s: monotonic time leaves raw time as was asked for, to 1 ppm', async (name) => {
    const ppm = [-500, 17.5, 250];
    const events = ppm.map((each, i) => ({ at: `${1 + 6 * i}s`, frequency: `${each}ppm` }));
    const reader = { name: 'r', every: '500ms', clocks: ['monotonic', 'raw'] };
    const all = await ran({ cpus: 1, duration: '19s', machine: machine(name), readers: [reader], events }, { loop: 1, run: 1 });
    const skewIn = (from: number, to: number): number => {
      const inside = (clock: ClockId) => reads(all, clock).filter(({ t }) => t > from * S && t < to * S);
      const [mono, raw] = [inside(ClockId.Monotonic), inside(ClockId.MonotonicRaw)];
      const gained = mono.at(-1)!.value - mono[0]!.value - (raw.at(-1)!.value - raw[0]!.value);
      // the two are read one after the other, each with the counter's grain
      return (gained / (raw.at(-1)!.value - raw[0]!.value)) * 1e6;
    };
    ppm.forEach((each, i) => expect(Math.abs(skewIn(1.2 + 6 * i, 6.8 + 6 * i) - each)).toBeLessThan(1));
    expect(brokenOf(all.run)).toEqual({});
  });

  test('set-tai, valid-adjtimex: TAI is what was said, and refused steps change nothing', async () => {
    const all = await ran({
      duration: '200ms', epoch: '1970-01-01T00:00:05Z', readers: everywhere,
      events: [{ at: '50ms', tai: 37 }, { at: '100ms', setoffset: '-6s' }, { at: '150ms', setoffset: '-5s' }],
    });
    expect(all.rows.named('timekeeping_set').map(({ fields: [, , result] }) => result)).toEqual([0, -22, 0]);
    const last = (clock: ClockId): number => reads(all, clock).filter(({ by }) => by === all.run.facts.tasks.length - 3).at(-1)!.value;
    expect(Math.round((last(ClockId.Tai) - last(ClockId.Realtime)) / S)).toBe(37);
    expect(brokenOf(all.run)).toEqual({});
  });
});

test('a slow counter takes time to read', async () => {
  const work = async (name: string): Promise<number> => {
    const all = await ran({ cpus: 1, duration: '40ms', machine: machine(name), readers: [{ name: 'r', clocks: ['monotonic'] }] });
    return reads(all, ClockId.Monotonic).length;
  };
  const [tsc, hpet, pm] = [await work('tsc'), await work('hpet'), await work('acpi_pm')];
  expect(tsc).toBeGreaterThan(hpet!);
  expect(hpet).toBeGreaterThan(pm!);
});

test('the numbers of clock sources and their names go together', () => {
  expect(Object.values(ClocksourceId).map((id) => CLOCKSOURCE_NAMES[id])).toEqual([...CLOCKSOURCE_NAMES]);
});
