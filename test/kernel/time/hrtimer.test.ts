import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { ClockId } from '../../../shared/structs/timekeeper.ts';
import { HrtimerMode, HrtimerState } from '../../../shared/structs/hrtimer.ts';
import { KTIME_MAX, NONE, type Ns, type TimerId } from '../../../shared/units.ts';
import type { HrtimerCallback, KernelCpu } from '../../../src/kernel/kernel-cpu.ts';
import { lockCpuBase, unlockCpuBase } from '../../../src/kernel/time/hrtimer-base.ts';
import {
  hrtimerCancel, hrtimerForward, hrtimerForwardNow, hrtimerInit, hrtimerStart,
} from '../../../src/kernel/time/hrtimer.ts';
import { hrtimerInterrupt, hrtimerRunQueues, hrtimerSwitchToHres } from '../../../src/kernel/time/hrtimer-interrupt.ts';
import { timerqueueInOrder } from '../../../src/kernel/time/hrtimer-queue.ts';
import { DeviceId } from '../../../src/kernel/time/clockevents.ts';
import { attributesOf, FakeMachine } from '../../support/fake-arch.ts';
import { oneshotLapic } from '../../support/tick-device.ts';

const A: TimerId = 1;
const B: TimerId = 2;
const C: TimerId = 3;
const D: TimerId = 4;

/** What the timers call: notes who fired and when; a test may make it do more. */
let fired: { timer: TimerId; at: Ns }[];
let onFire: HrtimerCallback;
let machine: FakeMachine;

beforeEach(() => {
  fired = [];
  onFire = () => false;
  machine = newMachine();
});

function newMachine(): FakeMachine {
  const note: HrtimerCallback = (cpu, timer, id) => {
    fired.push({ timer: id, at: cpu.arch.schedClock() });
    return onFire(cpu, timer, id);
  };
  const made = new FakeMachine(1, Array.from({ length: 6 }, () => attributesOf()), { functions: [note, note, note] });
  oneshotLapic(made);
  made.as(0, (cpu) => {
    hrtimerSwitchToHres(cpu);
    for (const timer of [A, B, C, D]) hrtimerInit(cpu, timer, ClockId.Monotonic, HrtimerMode.Abs, 0, 0);
  });
  return made;
}
/** Lets the CPU do something at an instant. */
function at<T>(now: Ns, what: (cpu: KernelCpu) => T): T {
  machine.setClock(now);
  return machine.as(0, what);
}
function start(timer: TimerId, softexpires: Ns, expires = softexpires): void {
  machine.as(0, (cpu) => hrtimerStart(cpu, timer, softexpires, expires, HrtimerMode.Abs));
}
const names = (): TimerId[] => fired.map(({ timer }) => timer);
const armed = (): readonly number[] => machine.archs[0]!.armed;

describe('hrtimer_forward', () => {
  const timer = (): KernelCpu['image']['timers'][number] => machine.image.timers[A]!;

  test('leaves a timer alone that is still to come', () => {
    timer().expires = 100;
    expect([hrtimerForward(timer(), 99, 10), timer().expires]).toEqual([0, 100]);
  });

  test('moves both ends by the fewest intervals that lead past now, and counts them', () => {
    fc.assert(fc.property(fc.nat(1e9), fc.nat(1e9), fc.integer({ min: 1, max: 1e7 }), fc.nat(1e6), (expires, late, interval, slack) => {
      Object.assign(timer(), { expires, softexpires: Math.max(0, expires - slack) });
      const soft = timer().softexpires;
      const now = expires + late;
      const overruns = hrtimerForward(timer(), now, interval);
      expect(timer().expires).toBe(expires + overruns * interval);
      expect(timer().softexpires).toBe(soft + overruns * interval);
      expect(timer().expires).toBeGreaterThan(now);
      expect(timer().expires - interval).toBeLessThanOrEqual(now);
    }));
  });

  test('takes no interval for shorter than a tick while the resolution is low', () => {
    Object.assign(timer(), { expires: 0, softexpires: 0 });
    const overruns = at(9_000_000, (cpu) => {
      lockCpuBase(cpu, 0);
      cpu.hrtimers.hresActive = 0;
      unlockCpuBase(cpu, 0);
      return hrtimerForwardNow(cpu, timer(), 1_000_000);
    });
    expect([overruns, timer().expires]).toEqual([3, 12_000_000]);
  });
});

