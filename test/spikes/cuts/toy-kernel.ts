/**
 * A kernel of two mechanisms, small enough to read at a sitting, on which the two decisions that
 * cannot be changed later were tried: waiting for another CPU's event is a *return with a
 * continuation*, and a race is forced by running something at a *named access*.
 *
 * A cross call with wait. The record travels there and back, so the answer needs no slot of its own:
 *
 *      CPU 0 (smp_call_function_single)       CPU 1
 *      call.func = 7; push to CPU 1, IPI
 *      waitsFor = call, resume = afterCall
 *      returns: no step due
 *        (serves timers and IPIs meanwhile)   IPI: takes the list, runs function 7
 *                                             call.result; push back to CPU 0, IPI
 *      IPI: the record is the awaited one
 *      afterCall: goes on with the result
 *
 * CPU time of one task per CPU, always in user mode, under a seqcount: utime + (t - start) is t.
 */
import { KernelBug } from '../../../shared/assert.ts';
import { viewsOf } from '../../../shared/memory/memory-map.ts';
import type { Memory } from '../../../shared/memory/memory.ts';
import type { ViewOf } from '../../../shared/memory/struct.ts';
import {
  readSeqcountBegin, readSeqcountRetry, writeSeqcountBegin, writeSeqcountEnd,
} from '../../../shared/sync/seqcount.ts';
import type { CpuId, Ns } from '../../../shared/units.ts';
import { Acct, ToyCall, ToyCpu, toyMap } from './toy-records.ts';

/** Continuation entries are numbers: another thread, or a restarted one, can take them up. */
const Resume = { Nowhere: 0, AfterCall: 1 } as const;

/** What a CPU can be asked to run. A number crosses threads, a closure does not. */
const FUNCTIONS: readonly ((cpu: ToyKernel, arg: number) => number)[] = [
  (cpu, arg) => arg * 10 + cpu.id,
  (cpu) => cpu.own.ticks,
];

/** An operation of a CPU's program. */
export type ToyOp =
  | { readonly op: 'edge' }
  | { readonly op: 'call'; readonly to: CpuId; readonly func: number; readonly arg: number }
  | { readonly op: 'read'; readonly of: CpuId };

export interface ToyArch {
  now(): Ns;
  spend(ns: Ns): void;
  sendIpi(to: CpuId): void;
  /** When the next step is due; none until then. */
  stepIn(ns: Ns): void;
  log(what: string, value: number): void;
}

/** Ways to be wrong, each of which a cut must expose. */
export interface ToyFaults {
  /** The record is written in two sections. */
  readonly tornWrite?: boolean;
  /** As B-01: start moves before the section opens. */
  readonly startOutsideSection?: boolean;
  /** A reader does not look again at the count. */
  readonly noRetry?: boolean;
  /** A flush leaves interrupts on between its look at start and its section. */
  readonly irqsOnInFlush?: boolean;
  /** Not a fault: an access more, which has nothing to do with it. */
  readonly unrelatedAccess?: boolean;
}

/** One CPU. It holds no state: everything that survives a return lies in `memory`. */
export class ToyKernel {
  readonly own: ViewOf<typeof ToyCpu>;
  readonly cpus: readonly ViewOf<typeof ToyCpu>[];
  readonly calls: readonly ViewOf<typeof ToyCall>[];
  readonly accts: readonly ViewOf<typeof Acct>[];
  readonly id: CpuId;
  readonly memory: Memory;
  readonly arch: ToyArch;
  readonly program: readonly ToyOp[];
  readonly faults: ToyFaults;

  constructor(id: CpuId, cpus: number, memory: Memory, arch: ToyArch, program: readonly ToyOp[], faults: ToyFaults = {}) {
    const { at } = toyMap(cpus);
    this.cpus = viewsOf(ToyCpu, memory, at.cpu, cpus);
    this.calls = viewsOf(ToyCall, memory, at.call, cpus);
    this.accts = viewsOf(Acct, memory, at.acct, cpus);
    this.own = this.cpus[id]!;
    this.id = id;
    this.memory = memory;
    this.arch = arch;
    this.program = program;
    this.faults = faults;
  }
}

