/**
 * Calls of functions on other CPUs. A function is a number, because a closure cannot cross threads.
 *
 * Each call has a record with a LOCK: set by whoever calls, cleared by whoever is called. While it is
 * set the record may not be used again. If the caller waits, the function has run before it is
 * cleared; if not, it is cleared first, so that the function itself may be called again from inside.
 *
 *      CPU 0 calls CPU 1 and 2, and waits     CPU 1                      CPU 2
 *      locked[1] = locked[2] = 1, pending 2
 *      message to 1, message to 2
 *      pending 2 -> 2 + WAITING: waits        function
 *        (its interrupts are on)              locked[1] = 0
 *                                             pending -> 1 + WAITING     function
 *                                                                        locked[2] = 0
 *                                                                        pending was 1 + WAITING:
 *                                                                        the last one, and it waits
 *      goes on  <------------------------------------------------------  pending = 0; message: done
 *
 * Count and WAITING are one word. Were they two, whoever has unlocked the last record of a call that nobody
 * waits for could take the note of the next call, which has begun meanwhile, for that one's.
 *
 * Linux's caller spins on the locks; here its event is over, its CPU stays in the kernel with the
 * caller, and that message is the moment at which it would have seen the last lock go.
 */
import { KernelBug, assert } from '../../shared/assert.ts';
import { Event } from '../../shared/events.ts';
import { CpuState, MessageKind, type IrqWork } from '../../shared/structs/cpu.ts';
import { CALL_BY_MASK, CSD_WAITING, callFunctionData } from '../../shared/structs/smp.ts';
import type { CpuId } from '../../shared/units.ts';
import { Path } from './arch.ts';
import { irqWorkSingle } from './irq/irq-work.ts';
import { pauseStretch, startStretch } from './irq/entry.ts';
import { ALL_EARS, type IncomingCall, type KernelCpu } from './kernel-cpu.ts';
import { schedTtwuPending } from './sched/wakeup.ts';

/** What can be called on another CPU. */
export const SmpFunction = {
  /** raise the SCHED softirq for idle CPUs. @linux kernel/sched/core.c nohz_csd_func */
  NohzCsd: 0,
  /** look at the clock bases anew. @linux kernel/time/hrtimer.c retrigger_next_event */
  RetriggerNextEvent: 1,
  /** a memory barrier. @linux kernel/sched/membarrier.c ipi_mb */
  Membarrier: 2,
  /** nothing: the phase event `call` */
  Nothing: 3,
  /** let the tick device go. @linux kernel/time/clockevents.c clockevents_unbind */
  UnbindDevice: 4,
} as const;
export type SmpFunction = (typeof SmpFunction)[keyof typeof SmpFunction];

const PENDING = callFunctionData(1).at.pending;

/** Linux's numbers of what went wrong. @linux include/uapi/asm-generic/errno-base.h */
export const ENXIO = 6;
export const EBUSY = 16;

/**
 * Calls `fn(data)` on `target` and does not wait; on this CPU at once. Each function has one record a
 * target, whoever calls: -EBUSY while that is under way, -ENXIO if the target is not online.
 * @linux kernel/smp.c smp_call_function_single_async
 */
export function smpCallFunctionSingleAsync(cpu: KernelCpu, target: CpuId, fn: SmpFunction, data: number): number {
  const { arch, image } = cpu;
  const { base, online } = image.cpus[target]!;
  const free = lockRecord(cpu, base, fn);
  if (target === cpu.id || online === 0) {
    if (free) unlockRecord(cpu, base, fn);
    if (online === 0) return -ENXIO;
    if (free) callHere(cpu, fn, data);
    return free ? 0 : -EBUSY;
  }
  if (!free) return -EBUSY;
  arch.trace6(Event.csd_lock, target, target, fn, MessageKind.CallFunctionAsync);
  arch.spend(Path.SendIpi);
  arch.send(target, MessageKind.CallFunctionAsync, fn, data);
  return 0;
}

