import { describe, expect, test } from 'vitest';
import { Cpustat } from '../../shared/structs/cpu.ts';
import { newTaskCputime, taskCputime, type ReaderKind } from '../../src/kernel/sched/cputime-read.ts';
import { stealAccountProcessTime } from '../../src/kernel/sched/cputime.ts';
import { vtimeUserEnter, vtimeUserExit } from '../../src/kernel/sched/vtime.ts';
import { hasProcessor, stealRecordRestarts, theftBegins, theftEnds } from '../../src/kernel/steal.ts';
import { KTIME_MAX } from '../../shared/units.ts';
import { attributesOf, FakeMachine, type FakeOptions } from '../support/fake-arch.ts';
import { doAt, inInterrupt, switchTo, trackedMachine } from '../support/tracked.ts';

const TICK = 4_000_000;
const STEALS = { config: { stealClock: true } };
const slots = (machine: FakeMachine): Record<string, number> => Object.fromEntries(
  Object.entries(Cpustat).map(([name, slot]) => [name, machine.cpus[0]!.kcpustat.cpustat(slot)]).filter(([, ns]) => ns !== 0),
);
function steal(machine: FakeMachine, from: number, to: number): void {
  doAt(machine, from, 0, theftBegins);
  doAt(machine, to, 0, theftEnds);
}
const tick = (machine: FakeMachine, at: number): void =>
  doAt(machine, at, 0, (cpu) => inInterrupt(cpu, () => cpu.accounting.tick(cpu, true)));

describe('where ticks sample', () => {
  function sampling(options: FakeOptions = {}): FakeMachine {
    const machine = new FakeMachine(1, [attributesOf()], { ...STEALS, ...options });
    machine.as(0, (cpu) => switchTo(cpu, 1));
    return machine;
  }

  test('what was stolen is taken off the next tick', () => {
    const machine = sampling();
    steal(machine, 1_000, 501_000);
    tick(machine, TICK);
    expect(slots(machine)).toEqual({ Steal: 500_000, User: TICK - 500_000 });
    tick(machine, 2 * TICK);
    expect(slots(machine)).toEqual({ Steal: 500_000, User: 2 * TICK - 500_000 });
  });

  test('a theft longer than a tick leaves it nothing', () => {
    const machine = sampling();
    steal(machine, 1_000, 1_000 + 3 * TICK);
    tick(machine, 4 * TICK);
    expect(slots(machine)).toEqual({ Steal: 3 * TICK });
  });

  test('ticks that an idle CPU did without leave it out, too', () => {
    const machine = sampling();
    machine.as(0, (cpu) => switchTo(cpu, 0));
    steal(machine, 1_000, 501_000);
    machine.as(0, (cpu) => cpu.accounting.idleTicks(cpu, 2));
    expect(slots(machine)).toEqual({ Steal: 500_000, Idle: 2 * TICK - 500_000 });
  });

  test('where the hypervisor begins a new record, nothing of the old one is lost', () => {
    const machine = sampling();
    steal(machine, 1_000, 501_000);
    doAt(machine, 501_010, 0, stealRecordRestarts);
    steal(machine, 501_020, 501_030);
    tick(machine, TICK);
    expect(slots(machine)).toEqual({ Steal: 500_010, User: TICK - 500_010 });
  });

  test('with the fault B-15 the difference is below 0, and no tick is left', () => {
    const machine = sampling({ decisions: { stealClockGoesBack: true } });
    steal(machine, 1_000, 501_000);
    tick(machine, TICK);
    doAt(machine, TICK + 10, 0, stealRecordRestarts);
    tick(machine, 2 * TICK);
    expect(slots(machine)).toEqual({ User: TICK - 500_000 });
  });
});

describe('where contexts are tracked', () => {
  function tracked(options: FakeOptions = {}): FakeMachine {
    const machine = trackedMachine(2, [attributesOf()], { ...options, config: { ...STEALS.config } });
    machine.as(0, (cpu) => switchTo(cpu, 2));
    doAt(machine, 100, 0, (cpu) => vtimeUserEnter(cpu, 2));
    return machine;
  }
  const read = (machine: FakeMachine, at: number, reader: ReaderKind): number[] => {
    const out = newTaskCputime();
    doAt(machine, at, 1, (cpu) => taskCputime(cpu, 2, reader, out));
    return [out.utime, out.stime];
  };

  test('complete leaves out a theft under way, and one that nobody has charged; linux takes both for the task’s', () => {
    const machine = tracked();
    doAt(machine, 130, 0, theftBegins);
    expect([read(machine, 150, 'complete'), read(machine, 150, 'linux')]).toEqual([[30, 100], [50, 0]]);
    doAt(machine, 170, 0, theftEnds);
    expect([read(machine, 180, 'complete'), read(machine, 180, 'linux')]).toEqual([[40, 100], [80, 0]]);
    doAt(machine, 200, 0, (cpu) => vtimeUserExit(cpu, 2));
    expect([read(machine, 200, 'complete'), slots(machine)]).toEqual([[60, 100], { Steal: 40 }]);
  });

  test('a reader whose clock is behind a theft’s edge reads as of that edge', () => {
    const machine = tracked();
    doAt(machine, 130, 0, theftBegins);
    doAt(machine, 170, 0, theftEnds);
    expect(read(machine, 160, 'complete')).toEqual([30, 100]);
  });

  test('each edge of a theft is a version of the record', () => {
    const machine = tracked();
    machine.archs[0]!.traced.length = 0;
    steal(machine, 130, 170);
    expect(machine.archs[0]!.fieldsOf('vtime_publish').map((f) => [f[4], f[11], f[12]])).toEqual([[100, 0, 130], [100, 40, 0]]);
  });

  test('no more is charged at an edge than has passed', () => {
    const machine = tracked();
    machine.as(0, (cpu) => {
      cpu.stealTime.steal = 500;
      expect([200, KTIME_MAX, 7].map((most) => stealAccountProcessTime(cpu, most))).toEqual([200, 300, 0]);
    });
  });
});

describe('a CPU without its processor', () => {
  test('has its work wait', () => {
    const machine = new FakeMachine(1, [attributesOf()], STEALS);
    machine.as(0, (cpu) => {
      switchTo(cpu, 1);
      cpu.state.online = 1;
      cpu.stretchStart = 1_000;
      cpu.stepDue = 9_000;
    });
    doAt(machine, 2_000, 0, theftBegins);
    expect(machine.as(0, hasProcessor)).toBe(false);
    doAt(machine, 2_500, 0, theftEnds);
    const [cpu] = machine.cpus;
    expect([machine.as(0, hasProcessor), cpu!.stretchStart, cpu!.stepDue]).toEqual([true, 1_500, 9_500]);
  });
});
