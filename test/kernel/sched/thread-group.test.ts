import { describe, expect, test } from 'vitest';
import { EventKind } from '../../../shared/memory/guards.ts';
import type { TaskId } from '../../../shared/units.ts';
import { taskSchedRuntime } from '../../../src/kernel/sched/core.ts';
import { taskCputime, type ReaderKind } from '../../../src/kernel/sched/cputime-read.ts';
import {
  newGroupCputime, threadGroupCputime, threadGroupCputimeAdjusted, threadGroupGtime, type GroupCputime,
} from '../../../src/kernel/sched/thread-group.ts';
import { childTimes, newChildTimes, nsecToClockT } from '../../../src/kernel/sys.ts';
import { CpuClock, cpuClockOf } from '../../../src/kernel/time/posix-cpu-clock.ts';
import type { FakeMachine } from '../../support/fake-arch.ts';
import { begin, die, processMachine, run } from '../../support/process-machine.ts';
import { doAt, switchTo } from '../../support/tracked.ts';

const LEADER: TaskId = 2;
const THREAD: TaskId = 3;
const STRANGER: TaskId = 4;
const PROCESSES = [{ threads: [LEADER, THREAD] }, { threads: [STRANGER] }];

function read(machine: FakeMachine, reader: ReaderKind, member = LEADER): GroupCputime {
  const out = newGroupCputime();
  machine.as(1, (cpu) => threadGroupCputime(cpu, member, reader, out));
  return out;
}
/** The leader has had 100 in the kernel and 400 in user mode, its thread 300 and 700; CPU 0 idles at 1,600. */
function twoThreads(): FakeMachine {
  const machine = processMachine(PROCESSES);
  begin(machine, 0, LEADER, THREAD, STRANGER);
  run(machine, 0, LEADER, 100, 400);
  doAt(machine, run(machine, 500, THREAD, 300, 700), 0, (cpu) => switchTo(cpu, 0));
  machine.setClock(1_600);
  return machine;
}
/** CPU 0 runs the thread again, in the kernel since 1,600. */
function threadRuns(): FakeMachine {
  const machine = twoThreads();
  machine.as(0, (cpu) => switchTo(cpu, THREAD));
  machine.setClock(2_000);
  return machine;
}

describe('thread_group_cputime', () => {
  test('is the sum over the threads that live', () => {
    expect(read(twoThreads(), 'complete')).toMatchObject({ utime: 1_100, stime: 400, threads: 2, locked: false });
    expect(read(threadRuns(), 'complete')).toMatchObject({ utime: 1_100, stime: 800 });
  });

  test('has each thread once, whether it lives or is gone', () => {
    const machine = threadRuns();
    const before = read(machine, 'complete');
    machine.as(0, () => die(machine, THREAD));
    expect(read(machine, 'complete')).toMatchObject({ utime: before.utime, stime: before.stime, threads: 1, version: before.version + 1 });
  });

  test('as Linux has it loses what the accumulators of a thread hid when it ended', () => {
    const machine = threadRuns();
    // of the thread's 1,400 it sees what the kernel has had: 300 and 400
    expect(read(machine, 'linux')).toMatchObject({ utime: 0, stime: 700 });
    machine.as(0, () => die(machine, THREAD));
    machine.as(0, (cpu) => switchTo(cpu, 0));
    expect(read(machine, 'linux')).toMatchObject({ utime: 0, stime: 700 });
  });

  test('looks again under the lock if a thread has ended meanwhile, and has that one once', () => {
    const machine = threadRuns();
    const reader = machine.archs[1]!;
    const schedClock = reader.schedClock.bind(reader);
    // the reader has loaded what dead threads had, and is at its first living one
    reader.schedClock = () => {
      reader.schedClock = schedClock;
      machine.as(0, () => die(machine, THREAD));
      machine.memory.runAs(1, EventKind.Interacting);
      return schedClock();
    };
    expect(read(machine, 'complete')).toMatchObject({ utime: 1_100, stime: 800, threads: 1, locked: true });
    expect(machine.cpus[1]!.passes).toEqual({ retries: 1, published: 1 });
    expect(machine.archs[1]!.fieldsOf('lock_acquire')).toHaveLength(machine.archs[1]!.fieldsOf('lock_release').length);
  });

  test('says between which instants each part is true', () => {
    const { firstTau, lastTau } = read(threadRuns(), 'complete');
    expect([firstTau, lastTau]).toEqual([2_000, 2_000]);
  });

  test('begins with what dead threads had before the machine did', () => {
    const machine = processMachine([{ threads: [LEADER], age: { utime: 7_000, stime: 900 } }]);
    begin(machine, 0, LEADER);
    expect(read(machine, 'linux')).toMatchObject({ utime: 7_000, stime: 900, sumExecRuntime: 7_900 });
  });
});

