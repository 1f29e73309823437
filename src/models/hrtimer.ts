/**
 * hrtimers of two CPUs (`src/kernel/time/hrtimer*.ts`): a timer that one puts into the other's queue while that one serves
 * its own, a timer that both want, and one that is asked for or cancelled while its callback runs.
 */
import type { Memory } from '../../shared/memory/memory.ts';
import { ClockEventDevice, ClockEventState } from '../../shared/structs/cpu.ts';
import { Hrtimer, HrtimerCpuBase, HrtimerFunction, HrtimerMode, HrtimerState, MIGRATION_BASE } from '../../shared/structs/hrtimer.ts';
import { NohzPage, SharedTimer } from '../../shared/structs/global.ts';
import { ClockId, Timekeeper } from '../../shared/structs/timekeeper.ts';
import { KTIME_MAX, NONE, type CpuId, type Ns, type TimerId } from '../../shared/units.ts';
import type { Decisions } from '../kernel/decisions.ts';
import { model, type End, type Model, type ModelThread } from '../explore/model.ts';
import { exhaustive } from '../explore/source-sets.ts';
import { everyStateWithin } from '../explore/state-walk.ts';
import { KernelImage } from '../kernel/image.ts';
import type { HrtimerCallback, KernelCpu } from '../kernel/kernel-cpu.ts';
import {
  hrtimerActive, hrtimerCancel, hrtimerForward, hrtimerInit, hrtimerStart, hrtimerTryToCancel, hrtimersCpuStarting,
} from '../kernel/time/hrtimer.ts';
import { hrtimerInterrupt } from '../kernel/time/hrtimer-interrupt.ts';
import { timerqueueInOrder } from '../kernel/time/hrtimer-queue.ts';
import { DeviceId } from '../kernel/time/clockevents.ts';
import type { Catalogued } from './catalogued.ts';
import { machineCells } from './machine-cells.ts';
import { MODEL_SOURCES, modelCpu } from './model-arch.ts';
import { answered, inPieces, tampered } from './tampered-memory.ts';

const { map, plan } = machineCells({ sharedTimers: 1 });
const TICK: Ns = 4_000_000;
/** The CPUs, each with a timer of the same number, and the timer that they share. */
const OWN = [0, 1] as const;
const T: TimerId = 2;
const NOW: Ns = 40_000;
const { Abs, Pinned } = HrtimerMode;

const LOCK_0 = map.at.hrtimerBase + HrtimerCpuBase.at.lock;
const BASE_OF_T = map.at.hrtimer + Hrtimer.bytes * T + Hrtimer.at.clockBase;
/** A word that nobody else uses: 1 once the timer has been cancelled. */
const GONE = map.at.sharedTimer + SharedTimer.at.next;

/** T's callback, unless the model says otherwise: it moves on by a period. */
const again: HrtimerCallback = (_cpu, timer) => hrtimerForward(timer, NOW, 100_000) > 0;

interface Parts {
  readonly threads: readonly [name: string, run: (cpu: KernelCpu, memory: Memory) => unknown][];
  readonly check: (end: End, image: KernelImage) => string | undefined;
  readonly decisions?: Partial<Decisions>;
  readonly tamper?: (memory: Memory) => Memory;
  readonly callback?: (memory: Memory) => HrtimerCallback;
  /** Whether T is in CPU 0's queue, due at once. */
  readonly queued?: boolean;
  /** CPU 0's own timer is far away, too. */
  readonly idle?: boolean;
}

function cpuOf(memory: Memory, id: CpuId, { decisions, callback = () => again }: Partial<Parts>): KernelCpu {
  const { cpu, arch } = modelCpu(memory, id, {
    map, tickNs: TICK, decisions, functions: [again, callback(memory)], config: { nohz: true, nohzFull: true, tickless: [false, true] },
  });
  arch.clock = NOW;
  return cpu;
}

