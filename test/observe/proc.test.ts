import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TaskState, VtimeState } from '../../shared/structs/task.ts';
import { NR_CPUSTAT } from '../../shared/structs/cpu.ts';
import { adjustCputime } from '../../src/observe/cputime-adjust.ts';
import { procComm, procPidStat, procTaskStat } from '../../src/observe/proc-pid-stat.ts';
import { MachineSnapshotCollector } from '../../src/observe/machine-snapshot-collector.ts';
import type { MachineSnapshot, ProcTask } from '../../src/observe/machine-snapshot.ts';
import { procStat } from '../../src/observe/proc-stat.ts';
import { KCPUSTAT_SLOTS, type KcpustatSlot } from '../../src/observe/run-figures.ts';
import { FACTS, play, row, type Row } from './records.ts';

const recording = (name: string): string => readFileSync(new URL(`recordings/${name}`, import.meta.url), 'utf8');

const TEN_NUMBERS = '( \\d+){10}';
/** The whole of /proc/stat, strictly: no other line, order or blank. */
const PROC_STAT = new RegExp(
  `^cpu ${TEN_NUMBERS}\n(cpu\\d+${TEN_NUMBERS}\n)+intr \\d+( \\d+)+\nctxt \\d+\nbtime \\d+\nprocesses \\d+\n` +
  `procs_running \\d+\nprocs_blocked \\d+\nsoftirq \\d+${TEN_NUMBERS}\n$`,
);
/** 52 fields, of which all but the name and the state are numbers. */
const PROC_PID_STAT = /^\d+ \([^\n]{1,15}\) [RSDZTtXI]( -?\d+){49}\n$/;

function parse(stat: string) {
  const rows = stat.trimEnd().split('\n').map((line) => line.split(/ +/));
  const numbers = (label: string): number[] => rows.find(([first]) => first === label)!.slice(1).map(Number);
  const cpus = rows.filter(([label]) => /^cpu\d/.test(label!)).map((r) => r.slice(1).map(Number));
  return { numbers, cpus, labels: rows.map(([label]) => label) };
}

const snapshotOf = (rows: readonly Row[]): MachineSnapshot => play(new MachineSnapshotCollector(FACTS), rows).finish();

const boot = [0, 1].map((cpu) => row('cpu_final', cpu, 0, { cpu, online: 1 }));
const kcpustat = (cpu: number, ns: Partial<Record<KcpustatSlot, number>>): Row => row('kcpustat_final', 2, 1e9, { cpu, ...ns });

