/**
 * A task falls asleep on the CPU clock of its process while another thread's tick finds the timer due
 * (`src/kernel/time/posix-cpu-nsleep.ts`, `posix-cpu-expiry.ts`), and while a signal may come: it wakes in any case, and leaves
 * no timer behind.
 *
 *      CPU 0 (sleeper)                        CPU 1 (another thread)              CPU 2
 *      lock: due at 50; asleep; unlock
 *                                             tick: 1000 >= 50; marks the timer
 *                                                                                 a signal: wakes it
 *      lock: takes the timer away, and
 *        the mark; unlock
 *                                             lock: no mark: fires nothing
 */
import type { Memory } from '../../shared/memory/memory.ts';
import { CallQueue, MessageKind, Rq } from '../../shared/structs/cpu.ts';
import { PosixCputimers } from '../../shared/structs/posix-cpu-timers.ts';
import { PosixTimer, Signal, SignalBit, Signals } from '../../shared/structs/signal.ts';
import { Task, TaskState } from '../../shared/structs/task.ts';
import { ClockId } from '../../shared/structs/timekeeper.ts';
import { KTIME_MAX, NONE, type CpuId, type TaskId } from '../../shared/units.ts';
import { model, type Model, type ModelThread } from '../explore/model.ts';
import { exhaustive } from '../explore/source-sets.ts';
import { everyStateWithin } from '../explore/state-walk.ts';
import type { KernelCpu } from '../kernel/kernel-cpu.ts';
import { schedTtwuPending } from '../kernel/sched/wakeup.ts';
import { sendSignal } from '../kernel/signal.ts';
import { Outcome } from '../kernel/syscalls/outcome.ts';
import { CpuClock } from '../kernel/time/posix-cpu-clock.ts';
import { handlePosixCpuTimers, runPosixCpuTimers } from '../kernel/time/posix-cpu-expiry.ts';
import { processCpuNsleep } from '../kernel/time/posix-cpu-nsleep.ts';
import type { Catalogued } from './catalogued.ts';
import { machineCells } from './machine-cells.ts';
import { NO_WORKLOAD, modelCpu } from './model-arch.ts';
import { aside, heldBack, tampered } from './tampered-memory.ts';

const { map, plan } = machineCells({ cpus: 3, tasks: 5, processes: 1, posixTimers: 1 });
const SLEEPER: TaskId = 3;
const OTHER: TaskId = 4;
const WORKLOAD = {
  ...NO_WORKLOAD,
  processes: [{ name: 'p', threads: [SLEEPER, OTHER], waits: false, age: { utime: 0, stime: 0 } }],
  processOf: [0, 0],
  posixTimers: [{ clock: ClockId.ProcessCputime, absolute: false, wakes: true as const }],
};

const timerCell = (field: keyof typeof PosixTimer.at): number => map.at.posixTimer + PosixTimer.at[field];
const signalCell = (field: keyof typeof Signals.at): number => map.at.signals + SLEEPER * Signals.bytes + Signals.at[field];
const STATE = map.at.task + SLEEPER * Task.bytes + Task.at.state;
const NEXTEVT = map.at.posixCputimers + PosixCputimers.at.nextevt + 8 * CpuClock.Sched;
const ACTIVE = map.at.posixCputimers + PosixCputimers.at.timersActive;
/** Messages that bring the sleeper back. */
const MAIL = map.at.callQueue + CallQueue.at.bell;

/** The timer, who looks for it, and whether the task sleeps: all else is the CPU's own, or says nothing here. */
const SHARED = new Set<number>([
  ...(['lock', 'owner', 'clock', 'expires', 'armed', 'firing'] as const).map(timerCell), signalCell('pending'), signalCell('interruptible'),
  map.at.posixCputimers + PosixCputimers.at.lock, NEXTEVT, ACTIVE, STATE, MAIL,
]);

type Tamper = (memory: Memory) => Memory;
const honest: Tamper = (memory) => memory;

interface Parts {
  /** A signal comes, whenever. */
  readonly signal?: boolean;
  readonly sleeper?: Tamper;
}

function ownCells(memory: Memory): void {
  for (const [id, task] of [SLEEPER, OTHER, 2].entries()) {
    Rq.view(memory, map.at.rq + id * Rq.bytes).curr = task;
    const record = Task.view(memory, map.at.task + task * Task.bytes);
    record.cpu = id;
    record.onCpu = 1;
    record.listed = 1;
    memory.storeLong(map.at.signals + task * Signals.bytes + Signals.at.nextevt, KTIME_MAX);
  }
  const pct = PosixCputimers.view(memory, map.at.posixCputimers);
  pct.setNextevt(CpuClock.Prof, KTIME_MAX);
  pct.setNextevt(CpuClock.Virt, KTIME_MAX);
}

