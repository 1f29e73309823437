/**
 * Evidence for docs/adr/0003-continuations-and-cuts.md: what a continuation and a cut must be able
 * to do, on a kernel of two hundred lines.
 */
import { describe, expect, it } from 'vitest';
import { KernelBug } from '../../../shared/assert.ts';
import { SPUN } from './hooked-memory.ts';
import type { ToyFaults, ToyOp } from './toy-kernel.ts';
import { ToyMachine, type Cut, type ToyScenario } from './toy-machine.ts';
import { toyMap } from './toy-records.ts';

const edge: ToyOp = { op: 'edge' };
const call = (to: number, func = 0, arg = 7): ToyOp => ({ op: 'call', to, func, arg });
const read = (of: number): ToyOp => ({ op: 'read', of });
const run = (scenario: ToyScenario) => new ToyMachine(scenario).run();

describe('a cross call with wait', () => {
  it('returns to the engine and goes on with the answer when that arrives', () => {
    const machine = run({ programs: [[call(1), edge], []] });
    expect(machine.valuesOf('called')).toEqual([71]);
    expect(machine.taken).toEqual(['0 step 0', '1 step 0', '1 ipi 0', '0 ipi 0', '0 step 1', '0 step 2']);
  });

  it('lets two CPUs call each other at once, which a blocked stack could not', () => {
    const machine = run({ programs: [[call(1), call(1)], [call(0), call(0)]] });
    expect(machine.log.map(({ cpu, value }) => [cpu, value])).toEqual([[0, 71], [1, 70], [0, 71], [1, 70]]);
  });

  it('lets the waiting CPU take its timer meanwhile', () => {
    const machine = run({ programs: [[call(1)], []], timers: [105] });
    expect(machine.taken.slice(0, 4)).toEqual(['0 step 0', '1 step 0', '0 timer 0', '1 ipi 0']);
    expect(machine.valuesOf('called')).toEqual([71]);
  });

  it('keeps what it needs in shared memory: objects built anew for each event do the same', () => {
    const programs = [[call(1), edge, call(1, 1)], [call(0), read(0)]];
    expect(run({ programs, forgetful: true }).log).toEqual(run({ programs }).log);
  });
});

/** Runs a reader on CPU 1 right after a named access of CPU 0's first flush. */
const readAt = (field: string, access: 'load' | 'store', n: number): Cut =>
  ({ cpu: 0, event: ['step', 0], access: [field, access, n], run: { reader: 1 } });
const irqAt = (field: string, access: 'load' | 'store', event = 0): Cut =>
  ({ cpu: 0, event: ['step', event], access: [field, access, 0], run: { irq: 'timer' } });
const flushWith = (cut: Cut, faults: ToyFaults = {}) =>
  run({ programs: [[edge, read(0)], []], cuts: [cut], faults, guarded: false });