describe('/proc/stat', () => {
  const recorded = ['c-nohz-idle.busy.stat', 'd-nohz-full.busy.stat'];

  it.each(recorded)('has the form that Linux 6.1 has in %s', (name) => {
    expect(recording(name)).toMatch(PROC_STAT);
    const ours = procStat(snapshotOf(boot));
    expect(ours).toMatch(PROC_STAT);
    const labels = (text: string) => parse(text).labels.filter((label) => !/^cpu[2-9]/.test(label!));
    expect(labels(ours)).toEqual(labels(recording(name)));
  });

  it('has as many interrupt lines as the recorded machine of four CPUs', () => {
    const cpus = Array.from({ length: 4 }, (_, cpu) => ({ ...snapshotOf(boot).cpus[0]!, cpu }));
    const ours = parse(procStat({ ...snapshotOf(boot), cpus })).numbers('intr');
    expect(ours.length).toBe(parse(recording(recorded[0]!)).numbers('intr').length);
  });

  it('puts each slot of kcpustat into Linux’s column, in hundredths of a second', () => {
    const ns = Object.fromEntries(KCPUSTAT_SLOTS.map((slot, i) => [slot, (i + 1) * 10_000_000 + 9_999_999]));
    const { cpus } = parse(procStat(snapshotOf([...boot, kcpustat(1, ns)])));
    // user nice system idle iowait irq softirq steal guest guest_nice
    expect(cpus[1]).toEqual([1, 2, 3, 6, 7, 5, 4, 8, 9, 10]);
    expect(KCPUSTAT_SLOTS.length).toBe(NR_CPUSTAT);
  });

  it('sums first and divides last, so the first line may exceed the others by less than a CPU each', () => {
    const slots = fc.record(Object.fromEntries(KCPUSTAT_SLOTS.map((s) => [s, fc.nat({ max: 1e9 })])));
    const judge = (text: string): void => {
      const { numbers, cpus } = parse(text);
      numbers('cpu').forEach((total, column) => {
        const parts = cpus.reduce((sum, cpu) => sum + cpu[column]!, 0);
        expect(total).toBeGreaterThanOrEqual(parts);
        expect(total).toBeLessThan(parts + cpus.length);
      });
    };
    recorded.forEach((name) => judge(recording(name)));
    fc.assert(fc.property(slots, slots, (a, b) => judge(procStat(snapshotOf([...boot, kcpustat(0, a), kcpustat(1, b)])))));
    const halves = parse(procStat(snapshotOf([...boot, kcpustat(0, { user: 5e6 }), kcpustat(1, { user: 5e6 })])));
    expect([halves.numbers('cpu')[0], halves.cpus[0]![0], halves.cpus[1]![0]]).toEqual([1, 0, 0]);
  });

  it('counts interrupts, softirqs, switches and forks', () => {
    const { numbers } = parse(procStat(snapshotOf([
      row('cpu_final', 0, 9, { cpu: 0, online: 1, loc: 1, cal: 1, line0: 2, sched: 1, nr_switches: 7, nr_running: 2, nr_iowait: 1 }),
      row('cpu_final', 1, 9, { cpu: 1, online: 1, loc: 1, res: 1, iwi: 4, timer: 1, nr_switches: 3 }),
      row('sched_process_fork', 0, 8, { parent: 0, child: 2 }),
    ])));
    expect(numbers('intr').slice(0, 7)).toEqual([10, 2, 0, 0, 0, 0, 0]);
    expect(numbers('softirq')).toEqual([2, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0]);
    expect([numbers('ctxt'), numbers('processes'), numbers('procs_running'), numbers('procs_blocked')]).toEqual([[10], [1], [2], [1]]);
  });

  it('leaves out the line of a CPU that never ran, but not its part of the sum', () => {
    const { labels, numbers } = parse(procStat(snapshotOf([boot[0]!, kcpustat(1, { idle: 1e9 })])));
    expect(labels.slice(0, 3)).toEqual(['cpu', 'cpu0', 'intr']);
    expect(numbers('cpu')[3]).toBe(100);
  });
});

