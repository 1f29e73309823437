/** More than one clock, and more than one CPU: which queue a timer comes to, and who has to do with it. */
import { beforeEach, describe, expect, test } from 'vitest';
import { KernelBug } from '../../../shared/assert.ts';
import { MessageKind, SoftirqVec } from '../../../shared/structs/cpu.ts';
import { HrtimerBase, HrtimerMode, HrtimerState } from '../../../shared/structs/hrtimer.ts';
import { ClockId } from '../../../shared/structs/timekeeper.ts';
import { KTIME_MAX, NONE, type CpuId, type Ns, type TimerId } from '../../../shared/units.ts';
import type { HrtimerCallback, KernelCpu } from '../../../src/kernel/kernel-cpu.ts';
import { lockRq, unlockRq } from '../../../src/kernel/sched/core.ts';
import { getNohzTimerTarget } from '../../../src/kernel/sched/nohz-target.ts';
import { SmpFunction } from '../../../src/kernel/smp.ts';
import { lockCpuBase, unlockCpuBase } from '../../../src/kernel/time/hrtimer-base.ts';
import { CLOCK_SET_WALL, clockWasSet, retriggerNextEvent } from '../../../src/kernel/time/hrtimer-clock-set.ts';
import {
  Cancelled, hrtimerActive, hrtimerCancel, hrtimerGetRemaining, hrtimerInit, hrtimerRestart, hrtimerStart, hrtimerTryToCancel,
} from '../../../src/kernel/time/hrtimer.ts';
import {
  hrtimerGetNextEvent, hrtimerInterrupt, hrtimerRunQueues, hrtimerRunSoftirq, hrtimerSwitchToHres,
} from '../../../src/kernel/time/hrtimer-interrupt.ts';
import { timerqueueInOrder } from '../../../src/kernel/time/hrtimer-queue.ts';
import { doSettimeofday } from '../../../src/kernel/time/timekeeping-set.ts';
import { attributesOf, FakeMachine } from '../../support/fake-arch.ts';
import { oneshotLapic } from '../../support/tick-device.ts';

const { Abs, Rel, Pinned, Soft } = HrtimerMode;
const [A, B] = [2, 3];

let machine: FakeMachine;
let fired: TimerId[];
let onFire: HrtimerCallback;

/** Two CPUs in high resolution; CPU 1 does no housekeeping, and ticks can stop. */
beforeEach(() => {
  fired = [];
  onFire = () => false;
  machine = newMachine(2, [false, true]);
});

function newMachine(cpus: number, tickless: readonly boolean[]): FakeMachine {
  const note: HrtimerCallback = (cpu, timer, id) => {
    fired.push(id);
    return onFire(cpu, timer, id);
  };
  const made = new FakeMachine(cpus, [attributesOf(), attributesOf()], {
    functions: [note], config: { nohz: true, nohzFull: true, tickless },
  });
  for (let id = 0; id < cpus; id++) {
    made.as(id, (cpu) => { cpu.state.online = 1; });
    oneshotLapic(made, id);
    made.as(id, hrtimerSwitchToHres);
  }
  made.as(0, (cpu) => { cpu.image.nohz.active = 1; });
  made.setClock(1_000);
  return made;
}

const make = (cpu: CpuId, timer: TimerId, mode: number = Abs, clock: ClockId = ClockId.Monotonic): void =>
  machine.as(cpu, (self) => hrtimerInit(self, timer, clock, mode, 0, 0));
const start = (cpu: CpuId, timer: TimerId, expires: Ns, mode: number = Abs): void =>
  machine.as(cpu, (self) => hrtimerStart(self, timer, expires, expires, mode));
const at = <T>(cpu: CpuId, now: Ns, what: (self: KernelCpu) => T): T => {
  machine.setClock(now);
  return machine.as(cpu, what);
};
/** Which queue a timer is in: 8 * CPU + base; NONE if it is in none. */
const queueOf = (timer: TimerId): number => {
  for (let base = 0; base < 16; base++) if (timerqueueInOrder(machine.image, base).includes(timer)) return base;
  return NONE;
};
const base = (cpu: CpuId): KernelCpu['hrtimers'] => machine.cpus[cpu]!.hrtimers;
const armed = (cpu: CpuId): number | undefined => machine.archs[cpu]!.armed.at(-1);