/**
 * Calls `fn(data)` on all other CPUs of `mask` (a byte a CPU) that are online. True: the caller waits, for
 * them or for the records of its call before. Its step is over then, with `Outcome.Working`, and when it
 * comes again `callsAreDone` says whether this call was made.
 * @linux kernel/smp.c smp_call_function_many
 */
export function smpCallFunctionMany(cpu: KernelCpu, mask: Uint8Array, fn: SmpFunction, data: number, wait: boolean): boolean {
  const { arch, image } = cpu;
  const calls = image.calls[cpu.id]!;
  assert(calls.pending === 0, `CPU ${cpu.id} calls with ${calls.pending} records still locked: whoever calls asks callsAreOver first`);
  const targets = lockTargets(cpu, mask);
  const irqsOff = cpu.irqsOff > 0 || cpu.decisions.callsWithIrqsOff ? 1 : 0;
  arch.trace6(Event.smp_call_function_many, fn, targets, wait ? 1 : 0, irqsOff);
  if (targets === 0) return false;
  calls.pending = targets;
  const kind = wait ? MessageKind.CallFunctionSync : MessageKind.CallFunctionMany;
  for (let target = 0; target < mask.length; target++) {
    if (calls.locked(target) === 0) continue;
    arch.trace6(Event.csd_lock, cpu.id, target, fn, kind);
    arch.spend(Path.SendIpi);
    arch.send(target, kind, targets > 1 ? fn + CALL_BY_MASK : fn, data);
  }
  return wait && !callsAreOver(cpu, fn);
}

/** The same, and `fn(data)` here too, with interrupts off. @linux kernel/smp.c on_each_cpu_cond_mask */
export function onEachCpu(cpu: KernelCpu, fn: SmpFunction, data: number, wait: boolean): boolean {
  cpu.callMask.fill(1);
  const waits = smpCallFunctionMany(cpu, cpu.callMask, fn, data, wait);
  callHere(cpu, fn, data);
  return waits;
}

/**
 * Whether all records of this CPU are unlocked. If not, it waits from now on: the caller's step is over,
 * and its next one comes when they are. @linux kernel/smp.c csd_lock_wait
 */
export function callsAreOver(cpu: KernelCpu, fn: SmpFunction): boolean {
  const { memory } = cpu;
  const { base, pending } = cpu.image.calls[cpu.id]!;
  if (pending === 0) return true;
  if (memory.or(base + PENDING, CSD_WAITING) === 0) {
    // the last one has been unlocked in between, and nobody else touches the word
    memory.store(base + PENDING, 0);
    return true;
  }
  cpu.waitsForCalls = fn + 1;
  if (cpu.decisions.callsWithIrqsOff) cpu.hears = MessageKind.CallsDone;
  return false;
}

/** The last record that this CPU waits for is unlocked: the caller's step is due. @linux kernel/smp.c csd_lock_wait */
export function callsDone(cpu: KernelCpu): void {
  assert(cpu.waitsForCalls !== 0, `CPU ${cpu.id} is told that its calls were made, and waits for none`);
  cpu.arch.trace(Event.smp_call_function_done, cpu.waitsForCalls - 1);
  pauseStretch(cpu);
  cpu.waitsForCalls = 0;
  cpu.hears = ALL_EARS;
  if (cpu.curr !== cpu.idle) cpu.image.regs[cpu.curr]!.remaining = 0;
  startStretch(cpu);
}

/**
 * One interrupt for all calls that have arrived: first those that somebody waits for, then the others,
 * then wake-ups, each in the order in which they came.
 * @linux kernel/smp.c __flush_smp_call_function_queue
 */
export function flushSmpCallFunctionQueue(cpu: KernelCpu, calls: readonly IncomingCall[], since: number): void {
  for (let i = 0; i < calls.length; i++) if (calls[i]!.kind === MessageKind.CallFunctionSync) serve(cpu, calls[i]!, since);
  for (let i = 0; i < calls.length; i++) if (isUnawaited(calls[i]!.kind)) serve(cpu, calls[i]!, since);
  for (let i = 0; i < calls.length; i++) if (calls[i]!.kind === MessageKind.CallFunctionSingle) wake(cpu, calls[i]!, since);
}

