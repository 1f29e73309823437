/**
 * A grace period (`src/kernel/rcu.ts`, `rcu-gp.ts`): what a CPU has taken out is freed only when nobody can be looking at it any
 * more. The thread that runs periods has a CPU of its own, on which no timer fires: what it waits for must wake it.
 *
 *      CPU 0                          CPU 1                           rcu_preempt
 *                                                                     period 1 begins
 *                                     looks: it is there
 *      takes it out, callRcu
 *      tick: waits for period 2
 *                                     tick in a softirq: 1 is new
 *                                     is done with it
 *      tick: reports                  tick outside of it: reports     1 ends, 2 begins
 *      tick: reports                  tick: reports                   2 ends
 *      frees it
 */
import type { Memory } from '../../shared/memory/memory.ts';
import { CallQueue, CpuState, Rq } from '../../shared/structs/cpu.ts';
import { RcuPage } from '../../shared/structs/rcu.ts';
import { Task, TaskState } from '../../shared/structs/task.ts';
import type { CpuId, TaskId, Word } from '../../shared/units.ts';
import { model, type Model } from '../explore/model.ts';
import { everyStateWithin } from '../explore/state-walk.ts';
import { SOFTIRQ_OFFSET } from '../kernel/irq/preempt-count.ts';
import type { KernelCpu } from '../kernel/kernel-cpu.ts';
import { callRcu, rcuCore, rcuNeedsCpu, rcuSchedClockIrq } from '../kernel/rcu.ts';
import { rcuGpKthread } from '../kernel/rcu-gp.ts';
import { schedTtwuPending } from '../kernel/sched/wakeup.ts';
import type { Catalogued } from './catalogued.ts';
import { machineCells } from './machine-cells.ts';
import { modelCpu } from './model-arch.ts';
import { aside, heldBack, tampered } from './tampered-memory.ts';

const THREADS_CPU: CpuId = 2;
const { map, plan } = machineCells({ cpus: 3, tasks: 4 });
const THREAD: TaskId = 3;
/** Who runs on the other two. */
const WORKER: TaskId = 4;
const STATE = map.at.task + THREAD * Task.bytes + Task.at.state;
const LOCK = map.at.rcu + RcuPage.at.lock;
const MASK = map.at.rcu + RcuPage.at.qsMask;
const cell = (field: keyof typeof CallQueue.at): Word => map.at.callQueue + CallQueue.at[field];
/** Whether a look finds the thing, and whether it has been freed. */
const TAKEN_OUT = cell('bell');
const FREED = cell('asleep');
/** Messages to the thread's CPU. */
const MAIL = cell('starved');

type Tamper = (memory: Memory) => Memory;
const honest: Tamper = (memory) => memory;

interface Parts {
  /** Somebody has asked for a period before: it may begin at any time. */
  readonly underWay?: boolean;
  /** CPU 1 looks where it can be preempted, and does not say that it reads. */
  readonly looksOpenly?: boolean;
  /** What is taken out waits for the period that is under way. */
  readonly joins?: boolean;
  readonly freeing?: Tamper;
  readonly thread?: Tamper;
}

/** The numbers and the mask, who holds their lock, and whether the thread sleeps: all else is the CPU's own, or says nothing here. */
const SHARED = new Set<number>([
  LOCK, ...(['started', 'completed', 'requested', 'qsMask'] as const).map((field) => map.at.rcu + RcuPage.at[field]),
  STATE, TAKEN_OUT, FREED, MAIL,
]);

function ownCells(memory: Memory): void {
  for (const id of [0, 1]) {
    const cpu = CpuState.view(memory, map.at.cpu + id * CpuState.bytes);
    cpu.online = 1;
    cpu.preemptCount = 1;
    Rq.view(memory, map.at.rq + id * Rq.bytes).curr = WORKER;
  }
  const thread = Task.view(memory, map.at.task + THREAD * Task.bytes);
  thread.onCpu = 1;
  thread.cpu = THREADS_CPU;
  Rq.view(memory, map.at.rq + THREADS_CPU * Rq.bytes).curr = THREAD;
}

function kernelOf(memory: Memory, id: CpuId): KernelCpu {
  const { cpu, arch } = modelCpu(aside(memory, (at) => !SHARED.has(at), ownCells), id, { map, tickNs: 4_000_000 });
  Object.assign(cpu.rcu, { gpThread: THREAD });
  Object.assign(arch, { send: () => void memory.add(MAIL, 1) });
  return cpu;
}

/** One tick, and the softirq that it raises if it does; whether it did. */
function tick(cpu: KernelCpu): boolean {
  rcuSchedClockIrq(cpu);
  const raised = cpu.state.softirqPending !== 0;
  cpu.state.softirqPending = 0;
  if (raised) rcuCore(cpu);
  return raised;
}

