/** Whatever ends a thread, or makes it hang, ends the run: told once, the first cause, with no thread left. */
import { afterEach, describe, expect, it } from 'vitest';
import type { EventConsumer } from '../../../shared/event-consumer.ts';
import { LimitReached } from '../../../shared/assert.ts';
import type { ThreadsChoice } from '../../../src/engine/run.ts';
import { HOST_FAULTS } from '../../../src/engine/threads/host-faults.ts';
import { threadsPlanOf } from '../../../src/engines.ts';
import { HostLimit } from '../../../src/host/host-limit.ts';
import { CpuPool } from '../../../src/host/threads/cpu-pool.ts';
import { ThreadDeath } from '../../../src/host/threads/thread-death.ts';
import { ThreadsMachine, type ThreadsTrial } from '../../../src/host/threads/threads-machine.ts';
import { simulate } from '../../../src/sim.ts';
import { BadInput } from '../../../src/workload/bad-input.ts';
import { resolveScenario } from '../../../src/workload/resolve.ts';
import type { Scenario } from '../../../src/workload/scenario.ts';
import { resolve, Rows } from '../../support/engine.ts';
import { livingThreads } from '../../support/living-threads.ts';

const TEXT = '{ "tasks": { "t": { "instance": 3, "run": 700, "sleep": 900 } }, "dynticks": { "cpus": 3 } }';
const END = 50_000_000;
const scenario = resolve(TEXT, { durationNs: END });
const endless = resolve(TEXT, { durationNs: 100_000_000_000 });
const struckBy = (fault: string): Scenario =>
  resolveScenario(TEXT, 'w.json', { durationNs: END, faults: [fault] }, HOST_FAULTS.map(({ id }) => id));

const free: ThreadsChoice = { kind: 'threads', sync: 'free', memory: 'wasm' };
const lockstep: ThreadsChoice = { kind: 'threads', sync: 'lockstep', memory: 'wasm' };

const machines: ThreadsMachine[] = [];
afterEach(async () => {
  await Promise.all(machines.splice(0).map((machine) => machine.close()));
  await CpuPool.closeAll();
});

async function boot(what: Scenario, consumers: readonly EventConsumer[] = [], trial: ThreadsTrial = {}): Promise<ThreadsMachine> {
  const machine = await ThreadsMachine.boot(threadsPlanOf(what, what.durationNs!, consumers, free, trial));
  machines.push(machine);
  return machine;
}

/** What a promise rejects with. */
const whyOf = (never: Promise<unknown>): Promise<unknown> =>
  never.then(() => { throw new Error('it did not fail'); }, (why: unknown) => why);

const DEATHS: Readonly<Record<string, RegExp>> = {
  'thread-throws': /^threw TypeError: planted/,
  'thread-exits': /^exited with code 7$/,
  'thread-runs-out-of-memory': /^ran out of memory: its heap may have 96 MiB/,
  'thread-hangs': /^hangs\. No event ended .*: CPU 2 is in an event since 20\.\d+ ms and holds timekeeper\.lock; timekeeper\.seq is odd; /,
};

/** On a busy host a heap takes long to fill: whoever dies of it is not to be taken for one that hangs. */
const PATIENT: ThreadsTrial = { patience: { wallMs: 100_000, idleMs: 100_000 } };

describe.each([free, lockstep])('a fault of the host ($sync)', (engine) => {
  it.each(HOST_FAULTS)('$id ends the run: which CPU, why, what was recorded, and no thread is left', async ({ id }) => {
    const rows = new Rows();
    const trial = id === 'thread-hangs' ? {} : PATIENT;
    const death = await whyOf(simulate(struckBy(id), { engine, consumers: [rows], trial }));
    expect(death).toBeInstanceOf(ThreadDeath);
    expect((death as ThreadDeath).thread).toBe('CPU 2');
    expect((death as ThreadDeath).why).toMatch(DEATHS[id]!);
    expect(livingThreads()).toBe(0);
    // what led there can be looked at: everything that was handed over before the death
    const last = Math.max(...rows.named('event').map(({ fields }) => fields[0]!));
    expect(last).toBeGreaterThan(15_000_000);
    expect(last).toBeLessThan(25_000_000);
  });
});

describe('a fault of the host', () => {
  it('is refused on one thread, where it would end the process', async () => {
    for (const { id } of HOST_FAULTS) {
      const why = await whyOf(simulate(struckBy(id), { engine: { kind: 'inline' } }));
      expect(why).toBeInstanceOf(BadInput);
      expect((why as BadInput).message).toContain(`"inline" with the fault "${id}"`);
    }
  });

  it('leaves nothing to the next run of the same process', async () => {
    const inline = await simulate(scenario);
    await whyOf(simulate(struckBy('thread-throws'), { engine: lockstep }));
    expect((await simulate(scenario, { engine: lockstep })).digest).toBe(inline.digest);
    await whyOf(simulate(struckBy('thread-exits'), { engine: lockstep }));
    expect((await simulate(scenario, { engine: lockstep })).digest).toBe(inline.digest);
  });
});