describe('/proc/<pid>/stat', () => {
  const TASK: ProcTask = {
    pid: 1000, tgid: 1000, ppid: 0, threads: 1, name: 'thread0-0', kernelThread: false, state: 'R', utimeNs: 5_019_999_999,
    stimeNs: 30_000_000, guestNs: 0, cutimeNs: 0, cstimeNs: 0, cguestNs: 0, startNs: 39_030_000_000, processor: 2, prio: 120,
    runtimeNs: 0, runDelayNs: 0, timeslices: 0, voluntarySwitches: 0, involuntarySwitches: 0, cpusAllowed: [],
  };
  /** Of a process of one thread. */
  const pidStat = (task: ProcTask): string => procPidStat({ leader: task, threads: [task], times: task });
  /** Field n as proc(5) counts, from 1. */
  const fieldsOf = (text: string): string[] => {
    const [, before, , after] = /^(\d+ )(\(.*\)) (.*)\n$/s.exec(text)!;
    return ['', before!.trim(), 'comm', ...after!.split(' ')];
  };

  it('has the form of the recorded one', () => {
    expect(recording('c-nohz-idle.busy.pid.stat')).toMatch(PROC_PID_STAT);
    expect(pidStat(TASK)).toMatch(PROC_PID_STAT);
    expect(fieldsOf(pidStat(TASK)).length).toBe(53);
  });

  it('equals the recorded one in every field but those of memory and of its parents', () => {
    const like = { ...TASK, pid: 152, name: 'w2_busy', utimeNs: 5_013_759_792, stimeNs: 0 };
    const recorded = fieldsOf(recording('c-nohz-idle.busy.pid.stat'));
    const ours = fieldsOf(pidStat(like));
    const differing = ours.flatMap((value, n) => (value === recorded[n] ? [] : [n]));
    // ppid, minflt, vsize, rss, three addresses, seven addresses
    expect(differing).toEqual([4, 10, 23, 24, 26, 27, 28, 45, 46, 47, 48, 49, 50, 51]);
  });

  it('tells a real-time, a deadline and a nice task by Linux’s numbers', () => {
    const tail = (prio: number) => { const f = fieldsOf(pidStat({ ...TASK, prio })); return [f[18], f[19], f[40], f[41]].map(Number); };
    expect(tail(120)).toEqual([20, 0, 0, 0]);
    expect(tail(125)).toEqual([25, 5, 0, 0]);
    expect(tail(49)).toEqual([-51, 0, 50, 1]);
    expect(tail(-1)).toEqual([-101, 0, 0, 6]);
  });

  it('tells a kernel thread by its flags, and by addresses that it does not have', () => {
    // as a real one shows it
    const recorded = '15 (rcu_preempt) I 2 0 0 0 -1 2129984 0 0 0 0 0 2927 0 0 20 0 1 0 26 0 0 18446744073709551615 0 0 0 0 0 0 0 '
      + '2147483647 0 1 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0\n';
    const like = { ...TASK, pid: 15, ppid: 2, name: 'rcu_preempt', utimeNs: 0, stimeNs: 29.27e9, startNs: 26e7, processor: 1 };
    const ours = pidStat({ ...like, state: 'S', kernelThread: true });
    expect(ours.replace(') S ', ') I ')).toBe(recorded);
  });

  it('cuts a name to 15 bytes, never inside a character', () => {
    expect(procComm('a-very-long-thread-name')).toBe('a-very-long-thr');
    expect(procComm('exactly15bytes!')).toBe('exactly15bytes!');
    expect(procComm('ääääääää')).toBe('äääääää');
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (name) => {
      expect(Buffer.byteLength(procComm(name))).toBeLessThanOrEqual(15);
      expect(name.startsWith(procComm(name))).toBe(true);
    }));
  });

  it('stays one line whatever the name is', () => {
    expect(pidStat({ ...TASK, name: 'a\nb\\) R 1' })).toMatch(/^1000 \(a\\nb\\\\\) R 1\) R 0 /);
  });
});