/** CPU 0's own timer is due; CPU 1's is far away. Each CPU's device is armed for what is first there. */
function setUp(memory: Memory, { queued = false, idle = false }: Parts): void {
  const timekeeper = Timekeeper.view(memory, map.at.timekeeper);
  const source = MODEL_SOURCES.find(({ name }) => name === 'tsc')!;
  timekeeper.clocksource = source.id;
  timekeeper.mult = source.mult | 0;
  NohzPage.view(memory, map.at.nohz).active = 1;
  for (const id of OWN) {
    const cpu = cpuOf(memory, id, {});
    const device = ClockEventDevice.view(memory, map.at.clockEvent + ClockEventDevice.bytes * id);
    device.state = ClockEventState.Oneshot;
    device.maxDeltaNs = KTIME_MAX;
    device.mult = 1;
    cpu.tick.device = DeviceId.Lapic;
    hrtimersCpuStarting(cpu);
    cpu.hrtimers.hresActive = 1;
    hrtimerInit(cpu, id, ClockId.Monotonic, Pinned, HrtimerFunction.TickNohzHandler, id);
    const expires = id === 0 && !idle ? NOW : 10 * NOW;
    hrtimerStart(cpu, id, expires, expires, Pinned);
  }
  const cpu = cpuOf(memory, queued ? 0 : 1, {});
  hrtimerInit(cpu, T, ClockId.Monotonic, Abs, HrtimerFunction.HrtimerWakeup, 0);
  if (queued) hrtimerStart(cpu, T, NOW, NOW, Abs | Pinned);
}

function hrtimers(name: string, parts: Parts): Model {
  const { tamper = (memory: Memory) => memory } = parts;
  return model({
    name,
    cells: plan,
    setUp: (memory) => setUp(memory, parts),
    threads: parts.threads.map(([thread, run], id): ModelThread => ({
      name: thread, run: (memory) => run(cpuOf(tamper(memory), id, parts), memory),
    })),
    check: (end) => {
      const image = new KernelImage(end.memory as Memory, map);
      return parts.check(end as End, image) ?? wrongQueues(image);
    },
  });
}

/** T is in one queue or none, as its record says; and no device comes later than what is first in its CPU's queue. */
function wrongQueues(image: KernelImage): string | undefined {
  const record = image.timers[T]!;
  const found = OWN.filter((id) => isBelow(image, image.hrtimerBases[id]!.root(0)));
  if (found.length !== (record.state === HrtimerState.Enqueued ? 1 : 0)) return `T is in ${found.length} queues, its state ${record.state}`;
  if (found.length === 1 && record.clockBase >> 3 !== found[0]) return `T is in the queue of CPU ${found[0]}, and says ${record.clockBase}`;
  for (const id of OWN) {
    const [first] = timerqueueInOrder(image, 8 * id);
    const armed = image.clockEvents[id]!.nextEvent;
    if (first === undefined || armed <= image.timers[first]!.expires) continue;
    return `CPU ${id}'s device is armed for ${armed}, its timer ${first} expires before`;
  }
  return undefined;
}

/** Whether T is in the heap below `timer`. */
function isBelow(image: KernelImage, timer: TimerId, depth = 0): boolean {
  if (timer === NONE || depth > 4) return false;
  const { left, right } = image.timers[timer]!;
  return timer === T || isBelow(image, left, depth + 1) || isBelow(image, right, depth + 1);
}

const remote = (parts: Partial<Parts> = {}): Model => hrtimers('hrtimer-remote', {
  threads: [
    ['interrupt', (cpu) => hrtimerInterrupt(cpu)],
    ['start', (cpu) => hrtimerStart(cpu, T, NOW + 60_000, NOW + 60_000, Abs)],
  ],
  check: () => undefined,
  ...parts,
});

const both = (parts: Partial<Parts> = {}): Model => hrtimers('hrtimer-switch', {
  threads: OWN.map((id) => [`start${id}`, (cpu) => hrtimerStart(cpu, T, NOW + 60_000 + id, NOW + 60_000 + id, Abs | Pinned)]),
  idle: true,
  check: (_, image) => (image.timers[T]!.state === HrtimerState.Enqueued ? undefined : 'T was started twice and is not queued'),
  ...parts,
});

