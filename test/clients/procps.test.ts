/**
 * Real programs over a run's files. In a mount namespace of its own the files lie over those of /proc;
 * where the host does not let us make one, or does not have the program, the test is skipped.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { simulate, type RunResult } from '../../src/sim.ts';
import { resolve } from '../support/engine.ts';

const WORKLOAD = JSON.stringify({
  tasks: { hog: { cpus: [0], run: 900_000 }, sleeper: { cpus: [1], loop: 50, run: 1_000, sleep: 9_000 } },
  dynticks: { cpus: 2, duration: '1s' },
});
const COVERED = ['stat', 'uptime', 'loadavg', 'interrupts', 'softirqs'];

/** Runs a program that finds our files in /proc. */
const over = (folder: string, program: string, ...args: readonly string[]) => {
  const mounts = COVERED.map((name) => `mount --bind ${join(folder, 'proc', name)} /proc/${name}`).join(' && ');
  const command = ['-m', 'sh', '-c', `${mounts} && exec "$@"`, 'sh', program, ...args];
  return spawnSync('unshare', command, { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } });
};

const exists = (program: string): boolean => spawnSync('which', [program]).status === 0;
const mayMount = spawnSync('unshare', ['-m', 'sh', '-c', 'mount --bind /proc/uptime /proc/loadavg']).status === 0;
const runs = (program: string): boolean => mayMount && exists(program);

describe('programs over a run’s /proc', () => {
  const folder = mkdtempSync(join(tmpdir(), 'dynticks-clients-'));
  let run: RunResult;

  beforeAll(async () => {
    run = await simulate(resolve(WORKLOAD));
    for (const { path, text } of run.files) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.runIf(runs('uptime'))('uptime reads time and load averages', () => {
    expect(over(folder, 'uptime', '--since').stderr).toBe('');
    expect(over(folder, 'uptime').stdout).toMatch(/ up 0 min,.* load average: \d\.\d\d, \d\.\d\d, \d\.\d\d\n/);
  });

  it.runIf(runs('vmstat'))('vmstat reads CPU time, interrupts, switches and forks', () => {
    const shown = new Map(over(folder, 'vmstat', '-s').stdout.trimEnd().split('\n').map((line) => {
      const [, count, what] = /^ *(\d+) (.*)$/.exec(line)!;
      return [what!, Number(count)];
    }));
    const user = run.snapshot.cpus.reduce((sum, { kcpustat }) => sum + kcpustat.user, 0);
    expect(shown.get('non-nice user cpu ticks')).toBe(Math.floor(user / 10_000_000));
    expect(shown.get('CPU context switches')).toBe(run.snapshot.contextSwitches);
    expect(shown.get('forks')).toBe(run.snapshot.processes);
    expect(shown.get('boot time')).toBe(run.snapshot.epochS);
    expect(shown.get('interrupts')).toBeGreaterThan(250);
  });

  it.runIf(runs('top'))('top reads the load of the CPUs', () => {
    const { stdout } = over(folder, 'top', '-b', '-n1', '-w', '200');
    expect(stdout).toMatch(/^top - .* up 0 min, .* load average: \d\.\d\d, \d\.\d\d, \d\.\d\d\n/);
    expect(stdout).toMatch(/\n%Cpu\(s\):/);
  });
});
