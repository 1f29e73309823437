import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { SoftirqVec } from '../../../shared/structs/cpu.ts';
import { TIMER_DEFERRABLE, TIMER_PINNED, TimerFunction } from '../../../shared/structs/timer.ts';
import { KTIME_MAX, type CpuId, type Jiffies } from '../../../shared/units.ts';
import type { KernelCpu, TimerCallback } from '../../../src/kernel/kernel-cpu.ts';
import {
  addTimer, addTimerOn, getNextTimerInterrupt, modTimer, runLocalTimers, runTimerSoftirq, scheduleTimeout, timerBaseIsIdle,
  timerBaseTryToSetIdle, timerClearIdle, timerDelete, timerSetup, tryToDelTimerSync,
} from '../../../src/kernel/time/timer.ts';
import type { KernelConfig } from '../../../src/kernel/config.ts';
import { lockRq, unlockRq } from '../../../src/kernel/sched/core.ts';
import { KERNEL_VERSIONS } from '../../../src/kernel/versions.ts';
import { timerPending } from '../../../src/kernel/time/timer-base.ts';
import { attributesOf, FakeMachine } from '../../support/fake-arch.ts';

const [A, B, C] = [2, 3, 4];
const TICK = 4_000_000;

let fired: { timer: number; jiffy: Jiffies; cpu: CpuId }[];
let onFire: TimerCallback;
let machine: FakeMachine;

beforeEach(() => {
  fired = [];
  onFire = () => undefined;
  machine = newMachine();
});

function newMachine(decisions = {}, config: Partial<KernelConfig> = {}): FakeMachine {
  const note: TimerCallback = (cpu, data) => {
    fired.push({ timer: data, jiffy: cpu.image.jiffies.jiffies, cpu: cpu.id });
    onFire(cpu, data);
  };
  const made = new FakeMachine(2, Array.from({ length: 4 }, () => attributesOf()), { timers: [note, note, note, note], decisions, config });
  made.as(0, (cpu) => { for (let timer = 0; timer < 6; timer++) timerSetup(cpu, timer, TimerFunction.Callback, timer); });
  return made;
}

const on0 = <T>(what: (cpu: KernelCpu) => T): T => machine.as(0, what);

/** Jiffies go on to `to`, one by one, and each tick looks at the wheels of that CPU. */
function runTo(to: Jiffies, cpu: CpuId = 0): void {
  for (let now = machine.image.jiffies.jiffies + 1; now <= to; now++) tickAt(now, cpu);
}
function tickAt(now: Jiffies, cpu: CpuId = 0): void {
  setJiffies(now);
  machine.as(cpu, (k) => {
    runLocalTimers(k);
    if ((k.state.softirqPending & (1 << SoftirqVec.Timer)) === 0) return;
    k.state.softirqPending = 0;
    runTimerSoftirq(k);
  });
}
function setJiffies(now: Jiffies): void {
  machine.memory.runAs(-1, 2);
  machine.image.jiffies.jiffies = now;
}
const order = (): number[] => fired.map(({ timer }) => timer);