describe('the base of a timer', () => {
  test.each([
    [ClockId.Monotonic, Abs, HrtimerBase.Monotonic], [ClockId.Realtime, Abs, HrtimerBase.Realtime],
    [ClockId.Realtime, Rel, HrtimerBase.Monotonic], [ClockId.Boottime, Rel, HrtimerBase.Boottime], [ClockId.Tai, Abs, HrtimerBase.Tai],
    [ClockId.Monotonic, Soft, HrtimerBase.MonotonicSoft], [ClockId.Realtime, Soft | Rel, HrtimerBase.MonotonicSoft],
    [ClockId.Tai, Soft, HrtimerBase.TaiSoft],
  ])('of clock %i in mode %i is number %i', (clock, mode, wanted) => {
    make(0, A, mode, clock);
    start(0, A, 9_000, mode);
    expect([queueOf(A), base(0).activeBases]).toEqual([wanted, 1 << wanted]);
    machine.as(0, (cpu) => hrtimerCancel(cpu, A));
    expect([queueOf(A), base(0).activeBases]).toEqual([NONE, 0]);
  });

  test('may not be another kind than it was made for, nor made anew while it is queued', () => {
    make(0, A);
    expect(() => start(0, A, 9_000, Soft)).toThrow(KernelBug);
    start(0, A, 9_000);
    expect(() => make(0, A)).toThrow(KernelBug);
  });

  test('counts a relative time from its clock’s present, and never beyond the end of time', () => {
    make(0, A, Rel);
    at(0, 5_000, (cpu) => hrtimerStart(cpu, A, 300, KTIME_MAX - 1, Rel));
    const { softexpires, expires } = machine.image.timers[A]!;
    expect([softexpires, expires]).toEqual([5_300, KTIME_MAX]);
    expect(at(0, 6_000, (cpu) => hrtimerGetRemaining(cpu, A))).toBe(KTIME_MAX - 6_000);
  });
});

describe('the first event', () => {
  test('is the earliest of all clocks, each less what it is ahead', () => {
    make(0, A, Abs, ClockId.Realtime);
    make(0, B);
    at(0, 1_000, (cpu) => doSettimeofday(cpu, 501_000));
    at(0, 1_000, retriggerNextEvent);
    start(0, B, 60_000);
    start(0, A, 520_000);
    expect([base(0).expiresNext, base(0).nextTimer, armed(0)]).toEqual([20_000, A, 19_000]);
    at(0, 20_000, hrtimerInterrupt);
    expect([fired, base(0).nextTimer]).toEqual([[A], B]);
  });

  test('of a clock that is far ahead is at once, not before the beginning of time', () => {
    make(0, A, Abs, ClockId.Realtime);
    at(0, 1_000, (cpu) => doSettimeofday(cpu, 900_000));
    at(0, 1_000, retriggerNextEvent);
    start(0, A, 5);
    expect(base(0).expiresNext).toBe(0);
  });

  test('in low resolution is told to a CPU that would stop its tick; in high resolution the device knows', () => {
    make(0, A);
    start(0, A, 60_000);
    expect(machine.as(0, hrtimerGetNextEvent)).toBe(KTIME_MAX);
    const low = new FakeMachine(1, [attributesOf()], { functions: [() => false] });
    low.as(0, (cpu) => {
      hrtimerInit(cpu, A, ClockId.Monotonic, Abs, 0, 0);
      hrtimerStart(cpu, A, 60_000, 60_000, Abs);
      expect(hrtimerGetNextEvent(cpu)).toBe(60_000);
    });
  });
});