/** Takes the thing out, and frees it as soon as it may. */
function free(memory: Memory, { joins = false }: Parts): void {
  const cpu = kernelOf(memory, 0);
  const { rcu } = cpu;
  memory.store(TAKEN_OUT, 1);
  callRcu(cpu);
  while (rcuNeedsCpu(cpu)) {
    if (!tick(cpu)) memory.relax();
    if (joins && rcu.started !== rcu.completed) rcu.waitsFor = Math.min(rcu.waitsFor, rcu.started);
  }
  memory.store(FREED, 1);
}

/** What a look found: 1 is a thing that is freed while it is looked at. */
function look(memory: Memory, { underWay = false, looksOpenly = false }: Parts): number {
  const cpu = kernelOf(memory, 1);
  // seen in the period that is under way before it looks: a tick to hear of it, and one to report
  if (underWay) for (const _tick of [1, 2]) tick(cpu);
  if (!looksOpenly) cpu.state.preemptCount += SOFTIRQ_OFFSET;
  const found = memory.load(TAKEN_OUT) === 0;
  if (!underWay) for (const _tick of [1, 2]) tick(cpu);
  const freed = found ? memory.load(FREED) : 0;
  if (!looksOpenly) cpu.state.preemptCount -= SOFTIRQ_OFFSET;
  while (memory.load(FREED) === 0) if (!tick(cpu)) memory.relax();
  return freed;
}

/** The thread, as its CPU runs it: until the thing is freed. */
function runPeriods(memory: Memory): void {
  const cpu = kernelOf(memory, THREADS_CPU);
  const regs = cpu.image.regs[THREAD]!;
  for (let served = 0; ;) {
    if (cpu.image.tasks[THREAD]!.state === TaskState.Running) rcuGpKthread(cpu, THREAD, regs);
    else if (memory.load(MAIL) > served) {
      served += 1;
      schedTtwuPending(cpu, THREAD);
    } else if (memory.load(FREED) !== 0) return;
    else memory.relax();
  }
}

function setUp(memory: Memory, underWay: boolean): void {
  memory.store(STATE, underWay ? TaskState.Running : TaskState.Sleeping);
  if (underWay) memory.store(map.at.rcu + RcuPage.at.requested, 1);
}

function periods(name: string, parts: Parts = {}): Model {
  const { underWay = false, freeing = honest, thread = honest } = parts;
  return model({
    name,
    cells: plan,
    setUp: (memory) => setUp(memory, underWay),
    threads: [
      { name: 'CPU0', run: (memory: Memory) => free(freeing(memory), parts) },
      { name: 'CPU1', run: (memory: Memory) => look(memory, parts) },
      { name: 'rcu_preempt', run: (memory: Memory) => runPeriods(thread(memory)) },
    ],
    check: ({ results: [, freed] }) => (freed === 1 ? 'it was freed while CPU 1 looked at it' : undefined),
  });
}

/** Whoever takes the lock has it, whoever holds it. */
const unlocked: Tamper = (memory) => tampered(memory, {
  cas: (at, expected, value) => {
    if (at !== LOCK) return memory.cas(at, expected, value);
    memory.store(at, value);
    return expected;
  },
});

export const RCU_PERIOD: Catalogued = {
  id: 'rcu-period',
  says: 'A CPU takes something out and frees it after a grace period, another looks at it meanwhile: it is not freed under its eyes, ' +
    'and each of the two wakes the thread that waits for it.',
  model: periods('rcu-period'),
  mutants: [
    {
      id: 'seen-too-early', says: 'a CPU counts as seen in the midst of its look',
      model: periods('rcu-period', { looksOpenly: true }),
    },
    {
      id: 'not-in-mask', says: 'a period waits for CPU 0 alone',
      model: periods('rcu-period', { thread: (memory) => tampered(memory, {
        store: (at, value) => memory.store(at, at === MASK ? value & ~2 : value),
      }) }),
    },
    {
      id: 'sleeps-late', says: 'the thread says that it sleeps when it has let go of the lock',
      model: periods('rcu-period', { thread: (memory) => heldBack(memory, STATE, LOCK, (state) => state === TaskState.Sleeping) }),
    },
    { id: 'no-lock', says: 'the lock keeps nobody out', model: periods('rcu-period', { freeing: unlocked }) },
  ],
  quick: () => everyStateWithin(1),
  thorough: () => everyStateWithin(2),
};

export const RCU_NEXT: Catalogued = {
  id: 'rcu-next',
  says: 'The same where a period may have begun before: what is taken out in the midst of one waits for the next.',
  model: periods('rcu-next', { underWay: true }),
  mutants: [
    {
      id: 'joins', says: 'what is taken out in the midst of a period waits for its end',
      model: periods('rcu-next', { underWay: true, joins: true }),
    },
  ],
  quick: () => everyStateWithin(1),
  thorough: () => everyStateWithin(2),
};
