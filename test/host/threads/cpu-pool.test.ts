import { execFile } from 'node:child_process';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { KernelBug, LimitReached } from '../../../shared/assert.ts';
import { SpinHang } from '../../../shared/memory/spin.ts';
import { allocateShared } from '../../../shared/memory/wasm-memory.ts';
import { HostLimit } from '../../../src/host/host-limit.ts';
import { readStamp } from '../../../src/host/threads/build-stamp.ts';
import { CpuPool, type CpuPoolOptions, type HeapLimits } from '../../../src/host/threads/cpu-pool.ts';
import { ThreadDeath } from '../../../src/host/threads/thread-death.ts';
import type { MortalBoot, MortalReport, Way } from './mortal.ts';

const DIST = resolve(import.meta.dirname, '../../../dist');
const LIMITS: HeapLimits = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 24 };
const MORTAL: CpuPoolOptions = { entry: join(DIST, 'test/host/threads/mortal.js'), limits: LIMITS };

const pools: CpuPool[] = [];
async function take(cpus: number, options = MORTAL): Promise<CpuPool> {
  const pool = await CpuPool.take(cpus, options);
  pools.push(pool);
  return pool;
}
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.destroy()));
  await CpuPool.closeAll();
});

/** One way a thread, over memory that they share. */
function bootsOf(ways: readonly Way[], buildId = readStamp()): readonly MortalBoot[] {
  const cells = new Int32Array(new SharedArrayBuffer(8));
  const memory = allocateShared(8);
  return ways.map((way) => ({ buildId, way, cells, memory, threads: ways.length }));
}

function start(pool: CpuPool, ...ways: readonly Way[]): readonly Promise<MortalReport>[] {
  return pool.run<MortalBoot, MortalReport>(bootsOf(ways));
}

async function deathOf(report: Promise<unknown> | undefined): Promise<ThreadDeath> {
  const error: unknown = await report!.then(() => { throw new Error('it lives'); }, (death: unknown) => death);
  expect(error).toBeInstanceOf(ThreadDeath);
  return error as ThreadDeath;
}

describe('threads of the CPUs', () => {
  it('run at once, each CPU on its own, over one shared memory', async () => {
    const pool = await take(4);
    // none gets past the latch before all are there
    const reports = await Promise.all(start(pool, 'answer', 'answer', 'answer', 'answer'));
    expect(reports.map(({ count }) => count).sort()).toEqual([1, 2, 3, 4]);
    expect(reports.map(({ threadId }) => threadId)).toEqual(pool.threads.map(({ threadId }) => threadId));
  });

  it('stay warm for the next run of the same size and limits', async () => {
    const first = await take(2);
    const before = await Promise.all(start(first, 'answer', 'answer'));
    await first.giveBack(0);
    const other = await take(2, { ...MORTAL, limits: { ...LIMITS, maxOldGenerationSizeMb: 25 } });
    expect(other).not.toBe(first);
    const again = await take(2);
    expect(again).toBe(first);
    const after = await Promise.all(start(again, 'answer', 'answer'));
    expect(after.map(({ threadId }) => threadId)).toEqual(before.map(({ threadId }) => threadId));
  });

  it('are kept once per kind: a second pool that is given back ends', async () => {
    const [one, two] = [await take(1), await take(1)];
    expect(one).not.toBe(two);
    await one.giveBack(0);
    await two.giveBack(0);
    expect([one.threads.length, two.threads.length]).toEqual([1, 0]);
    await CpuPool.closeAll();
    expect(one.threads).toEqual([]);
  });

  it('are renewed once they have seen much shared memory, which they would keep', async () => {
    const pool = await take(1);
    await pool.giveBack(200 * 2 ** 20);
    expect(await take(1)).toBe(pool);
    await pool.giveBack(100 * 2 ** 20);
    expect(pool.threads).toEqual([]);
    expect(await take(1)).not.toBe(pool);
  });

  it('are made anew where one died while nobody used it', async () => {
    const first = await take(2);
    await first.giveBack(0);
    await first.threads[1]!.terminate();
    const second = await take(2);
    expect(second).not.toBe(first);
    expect(first.threads).toEqual([]);
    expect(await Promise.all(start(second, 'answer', 'answer'))).toHaveLength(2);
  });

  it('are refused for another number of CPUs, and while they run', async () => {
    const pool = await take(1);
    expect(() => start(pool, 'answer', 'answer')).toThrow('2 CPUs for 1 threads');
    start(pool, 'wait for ever');
    expect(() => start(pool, 'answer')).toThrow('one machine at a time');
    await expect(pool.giveBack(0)).rejects.toThrow('while its CPUs ran');
  });

  it('refuse to run for a process of another build', async () => {
    const pool = await take(1);
    const death = await deathOf(pool.run(bootsOf(['answer'], 'another'))[0]);
    expect(death.message).toMatch(/^CPU 0: threw KernelBug: dist\/ is not what the sources say: npm run build/);
  });

  it('that cannot even load their entry are a death too, and leave none behind', async () => {
    const gone = await deathOf(take(2, { ...MORTAL, entry: join(DIST, 'test/host/threads/nowhere.js') }));
    expect(gone.message).toMatch(/^CPU [01]: threw Error: Cannot find module/);
  });
});