/** A record is the caller's again before the function if nobody waits for it, after it if somebody does. */
function serve(cpu: KernelCpu, call: IncomingCall, since: number): void {
  const { arch, decisions } = cpu;
  if (call.kind === MessageKind.IrqWork) return serveIrqWork(cpu, call, since);
  const fn = (call.a & ~CALL_BY_MASK) as SmpFunction;
  const sync = call.kind === MessageKind.CallFunctionSync && !decisions.unlocksCallFirst;
  if (!sync) unlock(cpu, call, fn);
  arch.trace6(Event.csd_function_entry, call.origin, call.n, call.kind, since);
  callHere(cpu, fn, call.b);
  arch.trace6(Event.csd_function_exit, call.origin, call.n, call.kind);
  if (sync) unlock(cpu, call, fn);
}

function serveIrqWork(cpu: KernelCpu, call: IncomingCall, since: number): void {
  cpu.arch.trace6(Event.csd_function_entry, call.origin, call.n, call.kind, since);
  irqWorkSingle(cpu, call.a as IrqWork);
}

function wake(cpu: KernelCpu, call: IncomingCall, since: number): void {
  cpu.arch.trace6(Event.csd_function_entry, call.origin, call.n, call.kind, since);
  schedTtwuPending(cpu, call.a);
}

function unlock(cpu: KernelCpu, { kind, origin }: IncomingCall, fn: SmpFunction): void {
  const single = kind === MessageKind.CallFunctionAsync;
  cpu.arch.trace6(Event.csd_unlock, single ? cpu.id : origin, cpu.id, fn, kind);
  if (single) unlockRecord(cpu, cpu.state.base, fn);
  else csdUnlock(cpu, origin);
}

/** This CPU has made the call of `origin`. The last one tells it, if it waits. @linux kernel/smp.c csd_unlock */
export function csdUnlock(cpu: KernelCpu, origin: CpuId): void {
  const { memory } = cpu;
  const calls = cpu.image.calls[origin]!;
  calls.setLocked(cpu.id, 0);
  if (memory.add(calls.base + PENDING, -1) !== 1 + CSD_WAITING) return;
  memory.store(calls.base + PENDING, 0);
  cpu.arch.send(origin, MessageKind.CallsDone, 0, 0);
}

/** On this CPU, interrupts off. @linux kernel/smp.c smp_call_function_single */
export function callHere(cpu: KernelCpu, fn: SmpFunction, data: number): void {
  const callback = cpu.callbacks.smp[fn];
  if (callback === undefined) throw new KernelBug(`function ${fn} cannot be called: the table of callbacks has no such row`);
  cpu.irqsOff += 1;
  callback(cpu, data);
  cpu.irqsOff -= 1;
}

function isUnawaited(kind: MessageKind): boolean {
  return kind === MessageKind.CallFunctionMany || kind === MessageKind.CallFunctionAsync || kind === MessageKind.IrqWork;
}

/** Locks the record of each other CPU of the mask that is online at this look; who comes up later is not called. */
function lockTargets(cpu: KernelCpu, mask: Uint8Array): number {
  const calls = cpu.image.calls[cpu.id]!;
  let targets = 0;
  for (let target = 0; target < mask.length; target++) {
    if (mask[target] === 0 || target === cpu.id || cpu.image.cpus[target]!.online === 0) continue;
    calls.setLocked(target, 1);
    targets += 1;
  }
  return targets;
}

/** Claims the one record of `fn` for the CPU whose state lies at `state`. */
function lockRecord({ memory }: KernelCpu, state: number, fn: SmpFunction): boolean {
  return (memory.or(state + CpuState.at.csdBusy, 1 << fn) & (1 << fn)) === 0;
}

function unlockRecord({ memory }: KernelCpu, state: number, fn: SmpFunction): void {
  memory.and(state + CpuState.at.csdBusy, ~(1 << fn));
}
