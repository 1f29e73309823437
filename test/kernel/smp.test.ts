/** Calls between CPUs on fake hardware: what is sent, what is locked, and in which order a list of calls is served. */
import { beforeEach, describe, expect, test } from 'vitest';
import { MessageKind } from '../../shared/structs/cpu.ts';
import { CALL_BY_MASK, CSD_WAITING } from '../../shared/structs/smp.ts';
import { KTIME_MAX, type CpuId } from '../../shared/units.ts';
import { startStretch } from '../../src/kernel/irq/entry.ts';
import type { IncomingCall, KernelCpu, SmpCallback } from '../../src/kernel/kernel-cpu.ts';
import {
  EBUSY, ENXIO, SmpFunction, callsAreOver, callsDone, flushSmpCallFunctionQueue, onEachCpu, smpCallFunctionMany,
  smpCallFunctionSingleAsync,
} from '../../src/kernel/smp.ts';
import { FakeMachine } from '../support/fake-arch.ts';

const { Nothing, Membarrier } = SmpFunction;
const { CallFunctionSync: SYNC, CallFunctionMany: MANY, CallFunctionAsync: ASYNC, CallsDone: DONE } = MessageKind;

let machine: FakeMachine;
/** What ran where: CPU, argument, and whether the record was locked at that moment. */
let ran: [CpuId, number][];

const on = <T>(id: CpuId, what: (cpu: KernelCpu) => T): T => machine.as(id, what);
const sentBy = (id: CpuId) => machine.archs[id]!.sent.map(({ to, kind, a, b }) => [to, kind, a, b]);
const mask = (...cpus: CpuId[]): Uint8Array => Uint8Array.from({ length: 4 }, (_, cpu) => (cpus.includes(cpu) ? 1 : 0));
const call = (kind: MessageKind, origin: CpuId, a: number, b: number, n = 0): IncomingCall => ({ kind, origin, a, b, n });
const serve = (id: CpuId, ...calls: IncomingCall[]): void => on(id, (cpu) => flushSmpCallFunctionQueue(cpu, calls, 0));
const tracesOf = (id: CpuId): string[] => machine.archs[id]!.traced.map(({ name }) => name).filter((name) => name.startsWith('csd'));

beforeEach(() => {
  machine = new FakeMachine(4, []);
  ran = [];
  const note: SmpCallback = (cpu, data) => { ran.push([cpu.id, data]); };
  for (const cpu of machine.cpus) {
    Object.assign(cpu, { callbacks: { ...cpu.callbacks, smp: [note, note, note, note] } });
    on(cpu.id, () => { cpu.state.online = 1; });
    cpu.irqsOff = 0;
  }
});

describe('an asynchronous call', () => {
  test('goes to its target, once until it has begun there', () => {
    expect(on(0, (cpu) => smpCallFunctionSingleAsync(cpu, 1, Nothing, 7))).toBe(0);
    expect(on(2, (cpu) => smpCallFunctionSingleAsync(cpu, 1, Nothing, 8))).toBe(-EBUSY);
    expect(on(2, (cpu) => smpCallFunctionSingleAsync(cpu, 1, Membarrier, 9))).toBe(0);
    expect([sentBy(0), sentBy(2)]).toEqual([[[1, ASYNC, Nothing, 7]], [[1, ASYNC, Membarrier, 9]]]);
    serve(1, call(ASYNC, 0, Nothing, 7));
    expect(ran).toEqual([[1, 7]]);
    expect(on(3, (cpu) => smpCallFunctionSingleAsync(cpu, 1, Nothing, 8))).toBe(0);
  });

  test('may be made again by the function itself', () => {
    const again: number[] = [];
    Object.assign(machine.cpus[1]!, { callbacks: { ...machine.cpus[1]!.callbacks, smp: [(cpu: KernelCpu) => {
      again.push(smpCallFunctionSingleAsync(cpu, 2, SmpFunction.NohzCsd, 1), smpCallFunctionSingleAsync(cpu, 1, Nothing, 1));
    }, , , () => undefined] } });
    on(0, (cpu) => smpCallFunctionSingleAsync(cpu, 1, SmpFunction.NohzCsd, 0));
    serve(1, call(ASYNC, 0, SmpFunction.NohzCsd, 0));
    expect(again).toEqual([0, 0]);
  });

  test('to the CPU itself runs at once, with interrupts off', () => {
    let off = 0;
    const note = (cpu: KernelCpu): void => { off = cpu.irqsOff; };
    Object.assign(machine.cpus[0]!, { callbacks: { ...machine.cpus[0]!.callbacks, smp: [, , , note] } });
    expect(on(0, (cpu) => smpCallFunctionSingleAsync(cpu, 0, Nothing, 3))).toBe(0);
    expect([off, machine.cpus[0]!.irqsOff, sentBy(0)]).toEqual([1, 0, []]);
  });

  test('to a CPU that is not online is refused', () => {
    on(1, (cpu) => { cpu.state.online = 0; });
    expect(on(0, (cpu) => smpCallFunctionSingleAsync(cpu, 1, Nothing, 3))).toBe(-ENXIO);
    on(1, (cpu) => { cpu.state.online = 1; });
    expect(on(0, (cpu) => smpCallFunctionSingleAsync(cpu, 1, Nothing, 3))).toBe(0);
  });
});