describe('the device', () => {
  test('is armed for the first timer, and again only for one that is earlier', () => {
    at(1_000, () => start(A, 50_000));
    start(B, 60_000);
    expect(armed()).toEqual([49_000]);
    start(C, 20_000);
    expect(armed()).toEqual([49_000, 19_000]);
    expect(machine.cpus[0]!.hrtimers.expiresNext).toBe(20_000);
  });

  test('is left alone by a timer that expires with the first', () => {
    at(1_000, () => start(A, 50_000));
    start(B, 50_000);
    expect(armed()).toEqual([49_000]);
  });

  test('is armed for the hard end of a range', () => {
    at(1_000, () => start(A, 50_000, 90_000));
    expect(armed()).toEqual([89_000]);
  });

  test('is armed for what comes next when the first timer is cancelled, and not for another that is', () => {
    at(1_000, () => start(A, 50_000));
    start(B, 60_000);
    start(C, 70_000);
    expect(machine.as(0, (cpu) => hrtimerCancel(cpu, C))).toBe(true);
    expect(armed()).toEqual([49_000]);
    machine.as(0, (cpu) => hrtimerCancel(cpu, A));
    expect(armed()).toEqual([49_000, 59_000]);
    expect(machine.as(0, (cpu) => hrtimerCancel(cpu, A))).toBe(false);
  });

  test('is left alone in low resolution, but the first expiry is known', () => {
    const low = new FakeMachine(1, [attributesOf()]);
    low.as(0, (cpu) => {
      hrtimerInit(cpu, A, ClockId.Monotonic, HrtimerMode.Abs, 0, 0);
      hrtimerStart(cpu, A, 50_000, 50_000, HrtimerMode.Abs);
    });
    expect([low.archs[0]!.armed, low.cpus[0]!.hrtimers.expiresNext]).toEqual([[], 50_000]);
  });

  test('is forced to the least distance for a timer that is due already', () => {
    at(80_000, () => start(A, 50_000));
    expect(armed()).toEqual([1_000]);
  });

  test('is left alone by a first timer that is started again for the same instant', () => {
    at(1_000, () => start(A, 50_000));
    start(A, 50_000);
    expect(armed()).toEqual([49_000]);
  });

  test('moves with a timer that is started again', () => {
    at(1_000, () => start(A, 50_000));
    start(A, 30_000);
    expect([armed().at(-1), timerqueueInOrder(machine.image, 0).length]).toEqual([29_000, 1]);
  });
});

describe('hrtimer_interrupt', () => {
  test('runs what is due in the order of hard expiry, equals first-in first-out, and arms for the rest', () => {
    start(B, 2_000);
    start(A, 1_000);
    start(D, 2_000);
    start(C, 90_000);
    at(2_500, hrtimerInterrupt);
    expect(names()).toEqual([A, B, D]);
    expect(armed().at(-1)).toBe(87_500);
    expect(machine.cpus[0]!.hrtimers.nrEvents).toBe(1);
  });

  test('takes a timer along whose range has begun, once it stands at the head', () => {
    start(A, 10_000, 50_000);
    start(B, 20_000, 100_000);
    start(C, 60_000, 110_000);
    at(55_000, hrtimerInterrupt);
    expect(names()).toEqual([A, B]);
  });

  test('does not look behind a head that is not due, whoever stands there', () => {
    start(A, 60_000, 110_000);
    start(B, 10_000, 200_000);
    at(55_000, hrtimerInterrupt);
    expect(names()).toEqual([]);
    expect(armed().at(-1)).toBe(55_000);
  });

  test('finds nothing due after an event that was clamped, and arms for the rest of the way', () => {
    at(0, () => start(A, 5_000_000_000));
    at(0x7fffffff, hrtimerInterrupt);
    expect([names(), armed()]).toEqual([[], [0x7fffffff, 0x7fffffff]]);
    at(2 * 0x7fffffff, hrtimerInterrupt);
    expect(armed().at(-1)).toBe(5_000_000_000 - 2 * 0x7fffffff);
  });

  test('leaves the device disarmed when the queue is empty', () => {
    start(A, 1_000);
    const before = armed().length;
    at(1_000, hrtimerInterrupt);
    const { hrtimers, lapic } = machine.cpus[0]!;
    expect([armed().length - before, hrtimers.expiresNext, lapic.nextEvent]).toEqual([0, KTIME_MAX, KTIME_MAX]);
  });

  test('queues a timer again that moved its expiry forward', () => {
    onFire = (cpu, timer) => hrtimerForward(timer, cpu.arch.schedClock(), 7_000) > 0;
    start(A, 1_000);
    at(9_000, hrtimerInterrupt);
    expect([names(), machine.image.timers[A]!.expires, armed().at(-1)]).toEqual([[A], 15_000, 6_000]);
  });

  test('does not touch the device for a timer that a callback starts, and arms for it at the end', () => {
    onFire = () => {
      start(B, 3_000);
      expect(armed()).toHaveLength(1);
      return false;
    };
    start(A, 2_000);
    at(2_000, hrtimerInterrupt);
    expect([armed().length, armed()[1], machine.cpus[0]!.hrtimers.expiresNext]).toEqual([2, 1_000, 3_000]);
  });

  test('keeps a timer where a callback started it anew, whatever it returns', () => {
    onFire = () => {
      start(A, 8_000);
      return true;
    };
    start(A, 2_000);
    at(2_000, hrtimerInterrupt);
    expect([timerqueueInOrder(machine.image, 0).length, machine.image.timers[A]!.expires]).toEqual([1, 8_000]);
  });

  test('names the running timer to others, and nobody afterwards', () => {
    onFire = (cpu, timer) => {
      expect([cpu.hrtimers.running(0), timer.state]).toEqual([A, HrtimerState.Inactive]);
      return false;
    };
    start(A, 2_000);
    at(2_000, hrtimerInterrupt);
    expect(machine.cpus[0]!.hrtimers.running(0)).toBe(NONE);
  });
});