describe('a wheel timer', () => {
  test('is run with the jiffy behind its expiry', () => {
    on0((cpu) => addTimer(cpu, A, 10));
    runTo(20);
    expect(fired).toEqual([{ timer: A, jiffy: 11, cpu: 0 }]);
    expect(on0((cpu) => timerPending(cpu.image.timerLists[A]!))).toBe(false);
  });

  test('runs before an earlier queued one of its bucket', () => {
    on0((cpu) => [A, B, C].forEach((timer) => addTimer(cpu, timer, 10)));
    runTo(11);
    expect(order()).toEqual([C, B, A]);
  });

  test('of a coarser level runs before those of finer ones that are due with it', () => {
    const due = on0((cpu) => {
      addTimer(cpu, A, 100);
      const { expires } = cpu.image.timerLists[A]!;
      return Math.ceil((expires + 1 + cpu.wheel.origin) / 8) * 8 - cpu.wheel.origin;
    });
    runTo(due - 2);
    on0((cpu) => addTimer(cpu, B, due - 1));
    runTo(due);
    expect(fired.map(({ timer, jiffy }) => [timer, jiffy])).toEqual([[A, due], [B, due]]);
  });

  test('that its own function puts up for now comes with the next jiffy', () => {
    onFire = (cpu, timer) => { if (fired.length < 3) addTimer(cpu, timer, cpu.image.jiffies.jiffies); };
    on0((cpu) => addTimer(cpu, A, 5));
    runTo(20);
    expect(fired.map(({ jiffy }) => jiffy)).toEqual([6, 7, 8]);
  });

  test('that is moved within its bucket keeps its place', () => {
    on0((cpu) => addTimer(cpu, A, 100));
    const starts = machine.archs[0]!.fieldsOf('timer_start').length;
    const { bucket } = machine.image.timerLists[A]!;
    const near = [99, 101].find((expires) => on0((cpu) => {
      modTimer(cpu, A, expires);
      return cpu.image.timerLists[A]!.bucket === bucket;
    }));
    expect(near).toBeDefined();
    expect(machine.archs[0]!.fieldsOf('timer_start').length - starts).toBeLessThanOrEqual(1);
  });

  test('that is deleted never runs, and leaves its wheel looking anew for what is first', () => {
    on0((cpu) => {
      addTimer(cpu, A, 10);
      expect(timerDelete(cpu, A)).toBe(true);
      expect(timerDelete(cpu, A)).toBe(false);
      expect(cpu.image.timerBases[0]!.nextExpiryRecalc).toBe(1);
    });
    expect(on0((cpu) => getNextTimerInterrupt(cpu, 0, 0))).toBe(KTIME_MAX);
    runTo(30);
    expect(fired).toEqual([]);
  });

  test('cannot be deleted for good while its function executes', () => {
    let answer = 0;
    onFire = (cpu, timer) => { answer = tryToDelTimerSync(cpu, timer); };
    on0((cpu) => addTimer(cpu, A, 1));
    runTo(2);
    expect(answer).toBe(-1);
    expect(on0((cpu) => tryToDelTimerSync(cpu, A))).toBe(0);
  });

  test('that is about to run can still be deleted by the one before it', () => {
    onFire = (cpu) => { timerDelete(cpu, A); };
    on0((cpu) => [A, B].forEach((timer) => addTimer(cpu, timer, 10)));
    runTo(30);
    expect(order()).toEqual([B]);
  });

  test('goes to another CPU’s wheel and is run there', () => {
    on0((cpu) => addTimerOn(cpu, A, 1, 10));
    runTo(15);
    expect(fired).toEqual([]);
    tickAt(16, 1);
    expect(fired).toEqual([{ timer: A, jiffy: 16, cpu: 1 }]);
  });

  test('may go to another CPU from its own function, as the watchdog of clock sources does', () => {
    onFire = (cpu, timer) => { if (cpu.id === 0 && fired.length === 1) addTimerOn(machine.cpus[0]!, timer, 1, 20); };
    on0((cpu) => addTimer(cpu, A, 1));
    runTo(2);
    expect(machine.image.timerLists[A]!.flags & 1).toBe(1);
  });
});

describe('a timer that is bound to no CPU, where versions before 6.9 push', () => {
  const pushing = (nohz: boolean): void => {
    machine = newMachine({}, { version: KERNEL_VERSIONS.find(({ name }) => name === '6.1')!, nohz });
    on0((cpu) => { cpu.image.nohz.active = nohz ? 1 : 0; });
    machine.as(1, (cpu) => { cpu.state.online = 1; });
  };
  const cpuOf = (timer: number): CpuId => machine.image.timerLists[timer]!.flags & 0x3_ffff;
  /** Something runs on CPU 1. */
  const occupy1 = (): void => machine.as(1, (cpu) => {
    lockRq(cpu);
    cpu.rq.nrRunning = 1;
    unlockRq(cpu);
  });

  test('goes to a CPU that is awake when this one is idle', () => {
    pushing(true);
    occupy1();
    on0((cpu) => addTimer(cpu, A, 10));
    expect(cpuOf(A)).toBe(1);
  });

  test('stays where all sleep, where ticks never stop, and where it is bound', () => {
    pushing(true);
    on0((cpu) => addTimer(cpu, A, 10));
    expect(cpuOf(A)).toBe(0);
    occupy1();
    on0((cpu) => {
      timerSetup(cpu, B, TimerFunction.Callback, B, TIMER_PINNED);
      addTimer(cpu, B, 10);
    });
    expect(cpuOf(B)).toBe(0);
    pushing(false);
    occupy1();
    on0((cpu) => addTimer(cpu, A, 10));
    expect(cpuOf(A)).toBe(0);
  });

  test('stays where its own function puts it up again', () => {
    pushing(true);
    onFire = (cpu, timer) => addTimer(cpu, timer, 30);
    on0((cpu) => addTimer(cpu, A, 10));
    occupy1();
    tickAt(11);
    expect(cpuOf(A)).toBe(0);
  });
});

describe('a task’s timeout', () => {
  test('is queued for so many jiffies', () => {
    on0((cpu) => scheduleTimeout(cpu, A, 25));
    const { expires, function: fn, data } = machine.image.timerLists[A]!;
    expect([expires, fn, data]).toEqual([25, TimerFunction.ProcessTimeout, A]);
  });
});

