import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { KERNEL_VERSIONS } from '../../src/kernel/versions.ts';
import { MachineSnapshotCollector } from '../../src/observe/machine-snapshot-collector.ts';
import type { MachineSnapshot, ProcTask } from '../../src/observe/machine-snapshot.ts';
import { procPidSchedstat, procSchedstat } from '../../src/observe/proc-schedstat.ts';
import { FACTS } from './records.ts';

const recording = (name: string): string => readFileSync(new URL(`recordings/${name}`, import.meta.url), 'utf8');
const version = (name: string) => KERNEL_VERSIONS.find((v) => v.name === name)!;
/** @linux include/linux/jiffies.h INITIAL_JIFFIES of 250 ticks a second */
const INITIAL_JIFFIES = 2 ** 32 - 300 * 250;

/** A machine as the file shows it. */
function readSchedstat(text: string): MachineSnapshot {
  const empty = new MachineSnapshotCollector({ ...FACTS, cpus: 4 }).finish();
  const isolated = (cpu: number): boolean => !new RegExp(`^cpu${cpu} .*\\ndomain0 `, 'm').test(text);
  return {
    ...empty,
    jiffies: Number(/^timestamp (\d+)$/m.exec(text)![1]) - INITIAL_JIFFIES,
    cpus: empty.cpus.map((snapshot) => {
      const numbers = new RegExp(`^cpu${snapshot.cpu} (.*)$`, 'm').exec(text)![1]!.split(' ').map(Number);
      const [cpuTimeNs, runDelayNs, timeslices] = numbers.slice(6) as [number, number, number];
      return { ...snapshot, online: true, isolated: isolated(snapshot.cpu), cpuTimeNs, runDelayNs, timeslices };
    }),
  };
}

describe('/proc/schedstat', () => {
  it.each([['c-nohz-idle', '6.1'], ['d-nohz-full-6.12', '6.12']])('of %s is printed again to the byte', (name, kernel) => {
    const recorded = recording(`${name}.schedstat`);
    expect(procSchedstat(readSchedstat(recorded), version(kernel), 4_000_000)).toBe(recorded);
  });

  it('of a later version names the domain and has more counters', () => {
    const text = procSchedstat(readSchedstat(recording('c-nohz-idle.schedstat')), version('7.0'), 4_000_000);
    expect(text).toMatch(/^version 17\n/);
    expect(text).toMatch(/^domain0 MC f( 0){45}$/m);
  });

  it('of one CPU has no domain', () => {
    const machine = readSchedstat(recording('c-nohz-idle.schedstat'));
    expect(procSchedstat({ ...machine, cpus: machine.cpus.slice(0, 1) }, version('6.1'), 4_000_000)).not.toContain('domain');
  });
});

describe('/proc/<pid>/schedstat', () => {
  it('is printed again to the byte', () => {
    const recorded = recording('c-nohz-idle.pid.schedstat');
    const [runtimeNs, runDelayNs, timeslices] = recorded.trim().split(' ').map(Number);
    expect(procPidSchedstat({ runtimeNs, runDelayNs, timeslices } as ProcTask)).toBe(recorded);
  });
});
