/** A run as its printers get it: two CPUs, two tasks, one oracle of each verdict. */
import type { RunRecord } from '../../src/host/run-json.ts';
import { KCPUSTAT_SLOTS, type CpuFigures, type KcpustatSlot, type TaskFigures } from '../../src/observe/run-figures.ts';
import { resolveScenario } from '../../src/workload/resolve.ts';

const SOURCE = '{ "global": { "duration": 2 }, "tasks": { "a<b>": { "run": 1000, "sleep": 1000 } } }';

const slots = Object.fromEntries(KCPUSTAT_SLOTS.map((slot) => [slot, 0])) as Record<KcpustatSlot, number>;

export const cpuFigures = (cpu: number, more: Partial<CpuFigures> = {}): CpuFigures => ({
  cpu, offlineNs: 0, userNs: 1_500_000_000, systemNs: 250_000_999, softirqNs: 3_000, irqNs: 40_000, idleNs: 249_956_001,
  stealNs: 0, ticks: 500, timerInterrupts: 1_234, ipis: { reschedule: 7, callFunction: 2 }, wakeups: 99, contextSwitches: 1_000_000,
  kcpustat: slots, ...more,
});

export const taskFigures = (task: number, more: Partial<TaskFigures> = {}): TaskFigures => ({
  task, pid: 1_000 + task, name: `thread0-${task}`, cpu: 1, state: 'sleeping', userNs: 1_000_001, systemNs: 2_000, irqNs: 500,
  utimeNs: 4_000_000, stimeNs: 0, sumExecRuntimeNs: 1_002_501, wakeups: 12, migrations: 3, contextSwitches: 15, iterations: 4,
  events: 1_024, ...more,
});

/** A broken property that contradicts itself in two events. */
export const broken = {
  verdict: 'broken', checked: 1_000, violations: 2,
  witness: {
    says: 'reader "watch" <took> version 3',
    events: [
      { cpu: 0, t: 44_088_098, event: 'task_cputime', fields: { task: 5, k: 3 } },
      { cpu: 2, t: 1_000_000_001, event: 'csd_queue_cpu', fields: {} },
    ],
  },
} as const;

export const verdicts: RunRecord['run']['verdicts'] = [
  { id: 'G-01', says: 'sequences are even', verdict: { verdict: 'held', checked: 31_538 } },
  { id: 'V-02', says: 'reads are legal', verdict: broken },
  { id: 'X-S1', says: 'one CPU at a time', verdict: { verdict: 'not exercised' } },
];

export function runRecord(more: Partial<RunRecord> = {}): RunRecord {
  const scenario = resolveScenario(SOURCE, 'dir/mix.json', { cpus: 2, seed: 7 });
  return {
    scenario,
    source: { text: SOURCE, fileName: 'dir/mix.json', argument: 'dir/mix.json' },
    engine: { name: 'inline', determinism: 'the same bytes' },
    version: '1.2.3', reproduce: 'dynticks run dir/mix.json', trace: 'full', required: [], outcome: 'broken', exitCode: 1,
    run: {
      reason: 'duration', endNs: 2_000_000_000, digest: 'c2843ec041fd47cd', records: 40_000,
      facts: {
        cpus: 2, tasks: [], processes: [], tickNs: 4_000_000,
        hz: 250, cputime: ['tick', 'gen'], ipiDelayNs: 1_000, racing: false, skewNs: 0,
        epochSec: 1_767_225_600, clocks: { sources: [], frequencies: [] }, stalledNs: [0, 0],
        steals: false, longestPathNs: 0, nohzFull: [], tickOff: [], keepsForcedEvent: false, reader: 'linux',
      },
      figures: {
        cpus: [cpuFigures(0), cpuFigures(1, { ticks: 1, userNs: 0 })],
        tasks: [taskFigures(0, { pid: 0, name: 'swapper/0' }), taskFigures(2, { name: 'a<b>-0' }), taskFigures(3, { state: 'unused' })],
        reads: { taskReads: 10, cpuReads: 5, ofRunning: 4 }, events: 26_315,
      },
      verdicts, stuckTasks: ['a<b>-0'], missedCuts: [],
    },
    host: {
      node: 'v20', v8: '11', platform: 'linux', arch: 'x64', cpu: 'a CPU', cores: 2, memoryBytes: 1, hostname: 'here', pid: 1,
      folder: 'runs/mix-7-1', argv: ['run', 'dir/mix.json'], startedAt: '2026-01-01T00:00:00.000Z', seconds: 1.3, eventsPerSecond: 20_242,
    },
    ...more,
  };
}
