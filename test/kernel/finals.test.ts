import { describe, expect, it } from 'vitest';
import { KTIME_MAX, NSEC_PER_MSEC, type Ns } from '../../shared/units.ts';
import { scenarioOf } from '../../scripts/swarm/scenario.ts';
import { KERNEL_VERSIONS } from '../../src/kernel/versions.ts';
import type { CpuSnapshot, MachineSnapshot } from '../../src/observe/machine-snapshot.ts';
import { simulate } from '../../src/sim.ts';
import { readTimerList } from '../support/recorded-timer-list.ts';
import { resolve, Rows } from '../support/engine.ts';

const WORKLOAD = JSON.stringify({
  tasks: {
    hog: { cpus: [0], run: 30_000, sleep: 5_000, loop: -1 },
    sleeper: { cpus: [1], loop: -1, run: 200, sleep: 3_000 },
    waker: { loop: -1, run: 100, sleep: 7_000 },
  },
  dynticks: { cpus: 4 },
});
const INITIAL_JIFFIES = 4_294_892_296;

async function runTo(durationNs: Ns, cmdline = '', kernel = '6.12') {
  const rows = new Rows();
  const run = await simulate({ ...resolve(WORKLOAD, { cmdline, kernel }), durationNs }, { consumers: [rows], judge: false });
  return { run, rows, snapshot: run.snapshot };
}

/** All that only grows, by name. */
function counters({ jiffies, contextSwitches, monotonicNs, cpus }: MachineSnapshot): Map<string, number> {
  const of = ({ cpu, interrupts, softirqs, hrtimers, tick, idleSleepNs, kcpustat }: CpuSnapshot): [string, number][] => [
    [`${cpu}.loc`, interrupts.localTimer], [`${cpu}.res`, interrupts.reschedule], [`${cpu}.cal`, interrupts.callFunction],
    [`${cpu}.iwi`, interrupts.irqWork], [`${cpu}.line0`, interrupts.lines.get(0)!], [`${cpu}.events`, hrtimers.nrEvents],
    [`${cpu}.calls`, tick.idleCalls], [`${cpu}.sleeps`, tick.idleSleeps], [`${cpu}.asleep`, idleSleepNs],
    ...softirqs.map((runs, vec): [string, number] => [`${cpu}.softirq${vec}`, runs]),
    ...Object.entries(kcpustat).map(([slot, ns]): [string, number] => [`${cpu}.${slot}`, ns]),
  ];
  return new Map([['jiffies', jiffies], ['ctxt', contextSwitches], ['mono', monotonicNs], ...cpus.flatMap(of)]);
}

