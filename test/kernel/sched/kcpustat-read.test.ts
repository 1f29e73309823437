import { describe, expect, test } from 'vitest';
import { Cpustat, NR_CPUSTAT } from '../../../shared/structs/cpu.ts';
import { VtimeState } from '../../../shared/structs/task.ts';
import type { TaskId } from '../../../shared/units.ts';
import type { Decisions } from '../../../src/kernel/decisions.ts';
import type { ReaderKind } from '../../../src/kernel/sched/cputime-read.ts';
import { kcpustatCpuFetch, kcpustatField } from '../../../src/kernel/sched/kcpustat-read.ts';
import { lockRq, unlockRq } from '../../../src/kernel/sched/core.ts';
import { vtimeGuestEnter, vtimeTaskSwitch, vtimeUserEnter, vtimeUserExit } from '../../../src/kernel/sched/vtime.ts';
import { attributesOf, FakeMachine } from '../../support/fake-arch.ts';
import { doesRelax } from '../../support/relaxing.ts';
import { doAt, switchTo, trackedMachine } from '../../support/tracked.ts';

const T: TaskId = 2;

/** CPU 0 idles for 1000 ns, then runs T for 300 ns in the kernel and from then on in user mode. */
function inUserMode(nice = 0, decisions: Partial<Decisions> = {}): FakeMachine {
  const machine = trackedMachine(2, [attributesOf({ nice }), attributesOf()], { decisions });
  doAt(machine, 1_000, 0, (cpu) => switchTo(cpu, T));
  doAt(machine, 1_300, 0, (cpu) => vtimeUserEnter(cpu, T));
  machine.setClock(2_000);
  return machine;
}
/** What CPU 1 finds in CPU 0's accounts: the slots that are not empty. */
function fetch(machine: FakeMachine, reader: ReaderKind): Record<string, number> {
  const out = new Float64Array(NR_CPUSTAT + 3);
  machine.as(1, (cpu) => kcpustatCpuFetch(cpu, 0, reader, out, 3));
  return Object.fromEntries(Object.entries(Cpustat).map(([name, slot]) => [name, out[3 + slot]!]).filter(([, ns]) => ns !== 0));
}

describe('kcpustat_cpu_fetch', () => {
  test('adds the running task’s pending time to the slot that it belongs to', () => {
    const machine = inUserMode();
    expect(fetch(machine, 'linux')).toEqual({ Idle: 1_000, User: 700 });
    expect(fetch(inUserMode(3), 'linux')).toEqual({ Idle: 1_000, Nice: 700 });
    machine.as(0, (cpu) => vtimeUserExit(cpu, T));
    machine.setClock(2_050);
    expect(fetch(machine, 'linux')).toEqual({ Idle: 1_000, System: 350 });
  });

  test('of the complete reader leaves no pending time of the running task out', () => {
    expect(fetch(inUserMode(), 'complete')).toEqual({ Idle: 1_000, User: 700, System: 300 });
  });

  test('adds the idle time since the last switch only for the complete reader', () => {
    const machine = trackedMachine(2, []);
    machine.setClock(5_000);
    expect([fetch(machine, 'linux'), fetch(machine, 'complete')]).toEqual([{}, { Idle: 5_000 }]);
  });

  test('is a plain copy where the tick accounts', () => {
    const machine = new FakeMachine(2, []);
    machine.as(0, (cpu) => cpu.kcpustat.setCpustat(Cpustat.User, 8_000_000));
    machine.setClock(5_000);
    expect(fetch(machine, 'complete')).toEqual({ User: 8_000_000 });
  });

  test('looks again while the task that it found is switched out and the next one is not there yet', () => {
    const machine = inUserMode();
    machine.as(0, (cpu) => {
      vtimeUserExit(cpu, T);
      vtimeTaskSwitch(cpu, T, 0);
    });
    const turns = doesRelax(machine.memory, 2, () => {
      machine.as(0, (cpu) => {
        lockRq(cpu);
        cpu.rq.curr = 0;
        unlockRq(cpu);
      });
      machine.as(1, () => undefined);
    });
    expect(machine.image.vtimes[T]!.state).toBe(VtimeState.Inactive);
    expect([fetch(machine, 'linux'), turns()]).toEqual([{ Idle: 1_000 }, 2]);
  });

  test('looks again while the task that it found runs on another CPU already', () => {
    const machine = inUserMode();
    machine.as(0, (cpu) => {
      vtimeUserExit(cpu, T);
      vtimeTaskSwitch(cpu, T, 0);
    });
    machine.as(1, (cpu) => vtimeTaskSwitch(cpu, 1, T));
    const turns = doesRelax(machine.memory, 1, () => {
      machine.as(0, (cpu) => {
        lockRq(cpu);
        cpu.rq.curr = 0;
        unlockRq(cpu);
      });
      machine.as(1, () => undefined);
    });
    expect([fetch(machine, 'linux'), turns()]).toEqual([{ Idle: 1_000 }, 1]);
  });

  test('looks again if the task’s record has changed meanwhile, and counts that', () => {
    const machine = inUserMode();
    const reader = machine.archs[1]!;
    const schedClock = reader.schedClock.bind(reader);
    reader.schedClock = () => {
      reader.schedClock = schedClock;
      machine.as(0, (cpu) => vtimeUserExit(cpu, T));
      machine.as(1, () => undefined);
      return schedClock();
    };
    expect(fetch(machine, 'complete')).toEqual({ Idle: 1_000, User: 700, System: 300 });
    expect(machine.cpus[1]!.passes).toEqual({ retries: 1, published: 1 });
  });
});

describe('kcpustat_field', () => {
  const inGuest = (nice: number): FakeMachine => {
    const machine = inUserMode(nice);
    doAt(machine, 2_100, 0, (cpu) => vtimeUserExit(cpu, T));
    doAt(machine, 2_150, 0, vtimeGuestEnter);
    machine.setClock(2_950);
    return machine;
  };

  test('counts a guest’s time as user time, too, or both as those of nice tasks', () => {
    expect(fetch(inGuest(0), 'linux')).toEqual({ Idle: 1_000, User: 800, Guest: 800 });
    expect(fetch(inGuest(3), 'linux')).toEqual({ Idle: 1_000, Nice: 800, GuestNice: 800 });
    expect(fetch(inGuest(0), 'complete')).toEqual({ Idle: 1_000, User: 1_600, System: 350, Guest: 800 });
  });

  test.each(['linux', 'complete'] as const)('of each slot is what the whole look has there, for %s', (reader) => {
    for (const machine of [inUserMode(), inUserMode(3), inGuest(0), inGuest(3), trackedMachine(2, []), new FakeMachine(2, [])]) {
      machine.setClock(5_000);
      const whole = fetch(machine, reader);
      for (const [name, slot] of Object.entries(Cpustat)) {
        expect(machine.as(1, (cpu) => kcpustatField(cpu, 0, slot, reader)), name).toBe(whole[name] ?? 0);
      }
    }
  });

  test('with the faults of 5.5 leaves out what is pending, or takes it from whoever is current', () => {
    const raw = inUserMode(0, { leavesOutPending: true });
    expect(raw.as(1, (cpu) => kcpustatField(cpu, 0, Cpustat.User, 'complete'))).toBe(0);
    const hasty = inUserMode(0, { trustsCurr: true });
    // the next task is current, and the last one’s time nowhere that this reader looks
    hasty.as(0, (cpu) => {
      lockRq(cpu);
      cpu.rq.curr = 3;
      unlockRq(cpu);
    });
    expect(fetch(hasty, 'complete')).toEqual({ Idle: 1_000 });
  });
});