describe('a CPU’s death', () => {
  const DEATHS: readonly (readonly [Way, string])[] = [
    ['bug', 'threw KernelBug: a lock was taken twice'],
    ['spin hang', 'threw SpinHang: a lock was never closed'],
    ['type error', 'threw TypeError: Cannot read properties of undefined (reading \'x\')'],
    ['string', 'threw Error: just words'],
    ['late throw', 'threw KernelBug: after all'],
    ['exit', 'exited with code 7'],
    ['fill the heap', 'ran out of memory: its heap may have 24 MiB, 2 of them new'],
  ];
  it.each(DEATHS)('by "%s" is told in words, and the others can be ended', async (way, why) => {
    const pool = await take(3);
    const [asleep, dead, busy] = start(pool, 'wait for ever', way, 'spin for ever');
    const death = await deathOf(dead);
    expect([death.thread, death.why]).toEqual(['CPU 1', why]);
    await pool.giveBack(0);
    expect(pool.threads).toEqual([]);
    const others = await Promise.all([deathOf(asleep), deathOf(busy)]);
    expect(others.map(({ message }) => message)).toEqual(['CPU 0: was terminated', 'CPU 2: was terminated']);
    expect(await take(3)).not.toBe(pool);
  });

  it('keeps what was thrown, of its class and with the thread’s own stack', async () => {
    const pool = await take(2);
    const [bug, hang] = await Promise.all(start(pool, 'bug', 'spin hang').map((report) => deathOf(report)));
    expect(bug!.cause).toBeInstanceOf(KernelBug);
    expect(hang!.cause).toBeInstanceOf(SpinHang);
    expect(bug!.stack).toMatch(/^ThreadDeath: CPU 0: threw KernelBug: a lock was taken twice\n.*mortal\.js/);
  });

  it('by a limit is that limit: the run has its answer', async () => {
    const pool = await take(2);
    const [limit, disk] = start(pool, 'limit', 'host limit');
    await expect(limit).rejects.toEqual(new LimitReached('8,192 tasks'));
    await expect(limit).rejects.toBeInstanceOf(LimitReached);
    await expect(disk).rejects.toBeInstanceOf(HostLimit);
    await pool.giveBack(0);
    expect(pool.threads).toEqual([]);
  });

  it('from outside is told as such', async () => {
    const pool = await take(2);
    const [dead] = start(pool, 'wait for ever', 'answer');
    await pool.threads[0]!.terminate();
    expect((await deathOf(dead)).message).toBe('CPU 0: was terminated from outside, or exited with code 1');
    expect(pool.threads.length).toBe(1); // no other in its place
  });

  it('need not be awaited, one by one', async () => {
    const pool = await take(4);
    start(pool, 'bug', 'bug', 'exit', 'bug');
    await pool.destroy();
    expect(pool.threads).toEqual([]);
  });

  const ENDLESS: readonly Way[] = ['spin for ever', 'wait for ever', 'wait in wasm for ever'];
  it.each(ENDLESS)('ends one that would %s', async (way) => {
    const pool = await take(2);
    const reports = start(pool, way, way);
    const gone = pool.threads.map((thread) => new Promise((exit) => { thread.once('exit', exit); }));
    await pool.destroy();
    expect(await Promise.all(gone)).toEqual([1, 1]);
    expect((await deathOf(reports[1])).message).toBe('CPU 1: was terminated');
  });
});

describe('a process', () => {
  const run = promisify(execFile);
  const script = (then: string): Promise<{ stdout: string }> => run(process.execPath, ['--input-type=module', '-e', `
    import { CpuPool } from '${pathToFileURL(join(DIST, 'src/host/threads/cpu-pool.js')).href}';
    import { readStamp } from '${pathToFileURL(join(DIST, 'src/host/threads/build-stamp.js')).href}';
    const pool = await CpuPool.take(2, ${JSON.stringify(MORTAL)});
    const boot = { buildId: readStamp(), way: 'answer', threads: 2, cells: new Int32Array(new SharedArrayBuffer(8)),
      memory: new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }) };
    const reports = await Promise.all(pool.run([boot, boot]));
    await pool.giveBack(0);
    console.log(reports.length, pool.threads.length);
    ${then}
  `]);

  it('is held up by a run, but not by threads that wait for the next', async () => {
    expect((await script('')).stdout).toBe('2 2\n');
  });

  it('ends while its CPUs sleep, if it is told to', async () => {
    const asleep = `pool.run([boot, boot].map((b) => ({ ...b, way: 'wait for ever' })));`;
    expect((await script(`${asleep} setTimeout(() => process.exit(), 50);`)).stdout).toBe('2 2\n');
  });
});