describe('the wheel’s clock', () => {
  test('is brought up to date before a timer is placed, so that a near one is placed finely', () => {
    setJiffies(5_000);
    on0((cpu) => addTimer(cpu, A, 5_010));
    expect(machine.image.timerBases[0]!.clk).toBe(5_000);
    tickAt(5_011);
    expect(fired).toHaveLength(1);
  });

  test('never passes a bucket that is still to be run', () => {
    on0((cpu) => addTimer(cpu, A, 10));
    setJiffies(40);
    on0((cpu) => addTimer(cpu, B, 50));
    expect(machine.image.timerBases[0]!.clk).toBe(11);
    tickAt(41);
    expect(order()).toEqual([A]);
  });

  test('left behind, as Linux did until 4.13, makes a near timer late (B-52)', () => {
    machine = newMachine({ keepsWheelClock: true });
    setJiffies(5_000);
    on0((cpu) => addTimer(cpu, A, 5_010));
    for (let now = 5_001; now <= 5_011; now++) tickAt(now);
    expect(fired).toEqual([]);
  });

  test('is one ahead while functions run, and falls back where it only looks at jiffies, as Linux did until 5.8 (B-53)', () => {
    machine = newMachine({ rewindsWheelClock: true });
    onFire = (cpu, timer) => { if (fired.length === 1) addTimer(cpu, timer, 40); };
    on0((cpu) => addTimer(cpu, A, 10));
    tickAt(11);
    expect(machine.archs[0]!.fieldsOf('timer_base').map((fields) => fields[6])).toEqual([0, 12, 12, 11, 11, 11]);
  });
});

describe('a CPU that goes to sleep', () => {
  test('is told of the first timer, and counts as idle only if that is more than a tick away', () => {
    on0((cpu) => addTimer(cpu, A, 10));
    expect(on0((cpu) => timerBaseTryToSetIdle(cpu, 10, 10 * TICK))).toBe(11 * TICK);
    expect(on0(timerBaseIsIdle)).toBe(false);
    expect(on0((cpu) => timerBaseTryToSetIdle(cpu, 5, 5 * TICK))).toBe(11 * TICK);
    expect(on0(timerBaseIsIdle)).toBe(true);
    on0(timerClearIdle);
    expect(on0(timerBaseIsIdle)).toBe(false);
  });

  test('is told of a timer that is overdue as of now', () => {
    on0((cpu) => addTimer(cpu, A, 10));
    expect(on0((cpu) => getNextTimerInterrupt(cpu, 30, 30 * TICK))).toBe(30 * TICK);
  });

  test('is never told of what may wait until it is awake', () => {
    on0((cpu) => {
      timerSetup(cpu, A, TimerFunction.Callback, A, TIMER_DEFERRABLE);
      addTimer(cpu, A, 10);
    });
    expect(on0((cpu) => getNextTimerInterrupt(cpu, 0, 0))).toBe(KTIME_MAX);
    tickAt(400);
    expect(order()).toEqual([A]);
  });
});

test('the wheel runs each timer exactly when a plain list of all timers says so', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('arm' as const), timer: fc.integer({ min: 0, max: 5 }), delta: fc.oneof(fc.nat(70), fc.nat(5_000)) }),
    fc.record({ kind: fc.constant('delete' as const), timer: fc.integer({ min: 0, max: 5 }) }),
    fc.record({ kind: fc.constant('pass' as const), jiffies: fc.integer({ min: 1, max: 700 }) }),
  );
  fc.assert(fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
    fired = [];
    machine = newMachine();
    const twin = new Map<number, Jiffies>();
    const expected: [number, Jiffies][] = [];
    for (const s of steps) {
      const now = machine.image.jiffies.jiffies;
      if (s.kind === 'delete') {
        expect(on0((cpu) => timerDelete(cpu, s.timer))).toBe(twin.delete(s.timer));
      } else if (s.kind === 'arm') {
        on0((cpu) => modTimer(cpu, s.timer, now + s.delta));
        twin.set(s.timer, machine.archs[0]!.fieldsOf('timer_start').findLast(([timer]) => timer === s.timer)![3]!);
      } else {
        for (let jiffy = now + 1; jiffy <= now + s.jiffies; jiffy++) {
          tickAt(jiffy);
          for (const [timer, due] of [...twin]) if (due <= jiffy && twin.delete(timer)) expected.push([timer, jiffy]);
        }
      }
    }
    const sorted = (list: readonly (readonly number[])[]) => [...list].sort((a, b) => a[1]! - b[1]! || a[0]! - b[0]!);
    expect(sorted(fired.map(({ timer, jiffy }) => [timer, jiffy]))).toEqual(sorted(expected));
  }), { numRuns: 150 });
});