describe('a thread that is ended from outside', () => {
  it('ends the run, if it is a CPU’s', async () => {
    const machine = await boot(endless);
    const run = whyOf(machine.run({}));
    await machine['pool']!.threads[1]!.terminate();
    expect(await run).toMatchObject({ name: 'ThreadDeath', message: 'CPU 1: was terminated from outside, or exited with code 1' });
    await machine.close();
    expect(machine['pool']!.threads).toEqual([]);
  });

  it('ends the run, if it is the coordinator’s', async () => {
    const machine = await boot(endless);
    const run = whyOf(machine.run({}));
    await machine['coordinator'].terminate();
    expect(await run).toMatchObject({ thread: 'the coordinator', why: expect.stringContaining('terminated from outside') });
    await machine.close();
    expect(livingThreads()).toBe(0);
  });

  it('ends it while it is paused too, and every question under way, with the same cause', async () => {
    const machine = await boot(endless);
    await machine.step(1_000_000);
    const questions = [machine.step(90_000_000_000), machine.ended].map(whyOf);
    await machine['pool']!.threads[2]!.terminate();
    const [step, ended] = await Promise.all(questions);
    expect(ended).toMatchObject({ thread: 'CPU 2' });
    expect(step).toBe(ended);
    expect(await whyOf(machine.pause())).toBe(ended);
  });
});

describe('a boot that fails', () => {
  it('leaves no thread, and says which one failed', async () => {
    const why = await whyOf(boot(scenario, [], { cpuEntry: 'test/host/threads/no-such-file.js' }));
    expect(why).toMatchObject({ name: 'ThreadDeath', message: expect.stringMatching(/^CPU \d: threw Error: Cannot find module/) });
    expect(livingThreads()).toBe(0);
  });
});

/** Throws at its n-th record, and counts what comes to it. */
class Failing implements EventConsumer {
  seen = 0;
  private readonly at: number;
  private readonly why: Error;
  constructor(at: number, why: Error) {
    this.at = at;
    this.why = why;
  }
  onEvent(): void {
    this.seen += 1;
    if (this.seen === this.at) throw this.why;
  }
}

describe('a consumer that throws', () => {
  it.each([
    ['while it runs', new HostLimit('the disk is full'), 1_000],
    ['early', new LimitReached('too much of it'), 1],
  ])('%s ends all threads, and its error is the run’s', async (_, why, at) => {
    const consumer = new Failing(at, why);
    expect(await whyOf(simulate(endless, { engine: free, consumers: [consumer] }))).toBe(why);
    expect(consumer.seen).toBe(at);
    expect(livingThreads()).toBe(0);
  });

  it('at the last records is no less the run’s end', async () => {
    const { records } = await simulate(scenario);
    const why = new HostLimit('the disk is full');
    expect(await whyOf(simulate(scenario, { engine: lockstep, consumers: [new Failing(records, why)] }))).toBe(why);
  });

  it('breaks a step', async () => {
    const why = new HostLimit('the disk is full');
    const machine = await boot(scenario, [new Failing(200, why)]);
    expect(await whyOf(machine.step(40_000_000))).toBe(why);
    expect(await whyOf(machine.ended)).toBe(why);
  });

  it('is asked no more after another thread’s death', async () => {
    const consumer = new Failing(1e9, new Error('never'));
    const machine = await boot(endless, [consumer]);
    const run = whyOf(machine.run({}));
    await machine['pool']!.threads[0]!.terminate();
    await run;
    const { seen } = consumer;
    await machine.close();
    expect(consumer.seen).toBe(seen);
  });
});

describe('a run that is interrupted', () => {
  it('ends where it is, its stream whole, and its threads wait for the next', async () => {
    const controller = new AbortController();
    const rows = new Rows();
    const run = simulate(endless, {
      engine: free, consumers: [rows], signal: controller.signal,
      onProgress: ({ events }) => { if (events > 0) controller.abort(); },
    });
    const { reason, endNs, records } = await run;
    expect(reason).toBe('interrupted');
    expect(endNs).toBeLessThan(endless.durationNs!);
    expect(rows.all).toHaveLength(records);
    expect(livingThreads()).toBe(3);
  });

  it('ends at its beginning, if it is interrupted before', async () => {
    const { reason } = await simulate(endless, { engine: free, signal: AbortSignal.abort() });
    expect(reason).toBe('interrupted');
  });
});