describe('a soft timer', () => {
  beforeEach(() => {
    make(0, A, Soft);
    make(0, B, Soft);
  });

  test('arms the device, whose interrupt leaves it to the softirq', () => {
    start(0, A, 20_000, Soft);
    expect([armed(0), base(0).softirqExpiresNext]).toEqual([19_000, 20_000]);
    at(0, 20_000, hrtimerInterrupt);
    const { softirqPending } = machine.cpus[0]!.state;
    expect([fired, softirqPending, base(0).softirqActivated, base(0).expiresNext]).toEqual([[], 1 << SoftirqVec.Hrtimer, 1, KTIME_MAX]);
    machine.as(0, hrtimerRunSoftirq);
    expect([fired, base(0).softirqActivated]).toEqual([[A], 0]);
  });

  test('that is queued while the softirq is on its way arms nothing: the softirq looks', () => {
    start(0, A, 20_000, Soft);
    at(0, 20_000, hrtimerInterrupt);
    const before = machine.archs[0]!.armed.length;
    start(0, B, 90_000, Soft);
    expect(machine.archs[0]!.armed).toHaveLength(before);
    machine.as(0, hrtimerRunSoftirq);
    expect([base(0).softirqNextTimer, base(0).expiresNext, armed(0)]).toEqual([B, 90_000, 70_000]);
  });

  test('runs with interrupts on, a hard one with interrupts off', () => {
    const masked: boolean[] = [];
    onFire = (cpu) => { masked.push(cpu.irqsOff > 0); return false; };
    machine.as(0, (cpu) => {
      cpu.irqsOff = 0;
      hrtimerStart(cpu, A, 20_000, 20_000, Soft);
    });
    machine.setClock(20_000);
    machine.as(0, hrtimerRunSoftirq);
    machine.as(0, (cpu) => { cpu.irqsOff = 1; });
    make(0, 4);
    start(0, 4, 20_000);
    machine.as(0, hrtimerInterrupt);
    expect(masked).toEqual([false, true]);
  });

  test('is found by the tick in low resolution', () => {
    machine.as(0, (cpu) => {
      lockCpuBase(cpu, 0);
      cpu.hrtimers.hresActive = 0;
      unlockCpuBase(cpu, 0);
    });
    start(0, A, 20_000, Soft);
    at(0, 19_999, hrtimerRunQueues);
    expect(machine.cpus[0]!.state.softirqPending).toBe(0);
    at(0, 20_000, hrtimerRunQueues);
    expect(machine.cpus[0]!.state.softirqPending).toBe(1 << SoftirqVec.Hrtimer);
  });
});

describe('a timer of a CPU that does no housekeeping', () => {
  beforeEach(() => make(1, A));

  test('goes to the CPU that does, whose device is not touched', () => {
    start(0, 0, 50_000, Pinned);
    start(1, A, 80_000);
    expect([queueOf(A), base(0).expiresNext, machine.archs[0]!.armed.length]).toEqual([0, 50_000, 1]);
    at(0, 80_000, hrtimerInterrupt);
    expect(fired).toEqual([0, A]);
  });

  test('stays if it comes before that CPU’s next event, if it is pinned, or if timers do not migrate', () => {
    start(0, 0, 50_000, Pinned);
    start(1, A, 49_999);
    expect([queueOf(A), armed(1)]).toEqual([8, 48_999]);
    start(1, A, 80_000, Pinned);
    expect(queueOf(A)).toBe(8);
    machine.as(0, (cpu) => { cpu.image.nohz.active = 0; });
    make(1, B);
    start(1, B, 80_000);
    expect(queueOf(B)).toBe(8);
  });

  test('stays while that CPU expires timers: it would not see it', () => {
    start(0, 0, 50_000, Pinned);
    onFire = () => {
      start(1, A, 80_000);
      machine.as(0, () => undefined);
      return false;
    };
    at(0, 50_000, hrtimerInterrupt);
    expect(queueOf(A)).toBe(8);
  });

  test('that is this CPU’s next event stays, and the device is armed once', () => {
    start(1, A, 20_000);
    start(0, 0, 50_000, Pinned);
    const before = machine.archs[1]!.armed.length;
    start(1, A, 90_000);
    expect([queueOf(A), machine.archs[1]!.armed.length - before, base(1).expiresNext]).toEqual([8, 1, 90_000]);
  });

  test('is taken out by either CPU; the device of the one that has it is armed anew by that one alone', () => {
    start(0, 0, 50_000, Pinned);
    start(1, A, 80_000);
    expect(machine.as(1, (cpu) => hrtimerCancel(cpu, A))).toBe(true);
    expect([queueOf(A), base(0).expiresNext]).toEqual([NONE, 50_000]);
    start(1, A, 80_000);
    machine.as(0, (cpu) => hrtimerRestart(cpu, A));
    expect(queueOf(A)).toBe(0);
  });

  test('whose callback runs stays where that is', () => {
    start(0, 0, 50_000, Pinned);
    start(1, A, 80_000);
    onFire = (_cpu, _timer, id) => {
      if (id !== A) return false;
      start(1, A, 200_000, Pinned);
      machine.as(0, () => undefined);
      return false;
    };
    at(0, 80_000, hrtimerInterrupt);
    expect(queueOf(A)).toBe(0);
  });

  test('has its target: the CPU itself if it keeps house and is awake, else the next one awake, else the first', () => {
    const three = new FakeMachine(3, [attributesOf()], { config: { tickless: [false, true, false] } });
    const targets = (): CpuId[] => [0, 1, 2].map((cpu) => three.as(cpu, getNohzTimerTarget));
    expect(targets()).toEqual([0, 0, 2]);
    three.as(2, (cpu) => {
      cpu.state.online = 1;
      lockRq(cpu);
      cpu.rq.curr = three.first;
      unlockRq(cpu);
    });
    expect(targets()).toEqual([2, 2, 2]);
  });

  test('never has an isolated CPU for its target, nor one that is isolated any other', () => {
    const three = new FakeMachine(3, [attributesOf()], { config: { isolated: [false, true, true] } });
    three.as(2, (cpu) => {
      cpu.state.online = 1;
      lockRq(cpu);
      cpu.rq.curr = three.first;
      unlockRq(cpu);
    });
    expect([0, 1, 2].map((cpu) => three.as(cpu, getNohzTimerTarget))).toEqual([0, 1, 2]);
  });

  test('comes to its own CPU if the target cannot have it, wherever it was', () => {
    machine = newMachine(3, [false, true, false]);
    start(0, 0, 50_000, Pinned);
    start(2, 2, 10_000, Pinned);
    make(2, B);
    start(2, B, 80_000, Pinned);
    start(1, B, 40_000);
    expect([queueOf(B), armed(1)]).toEqual([8, 39_000]);
  });
});

