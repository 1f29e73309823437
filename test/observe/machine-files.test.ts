import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { KERNEL_VERSIONS } from '../../src/kernel/versions.ts';
import { machineFiles } from '../../src/observe/machine-files.ts';
import { MachineSnapshotCollector } from '../../src/observe/machine-snapshot-collector.ts';
import type { ClocksourceSnapshot, CpuSnapshot, InterruptCounts, MachineSnapshot } from '../../src/observe/machine-snapshot.ts';
import { procInterrupts } from '../../src/observe/proc-interrupts.ts';
import { procLoadavg } from '../../src/observe/proc-loadavg.ts';
import { procSoftirqs } from '../../src/observe/proc-softirqs.ts';
import { procStat } from '../../src/observe/proc-stat.ts';
import { procUptime } from '../../src/observe/proc-uptime.ts';
import { sysfsClockFiles } from '../../src/observe/sysfs-clock.ts';
import { play, FACTS, row } from './records.ts';

const recording = (name: string): string => readFileSync(new URL(`recordings/${name}`, import.meta.url), 'utf8');
const version = (name: string) => KERNEL_VERSIONS.find((v) => v.name === name)!;

const EMPTY = new MachineSnapshotCollector({ ...FACTS, cpus: 4 }).finish();
/** Four CPUs, each as `more` says. */
const machine = (more: (cpu: number) => Partial<CpuSnapshot>, machineMore: Partial<MachineSnapshot> = {}): MachineSnapshot =>
  ({ ...EMPTY, ...machineMore, cpus: EMPTY.cpus.map((cpu) => ({ ...cpu, online: true, ...more(cpu.cpu) })) });

const DEVICE = {
  name: 'lapic', tickMode: 0, state: 1, handler: 0, mult: 1, shift: 0, minDeltaNs: 1, maxDeltaNs: 1, nextEvent: 0, retries: 0,
} as const;

/** A column of numbers for each CPU, by the label before the colon. */
function columns(text: string): Map<string, number[]> {
  const rows = text.trimEnd().split('\n').slice(1).map((line) => /^ *(\w+):((?: +\d+)+)/.exec(line)!);
  return new Map(rows.map(([, label, counts]) => [label!, counts!.trim().split(/ +/).map(Number)]));
}

describe('/proc/interrupts', () => {
  /** Without the rows of devices that this machine does not have. */
  const ours = (text: string): string => text.replaceAll(/^ *(1|4|8|9|12):.*\n/gm, '');

  it.each([['c-nohz-idle', '6.1'], ['d-nohz-full-6.12', '6.12']])('of %s is printed again to the byte', (name, kernel) => {
    // polls of machine checks are not simulated
    const recorded = ours(recording(`${name}.interrupts`)).replace(/^MCP: .*$/m, (line) => line.replaceAll(' 1 ', ' 0 '));
    const recordedTlbless = recorded.replace(/^TLB: .*$/m, (line) => line.replaceAll(/ \d /g, ' 0 '));
    const counts = columns(recorded);
    const interrupts = (cpu: number): InterruptCounts => ({
      localTimer: counts.get('LOC')![cpu]!, reschedule: counts.get('RES')![cpu]!, callFunction: counts.get('CAL')![cpu]!,
      irqWork: counts.get('IWI')![cpu]!, lines: new Map([[0, counts.get('0')![cpu]!]]),
    });
    expect(procInterrupts(machine((cpu) => ({ interrupts: interrupts(cpu) })), version(kernel))).toBe(recordedTlbless);
  });

  it('of an arm64 machine is printed again to the byte, and its stat counts every interrupt as a line', () => {
    const recorded = recording('arm64-broadcast-nohz-idle.interrupts').replaceAll(/^ *(13|14|16):.*\n/gm, '')
      .replace(/^IPI4: .*$/m, (line) => line.replaceAll(/\d\d /g, ' 0 '));
    const counts = columns(recorded);
    const snapshot = machine((cpu) => ({
      device: { ...DEVICE, name: 'arch_sys_timer' },
      interrupts: {
        localTimer: counts.get('11')![cpu]!, reschedule: counts.get('IPI0')![cpu]!, callFunction: counts.get('IPI1')![cpu]!,
        irqWork: counts.get('IPI5')![cpu]!, lines: new Map(),
      },
    }));
    expect(procInterrupts(snapshot, version('6.1'))).toBe(recorded);
    const intr = /^intr (.*)$/m.exec(procStat(snapshot))![1]!.split(' ').map(Number);
    // as recorded, without the messages that broadcast
    expect(intr.slice(0, 13)).toEqual([4634 - 275, 0, 79, 613, 0, 0, 0, 5, 0, 0, 0, 0, 3662]);
    expect(intr.length).toBe(65);
  });

  it('has a column for each CPU that is online', () => {
    const snapshot = machine((cpu) => ({ online: cpu !== 2 }));
    expect(procInterrupts(snapshot, version('6.12')).split('\n')[0]).toBe('           CPU0       CPU1       CPU3       ');
  });
});

describe('/proc/softirqs', () => {
  it.each(['c-nohz-idle', 'd-nohz-full-6.12'])('of %s is printed again to the byte', (name) => {
    const recorded = recording(`${name}.softirqs`);
    const counts = [...columns(recorded).values()];
    expect(procSoftirqs(machine((cpu) => ({ softirqs: counts.map((row) => row[cpu]!) })))).toBe(recorded);
  });
});

