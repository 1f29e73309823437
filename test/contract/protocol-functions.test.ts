/**
 * Protocol functions keep no heap state: what a CPU knows between two calls lies in shared memory. So
 * two kernel objects of one CPU, used in turn, leave the same memory and say the same as one alone.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ClockId } from '../../shared/structs/timekeeper.ts';
import { HrtimerMode } from '../../shared/structs/hrtimer.ts';
import { TaskState, VtimeState } from '../../shared/structs/task.ts';
import { NONE } from '../../shared/units.ts';
import type { KernelCpu } from '../../src/kernel/kernel-cpu.ts';
import { cputimeAdjust } from '../../src/kernel/sched/cputime-adjust.ts';
import { newTaskCputime, taskCputime } from '../../src/kernel/sched/cputime-read.ts';
import { kcpustatCpuFetch } from '../../src/kernel/sched/kcpustat-read.ts';
import { vtimeUserEnter, vtimeUserExit } from '../../src/kernel/sched/vtime.ts';
import { lockObject, unlockObject, waitQueueAppend, waitQueueShift } from '../../src/kernel/syscalls/wait-queue.ts';
import { hrtimerCancel, hrtimerInit, hrtimerStart } from '../../src/kernel/time/hrtimer.ts';
import { hrtimerInterrupt, hrtimerSwitchToHres } from '../../src/kernel/time/hrtimer-interrupt.ts';
import { tickDoUpdateJiffies64, tickSchedDoTimer } from '../../src/kernel/time/jiffies.ts';
import { ktimeGet } from '../../src/kernel/time/timekeeping.ts';
import { updateWallTime } from '../../src/kernel/time/timekeeping-update.ts';
import { attributesOf, type FakeMachine } from '../support/fake-arch.ts';
import { oneshotLapic } from '../support/tick-device.ts';
import { switchTo, trackedMachine } from '../support/tracked.ts';

const TASKS = 4;
const FIRST = 1;
const TIMERS = 1 + 2 * (FIRST + TASKS);

function newMachine(): FakeMachine {
  const never = (): boolean => false;
  const machine = trackedMachine(1, Array.from({ length: TASKS }, () => attributesOf()), {
    functions: [never, never, never], syncObjects: 1, tscHz: 2_893_201_337,
  });
  oneshotLapic(machine);
  machine.as(0, (cpu) => {
    for (let timer = 0; timer < TIMERS; timer++) hrtimerInit(cpu, timer, ClockId.Monotonic, HrtimerMode.Abs, 0, 0);
    hrtimerSwitchToHres(cpu);
    switchTo(cpu, FIRST);
    const object = lockObject(cpu, 0);
    object.waitHead = NONE;
    unlockObject(cpu, 0);
  });
  return machine;
}

/** A look at everything that a reader may ask for. */
function lookAround(cpu: KernelCpu): unknown {
  const time = newTaskCputime();
  const stat = new Float64Array(10);
  const pair = { rtime: 0, utime: 0, stime: 0, turn: 0 };
  const running = taskCputime(cpu, cpu.curr, 'complete', time);
  kcpustatCpuFetch(cpu, 0, 'complete', stat, 0);
  cputimeAdjust(cpu, cpu.curr, time.utime, time.stime, time.clock, pair);
  return [running, time, [...stat], pair, ktimeGet(cpu)];
}

function wait(cpu: KernelCpu, n: number): void {
  const object = lockObject(cpu, 0);
  const task = FIRST + (n % TASKS);
  if (n % 3 === 0) waitQueueShift(cpu, object);
  else if (cpu.image.tasks[task]!.state !== TaskState.Sleeping) waitQueueAppend(cpu, object, task);
  unlockObject(cpu, 0);
}

/** By turns in user mode, in the kernel, and another task. */
function edge(cpu: KernelCpu, n: number): void {
  const { state } = cpu.image.vtimes[cpu.curr]!;
  if (state === VtimeState.User) vtimeUserExit(cpu, cpu.curr);
  else if (n % 2 === 0) vtimeUserEnter(cpu, cpu.curr);
  else switchTo(cpu, FIRST + (cpu.curr - FIRST + 1) % TASKS);
}

const timerOf = (n: number): number => n % TIMERS;
const operations: readonly ((cpu: KernelCpu, n: number) => unknown)[] = [
  edge,
  lookAround,
  wait,
  (cpu) => updateWallTime(cpu),
  (cpu) => tickDoUpdateJiffies64(cpu, ktimeGet(cpu)),
  (cpu) => tickSchedDoTimer(cpu, ktimeGet(cpu)),
  (cpu, n) => hrtimerStart(cpu, timerOf(n), cpu.arch.schedClock() + n, cpu.arch.schedClock() + n, HrtimerMode.Abs),
  (cpu, n) => hrtimerCancel(cpu, timerOf(n)),
  (cpu) => hrtimerInterrupt(cpu),
];
const call = fc.record({
  op: fc.nat(operations.length - 1), n: fc.nat(9_000), step: fc.nat(3_000_000), other: fc.boolean(),
});

/** Every cell of the machine. */
const cells = (machine: FakeMachine): Int32Array => (machine.memory as unknown as { words: Int32Array }).words;

describe('protocol functions', () => {
  test('keep nothing to themselves: two kernel objects used in turn are one', () => {
    fc.assert(fc.property(fc.array(call, { minLength: 5, maxLength: 60, size: 'max' }), (calls) => {
      const alone = newMachine();
      const both = newMachine();
      const second = both.kernelOf(0);
      for (const { op, n, step, other } of calls) {
        alone.archs[0]!.clock += step;
        both.archs[0]!.clock += step;
        const said = alone.as(0, (cpu) => operations[op]!(cpu, n));
        expect(both.as(0, (cpu) => operations[op]!(other ? second : cpu, n))).toEqual(said);
      }
      expect(Buffer.from(cells(both).buffer).equals(Buffer.from(cells(alone).buffer))).toBe(true);
    }), { numRuns: 60 });
  });
});
