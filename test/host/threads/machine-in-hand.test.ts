import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { EventClass } from '../../../shared/events.ts';
import type { ThreadsChoice } from '../../../src/engine/run.ts';
import { CpuPool } from '../../../src/host/threads/cpu-pool.ts';
import { bootMachine, simulate, type Machine, type MachineOptions, type RunResult } from '../../../src/sim.ts';
import { resolve, Rows, type Row } from '../../support/engine.ts';
import { brokenOf } from '../../support/shipped.ts';

/** Two CPUs that keep each other busy by messages, ticks and reads, until 60 ms. */
const TEXT = `{
  "tasks": {
    "a": { "cpus": [0], "lock": "m", "run": 300, "signal": "c", "unlock": "m", "sleep": 500 },
    "b": { "cpus": [1], "lock": "m", "wait": { "ref": "c", "mutex": "m" }, "unlock": "m", "run": 200, "syscall": "50us" }
  },
  "dynticks": { "cpus": 2, "cmdline": "nohz_full=1", "readers": [{ "name": "r", "cpu": 0, "every": "300us", "tasks": ["b"] }] }
}`;
const END = 60_000_000;
const scenario = resolve(TEXT, { durationNs: END });
/** Far beyond what a test waits for. */
const endless = resolve(TEXT, { durationNs: 100_000_000_000 });

const choices: readonly ThreadsChoice[] = (['free', 'lockstep'] as const).flatMap((sync) =>
  (['wasm', 'atomics'] as const).map((memory) => ({ kind: 'threads', sync, memory })));
const lockstep: ThreadsChoice = { kind: 'threads', sync: 'lockstep', memory: 'wasm' };

const machines: Machine[] = [];
afterEach(async () => {
  await Promise.all(machines.splice(0).map((machine) => machine.close()));
});
afterAll(() => CpuPool.closeAll());

async function boot(options: MachineOptions = {}, what = scenario): Promise<{ machine: Machine; rows: Rows }> {
  const rows = new Rows();
  const machine = await bootMachine(what, { ...options, consumers: [rows] });
  machines.push(machine);
  return { machine, rows };
}

/** When the events began that were handed on. */
const begun = (rows: Rows): number[] => rows.named('event').filter((row) => !isLast(row)).map(({ fields }) => fields[0]!);
/** The last records of a CPU come under an event of their own. */
const isLast = ({ fields }: Row): boolean => fields[1] === EventClass.End;

describe.each(choices)('a machine in hand ($sync, $memory)', (engine) => {
  it('stands at the beginning when it is up', async () => {
    const { machine, rows } = await boot({ engine });
    const { simulatedNs, participants } = await machine.snapshot();
    expect([simulatedNs, participants.map(({ events }) => events), rows.all]).toEqual([0, [0, 0, 0], []]);
    expect(participants.map(({ nextNs }) => nextNs)).toEqual([0, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER]);
  });

  it('steps through exactly the next instant at which anything happens, whole', async () => {
    const { machine, rows } = await boot({ engine });
    await machine.step(30_000_000);
    for (let i = 0; i < 25; i++) {
      const before = await machine.snapshot();
      const seen = rows.all.length;
      const next = Math.min(...before.participants.map(({ nextNs }) => nextNs));
      expect(await machine.step()).toBe(next + 1);
      const times = rows.all.slice(seen).filter(({ name }) => name === 'event').map(({ fields }) => fields[0]!);
      expect([...new Set(times)]).toEqual([next]);
      const after = await machine.snapshot();
      expect(Math.min(...after.participants.map(({ nextNs }) => nextNs))).toBeGreaterThan(next);
      const events = ({ participants }: typeof after): number => participants.reduce((sum, p) => sum + p.events, 0);
      expect(events(after) - events(before)).toBe(times.length);
    }
  });

  it('steps by simulated time: everything before is done and handed on, nothing after it begun', async () => {
    const { machine, rows } = await boot({ engine });
    let at = 0;
    for (const ns of [10_000_000, 1, 20_000_000, 777_777, 4_000_000]) {
      at += ns;
      expect(await machine.step(ns)).toBe(at);
      const { simulatedNs, participants } = await machine.snapshot();
      expect(simulatedNs).toBe(at);
      expect(Math.max(...begun(rows))).toBeLessThan(at);
      expect(participants.every(({ nextNs }) => nextNs >= at)).toBe(true);
      expect(participants.reduce((sum, { events }) => sum + events, 0)).toBe(begun(rows).length);
    }
  });

});