describe('cancelling', () => {
  beforeEach(() => make(0, A));

  test('finds a timer that is queued, one that is not, and one whose callback runs', () => {
    const found: number[] = [];
    const look = (): number => found.push(machine.as(0, (cpu) => hrtimerTryToCancel(cpu, A)));
    onFire = () => {
      look();
      return false;
    };
    start(0, A, 20_000);
    look();
    look();
    start(0, A, 20_000);
    at(0, 20_000, hrtimerInterrupt);
    expect(found).toEqual([Cancelled.Queued, Cancelled.Inactive, Cancelled.Running]);
  });

  test('of a timer by its own callback would wait for ever', () => {
    onFire = (cpu) => hrtimerCancel(cpu, A);
    start(0, A, 20_000);
    expect(() => at(0, 20_000, hrtimerInterrupt)).toThrow('the callback of timer 2 waits for its own end');
  });

  test('is not needed after the last callback: until then the timer is active', () => {
    const active = (): boolean => machine.as(0, (cpu) => hrtimerActive(cpu, A));
    expect(active()).toBe(false);
    start(0, A, 20_000);
    onFire = () => {
      expect([active(), machine.image.timers[A]!.state]).toEqual([true, HrtimerState.Inactive]);
      return false;
    };
    expect(active()).toBe(true);
    at(0, 20_000, hrtimerInterrupt);
    expect([active(), fired]).toEqual([false, [A]]);
  });
});

describe('a step of the wall clock', () => {
  const messages = (): unknown[] => machine.archs[0]!.sent.filter(({ kind }) => kind === MessageKind.CallFunctionAsync);
  const step = (to: Ns): void => {
    at(0, 1_000, (cpu) => doSettimeofday(cpu, to));
    machine.as(0, (cpu) => clockWasSet(cpu, CLOCK_SET_WALL));
  };

  test('is told to a CPU whose first event it has made earlier, which arms its device anew', () => {
    make(1, A, Abs, ClockId.Realtime);
    start(1, A, 700_000, Pinned);
    step(601_000);
    expect(messages()).toEqual([{ to: 1, kind: MessageKind.CallFunctionAsync, a: SmpFunction.RetriggerNextEvent, b: 0 }]);
    expect(base(1).offset(HrtimerBase.Realtime)).toBe(600_000);
    machine.as(1, retriggerNextEvent);
    expect([base(1).expiresNext, armed(1)]).toEqual([100_000, 99_000]);
  });

  test('is not told to one that sleeps as long as before: no timer on that clock, a later one, one that has heard', () => {
    make(1, A);
    make(1, B, Abs, ClockId.Realtime);
    start(1, A, 700_000, Pinned);
    start(1, B, 900_000, Pinned);
    step(150_000);
    at(0, 1_000, (cpu) => doSettimeofday(cpu, 850_000));
    machine.as(1, retriggerNextEvent);
    machine.as(0, (cpu) => clockWasSet(cpu, CLOCK_SET_WALL));
    expect(messages()).toEqual([]);
  });

  test('back leaves the device as it is: it comes early and finds nothing', () => {
    make(1, A, Abs, ClockId.Realtime);
    step(601_000);
    start(1, A, 700_000, Pinned);
    step(201_000);
    expect(messages()).toEqual([]);
    at(1, 100_000, hrtimerInterrupt);
    expect([fired, base(1).expiresNext]).toEqual([[], 500_000]);
  });
});