describe('/proc/uptime', () => {
  it('of c-nohz-idle is printed again to the byte', () => {
    const [up, idle] = recording('c-nohz-idle.uptime').split(' ').map((text) => Math.round(Number(text) * 1e9));
    const snapshot = machine(() => ({ idleSleepNs: idle! / 4 + 1_000_000 }), { monotonicNs: up! + 9_999_999, nohzActive: true });
    expect(procUptime(snapshot)).toBe(recording('c-nohz-idle.uptime'));
  });

  it('takes idle time from sleeps where ticks may stop, and from ticks where they may not', () => {
    const more = { idleSleepNs: 1_500_000_000, kcpustat: { ...EMPTY.cpus[0]!.kcpustat, idle: 2_000_000_000 } };
    expect(procUptime(machine(() => more, { nohzActive: true }))).toBe('0.00 6.00\n');
    expect(procUptime(machine(() => more))).toBe('0.00 8.00\n');
  });

  it('counts suspended time, as CLOCK_BOOTTIME does', () => {
    const offsets = { realNs: 0, bootNs: 2_000_000_000, taiNs: 0 };
    expect(procUptime(machine(() => ({}), { monotonicNs: 1_230_000_000, offsets }))).toBe('3.23 0.00\n');
  });
});

describe('/proc/loadavg', () => {
  it('of c-nohz-idle is printed again to the byte', () => {
    const [one, five, fifteen] = recording('c-nohz-idle.loadavg').split(' ').map((text) => Math.round(Number(text) * 2048));
    const more = { loads: [one!, five!, fifteen!] as const, procsRunning: 1, threads: 68, lastPid: 141 };
    expect(procLoadavg(machine(() => ({}), more))).toBe(recording('c-nohz-idle.loadavg'));
  });

  it('rounds to hundredths', () => {
    const of = (load: number): string => procLoadavg({ ...EMPTY, loads: [load, 0, 0] }).split(' ')[0]!;
    expect([0, 10, 11, 2037, 2038, 2048, 2048 * 12].map(of)).toEqual(['0.00', '0.00', '0.01', '0.99', '1.00', '1.00', '12.00']);
  });
});

describe('sysfs', () => {
  const source = (name: string, more: Partial<ClocksourceSnapshot> = {}): ClocksourceSnapshot =>
    ({ name, rating: 1, current: false, validForHres: true, ...more });
  const clocksources = [
    source('tsc', { current: true }), source('hpet'), source('acpi_pm'),
    source('refined-jiffies', { validForHres: false }), source('jiffies', { validForHres: false }),
  ];
  const device = (name: string, tickMode: number) => ({ ...DEVICE, name, tickMode });

  it.each([['c-nohz-idle', 1], ['a-periodic', 0]])('of %s shows each file as it was recorded', (name, tickMode) => {
    const snapshot = machine(() => ({ device: device('lapic', tickMode) }), { clocksources, broadcastDevice: device('hpet', tickMode) });
    const files = new Map(sysfsClockFiles(snapshot).map(({ path, text }) => [`/${path}`, text]));
    for (const line of recording(`${name}.sysfs`).trimEnd().split('\n')) {
      const [, path, text] = /^(\S+): (.*)$/.exec(line)!;
      if (path!.includes('unbind')) continue;
      expect(files.get(path!)).toBe(`${text}\n`);
      files.delete(path!);
    }
    expect([...files]).toEqual([]);
  });

  it('has an empty file where there is no device', () => {
    const files = sysfsClockFiles(machine(() => ({}), { clocksources }));
    expect(files.filter(({ path }) => path.endsWith('current_device')).map(({ text }) => text)).toEqual(['', '', '', '', '']);
  });
});

describe('MachineSnapshotCollector', () => {
  const asleep = (more: Record<string, number>) =>
    play(new MachineSnapshotCollector(FACTS), [
      row('cpu_final', 1, 9, { cpu: 1, online: 1, ...more }),
      row('tick_sched_final', 1, 9, { cpu: 1, mono: 1_000, idle_active: 1, idle_entrytime: 400, idle_sleeptime: 50, iowait_sleeptime: 7 }),
    ]).finish().cpus[1]!;

  it('adds the sleep that is under way to idle, or to I/O wait where a task waits for that', () => {
    expect(asleep({})).toMatchObject({ idleSleepNs: 650, iowaitSleepNs: 7 });
    expect(asleep({ nr_iowait: 1 })).toMatchObject({ idleSleepNs: 50, iowaitSleepNs: 607 });
  });

  it('keeps a queue of timers in the order of their expiry, equal ones in that of their start', () => {
    const timers = [[3, 50, 1], [4, 20, 2], [5, 50, 0]].map(([hrtimer, expires, order]) =>
      row('hrtimer_final', 0, 9, { hrtimer: hrtimer!, cpu: 0, base: 1, expires: expires!, order: order! }));
    const { bases } = play(new MachineSnapshotCollector(FACTS), timers).finish().cpus[0]!.hrtimers;
    expect(bases.map((queue) => queue.map(({ timer }) => timer))).toEqual([[], [4, 5, 3], [], [], [], [], [], []]);
  });
});

describe('machineFiles', () => {
  it('names every file once, below proc or sys', () => {
    const paths = machineFiles(machine(() => ({})), version('6.12'), FACTS.tickNs).map(({ path }) => path);
    expect(new Set(paths).size).toBe(paths.length);
    expect(paths.every((path) => /^(proc|sys)\/[\w/]+$/.test(path))).toBe(true);
    const files = ['stat', 'interrupts', 'softirqs', 'uptime', 'loadavg', 'timer_list'];
    expect(paths.slice(0, files.length)).toEqual(files.map((name) => `proc/${name}`));
  });
});