describe('a cut', () => {
  it('throws a reader out of a write section and starts it again after the event', () => {
    const machine = flushWith(readAt('acct.utime', 'store', 0));
    expect(machine.restarts).toBe(1);
    expect(machine.valuesOf('read')).toHaveLength(2);
    expect(machine.wrongReads()).toEqual([]);
  });

  const everyAccess: [string, 'load' | 'store', number][] = [
    ['acct.start', 'load', 0], ['acct.seq', 'load', 0], ['acct.seq', 'store', 0], ['acct.utime', 'load', 0],
    ['acct.utime', 'store', 0], ['acct.start', 'store', 0], ['acct.seq', 'store', 1],
  ];
  it.each(everyAccess)('at any access (%s, %s) leaves a right kernel right', (...access) => {
    const machine = flushWith(readAt(...access));
    expect(machine.valuesOf('read')).toHaveLength(2);
    expect(machine.wrongReads()).toEqual([]);
  });

  it.each([
    ['a torn write', { tornWrite: true }, readAt('acct.seq', 'store', 1)],
    ['a start that moves before the section', { startOutsideSection: true }, readAt('acct.start', 'store', 0)],
    ['a missing retry', { noRetry: true }, irqAt('acct.utime', 'load', 1)],
    ['interrupts left on in a flush', { irqsOnInFlush: true }, irqAt('acct.start', 'load')],
  ] satisfies [string, ToyFaults, Cut][])('forces %s at the first attempt', (_what, fault, cut) => {
    expect(flushWith(cut, fault).wrongReads().length).toBeGreaterThan(0);
  });

  it.each([
    ['a torn write', { tornWrite: true }],
    ['a start that moves before the section', { startOutsideSection: true }],
    ['a missing retry', { noRetry: true }],
    ['interrupts left on in a flush', { irqsOnInFlush: true }],
  ] satisfies [string, ToyFaults][])('is needed: without one %s shows nothing', (_what, faults) => {
    const machine = run({ programs: [[edge, read(0), edge], [read(0), read(0)]], faults, guarded: false });
    expect(machine.valuesOf('read')).toHaveLength(3);
    expect(machine.wrongReads()).toEqual([]);
  });

  it('finds nothing wrong with a retry that is there', () => {
    const machine = flushWith(irqAt('acct.utime', 'load', 1));
    expect(machine.taken).toHaveLength(4);
    expect(machine.wrongReads()).toEqual([]);
  });

  it('keeps its meaning by name when an unrelated access is inserted, and loses it by number', () => {
    const byNumber: Cut = { ...readAt('', 'load', 0), access: [12] };
    const rotten = { tornWrite: true, unrelatedAccess: true };
    expect(flushWith(byNumber, { tornWrite: true }).wrongReads()).toHaveLength(1);
    expect(flushWith(byNumber, rotten).wrongReads()).toHaveLength(0);
    expect(flushWith(readAt('acct.seq', 'store', 1), rotten).wrongReads()).toHaveLength(1);
  });

  it('that is never reached is an error, not a silence', () => {
    expect(() => flushWith(readAt('acct.utime', 'store', 1))).toThrow('cut never reached: CPU 0 step 0, acct.utime store 1');
  });

  it('refuses an interrupt where the CPU has them masked', () => {
    expect(() => flushWith(irqAt('acct.utime', 'store'))).toThrow('interrupts are masked there');
  });

  it('never falls inside a read-modify-write', () => {
    const cut: Cut = { cpu: 0, event: ['step', 0], access: ['toy_cpu.inbox', 'load', 1], run: { reader: 1 } };
    expect(() => run({ programs: [[call(1)], []], cuts: [cut] })).toThrow('cut never reached');
  });
});

describe('being thrown out', () => {
  const machine = new ToyMachine({ programs: [[], []], guarded: false });
  const { memory } = machine;
  const seq = toyMap(2).at.acct;

  it('is survived by code with a finally, and code that swallows the token gets it again', () => {
    const stubborn = () => {
      try {
        memory.relax();
      } catch { /* swallowed */ }
      return memory.load(seq);
    };
    expect(memory.attempt(stubborn)).toBeUndefined();
    expect(memory.attempt(() => memory.load(seq))).toBe(0);
  });

  it('is no way to hide a bug: other errors pass', () => {
    expect(() => memory.attempt(() => { throw new KernelBug('mine'); })).toThrow('mine');
  });

  it('is refused outside a cut, where a spinning CPU is our own bug', () => {
    expect(() => memory.relax()).toThrow(KernelBug);
    expect(SPUN instanceof Error).toBe(false);
  });
});

describe('the guards', () => {
  it('name the field that a split flush stores outside its section, before any cut is needed', () => {
    const faults = { startOutsideSection: true };
    // the host's stores are free; as CPU 0 the store is refused
    const machine = new ToyMachine({ programs: [[edge], []], faults });
    machine.memory.runAs(0, 2);
    expect(() => machine.run()).toThrow('acct[0].start is stored outside its seqcount section');
  });
});
