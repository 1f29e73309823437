/**
 * Works that may be queued from anywhere, whatever locks are held, and run a little later in an interrupt.
 * Each has two flags on each CPU: PENDING from its queueing until it begins, BUSY until it has ended. It may
 * be queued again while it runs; who queues it while it is pending adds nothing.
 *
 *      CPU 0 queues                 CPU 0, its interrupt           CPU 1 queues
 *      0 -> PENDING | BUSY: mine
 *      interrupt to itself
 *                                                                  PENDING already: nothing to do
 *                                   PENDING away, and runs
 *                                                                  -> PENDING | BUSY: its own
 *                                   BUSY away only if it is not
 *                                     pending again: it stays
 *
 * A lazy work does not interrupt: it waits for the tick, unless the tick is stopped. What queues works here
 * are tests so far: Linux's are its log, its performance counters and the kicks of busy CPUs without a tick.
 */
import { Event } from '../../../shared/events.ts';
import type { Memory } from '../../../shared/memory/memory.ts';
import { CpuState, MessageKind, NR_IRQ_WORKS, TickFlag, type IrqWork } from '../../../shared/structs/cpu.ts';
import type { CpuId } from '../../../shared/units.ts';
import { Path } from '../arch.ts';
import type { KernelCpu } from '../kernel-cpu.ts';

const PENDING = 1;
const BUSY = 2;
const { irqWorkFlags: FLAGS, irqWorkRaised: RAISED, irqWorkLazy: LAZY } = CpuState.at;

/** Queues a work on this CPU, which interrupts itself. False: it was pending. @linux kernel/irq_work.c irq_work_queue */
export function irqWorkQueue(cpu: KernelCpu, work: IrqWork): boolean {
  const { memory, state } = cpu;
  if (!irqWorkClaim(memory, state.base, work)) return false;
  if (memory.or(state.base + RAISED, 1 << work) === 0) raise(cpu);
  return true;
}

/** The same, at the next tick. @linux kernel/irq_work.c __irq_work_queue_local */
export function irqWorkQueueLazy(cpu: KernelCpu, work: IrqWork): boolean {
  const { memory, state, tick } = cpu;
  if (!irqWorkClaim(memory, state.base, work)) return false;
  const wasEmpty = memory.or(state.base + LAZY, 1 << work) === 0;
  if (wasEmpty && (tick.flags & TickFlag.Stopped) !== 0) raise(cpu);
  return true;
}

/** On another CPU, through its list of calls. @linux kernel/irq_work.c irq_work_queue_on */
export function irqWorkQueueOn(cpu: KernelCpu, work: IrqWork, target: CpuId): boolean {
  if (target === cpu.id) return irqWorkQueue(cpu, work);
  if (!irqWorkClaim(cpu.memory, cpu.image.cpus[target]!.base, work)) return false;
  cpu.arch.spend(Path.SendIpi);
  cpu.arch.send(target, MessageKind.IrqWork, work, 0);
  return true;
}

/** This CPU's interrupt to itself: all that is queued here. @linux kernel/irq_work.c irq_work_run */
export function irqWorkRun(cpu: KernelCpu): void {
  runList(cpu, RAISED);
  runList(cpu, LAZY);
}

/** @linux kernel/irq_work.c irq_work_tick */
export function irqWorkTick(cpu: KernelCpu): void {
  runList(cpu, LAZY);
}

/** Whether a work waits here for a tick. The others interrupt. @linux kernel/irq_work.c irq_work_needs_cpu */
export function irqWorkNeedsCpu({ state }: KernelCpu): boolean {
  return state.irqWorkLazy !== 0;
}

/** A claimed work, on the CPU where it was queued, interrupts off. @linux kernel/irq_work.c irq_work_single */
export function irqWorkSingle(cpu: KernelCpu, work: IrqWork): void {
  const { memory, state, arch } = cpu;
  irqWorkBegin(memory, state.base, work);
  arch.trace(Event.irq_work_run, work);
  cpu.callbacks.irqWorks[work]!(cpu);
  irqWorkEnd(memory, state.base, work);
}

/** Whether the work is this caller's to queue. `cpu` is where the CPU's state lies. @linux kernel/irq_work.c irq_work_claim */
export function irqWorkClaim(memory: Memory, cpu: number, work: IrqWork): boolean {
  return (memory.or(flagsAt(cpu, work), PENDING | BUSY) & PENDING) === 0;
}

/** From here on it may be queued again. @linux kernel/irq_work.c irq_work_single */
export function irqWorkBegin(memory: Memory, cpu: number, work: IrqWork): void {
  memory.and(flagsAt(cpu, work), ~PENDING);
}

/** It has ended, unless it is pending again. @linux kernel/irq_work.c irq_work_single */
export function irqWorkEnd(memory: Memory, cpu: number, work: IrqWork): void {
  memory.cas(flagsAt(cpu, work), BUSY, 0);
}

function flagsAt(cpu: number, work: IrqWork): number {
  return cpu + FLAGS + 4 * work;
}

function runList(cpu: KernelCpu, list: number): void {
  const { memory, state } = cpu;
  const works = memory.exchange(state.base + list, 0);
  for (let work = 0; work < NR_IRQ_WORKS; work++) if (works & (1 << work)) irqWorkSingle(cpu, work as IrqWork);
}

/** @linux arch/x86/kernel/irq_work.c arch_irq_work_raise */
function raise(cpu: KernelCpu): void {
  cpu.arch.send(cpu.id, MessageKind.IrqWorkSelf, 0, 0);
}
