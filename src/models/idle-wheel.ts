/**
 * A CPU puts a timer on the wheel of another one, which goes to sleep without a tick at that moment
 * (`src/kernel/time/timer.ts`): either the sleeper has seen the timer, or it is sent for.
 */
import { TimerBase, TimerBaseKind, TimerList, TIMER_LISTS, UNLINKED } from '../../shared/structs/timer.ts';
import type { Memory } from '../../shared/memory/memory.ts';
import { NONE, type CpuId, type Ns } from '../../shared/units.ts';
import { model, type Model } from '../explore/model.ts';
import { exhaustive } from '../explore/source-sets.ts';
import { baseIndex } from '../kernel/time/timer-base.ts';
import { addTimerOn, timerBaseTryToSetIdle } from '../kernel/time/timer.ts';
import { NEXT_TIMER_MAX_DELTA } from '../kernel/time/timer-wheel.ts';
import type { Catalogued } from './catalogued.ts';
import { machineCells } from './machine-cells.ts';
import { modelCpu } from './model-arch.ts';
import { heldBack, inPieces, tampered } from './tampered-memory.ts';

const { map, plan } = machineCells({ cpus: 3 });
const TICK: Ns = 4_000_000;
/** Who goes to sleep; the others each put up a timer, which is on their own wheel so far. */
const SLEEPER: CpuId = 0;
const WHEEL = map.at.timerBase + TimerBase.bytes * baseIndex(SLEEPER, TimerBaseKind.Std);
const LOCK = WHEEL + TimerBase.at.lock;
const IS_IDLE = WHEEL + TimerBase.at.isIdle;

/** Returns whether the sleeper was sent for. */
function putUp(memory: Memory, id: CpuId, expires: number): boolean {
  const { cpu, arch } = modelCpu(memory, id, { map, tickNs: TICK });
  let sentFor = false;
  arch.send = () => { sentFor = true; };
  addTimerOn(cpu, id, SLEEPER, expires);
  return sentFor;
}

/** Returns until when it sleeps. */
function goToSleep(memory: Memory): Ns {
  const { cpu } = modelCpu(memory, SLEEPER, { map, tickNs: TICK });
  return timerBaseTryToSetIdle(cpu, 0, 0);
}

type Tamper = (memory: Memory) => Memory;
const same: Tamper = (memory) => memory;

function idleWheel(name: string, expires: readonly number[], sleeper: Tamper = same, others: Tamper = same): Model {
  return model({
    name,
    cells: plan,
    setUp: (memory) => {
      const base = TimerBase.view(memory, WHEEL);
      base.running = NONE;
      base.nextExpiry = NEXT_TIMER_MAX_DELTA;
      for (let list = 0; list < TIMER_LISTS; list++) base.setFirst(list, NONE);
      expires.forEach((_, i) => {
        const timer = TimerList.view(memory, map.at.timerList + TimerList.bytes * (i + 1));
        timer.prev = UNLINKED;
        timer.flags = i + 1;
      });
    },
    threads: [
      { name: 'sleeper', run: (memory: Memory) => goToSleep(sleeper(memory)) },
      ...expires.map((jiffy, i) => ({ name: `CPU${i + 1}`, run: (memory: Memory) => putUp(others(memory), i + 1, jiffy) })),
    ],
    check: ({ results: [until, ...sent], memory }) => {
      const due = TimerBase.view(memory, WHEEL).nextExpiry * TICK;
      return (until as Ns) <= due || sent.includes(true) ? undefined : `it sleeps until ${until}, with a timer due at ${due}`;
    },
  });
}

/** What a store of 1 to `isIdle` says takes effect when the lock is free again. */
const idleAfterLock: Tamper = (memory) => heldBack(memory, IS_IDLE, LOCK);
/** Whether the CPU sleeps is looked up before the lock is taken. */
const lookBeforeLock: Tamper = (memory) => {
  let seen = 0;
  return tampered(memory, {
    cas: (at, expected, value) => {
      if (at === LOCK) seen = memory.load(IS_IDLE);
      return memory.cas(at, expected, value);
    },
    load: (at) => (at === IS_IDLE ? seen : memory.load(at)),
  });
};
const lockInPieces: Tamper = (memory) => inPieces(memory, LOCK);

export const IDLE_WHEEL: Catalogued = {
  id: 'idle-wheel',
  says: 'A CPU goes to sleep while another puts a timer on its wheel: it has seen the timer, or is sent for.',
  model: idleWheel('idle-wheel', [5]),
  mutants: [
    {
      id: 'idle-after-lock', says: 'the sleeper says that it sleeps when the lock is free again',
      model: idleWheel('idle-wheel', [5], idleAfterLock),
    },
    {
      id: 'look-before-lock', says: 'whether it sleeps is looked up before the lock is taken',
      model: idleWheel('idle-wheel', [5], same, lookBeforeLock),
    },
    {
      id: 'lock-in-pieces', says: 'the lock is looked at and taken in two steps',
      model: idleWheel('idle-wheel', [5], lockInPieces, lockInPieces),
    },
  ],
  quick: exhaustive,
};

export const IDLE_WHEEL_TWO: Catalogued = {
  id: 'idle-wheel-two',
  says: 'The same with two CPUs that each put up a timer.',
  model: idleWheel('idle-wheel-two', [5, 90]),
  mutants: [],
  quick: exhaustive,
};
