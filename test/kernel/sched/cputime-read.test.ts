import { describe, expect, test } from 'vitest';
import { VtimeState } from '../../../shared/structs/task.ts';
import type { TaskId } from '../../../shared/units.ts';
import { newTaskCputime, taskCputime, type ReaderKind } from '../../../src/kernel/sched/cputime-read.ts';
import { vtimeUserEnter, vtimeUserExit } from '../../../src/kernel/sched/vtime.ts';
import type { Decisions } from '../../../src/kernel/decisions.ts';
import { attributesOf, type FakeMachine } from '../../support/fake-arch.ts';
import { doesRelax } from '../../support/relaxing.ts';
import { doAt, switchTo, trackedMachine } from '../../support/tracked.ts';

const T: TaskId = 2;
const TICK = 4_000_000;

/** CPU 0 has run T since 0: 300 ns in the kernel, then 700 in user mode, and it stays there. CPU 1 reads. */
function inUserMode(decisions: Partial<Decisions> = {}): FakeMachine {
  const machine = trackedMachine(2, [attributesOf()], { decisions });
  machine.as(0, (cpu) => switchTo(cpu, T));
  doAt(machine, 300, 0, (cpu) => vtimeUserEnter(cpu, T));
  machine.setClock(1_000);
  return machine;
}
function read(machine: FakeMachine, reader: ReaderKind): { utime: number; stime: number; running: boolean; version: number } {
  const out = newTaskCputime();
  const running = machine.as(1, (cpu) => taskCputime(cpu, T, reader, out));
  return { utime: out.utime, stime: out.stime, running, version: out.version };
}

describe('task_cputime', () => {
  test('adds what passes while the task runs, to what it is doing', () => {
    const machine = inUserMode();
    expect(read(machine, 'complete')).toEqual({ utime: 700, stime: 300, running: true, version: 2 });
    doAt(machine, 1_500, 0, (cpu) => vtimeUserExit(cpu, T));
    machine.setClock(1_600);
    expect(read(machine, 'complete')).toEqual({ utime: 1_200, stime: 400, running: true, version: 3 });
  });

  test('as Linux has it adds only the accumulator in use: a remainder of the other kind is invisible', () => {
    expect(read(inUserMode(), 'linux')).toMatchObject({ utime: 700, stime: 0 });
  });

  test('as Linux has it steps back when the task enters the kernel, by less than a tick; complete does not', () => {
    const machine = inUserMode();
    const before = [read(machine, 'linux').utime, read(machine, 'complete').utime];
    machine.as(0, (cpu) => vtimeUserExit(cpu, T));
    expect([before, read(machine, 'linux').utime, read(machine, 'complete').utime]).toEqual([[700, 700], 0, 700]);
  });

  test('shows both readers the same once everything is charged', () => {
    const machine = inUserMode();
    doAt(machine, 300 + TICK, 0, (cpu) => vtimeUserExit(cpu, T));
    doAt(machine, 300 + 3 * TICK, 0, (cpu) => switchTo(cpu, 0));
    const sum = { utime: TICK, stime: 2 * TICK + 300, running: false, version: 4 };
    expect([read(machine, 'linux'), read(machine, 'complete')]).toEqual([sum, sum]);
  });

  test('adds nothing for a task that sleeps, and says that it does not run', () => {
    const machine = inUserMode();
    machine.as(0, (cpu) => vtimeUserExit(cpu, T));
    machine.as(0, (cpu) => switchTo(cpu, 0));
    machine.setClock(1e9);
    expect([read(machine, 'linux'), read(machine, 'complete')])
      .toMatchObject([{ utime: 0, stime: 0, running: false }, { utime: 700, stime: 300, running: false }]);
  });

  test('does not look past what the task’s CPU has promised', () => {
    const machine = inUserMode();
    machine.archs[1]!.promiseOf = () => 850;
    expect(read(machine, 'complete').utime).toBe(550);
  });

  test('goes no further back than the version that it accepted', () => {
    const machine = inUserMode();
    machine.archs[1]!.clock = 100;
    expect(read(machine, 'complete')).toMatchObject({ utime: 0, stime: 300 });
  });

  test('waits for a writer who is inside', () => {
    const machine = inUserMode();
    const { memory, image } = machine;
    const { seq } = image.vtimes[T]!;
    machine.as(0, () => memory.store(seq, memory.load(seq) + 1));
    const turns = doesRelax(memory, 3, () => {
      machine.as(0, () => memory.store(seq, memory.load(seq) + 1));
      machine.as(1, () => undefined);
    });
    expect([read(machine, 'complete').version, turns()]).toEqual([3, 3]);
  });
});

describe('a reader that is overtaken', () => {
  /** The reader's look at its clock is the last of its loads: there the task leaves user mode. */
  function overtaken(decisions: Partial<Decisions>): FakeMachine {
    const machine = inUserMode(decisions);
    let looks = 0;
    machine.archs[1]!.schedClock = () => {
      if (looks++ === 0) machine.as(0, (cpu) => vtimeUserExit(cpu, T));
      machine.as(1, () => undefined);
      return 1_000;
    };
    return machine;
  }

  test('throws the old version away and accepts the new one whole', () => {
    const machine = overtaken({});
    const out = newTaskCputime();
    machine.as(1, (cpu) => taskCputime(cpu, T, 'complete', out));
    expect(out).toMatchObject({ version: 3, state: VtimeState.Sys, starttime: 1_000, vtimeUtime: 700, utime: 700 });
    expect(machine.cpus[1]!.passes).toEqual({ retries: 1, published: 1 });
  });

  test('keeps the old one with the fault missing-retry', () => {
    expect(read(overtaken({ skipReadRetry: true }), 'complete').version).toBe(2);
  });
});