describe('MachineSnapshotCollector', () => {
  const tasksAfter = (rows: readonly Row[], reader: 'linux' | 'complete' = 'complete') =>
    play(new MachineSnapshotCollector({ ...FACTS, reader }), rows).finish().tasks;

  it('scales utime and stime to the run time, pending time included', () => {
    const tasks = tasksAfter([
      row('sched_process_fork', 0, 5, { parent: 0, child: 2 }),
      row('sched_process_fork', 0, 30_000_000, { parent: 2, child: 3 }),
      row('sched_switch', 1, 6, { prev: 1, prev_prio: 120, next: 2, next_prio: 49 }),
      row('task_final', 2, 1000, {
        task: 2, cpu: 1, listed: 1, state: TaskState.Running, vtime_state: VtimeState.User, starttime: 900,
        utime: 600, stime: 200, vtime_utime: 50, vtime_stime: 50, sum_exec_runtime: 500,
      }),
      row('task_final', 2, 1000, { task: 3, cpu: 0, listed: 1, state: TaskState.Dead, utime: 7, sum_exec_runtime: 9 }),
      row('task_final', 2, 1000, { task: 4, state: TaskState.Free }),
    ]);
    expect(tasks).toMatchObject([
      { pid: 1000, ppid: 0, name: 'thread0-0', kernelThread: false, state: 'R', utimeNs: 375, stimeNs: 125, guestNs: 0,
        startNs: 5, processor: 1, prio: 49 },
      { pid: 1001, ppid: 1000, name: 'thread0-1', kernelThread: false, state: 'Z', utimeNs: 9, stimeNs: 0, guestNs: 0,
        startNs: 30_000_000, processor: 0, prio: 125 },
    ]);
    expect(tasks.length).toBe(2);
  });

  it('leaves out what the linux reader does not see: the accumulator of what the task is not doing', () => {
    const [task] = tasksAfter([row('task_final', 2, 1000, {
      task: 2, listed: 1, state: TaskState.Running, vtime_state: VtimeState.Sys, starttime: 900,
      utime: 600, stime: 200, vtime_utime: 150, vtime_stime: 100, sum_exec_runtime: 1000,
    })], 'linux');
    expect(task).toMatchObject({ utimeNs: 600, stimeNs: 400 });
  });

  it('never shows less than the filter has handed out to a reader of the run', () => {
    const [task] = tasksAfter([row('task_final', 2, 1000, {
      task: 2, listed: 1, state: TaskState.Sleeping, utime: 100, stime: 0, sum_exec_runtime: 120, prev_utime: 40, prev_stime: 60,
    })]);
    expect(task).toMatchObject({ utimeNs: 60, stimeNs: 60 });
  });

  it('counts the run of a thread that runs up to the end, but shows in schedstat what was charged', () => {
    const [task] = tasksAfter([row('task_final', 2, 1000, {
      task: 2, listed: 1, state: TaskState.Running, on_cpu: 1, exec_start: 700, sum_exec_runtime: 500, utime: 800, run_delay: 7, pcount: 3,
    })]);
    expect(task).toMatchObject({ utimeNs: 800, runtimeNs: 500, runDelayNs: 7, timeslices: 3 });
  });

  it('sums up a process: its dead threads, those that live, and run times as they were charged last', () => {
    const facts = { ...FACTS, tasks: FACTS.tasks.map((task) => (task.task === 3 || task.task === 4 ? { ...task, leader: 2 } : task)) };
    const [process, ...others] = play(new MachineSnapshotCollector(facts), [
      row('task_final', 2, 1000, {
        task: 2, listed: 1, state: TaskState.Running, on_cpu: 1, exec_start: 900, sum_exec_runtime: 50, utime: 150,
      }),
      row('task_final', 2, 1000, { task: 3, listed: 1, state: TaskState.Sleeping, sum_exec_runtime: 30, stime: 30, nvcsw: 4 }),
      row('task_final', 2, 1000, { task: 4, state: TaskState.Dead, sum_exec_runtime: 20, stime: 20 }),
      row('process_final', 2, 1000, { task: 2, threads: 2, stime: 20, rtime: 20, cutime: 7, rest_stime: 5 }),
    ]).finish().threadGroups;
    expect(others).toEqual([]);
    // 150 and 50 scaled to 100; the leader's own file knows that it ran 150
    expect(process!.times).toEqual({ utimeNs: 75, stimeNs: 25, guestNs: 0, cutimeNs: 7, cstimeNs: 0, cguestNs: 0 });
    expect(process!.threads.map(({ pid, tgid, threads, utimeNs }) => [pid, tgid, threads, utimeNs])).toEqual([
      [1000, 1000, 2, 150], [1001, 1000, 2, 0],
    ]);
    expect(procTaskStat(process!.threads[1]!)).toMatch(/^1001 \(thread0-1\) S .* 25 5 2 0 .* -1 0 /);
    expect(procPidStat(process!)).toMatch(/^1000 .* 17 0 /);
  });

  describe('of processes that end', () => {
    /** Task 3 is a thread of task 2, which forks task 4. */
    const facts = { ...FACTS, tasks: FACTS.tasks.map((task) => (task.task === 3 ? { ...task, leader: 2 } : task)) };
    const born = [0, 1, 2].map((i) => row('sched_process_fork', 0, 5 + i, { parent: [0, 0, 3][i]!, child: 2 + i }));
    const last = (task: number, state: TaskState, listed: 0 | 1): Row => row('task_final', 0, 1000, { task, state, listed });
    const shown = (...rows: readonly Row[]): (string | number)[][] =>
      play(new MachineSnapshotCollector(facts), [...born, ...rows]).finish().tasks.map(({ pid, state, ppid }) => [pid, state, ppid]);
    const { Running, Sleeping, Dead } = TaskState;

    it('shows a leader that has ended as a zombie while another thread lives', () => {
      const words = [last(2, Dead, 1), last(3, Sleeping, 1), last(4, Running, 1)];
      expect(shown(...words)).toEqual([[1000, 'Z', 0], [1001, 'S', 0], [1002, 'R', 1000]]);
    });

    it('shows a zombie that its parent has not asked for, whose children are nobody’s', () => {
      expect(shown(last(2, Dead, 1), last(3, Dead, 0), last(4, Running, 1))).toEqual([[1000, 'Z', 0], [1002, 'R', 0]]);
    });

    it('shows nothing of a process that has been reaped', () => {
      expect(shown(last(2, Dead, 0), last(3, Dead, 0), last(4, Running, 1))).toEqual([[1002, 'R', 0]]);
    });

    it('does not take whoever has the record of a parent now for that parent', () => {
      const again = row('sched_process_fork', 0, 500, { parent: 4, child: 2 });
      expect(shown(again, last(2, Running, 1), last(3, Dead, 0), last(4, Running, 1))).toEqual([[1000, 'R', 1002], [1002, 'R', 0]]);
    });
  });

  it('calls a task that waits for a device D, and knows where each may run', () => {
    const [waits, sleeps] = tasksAfter([
      row('task_final', 2, 1000, { task: 2, listed: 1, state: TaskState.Sleeping, in_iowait: 1 }),
      row('task_final', 2, 1000, { task: 3, listed: 1, state: TaskState.Sleeping }),
      row('task_cpus_final', 2, 1000, { task: 2, cpus0: 2 }),
      row('task_cpus_final', 2, 1000, { task: 3, cpus0: 2 ** 32 - 1 }),
    ]);
    expect([waits!.state, waits!.cpusAllowed, sleeps!.state, sleeps!.cpusAllowed]).toEqual(['D', [1], 'S', [0, 1]]);
  });

  it('adds to a CPU’s accounts what its running task has not been charged, in the slots that it would go to', () => {
    const [nice, kernel] = play(new MachineSnapshotCollector(FACTS), [
      ...boot, kcpustat(0, { nice: 10, user: 5 }), kcpustat(1, { system: 3 }),
      row('cpu_final', 0, 1000, { cpu: 0, online: 1, curr: 2 }), row('cpu_final', 1, 1000, { cpu: 1, online: 1, curr: 3 }),
      row('task_final', 0, 1000, {
        task: 2, listed: 1, state: TaskState.Running, vtime_state: VtimeState.Guest, starttime: 900, vtime_gtime: 1, nice: 4,
      }),
      row('task_final', 1, 1000, {
        task: 3, listed: 1, state: TaskState.Running, vtime_state: VtimeState.Sys, starttime: 940, vtime_utime: 9,
      }),
    ]).finish().cpus.map(({ kcpustat: slots }) => slots);
    expect(nice).toMatchObject({ user: 5, nice: 111, guest: 0, guest_nice: 101 });
    expect(kernel).toMatchObject({ user: 0, system: 63 });
  });
});