describe.each(choices)('a machine that runs ($sync, $memory)', (engine) => {
  it('pauses, again while it stands, and goes on', async () => {
    const { machine, rows } = await boot({ engine }, endless);
    let last = 0;
    for (let i = 0; i < 5; i++) {
      await machine.start();
      while (Math.max(0, ...begun(rows)) <= last) await new Promise((turn) => setTimeout(turn, 1));
      const at = await machine.pause();
      expect(await machine.pause()).toBe(at);
      expect(at).toBeGreaterThan(last);
      expect(Math.max(...begun(rows))).toBeLessThan(at);
      const { participants } = await machine.snapshot();
      expect(participants.every(({ nextNs }) => nextNs >= at)).toBe(true);
      expect(participants.reduce((sum, { events }) => sum + events, 0)).toBe(begun(rows).length);
      last = at;
    }
  });

  it('stops while it stands, twice, with a whole stream', async () => {
    const { machine, rows } = await boot({ engine });
    await machine.step(31_000_000);
    const [first, second] = [await machine.stop(), await machine.stop()];
    expect(second).toBe(first);
    expectWhole(first, rows);
    expect(first.reason).toBe('interrupted');
    expect(first.endNs).toBeLessThan(31_000_000);
    expect(first.endNs).toBe(Math.max(...begun(rows)));
  });

  it('stops where it is, with a whole stream', async () => {
    const { machine, rows } = await boot({ engine }, endless);
    await machine.start();
    while (rows.all.length === 0) await new Promise((turn) => setTimeout(turn, 1));
    const result = await machine.stop();
    expectWhole(result, rows);
    expect(result.reason).toBe('interrupted');
    expect(await machine.ended).toBe(result);
  });

  it('tells its end by itself, and answers at once from then on', async () => {
    const { machine, rows } = await boot({ engine });
    await machine.start();
    const result = await machine.ended;
    expectWhole(result, rows);
    expect(result).toMatchObject({ reason: 'duration', endNs: END });
    expect([await machine.pause(), await machine.step(), await machine.step(5)]).toEqual([END, END, END]);
    await machine.start();
    expect((await machine.snapshot()).simulatedNs).toBe(END);
    expect(await machine.stop()).toBe(result);
  });
});

/** All that was recorded was handed on, the last records of each CPU too, and nothing is broken. */
function expectWhole(result: RunResult, rows: Rows): void {
  expect(rows.all).toHaveLength(result.records);
  const ends = rows.named('event').filter(isLast);
  expect(ends.map(({ cpu }) => cpu).sort()).toEqual([0, 1]);
  expect(rows.named('event')).toHaveLength(result.figures.events);
  expect(brokenOf(result)).toEqual({});
}

describe('a machine in hand', () => {
  let inline: RunResult;
  beforeAll(async () => { inline = await simulate(scenario); });

  it('gives the same bytes in lockstep, however it is stepped and paused', async () => {
    const { machine } = await boot({ engine: lockstep });
    for (let i = 0; i < 40; i++) {
      await machine.step(i % 3 === 0 ? undefined : 333_333 * (i % 7));
      if (i % 5 !== 0) continue;
      await machine.start();
      await machine.pause();
    }
    await machine.start();
    const { digest, records, reason } = await machine.ended;
    expect({ digest, records, reason }).toEqual({ digest: inline.digest, records: inline.records, reason: 'duration' });
  });

  it('ends by a step over its end', async () => {
    const { machine } = await boot({ engine: lockstep });
    expect(await machine.step(2 * END)).toBe(END);
    expect((await machine.ended).digest).toBe(inline.digest);
  });

  it('answers a pause that a start overtakes, and a step that a pause or a stop does', async () => {
    const { machine } = await boot({ engine: lockstep }, endless);
    const paused = machine.pause();
    await machine.start();
    await paused;
    const step = machine.step(99_000_000_000);
    expect(await machine.pause()).toBe(await step);
    const last = machine.step(99_000_000_000);
    const { endNs } = await machine.stop();
    expect(await last).toBe(endNs);
  });

  it('has no state to show while it runs', async () => {
    const { machine } = await boot({ engine: lockstep }, endless);
    await machine.start();
    await expect(machine.snapshot()).rejects.toThrow('pause it first');
  });

  it('can be closed at any moment; then nothing is answered', async () => {
    const { machine } = await boot({ engine: lockstep }, endless);
    await machine.start();
    const step = expect(machine.step(99_000_000_000)).rejects.toThrow('its line was closed');
    await machine.close();
    await step;
    await expect(machine.ended).rejects.toThrow('closed before its run had ended');
    await expect(machine.pause()).rejects.toThrow('its line was closed');
  });
});
