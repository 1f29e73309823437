/** A CPU whose task waits for a device, and which has nothing else to do, waits for I/O; all that shows it says so. */
import { describe, expect, test } from 'vitest';
import { simulate } from '../../src/sim.ts';
import { brokenOf, fileOf, resolveFile } from '../support/shipped.ts';

const run = (cmdline: string, cpus?: number) =>
  simulate(resolveFile(fileOf('io'), { cmdline, durationNs: 500e6, ...(cpus !== undefined && { cpus }) }));

describe('a task that asks a disk for nine tenths of its time', () => {
  test.each(['', 'highres=off'])('makes its CPU’s sleeps I/O wait (%o)', async (cmdline) => {
    const { snapshot: { cpus }, verdicts } = await run(cmdline);
    expect(brokenOf({ verdicts })).toEqual({});
    const [here, there] = [cpus[0]!, cpus[1]!];
    expect(there.iowaitSleepNs / (there.iowaitSleepNs + there.idleSleepNs)).toBeGreaterThan(0.9);
    expect(here.iowaitSleepNs).toBe(0);
  });

  test('has ticks that find its CPU without work count I/O wait where no tick is stopped', async () => {
    const { snapshot: { cpus }, verdicts } = await run('nohz=off highres=off');
    expect(brokenOf({ verdicts })).toEqual({});
    const { iowait, idle } = cpus[1]!.kcpustat;
    expect(iowait).toBeGreaterThan(idle);
    expect(cpus[0]!.kcpustat.iowait).toBe(0);
  });

  test('is blocked or not as the run ends, and is counted once', async () => {
    const { snapshot: { cpus }, files } = await run('');
    const waiting = cpus.map(({ nrIowait }) => nrIowait);
    expect(waiting[0]).toBe(0);
    expect([0, 1]).toContain(waiting[1]);
    expect(files.find(({ path }) => path === 'proc/stat')!.text).toContain(`procs_blocked ${waiting[1]}\n`);
  });
});