describe('adjustCputime', () => {
  const ns = fc.nat({ max: 2 ** 45 });

  it('splits the run time exactly as 128-bit arithmetic would, never below what was told before', () => {
    fc.assert(fc.property(ns, ns, ns, ns, ns, (utime, stime, rtime, prevU, prevS) => {
      const prev = { utime: prevU, stime: prevS };
      const pair = adjustCputime({ utime, stime }, rtime, prev);
      expect(pair.utime).toBeGreaterThanOrEqual(prevU);
      expect(pair.stime).toBeGreaterThanOrEqual(prevS);
      if (prevU + prevS >= rtime) expect(pair).toEqual(prev);
      else expect(pair.utime + pair.stime).toBe(rtime);
      const fresh = adjustCputime({ utime, stime }, rtime, { utime: 0, stime: 0 });
      if (utime > 0 && rtime > 0) expect(fresh.stime).toBe(Number((BigInt(stime) * BigInt(rtime)) / BigInt(utime + stime)));
    }));
  });

  it('gives all to the one that was seen when the other was not', () => {
    expect(adjustCputime({ utime: 0, stime: 5 }, 9, { utime: 0, stime: 0 })).toEqual({ utime: 0, stime: 9 });
    expect(adjustCputime({ utime: 5, stime: 0 }, 9, { utime: 0, stime: 0 })).toEqual({ utime: 9, stime: 0 });
    expect(adjustCputime({ utime: 0, stime: 0 }, 9, { utime: 0, stime: 0 })).toEqual({ utime: 9, stime: 0 });
  });
});
