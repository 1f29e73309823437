import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { KERNEL_VERSIONS } from '../../src/kernel/versions.ts';
import { MachineSnapshotCollector } from '../../src/observe/machine-snapshot-collector.ts';
import type { MachineSnapshot, ProcTask } from '../../src/observe/machine-snapshot.ts';
import { procPidStatus } from '../../src/observe/proc-pid-status.ts';
import { FACTS, play, row } from './records.ts';

const recording = (name: string): string => readFileSync(new URL(`recordings/${name}.pid.status`, import.meta.url), 'utf8');
const version = (name: string) => KERNEL_VERSIONS.find((v) => v.name === name)!;

const FOUR_CPUS = new MachineSnapshotCollector({ ...FACTS, cpus: 4 }).finish();
const [TASK] = play(new MachineSnapshotCollector(FACTS), [row('task_final', 0, 0, { task: 2, listed: 1, state: 1 })]).finish().tasks;

/** A task as the file shows it. */
function readStatus(text: string): ProcTask {
  const value = (name: string): string => new RegExp(`^${name}:\\t(.*)$`, 'm').exec(text)![1]!;
  return {
    ...TASK!, name: value('Name'), state: value('State')[0] as 'R', tgid: Number(value('Tgid')), pid: Number(value('Pid')),
    ppid: Number(value('PPid')), threads: Number(value('Threads')), cpusAllowed: [Number(value('Cpus_allowed_list'))],
    voluntarySwitches: Number(value('voluntary_ctxt_switches')), involuntarySwitches: Number(value('nonvoluntary_ctxt_switches')),
  };
}

/** Without what depends on memory: its lines, and how many signals there is room for. */
const memoryless = (text: string): string =>
  text.replaceAll(/^((Vm|Rss)\w+:\t) *\d+ kB$/gm, '$1 kB').replace(/^SigQ:.*$/m, 'SigQ:');

const arm64 = {
  ...FOUR_CPUS, cpus: FOUR_CPUS.cpus.map((cpu) => ({ ...cpu, device: { name: 'arch_sys_timer' } })),
} as unknown as MachineSnapshot;

describe('/proc/<pid>/status', () => {
  it.each([
    ['c-nohz-idle', '6.1', FOUR_CPUS], ['d-nohz-full-6.12', '6.12', FOUR_CPUS], ['arm64-broadcast-nohz-idle', '6.1', arm64],
  ] as const)('of %s is printed again to the byte, but for memory', (name, kernel, machine) => {
    const recorded = recording(name);
    expect(memoryless(procPidStatus(machine, version(kernel), readStatus(recorded)))).toBe(memoryless(recorded));
  });

  it('of a kernel thread has no lines of memory', () => {
    const text = procPidStatus(FOUR_CPUS, version('6.12'), { ...TASK!, kernelThread: true });
    expect(text).not.toMatch(/^(Vm|Rss|CoreDumping|THP)/m);
    expect(text).toMatch(/^Kthread:\t1$/m);
  });

  it('names states in words, and sets of CPUs as masks and as lists', () => {
    const wide = { ...FOUR_CPUS, cpus: Array.from({ length: 38 }, (_, cpu) => ({ ...FOUR_CPUS.cpus[0]!, cpu })) };
    const text = procPidStatus(wide, version('6.1'), { ...TASK!, state: 'D', cpusAllowed: [0, 1, 2, 5, 31, 32, 37] });
    expect(text).toMatch(/^State:\tD \(disk sleep\)$/m);
    expect(text).toMatch(/^Cpus_allowed:\t21,80000027\nCpus_allowed_list:\t0-2,5,31-32,37$/m);
  });
});