describe('hrtimer_interrupt on the global device', () => {
  test('takes that device’s event for over, not the lapic’s', () => {
    machine.as(0, (cpu) => {
      cpu.tick.device = DeviceId.Pit;
      cpu.lapic.nextEvent = 77_000;
      cpu.image.globalDevices[0]!.nextEvent = 1_000;
      hrtimerInterrupt(cpu);
      expect([cpu.image.globalDevices[0]!.nextEvent, cpu.lapic.nextEvent]).toEqual([KTIME_MAX, 77_000]);
    });
  });
});

describe('an interrupt that does not catch up', () => {
  /** Each callback takes so long that the next expiry is over when it returns. */
  const slow = (ns: Ns): HrtimerCallback => (_, timer) => {
    hrtimerForward(timer, machine.archs[0]!.clock, 1_000);
    machine.archs[0]!.clock += ns;
    return true;
  };

  test('makes one more pass when a timer came due meanwhile', () => {
    start(A, 1_000);
    start(B, 4_000);
    onFire = (cpu, timer) => (timer.expires === 1_000 ? slow(5_000)(cpu, timer, A) : false);
    at(1_000, hrtimerInterrupt);
    const { nrRetries, nrHangs } = machine.cpus[0]!.hrtimers;
    expect([names(), nrRetries, nrHangs]).toEqual([[A, A, B], 1, 0]);
  });

  test('gives up after three passes and lets the machine breathe for as long as they took', () => {
    onFire = slow(1_500);
    start(A, 1_000);
    at(1_000, hrtimerInterrupt);
    const { nrRetries, nrHangs, hangDetected } = machine.cpus[0]!.hrtimers;
    expect([names().length, nrRetries, nrHangs, hangDetected, armed().at(-1)]).toEqual([3, 3, 1, 1, 4_500]);
  });

  test('does not pause for more than 100 ms', () => {
    onFire = slow(70_000_000);
    start(A, 1_000);
    at(1_000, hrtimerInterrupt);
    expect(armed().at(-1)).toBe(100_000_000);
  });

  test('lets no new timer arm the device during the pause, and an interrupt in time ends it', () => {
    onFire = slow(1_500);
    start(A, 1_000);
    at(1_000, hrtimerInterrupt);
    const during = armed().length;
    start(B, 6_000);
    expect(armed()).toHaveLength(during);
    onFire = () => false;
    at(10_000, hrtimerInterrupt);
    expect(machine.cpus[0]!.hrtimers.hangDetected).toBe(0);
    start(C, 20_000);
    expect(armed().at(-1)).toBe(10_000);
  });
});

describe('hrtimer_run_queues', () => {
  test('lets the tick run what is due while the resolution is low, and nothing after the switch', () => {
    const note: HrtimerCallback = (cpu) => {
      fired.push({ timer: A, at: cpu.arch.schedClock() });
      return false;
    };
    const low = new FakeMachine(1, [attributesOf()], { functions: [note] });
    low.as(0, (cpu) => {
      hrtimerInit(cpu, A, ClockId.Monotonic, HrtimerMode.Abs, 0, 0);
      hrtimerStart(cpu, A, 3_000_000, 3_000_000, HrtimerMode.Abs);
      hrtimerRunQueues(cpu);
      low.setClock(4_000_000);
      hrtimerRunQueues(cpu);
    });
    expect(fired).toEqual([{ timer: A, at: 4_000_000 }]);
    start(A, 5_000);
    at(9_000, hrtimerRunQueues);
    expect(fired).toHaveLength(1);
  });

  test('arms the device for what is queued at the switch to high resolution', () => {
    const late = new FakeMachine(1, [attributesOf()]);
    oneshotLapic(late);
    late.as(0, (cpu) => {
      hrtimerInit(cpu, A, ClockId.Monotonic, HrtimerMode.Abs, 0, 0);
      hrtimerStart(cpu, A, 3_000, 3_000, HrtimerMode.Abs);
      hrtimerSwitchToHres(cpu);
    });
    expect(late.archs[0]!.armed).toEqual([3_000]);
  });
});
