/**
 * Real programs over a run's files. In a mount namespace of its own the files lie over those of /proc;
 * where the host does not let us make one, or does not have the program, the test is skipped.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProcProcess } from '../../src/observe/machine-snapshot.ts';
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

/** Runs a program that finds nothing in /proc but our files, those of memory, and itself under the number that it has. */
const within = (folder: string, ...command: readonly string[]) => {
  const proc = join(folder, 'proc');
  const itself = ['stat', 'status'].map((file) => `sed "s/\\b1000\\b/$$/" ${proc}/1000/${file} > ${proc}/$$/${file}`).join(' && ');
  const prepare = `mkdir ${proc}/$$ && ${itself} && mount --bind ${proc} /proc`;
  const ran = spawnSync('unshare', ['-m', 'sh', '-c', `${prepare} && exec "$@"`, 'sh', ...command], {
    encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' },
  });
  rmSync(join(proc, String(ran.pid)), { recursive: true });
  return ran;
};

const THREADS = JSON.stringify({
  tasks: { main: { cpus: [0], run: 900_000 }, helper: { instance: 2, cpus: [1], priority: 5, run: 1_000, sleep: 9_000 } },
  dynticks: { cpus: 2, duration: '1s', processes: { app: ['main', 'helper'] } },
});

describe('programs that list processes', () => {
  const folder = mkdtempSync(join(tmpdir(), 'dynticks-clients-'));
  let run: RunResult;

  beforeAll(async () => {
    run = await simulate(resolve(THREADS));
    const hosts = ['meminfo', 'version', 'sys/kernel/osrelease', 'sys/kernel/pid_max'].map((path) => ({
      path: `proc/${path}`, text: readFileSync(`/proc/${path}`, 'utf8'),
    }));
    for (const { path, text } of [...run.files, ...hosts]) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    symlinkSync('1000', join(folder, 'proc/self'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const words = (text: string): string[][] => text.trim().split('\n').map((line) => line.trim().split(/ +/));
  const clock = (ns: number): string => `0:${(Math.floor(ns / 10_000_000) / 100).toFixed(2).padStart(5, '0')}`;

  it.runIf(runs('ps'))('ps finds the threads of a process, where they ran last, and their nice values', () => {
    const { stdout, stderr } = within(folder, 'ps', '-L', '-p', '1000', '-o', 'pid=,tid=,nlwp=,psr=,ni=,comm=');
    expect(stderr).toBe('');
    expect(words(stdout).sort()).toEqual([
      ['1000', '1000', '3', '0', '0', 'main-0'], ['1000', '1001', '3', '1', '5', 'helper-1'], ['1000', '1002', '3', '1', '5', 'helper-2'],
    ]);
  });

  it.runIf(runs('top'))('top shows the CPU time of the whole process, or of each thread', () => {
    const timeOf = (text: string): Record<string, string> =>
      Object.fromEntries(words(text).filter(([pid]) => /^100\d$/.test(pid!)).map((line) => [line.at(-1)!, line.at(-2)!]));
    const [{ times, threads }] = run.snapshot.threadGroups as [ProcProcess];
    const ofProcess = timeOf(within(folder, 'top', '-b', '-n1', '-w', '200', '-p', '1000').stdout);
    expect(ofProcess).toEqual({ 'main-0': clock(times.utimeNs + times.stimeNs) });
    const ofThreads = timeOf(within(folder, 'top', '-H', '-b', '-n1', '-w', '200').stdout);
    // of a leader top reads the file of the process
    for (const { name, utimeNs, stimeNs } of threads.slice(1)) expect(ofThreads[name]).toBe(clock(utimeNs + stimeNs));
  });
});

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