function kernelOf(memory: Memory, id: CpuId): KernelCpu {
  const { cpu, arch } = modelCpu(aside(memory, (at) => !SHARED.has(at), ownCells), id, {
    map, tickNs: 4_000_000, config: { workload: WORKLOAD },
  });
  Object.assign(arch, { send: (_to: CpuId, kind: MessageKind) => void (kind === MessageKind.Signal ? 0 : memory.add(MAIL, 1)) });
  return cpu;
}

function sleep(memory: Memory): void {
  const cpu = kernelOf(memory, 0);
  const regs = cpu.image.regs[SLEEPER]!;
  regs.argB = 50;
  if (processCpuNsleep(cpu, SLEEPER, regs) === Outcome.Done) return;
  while (memory.load(MAIL) === 0) memory.relax();
  schedTtwuPending(cpu, SLEEPER);
  processCpuNsleep(cpu, SLEEPER, regs);
}

/** The thread's tick, once there is a timer, and its way to user mode. */
function tick(memory: Memory): void {
  const cpu = kernelOf(memory, 1);
  while (memory.loadLong(NEXTEVT) === KTIME_MAX) memory.relax();
  cpu.image.tasks[OTHER]!.sumExecRuntime = 1_000;
  runPosixCpuTimers(cpu);
  if (cpu.image.signals[OTHER]!.cputimerWork !== 0) handlePosixCpuTimers(cpu, OTHER);
}

function setUp(memory: Memory): void {
  memory.store(timerCell('owner'), NONE);
  memory.store(STATE, TaskState.Running);
  memory.store(ACTIVE, 1);
  memory.storeLong(NEXTEVT, KTIME_MAX);
}

function sleeps(name: string, { signal = false, sleeper = honest }: Parts = {}): Model {
  const sender: ModelThread[] = signal
    ? [{ name: 'CPU2', run: (memory) => sendSignal(kernelOf(memory, 2), SLEEPER, SignalBit.Alarm, Signal.Alarm) }]
    : [];
  return model({
    name,
    cells: plan,
    setUp,
    threads: [
      { name: 'CPU0', run: (memory: Memory) => sleep(sleeper(memory)) },
      { name: 'CPU1', run: (memory: Memory) => tick(memory) },
      ...sender,
    ],
    check: ({ memory }) => {
      const left = [memory.load(timerCell('armed')), memory.load(timerCell('firing')), memory.loadLong(timerCell('expires'))];
      const isLeft = memory.load(timerCell('owner')) !== NONE || left.some((value) => value !== 0);
      return isLeft ? `the timer is left: ${left} (armed, firing, expires)` : undefined;
    },
  });
}

/** It is asleep only when it has let go of the timer. */
const asleepLate: Tamper = (memory) => heldBack(memory, STATE, timerCell('lock'), (state) => state === TaskState.Sleeping);
/** Whoever has found the timer due is not told that it is no more. */
const untold: Tamper = (memory) => tampered(memory, {
  store: (at, value) => (at === timerCell('firing') ? undefined : memory.store(at, value)),
});

export const CPU_NSLEEP: Catalogued = {
  id: 'cpu-nsleep',
  says: 'A task falls asleep on the CPU clock of its process while a tick of another thread finds its timer due: that wakes it.',
  model: sleeps('cpu-nsleep'),
  mutants: [{
    id: 'asleep-late', says: 'the task sleeps only when it has let go of its timer',
    model: sleeps('cpu-nsleep', { sleeper: asleepLate }),
  }],
  quick: exhaustive,
};

export const CPU_NSLEEP_SIGNAL: Catalogued = {
  id: 'cpu-nsleep-signal',
  says: 'The same while a signal comes: the task wakes once, and its timer is gone, found due or not.',
  model: sleeps('cpu-nsleep-signal', { signal: true }),
  mutants: [{
    id: 'untold', says: 'whoever has found the timer due is not told that it was taken away',
    model: sleeps('cpu-nsleep-signal', { signal: true, sleeper: untold }),
  }],
  quick: () => everyStateWithin(2),
  thorough: exhaustive,
};
