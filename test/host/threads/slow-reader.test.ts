/** The main thread may be slow, and the rings small: then the threads wait for it, and nothing is lost. */
import { afterAll, describe, expect, it } from 'vitest';
import type { EventConsumer } from '../../../shared/event-consumer.ts';
import type { ThreadsChoice } from '../../../src/engine/run.ts';
import { CpuPool } from '../../../src/host/threads/cpu-pool.ts';
import { simulate } from '../../../src/sim.ts';
import { resolve, Rows } from '../../support/engine.ts';
import { brokenOf } from '../../support/shipped.ts';

afterAll(() => CpuPool.closeAll());

const TEXT = '{ "tasks": { "t": { "instance": 6, "run": 300, "sleep": 200 } }, "dynticks": { "cpus": 3, "cmdline": "nohz_full=1-2" } }';
const scenario = resolve(TEXT, { durationNs: 35_000_000 });

const on = (sync: ThreadsChoice['sync'], memory: ThreadsChoice['memory']): ThreadsChoice => ({ kind: 'threads', sync, memory });

/** Keeps the main thread busy for a while, now and then. */
class Slow implements EventConsumer {
  private records = 0;
  private readonly every: number;
  private readonly ms: number;
  constructor(every: number, ms: number) {
    this.every = every;
    this.ms = ms;
  }
  onEvent(): void {
    this.records += 1;
    if (this.records % this.every !== 0) return;
    const until = performance.now() + this.ms;
    while (performance.now() < until);
  }
}

describe('a run longer than its rings', () => {
  // 40 doubles are shorter than many an event, 7 than many a row
  it.each([[4_096, 'wasm'], [40, 'wasm'], [40, 'atomics'], [7, 'wasm']] as const)(
    'gives the bytes of inline in lockstep, with rings of %i doubles over %s', async (ringDoubles, memory) => {
      const inline = await simulate(scenario);
      const consumers = [new Slow(500, 10)];
      const { digest, records } = await simulate(scenario, { engine: on('lockstep', memory), trial: { ringDoubles }, consumers });
      expect({ digest, records }).toEqual({ digest: inline.digest, records: inline.records });
    });

  it.each(['wasm', 'atomics'] as const)('loses nothing where CPUs race (%s)', async (memory) => {
    const rows = new Rows();
    const run = await simulate(scenario, { engine: on('free', memory), trial: { ringDoubles: 300 }, consumers: [rows, new Slow(500, 10)] });
    expect(run.reason).toBe('duration');
    expect(rows.all).toHaveLength(run.records);
    expect(brokenOf(run)).toEqual({});
  });

  it('is no hang, however long the main thread takes', async () => {
    const run = await simulate(scenario, { engine: on('free', 'wasm'), trial: { ringDoubles: 300 }, consumers: [new Slow(3_000, 900)] });
    expect(run.reason).toBe('duration');
  });

  it('comes to its end with 64 CPUs on few cores', async () => {
    const many = resolve(TEXT, { cpus: 64, durationNs: 9_000_000, cmdline: 'nohz_full=1-63' });
    const inline = await simulate(many);
    const consumers = [new Slow(2_000, 20)];
    const { digest } = await simulate(many, { engine: on('lockstep', 'wasm'), trial: { ringDoubles: 500 }, consumers, judge: false });
    expect(digest).toBe(inline.digest);
  });
});