describe('a call on many', () => {
  const many = (wait: boolean, ...cpus: CpuId[]): boolean => on(0, (cpu) => smpCallFunctionMany(cpu, mask(...cpus), Nothing, 5, wait));
  const calls = () => machine.image.calls[0]!;

  test('goes to each of the mask but the caller and who is not online', () => {
    on(3, (cpu) => { cpu.state.online = 0; });
    expect(many(true, 0, 1, 2, 3)).toBe(true);
    expect(sentBy(0)).toEqual([[1, SYNC, Nothing + CALL_BY_MASK, 5], [2, SYNC, Nothing + CALL_BY_MASK, 5]]);
    expect([calls().pending, calls().locked(1), calls().locked(2), calls().locked(3)]).toEqual([2 + CSD_WAITING, 1, 1, 0]);
  });

  test('to one CPU alone is a single interrupt', () => {
    many(true, 2);
    expect(sentBy(0)).toEqual([[2, SYNC, Nothing, 5]]);
  });

  test('to nobody is over at once', () => {
    expect([many(true, 0), sentBy(0)]).toEqual([false, []]);
  });

  test('whose caller waits keeps its CPU in the kernel until the last of the others says that it is done', () => {
    const [cpu] = machine.cpus;
    expect(many(true, 1, 2)).toBe(true);
    on(0, startStretch);
    expect(cpu!.stepDue).toBe(KTIME_MAX);
    serve(1, call(SYNC, 0, Nothing, 5));
    expect([sentBy(1), calls().pending]).toEqual([[], 1 + CSD_WAITING]);
    serve(2, call(SYNC, 0, Nothing, 5));
    expect([sentBy(2), calls().pending, ran]).toEqual([[[0, DONE, 0, 0]], 0, [[1, 5], [2, 5]]]);
    on(0, callsDone);
    expect(cpu!.waitsForCalls).toBe(0);
  });

  test('whose caller does not wait tells it nothing, unless it wants to call again meanwhile', () => {
    expect(many(false, 1)).toBe(false);
    serve(1, call(MANY, 0, Nothing, 5));
    expect([sentBy(1), on(0, (cpu) => callsAreOver(cpu, Nothing))]).toEqual([[], true]);
    many(false, 1);
    expect(on(0, (cpu) => callsAreOver(cpu, Nothing))).toBe(false);
    serve(1, call(MANY, 0, Nothing, 5));
    expect(sentBy(1)).toEqual([[0, DONE, 0, 0]]);
  });

  test('on each CPU runs here too', () => {
    expect(on(0, (cpu) => onEachCpu(cpu, Nothing, 6, false))).toBe(false);
    expect([ran, sentBy(0).map(([to]) => to)]).toEqual([[[0, 6]], [1, 2, 3]]);
  });
});

describe('a list of calls', () => {
  test('is served in order: awaited ones, others, wake-ups', () => {
    const order: number[] = [];
    const note: SmpCallback = (_, data) => { order.push(data); };
    Object.assign(machine.cpus[3]!, { callbacks: { ...machine.cpus[3]!.callbacks, smp: [note, note, note, note] } });
    for (const origin of [0, 1, 2]) on(origin, (cpu) => smpCallFunctionMany(cpu, mask(3), Nothing, 0, origin === 2));
    serve(3, call(MANY, 0, Nothing, 1), call(MANY, 1, Nothing, 2), call(SYNC, 2, Nothing, 3));
    expect(order).toEqual([3, 1, 2]);
  });

  test('unlocks an awaited record after its function, any other before', () => {
    on(0, (cpu) => smpCallFunctionMany(cpu, mask(1), Nothing, 0, true));
    on(2, (cpu) => smpCallFunctionMany(cpu, mask(1), Nothing, 0, false));
    serve(1, call(SYNC, 0, Nothing, 0), call(MANY, 2, Nothing, 0));
    expect(tracesOf(1)).toEqual([
      'csd_function_entry', 'csd_function_exit', 'csd_unlock', 'csd_unlock', 'csd_function_entry', 'csd_function_exit',
    ]);
  });
});