const asked = (parts: Partial<Parts> = {}): Model => hrtimers('hrtimer-active', {
  threads: [['interrupt', (cpu) => hrtimerInterrupt(cpu)], ['asks', (cpu) => hrtimerActive(cpu, T)]],
  queued: true,
  check: ({ results }) => (results[1] === true ? undefined : 'T is said not to be active, between its start and the end of its callback'),
  ...parts,
});

/** The callback looks whether the timer is said to be gone, before and after it does what it does. */
const looking = (memory: Memory): HrtimerCallback => (cpu, timer, id) => {
  const before = memory.loadLong(GONE);
  const restart = again(cpu, timer, id);
  if (before + memory.loadLong(GONE) > 0) throw new Error('the callback runs after the timer was cancelled');
  return restart;
};

const cancelled = (cancel: (cpu: KernelCpu) => unknown, parts: Partial<Parts> = {}): Model => hrtimers('hrtimer-cancel', {
  threads: [
    ['interrupt', (cpu) => hrtimerInterrupt(cpu)],
    ['cancel', (cpu, memory) => { cancel(cpu); memory.storeLong(GONE, 1); }],
  ],
  queued: true,
  callback: looking,
  check: (_, image) => (image.timers[T]!.state === HrtimerState.Inactive ? undefined : 'T was cancelled and is queued'),
  ...parts,
});
const cancel = (cpu: KernelCpu): boolean => hrtimerCancel(cpu, T);

/** The placeholder is never seen. */
const noPlaceholder = (memory: Memory): Memory =>
  tampered(memory, { store: (at, value) => { if (at !== BASE_OF_T || value !== MIGRATION_BASE) memory.store(at, value); } });

/** What the look under the lock finds is what the look before it found. */
function lookingOnce(memory: Memory): Memory {
  let first = 0;
  return answered(memory, BASE_OF_T, (nth, load) => {
    if (nth === 0) first = load();
    return nth === 1 ? first : load();
  });
}

export const HRTIMER_REMOTE: Catalogued = {
  id: 'hrtimer-remote',
  says: 'A CPU that keeps no house starts a timer while the CPU that does serves its own: wherever it is queued, a device comes in time.',
  model: remote(),
  mutants: [
    {
      id: 'leftmost', says: 'the timer goes to the other CPU though it comes before that CPU’s next event (B-38)',
      model: remote({ decisions: { enqueuesLeftmostRemotely: true } }),
    },
    {
      id: 'look-then-take', says: 'CPU 0’s lock is looked at and taken in two steps',
      model: remote({ tamper: (memory) => inPieces(memory, LOCK_0) }),
    },
  ],
  quick: exhaustive,
};

export const HRTIMER_SWITCH: Catalogued = {
  id: 'hrtimer-switch',
  says: 'Two CPUs start one timer, each in its own queue: it is in one of them, and its record says in which.',
  model: both(),
  mutants: [
    { id: 'no-placeholder', says: 'a timer on its way still points to the base that it left', model: both({ tamper: noPlaceholder }) },
    {
      id: 'no-second-look', says: 'whoever has a base’s lock does not look whether the timer is still there',
      model: both({ tamper: lookingOnce }),
    },
  ],
  quick: exhaustive,
};

export const HRTIMER_ACTIVE: Catalogued = {
  id: 'hrtimer-active',
  says: 'A timer that its callback queues again is asked for without a lock: it is never said to be inactive.',
  model: asked(),
  mutants: [{
    id: 'no-barrier', says: 'nobody is told that the callback began or ended meanwhile (B-41)',
    model: asked({ decisions: { skipsRunningBarrier: true } }),
  }],
  quick: exhaustive,
};

export const HRTIMER_CANCEL: Catalogued = {
  id: 'hrtimer-cancel',
  says: 'A timer is cancelled while it expires: afterwards its callback does not run, and it is not queued.',
  model: cancelled(cancel),
  mutants: [
    { id: 'no-wait', says: 'who finds the callback running goes on', model: cancelled((cpu) => hrtimerTryToCancel(cpu, T)) },
    {
      id: 'no-barrier', says: 'nobody is told that the callback began or ended meanwhile (B-41)',
      model: cancelled(cancel, { decisions: { skipsRunningBarrier: true } }),
    },
  ],
  quick: () => everyStateWithin(2),
  thorough: exhaustive,
};
