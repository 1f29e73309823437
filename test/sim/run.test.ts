import { describe, expect, test } from 'vitest';
import type { EventConsumer } from '../../shared/event-consumer.ts';
import { ClockEventState } from '../../shared/structs/cpu.ts';
import { KTIME_MAX } from '../../shared/units.ts';
import { Digest } from '../../src/observe/digest.ts';
import { resolveScenario } from '../../src/workload/resolve.ts';
import { simulate, type RunResult } from '../../src/sim.ts';
import { engineOf, resolve, Rows, runToLimit } from '../support/engine.ts';
import { brokenOf, fileOf, resolveFile, SHORT_NS } from '../support/shipped.ts';

const held = ({ verdicts }: RunResult, id: string): unknown => verdicts.find((verdict) => verdict.id === id)!.verdict.verdict;
const tasks = (text: string): string => `{"tasks": {${text}}}`;
const PERIODIC = tasks('"t": {"run": 700, "sleep": 5000}');
/** One task that waits for a condition, and what else there is. */
const waiting = (other: string): string => tasks(`"a": {"lock": "m", "wait": {"ref": "c", "mutex": "m"}}, ${other}`);

describe('a machine that boots', () => {
  test('ends with a high-resolution tick on each CPU, the HPET let go, the duty with the boot CPU', () => {
    const engine = engineOf(resolveFile(fileOf('idle'), { cpus: 3, cmdline: 'nohz=off' }), SHORT_NS);
    runToLimit(engine, SHORT_NS);
    const { image } = engine;
    expect(image.cpus.map(({ online }) => online)).toEqual([1, 1, 1]);
    expect(image.hrtimerBases.map(({ hresActive }) => hresActive)).toEqual([1, 1, 1]);
    expect([image.globalDevices[1]!.state, image.jiffies.tickDoTimerCpu]).toEqual([ClockEventState.Detached, 0]);
  });

  test.each(['highres=off nohz=off', 'clocksource=jiffies'])('keeps the periodic tick with %s, and breaks nothing', async (cmdline) => {
    const scenario = resolve(PERIODIC, { cpus: 2, durationNs: SHORT_NS, cmdline });
    const engine = engineOf(scenario, SHORT_NS);
    runToLimit(engine, SHORT_NS);
    expect(engine.image.clockEvents.map(({ state }) => state)).toEqual([ClockEventState.Periodic, ClockEventState.Periodic]);
    expect(brokenOf(await simulate(scenario))).toEqual({});
  });

  test.each(['', 'highres=off nohz=off'])('lives on the PIT alone with nolapic_timer on one CPU %s', async (more) => {
    const rows = new Rows();
    const scenario = resolve(PERIODIC, { cpus: 1, durationNs: SHORT_NS, cmdline: `nolapic_timer ${more}` });
    const run = await simulate(scenario, { consumers: [rows] });
    expect(rows.named('local_timer_entry')).toEqual([]);
    expect(rows.named('irq_handler_entry').length).toBeGreaterThan(10);
    expect(run.figures.cpus[0]!.ticks).toBeGreaterThanOrEqual(13);
    expect(run.figures.tasks.find(({ name }) => name === 't-0')!.userNs).toBeGreaterThan(2_000_000);
    expect(brokenOf(run)).toEqual({});
  });
});

describe('time', () => {
  test.each([1, 2, 8, 64])('is conserved on %i CPUs, by ticks and by context tracking', async (cpus) => {
    const busy = `"busy": {"instance": ${cpus}, "run": 900, "syscall": "300us", "sleep": 1500}`;
    const text = tasks(`${busy}, "more": {"instance": 3, "run": 7000}`);
    for (const cputime of ['tick', 'gen'] as const) {
      const run = await simulate(resolve(text, { cpus, cputime, durationNs: cpus === 64 ? 40e6 : 80e6 }));
      expect([held(run, 'A-01'), held(run, 'A-02'), brokenOf(run)]).toEqual(['held', 'held', {}]);
    }
  });
});