/** Entry: the operation under way is done. */
export function step(cpu: ToyKernel): void {
  const op = cpu.program[cpu.own.pc];
  if (op === undefined) return;
  cpu.own.pc += 1;
  if (op.op === 'call') return smpCallFunctionSingle(cpu, op.to, op.func, op.arg, Resume.AfterCall);
  if (op.op === 'edge') flush(cpu);
  else cpu.arch.log('read', readAcct(cpu, op.of));
  cpu.arch.stepIn(100);
}

/** Entry: the timer. It accounts the interrupted task's time, as an interrupt entry does. */
export function timerInterrupt(cpu: ToyKernel): void {
  cpu.own.ticks += 1;
  flush(cpu);
}

/** Entry: somebody pushed a call, or pushed one back. */
export function ipiInterrupt(cpu: ToyKernel): void {
  let call = cpu.memory.exchange(inboxOf(cpu, cpu.id), 0);
  while (call !== 0) {
    const record = cpu.calls.find(({ base }) => base === call)!;
    call = record.next;
    if (record.from === cpu.id) resume(cpu, record.base);
    else answer(cpu, record);
  }
}

/** Sends the call and *returns*. The caller of this function must return too: nothing may follow. */
function smpCallFunctionSingle(cpu: ToyKernel, to: CpuId, func: number, arg: number, then: number): void {
  const call = cpu.calls[cpu.id]!;
  if (cpu.own.waitsFor !== 0) throw new KernelBug(`CPU ${cpu.id} calls while it awaits an answer`);
  call.from = cpu.id;
  call.func = func;
  call.arg = arg;
  cpu.own.waitsFor = call.base;
  cpu.own.resume = then;
  push(cpu, to, call);
}

function answer(cpu: ToyKernel, call: ViewOf<typeof ToyCall>): void {
  cpu.arch.spend(20);
  call.result = FUNCTIONS[call.func]!(cpu, call.arg);
  push(cpu, call.from, call);
}

function resume(cpu: ToyKernel, call: number): void {
  if (cpu.own.waitsFor !== call) throw new KernelBug(`CPU ${cpu.id} gets an answer that it does not await`);
  const entry = cpu.own.resume;
  cpu.own.waitsFor = 0;
  cpu.own.resume = Resume.Nowhere;
  if (entry === Resume.AfterCall) afterCall(cpu);
}

function afterCall(cpu: ToyKernel): void {
  cpu.arch.log('called', cpu.calls[cpu.id]!.result);
  cpu.arch.stepIn(100);
}

function push(cpu: ToyKernel, to: CpuId, call: ViewOf<typeof ToyCall>): void {
  const inbox = inboxOf(cpu, to);
  for (;;) {
    const head = cpu.memory.load(inbox);
    call.next = head;
    if (cpu.memory.cas(inbox, head, call.base) === head) break;
  }
  cpu.arch.sendIpi(to);
}

function inboxOf(cpu: ToyKernel, of: CpuId): number {
  return cpu.cpus[of]!.base + ToyCpu.at.inbox;
}

/** Charges the time since the last flush. */
export function flush(cpu: ToyKernel): void {
  const { faults, memory, own } = cpu;
  const acct = cpu.accts[cpu.id]!;
  const masked = own.irqsDisabled;
  if (faults.unrelatedAccess) void own.ticks;
  if (!faults.irqsOnInFlush) own.irqsDisabled = 1;
  const now = cpu.arch.now();
  const delta = now - acct.start;
  own.irqsDisabled = 1;
  if (faults.startOutsideSection) memory.storeLong(acct.base + Acct.at.start, now);
  writeSeqcountBegin(memory, acct.seq);
  acct.utime += delta;
  if (faults.tornWrite) {
    writeSeqcountEnd(memory, acct.seq);
    writeSeqcountBegin(memory, acct.seq);
  }
  acct.start = now;
  writeSeqcountEnd(memory, acct.seq);
  own.irqsDisabled = masked;
}

/** User time of a CPU's task at this CPU's clock. Restartable: it only loads, and keeps nothing. */
export function readAcct(cpu: ToyKernel, of: CpuId): Ns {
  const acct = cpu.accts[of]!;
  for (;;) {
    const seq = readSeqcountBegin(cpu.memory, acct.seq);
    const { utime } = acct;
    const { start } = acct;
    if (cpu.faults.noRetry || !readSeqcountRetry(cpu.memory, acct.seq, seq)) {
      return utime + Math.max(0, cpu.arch.now() - start);
    }
  }
}