describe('the last words of a machine', () => {
  it('count what the run’s own records count', async () => {
    const { snapshot, rows } = await runTo(200 * NSEC_PER_MSEC);
    for (const { cpu, interrupts, softirqs, nrSwitches } of snapshot.cpus) {
      const seen = (name: string) => rows.named(name).filter((row) => row.cpu === cpu).length;
      expect(interrupts.localTimer).toBe(seen('local_timer_entry'));
      expect(interrupts.reschedule).toBe(seen('reschedule_entry'));
      expect(interrupts.callFunction).toBe(seen('call_function_single_entry'));
      expect(interrupts.lines.get(0)).toBe(seen('irq_handler_entry'));
      expect(softirqs.reduce((sum, runs) => sum + runs)).toBe(seen('softirq_entry'));
      expect(nrSwitches).toBe(seen('sched_switch'));
    }
    expect(snapshot.jiffies).toBe(rows.named('jiffies_update').at(-1)!.fields[1]);
  });

  it('never fall from one end to a later one, wherever the run ends', async () => {
    const ends = [61, 62.5, 62.500_001, 64, 64.000_1, 90.123_456, 100].map((ms) => Math.round(ms * NSEC_PER_MSEC));
    let before = new Map<string, number>();
    for (const end of ends) {
      const now = counters((await runTo(end)).snapshot);
      for (const [name, value] of before) expect(now.get(name), `${name} at ${end}`).toBeGreaterThanOrEqual(value);
      before = now;
    }
  });

  it.each(['', 'nohz=off', 'highres=off', 'nohz_full=1'])('give files that agree with each other (%s)', async (cmdline) => {
    const { run } = await runTo(333 * NSEC_PER_MSEC, cmdline);
    const text = (name: string): string => run.files.find(({ path }) => path === `proc/${name}`)!.text;
    const rows = new Map(text('stat').trimEnd().split('\n').map((line) => [line.split(' ')[0]!, line.split(/ +/).slice(1).map(Number)]));
    const cpus = [0, 1, 2, 3].map((cpu) => rows.get(`cpu${cpu}`)!);
    rows.get('cpu')!.forEach((total, column) => {
      const parts = cpus.reduce((sum, columns) => sum + columns[column]!, 0);
      expect(total - parts).toBeGreaterThanOrEqual(0);
      expect(total - parts).toBeLessThan(cpus.length);
    });
    const idle = Number(text('uptime').split(' ')[1]) * 100;
    expect(Math.abs(idle - rows.get('cpu')![3]!)).toBeLessThanOrEqual(1);
    const softirqs = rows.get('softirq')!;
    const columns = text('softirqs').trimEnd().split('\n').slice(1).map((line) => line.split(':')[1]!.trim().split(/ +/).map(Number));
    expect(columns.map((row) => row.reduce((sum, runs) => sum + runs))).toEqual(softirqs.slice(1));
    expect(softirqs.slice(1).reduce((sum, runs) => sum + runs)).toBe(softirqs[0]);
    const interrupts = [...text('interrupts').matchAll(/^ *\w+:((?: +\d+)+)/gm)]
      .flatMap(([, counts]) => counts!.trim().split(/ +/).map(Number));
    expect(interrupts.reduce((sum, count) => sum + count)).toBe(rows.get('intr')![0]);
  });

  const armed = 'give a timer_list of Linux %s, in which each CPU’s device is armed for its first timer';
  it.each(['6.1', '6.12', '7.0'])(armed, async (kernel) => {
    const { run, snapshot } = await runTo(101 * NSEC_PER_MSEC, '', kernel);
    const text = run.files.find(({ path }) => path === 'proc/timer_list')!.text;
    const { form, resolution, snapshot: read } = readTimerList(text, INITIAL_JIFFIES);
    expect(form.version).toBe(KERNEL_VERSIONS.find(({ name }) => name === kernel)!.timerList.version);
    expect(resolution).toBe(1);
    expect(read.cpus.length).toBe(4);
    read.cpus.forEach(({ hrtimers, device }, cpu) => {
      const first = Math.min(KTIME_MAX, ...hrtimers.bases.flat().map(({ expires }) => expires));
      expect(hrtimers.expiresNext).toBe(first);
      expect(device!.nextEvent).toBe(first);
      const lengths = (bases: readonly (readonly unknown[])[]): number[] => bases.map((base) => base.length);
      expect(lengths(hrtimers.bases)).toEqual(lengths(snapshot.cpus[cpu]!.hrtimers.bases));
    });
  });

  it('give files that can be read, of whatever machine', async () => {
    for (let seed = 1; seed <= 12; seed++) {
      const { scenario } = scenarioOf(seed, 150 * NSEC_PER_MSEC);
      const { files, snapshot } = await simulate(scenario, { judge: false });
      const text = (name: string): string => files.find(({ path }) => path === `proc/${name}`)!.text;
      const { cpus } = readTimerList(text('timer_list'), 2 ** 32 - 300 * scenario.hz).snapshot;
      expect(cpus.map(({ tick }) => tick.idleCalls), `seed ${seed}`).toEqual(snapshot.cpus.map(({ tick }) => tick.idleCalls));
      expect(text('stat')).toMatch(/^cpu {2}(\d+ ){9}\d+\n(cpu\d+( \d+){10}\n)+intr( \d+)+\nctxt \d+\n/);
      expect(text('uptime')).toMatch(/^\d+\.\d\d \d+\.\d\d\n$/);
      expect(text('loadavg')).toMatch(/^(\d+\.\d\d ){3}\d+\/\d+ \d+\n$/);
    }
  });

  it('tell of a wall clock that was set, a source that was chosen, and of TAI', async () => {
    const scenario = resolve(JSON.stringify({
      ...JSON.parse(WORKLOAD) as object,
      dynticks: {
        cpus: 4, duration: '400ms',
        events: [{ at: '100ms', settime: '+3600s' }, { at: '150ms', tai: 37 }, { at: '200ms', clocksource: 'hpet' }],
      },
    }));
    const { files, snapshot, kernelLog } = await simulate(scenario, { judge: false });
    const text = (path: string): string => files.find((file) => file.path === path)!.text;
    const { monotonicNs, offsets } = snapshot;
    expect(offsets.realNs / 1e9).toBeCloseTo(3600, 2);
    expect(offsets.taiNs - offsets.realNs).toBe(37e9);
    expect(monotonicNs).toBeLessThan(400 * NSEC_PER_MSEC);
    expect(text('proc/stat')).toMatch(new RegExp(`\\nbtime ${snapshot.epochS + Math.floor(offsets.realNs / 1e9)}\\n`));
    const wallNs = BigInt(snapshot.epochS) * 1_000_000_000n + BigInt(offsets.realNs);
    expect(text('proc/timer_list').match(new RegExp(`ktime_get_real\\n  \\.offset:     ${wallNs} nsecs\\n`, 'g'))!.length).toBe(8);
    expect(text('sys/devices/system/clocksource/clocksource0/current_clocksource')).toBe('hpet\n');
    expect(kernelLog.map((line) => line.text)).toEqual([
      'clocksource: Switched to clocksource tsc', 'clocksource: Switched to clocksource hpet',
    ]);
  });

  it('tell the resolution of a machine that stays at its tick', async () => {
    const { run } = await runTo(101 * NSEC_PER_MSEC, 'highres=off nohz=off');
    const text = run.files.find(({ path }) => path === 'proc/timer_list')!.text;
    const { resolution, snapshot } = readTimerList(text, INITIAL_JIFFIES);
    expect(resolution).toBe(4_000_000);
    expect(snapshot.cpus.map(({ device }) => device!.tickMode)).toEqual([0, 0, 0, 0]);
  });
});