describe('a run ends', () => {
  test('when all its tasks have ended, readers or not', async () => {
    const text = `{
      "tasks": {"a": {"loop": 2, "run": 10000}, "b": {"loop": 1, "sleep": 70000}},
      "dynticks": {"readers": [{"name": "r", "every": "3ms", "tasks": "all"}]}
    }`;
    const run = await simulate(resolve(text));
    expect([run.reason, run.stuckTasks, brokenOf(run)]).toEqual(['all tasks ended', [], {}]);
    expect(run.endNs).toBeGreaterThan(90e6);
    expect(run.endNs).toBeLessThan(200e6);
  });

  test('at its duration even in a deadlock, and names who waits for what', async () => {
    const text = `{"global": {"duration": 1}, "tasks": {
      "a": {"cpus": [0], "loop": 1, "lock": "m", "run": 500, "lock1": "n"},
      "b": {"cpus": [1], "loop": 1, "lock": "n", "run": 500, "lock1": "m"}}}`;
    const run = await simulate({ ...resolveScenario(text, 'abba.json'), durationNs: SHORT_NS });
    expect([run.reason, run.stuckTasks]).toEqual(
      ['duration', ['a-0, which waits for mutex "n"', 'b-1, which waits for mutex "m"']]);
  });

  test('when nothing can ever wake, and names who waits', async () => {
    const run = await simulate(resolve(waiting('"b": {"loop": 1, "run": 1000}')));
    expect([run.reason, run.stuckTasks]).toEqual(['nothing can ever wake', ['a-0, which waits for condition "c"']]);
  });

  test('at its duration, and not before, while anything can still happen', async () => {
    const run = await simulate(resolve(waiting('"b": {"sleep": 30000, "signal": "c"}'), { durationNs: 150e6 }));
    expect([run.reason, run.endNs]).toEqual(['duration', 150e6]);
  });

  test('between two events when the host says so, with a readable and unbroken rest', async () => {
    const controller = new AbortController();
    let seen = 0;
    const abort: EventConsumer = { onEvent: () => { if (seen++ === 20_000) controller.abort(); } };
    const run = await simulate(resolveFile(fileOf('contention'), { durationNs: 2e9 }), { signal: controller.signal, consumers: [abort] });
    expect([run.reason, brokenOf(run)]).toEqual(['interrupted', {}]);
    expect(run.endNs).toBeLessThan(1e9);
    expect(run.figures.cpus).toHaveLength(4);
  });
});

describe('the merged stream', () => {
  test.each(['contention', 'fault-missing-retry'])('of %s is the same however often it is merged', (name) => {
    const scenario = resolveFile(fileOf(name));
    const digestOf = (every: number): string => {
      const digest = new Digest();
      const engine = engineOf(scenario, SHORT_NS, [digest]);
      while (engine.run(every) === undefined) engine['merge'].mergeBefore(engine['first']().next.time);
      engine.finish(SHORT_NS);
      return digest.hex();
    };
    expect(new Set([1, 7, 1_000, KTIME_MAX].map(digestOf)).size).toBe(1);
  });

  test('is the same for every consumer, and asking for progress or verdicts changes nothing', async () => {
    const scenario = resolveFile(fileOf('first-light'));
    const [a, b] = [new Digest(), new Rows()];
    const run = await simulate(scenario, { consumers: [a, b], onProgress: () => undefined });
    expect([a.hex(), b.all.length]).toEqual([run.digest, run.records]);
    expect((await simulate(scenario, { judge: false })).digest).toBe(run.digest);
  });

  test('is another one for another seed only where ties are drawn from it', async () => {
    const digest = async (ties: 'fixed' | 'shuffled', seed: number): Promise<string> =>
      (await simulate(resolveFile(fileOf('busy'), { ties, seed }), { judge: false })).digest;
    expect(await digest('shuffled', 1)).not.toBe(await digest('shuffled', 2));
    expect(await digest('fixed', 1)).toBe(await digest('fixed', 2));
  });
});