describe('the run time of a process', () => {
  /** CPU 0 runs the leader since 1,000, and has written down 200 of it. */
  const running = (): FakeMachine => {
    const machine = processMachine(PROCESSES);
    begin(machine, 0, LEADER, THREAD, STRANGER);
    machine.as(0, (cpu) => {
      const leader = cpu.image.tasks[LEADER]!;
      leader.cpu = 0;
      leader.onRq = 1;
      switchTo(cpu, LEADER);
      leader.execStart = 1_000;
      leader.sumExecRuntime = 200;
    });
    machine.setClock(1_500);
    return machine;
  };
  const ask = (machine: FakeMachine, cpu: number): number => machine.as(cpu, (on) => {
    threadGroupCputime(on, LEADER, 'linux', on.groupCputime);
    return on.groupCputime.sumExecRuntime;
  });

  test('is what the CPUs have written down last, to a stranger', () => expect(ask(running(), 1)).toBe(200));

  test('is brought up to date for the caller’s own part, if it asks for its own process', () => {
    const machine = running();
    expect(ask(machine, 0)).toBe(700);
    // and there it stays, for whoever asks
    expect(ask(machine, 1)).toBe(700);
  });

  test('is brought up to date by whoever reads the thread’s own clock', () => {
    const machine = running();
    expect(machine.as(1, (cpu) => taskSchedRuntime(cpu, LEADER))).toBe(700);
    expect(ask(machine, 1)).toBe(700);
  });
});

describe('a CPU clock', () => {
  test('of a process counts user time, or both, of all threads', () => {
    const machine = twoThreads();
    const sample = (clock: CpuClock): number => machine.as(1, (cpu) => {
      threadGroupCputime(cpu, THREAD, 'linux', cpu.groupCputime);
      const { utime, stime, sumExecRuntime } = cpu.groupCputime;
      return cpuClockOf(clock, utime, stime, sumExecRuntime);
    });
    machine.as(0, () => {
      machine.image.tasks[LEADER]!.utime = 40_000;
      machine.image.tasks[THREAD]!.stime = 3_000;
    });
    expect([sample(CpuClock.Virt), sample(CpuClock.Prof)]).toEqual([40_000, 43_000]);
  });

  test('of a thread counts what that one has had', () => {
    const machine = threadRuns();
    const sample = (clock: CpuClock): number => machine.as(1, (cpu) => {
      taskCputime(cpu, THREAD, 'linux', cpu.cputime);
      return cpuClockOf(clock, cpu.cputime.utime, cpu.cputime.stime, 0);
    });
    expect([sample(CpuClock.Virt), sample(CpuClock.Prof)]).toEqual([0, 700]);
  });
});

describe('the pair of a process', () => {
  test('has a filter of its own', () => {
    const machine = processMachine(PROCESSES);
    begin(machine, 0, LEADER, THREAD, STRANGER);
    const pair = (member: TaskId, utime: number, stime: number, sumExecRuntime: number): number[] => machine.as(1, (cpu) => {
      threadGroupCputimeAdjusted(cpu, member, { ...newGroupCputime(), utime, stime, sumExecRuntime }, cpu.adjusted);
      return [cpu.adjusted.utime, cpu.adjusted.stime];
    });
    expect(pair(LEADER, 100, 100, 1_000)).toEqual([500, 500]);
    expect(pair(STRANGER, 100, 0, 300)).toEqual([300, 0]);
    // less stime than was shown before: what is new is user time
    expect(pair(THREAD, 900, 100, 1_100)).toEqual([600, 500]);
  });
});

describe('guest time of a process', () => {
  test('is the sum of its threads’ and of what dead ones left', () => {
    const machine = twoThreads();
    machine.as(0, () => {
      machine.image.tasks[LEADER]!.gtime = 70;
      machine.image.tasks[THREAD]!.gtime = 8;
    });
    const gtime = (): number => machine.as(1, (cpu) => threadGroupGtime(cpu, LEADER, 'linux'));
    expect(gtime()).toBe(78);
    machine.as(0, () => die(machine, THREAD));
    expect(gtime()).toBe(78);
  });
});

describe('times of children', () => {
  test('are of one moment, and nothing before any was waited for', () => {
    const machine = twoThreads();
    const out = newChildTimes();
    machine.as(1, (cpu) => childTimes(cpu, LEADER, out));
    expect(out).toEqual(newChildTimes());
  });

  test('are shown in hundredths of a second, rounded down', () => {
    expect([0, 9_999_999, 10_000_000, 1_234_567_890].map(nsecToClockT)).toEqual([0, 0, 1, 123]);
  });
});
