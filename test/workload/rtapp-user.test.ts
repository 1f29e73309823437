/** Programs as the kernel meets them: one operation after the other, counters in the task's registers. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OpKind, type Op } from '../../src/kernel/user.ts';
import { resolveScenario } from '../../src/workload/resolve.ts';
import type { Scenario } from '../../src/workload/scenario.ts';
import { readFixture } from '../support/rtapp-files.ts';
import { freshRegs, userOf, walk } from '../support/walk-program.ts';

const scenarioOf = (task: string, rest = ''): Scenario => resolveScenario(`{"tasks": {"t": {${task}}${rest}}}`, 'w.json');
const opsOf = (task: string, count = 100, rest = ''): Op[] => walk(userOf(scenarioOf(task, rest)), 0, count);

const NAMES = Object.fromEntries(Object.entries(OpKind).map(([name, kind]) => [kind, name]));
const withoutMarks = (ops: readonly Op[]): Op[] => ops.filter((op) => op.kind !== OpKind.Mark);
const names = (ops: readonly Op[]): string[] => ops.map((op) => NAMES[op.kind]!);
const text = (ops: readonly Op[]): string =>
  withoutMarks(ops).map((op) => `${NAMES[op.kind]}(${op.a},${op.b},${op.c})#${op.event}`).join(' ');

describe('loops', () => {
  it('a task without loop and phases goes on for ever', () => {
    expect(opsOf('"run": 1', 301)).toHaveLength(301);
  });

  it('without phases, loop counts passes over the events, and then the task ends', () => {
    expect(names(opsOf('"loop": 2, "run": 1'))).toEqual(['Mark', 'Run', 'Mark', 'Mark', 'Run', 'Mark', 'Exit']);
  });

  it('a loop of 0 ends at once', () => expect(names(opsOf('"loop": 0, "phases": {"p": {"run": 1}}'))).toEqual(['Exit']));

  it('phases run in file order, each as often as it says, all of them as often as the task says', () => {
    const ops = opsOf('"loop": 2, "phases": {"a": {"loop": 2, "run": 1}, "b": {"run": 2}}');
    expect(withoutMarks(ops).map((op) => op.a / 1000)).toEqual([1, 1, 2, 1, 1, 2, 0]);
  });

  it('phases of one name are phases of their own', () => {
    const user = userOf(resolveScenario(readFixture('repeated-phases.json'), 'w.json'));
    const ops = withoutMarks(walk(user, 0, 100));
    expect(ops.map((op) => op.event)).toEqual([0, 0, 1, 2, 3, 2, 3, 2, 3, -1]);
  });

  it('marks carry the phase, and the counters stand still until both marks of a pass are told', () => {
    const user = userOf(scenarioOf('"loop": 1, "phases": {"a": {"loop": 2, "run": 1}, "b": {"run": 2}}'));
    const regs = freshRegs();
    const seen: number[][] = [];
    const op: Op = { kind: OpKind.Exit, a: 0, b: 0, c: 0, event: -1 };
    do {
      user.next(0, 0, regs, op);
      if (op.kind === OpKind.Mark) seen.push([op.a, op.b, regs.threadLoop, regs.phaseLoop]);
    } while (op.kind !== OpKind.Exit);
    expect(seen).toEqual([[0, 0, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1], [1, 0, 0, 1], [0, 1, 0, 0], [1, 1, 0, 0]]);
  });

  it('after its end a task only ever ends', () => {
    const user = userOf(scenarioOf('"loop": 1, "run": 1'));
    const regs = freshRegs();
    walk(user, 0, 10, regs);
    expect(names(walk(user, 0, 1, regs))).toEqual(['Exit']);
  });

  it('counters that wrap around do not end an endless task or start it anew', () => {
    const user = userOf(scenarioOf('"phases": {"a": {"cpus": [0], "run": 1}, "b": {"run": 2}}'));
    const regs = Object.assign(freshRegs(), { threadLoop: 0x7fffffff, phaseLoop: 0 });
    expect(walk(user, 0, 50, regs)).toHaveLength(50);
    expect(regs.threadLoop).toBeGreaterThan(0);
  });

  it('every event of every pass comes once and in order, whatever the loops', () => {
    const phase = fc.record({ loop: fc.integer({ min: 1, max: 4 }), events: fc.integer({ min: 1, max: 4 }) });
    fc.assert(fc.property(fc.array(phase, { minLength: 1, maxLength: 4 }), fc.integer({ min: 1, max: 3 }), (phases, loop) => {
      const bodies = phases.map((p) => `"p": {"loop": ${p.loop}, ${'"run": 1,'.repeat(p.events)}}`);
      const ops = opsOf(`"loop": ${loop}, "phases": {${bodies.join()}}`, 10_000);
      let first = 0;
      const once = phases.flatMap((p) => {
        const events = Array.from({ length: p.events }, (_, i) => first + i);
        first += p.events;
        return Array.from({ length: p.loop }, () => events).flat();
      });
      expect(ops.map((op) => op.event).filter((event) => event >= 0)).toEqual(Array.from({ length: loop }, () => once).flat());
    }));
  });
});

describe('events', () => {
  it.each([
    ['"run": 5', 'Run(5000,0,0)#0'],
    ['"run": 0, "sleep": 0', 'Run(0,0,0)#0 Sleep(0,0,0)#1'],
    ['"runtime": 5', 'RunUntil(5000,0,0)#0'],
    ['"run0": 1, "runtime1": 2', 'Run(1000,0,0)#0 RunUntil(2000,0,0)#1'],
    ['"sleep": 7', 'Sleep(7000,0,0)#0'],
    ['"lock": "m", "unlock": "m"', 'Lock(0,0,0)#0 Unlock(0,0,0)#1'],
    ['"lock": "m", "wait": {"ref": "c", "mutex": "m"}, "unlock": "m"', 'Lock(0,0,0)#0 CondWait(1,0,0)#1 Unlock(0,0,0)#2'],
    ['"signal": "c", "broad": "c"', 'CondSignal(0,0,0)#0 CondBroadcast(0,0,0)#1'],
    [
      '"lock": "m", "sync": {"ref": "c", "mutex": "m"}, "unlock": "m"',
      'Lock(0,0,0)#0 CondSignal(1,0,0)#1 CondWait(1,0,0)#-1 Unlock(0,0,0)#2',
    ],
    ['"sync": {"ref": "c", "mutex": "m"}', 'Lock(1,0,0)#0 CondSignal(0,0,0)#-1 CondWait(0,1,0)#-1 Unlock(1,0,0)#-1'],
    ['"suspend": "t"', 'Lock(0,0,0)#0 CondWait(1,0,0)#-1 Unlock(0,0,0)#-1'],
    ['"resume": "x"', 'Lock(0,0,0)#0 CondBroadcast(1,0,0)#-1 Unlock(0,0,0)#-1'],
    ['"sem_post": "s", "sem_wait": "s"', 'SemPost(0,0,0)#0 SemWait(0,0,0)#1'],
    ['"barrier": "b"', 'Barrier(0,0,0)#0'],
    ['"yield": ""', 'Yield(0,0,0)#0'],
    ['"fork": "t"', 'Fork(0,0,0)#0'],
    ['"mem": 1000', 'Run(100,0,0)#0'],
    ['"memrun": {"type": "chase", "size": 1, "count": 3}', 'Run(240,0,0)#0'],
    ['"iorun": 4194305', 'Syscall(600,0,0)#0'],
    ['"syscall": 5, "syscall": "300ns"', 'Syscall(5000,0,0)#0 Syscall(300,0,0)#1'],
    ['"slack": "1ns"', 'SetSlack(1,0,0)#0'],
    ['"timer": {"ref": "unique", "period": 5}', 'Timer(0,5000,0)#0'],
    [
      '"timer": {"ref": "unique1", "period": 5}, "timer": {"ref": "unique2", "period": 6}, "timer": {"ref": "unique1", "period": 7}',
      'Timer(0,5000,0)#0 Timer(1,6000,0)#1 Timer(0,7000,0)#2',
    ],
    ['"timer": {"ref": "tick", "period": 5}, "timer": {"ref": "tock"}', 'Timer(-1,5000,0)#0 Timer(-2,0,0)#1'],
    [
      '"timer": {"ref": "tick", "period": 5}, "timer": {"ref": "tick", "period": 6, "mode": "absolute"}',
      'Timer(-1,5000,1)#0 Timer(-1,6000,1)#1',
    ],
  ])('%s', (events, expected) => expect(text(opsOf(`"loop": 1, ${events}`))).toBe(`${expected} Exit(0,0,0)#-1`));

  it('suspend without a value waits for a resume of the task’s own name', () => {
    const { syncObjects } = resolveScenario(readFixture('key-without-value.json'), 'w.json').workload;
    expect(syncObjects).toEqual([
      { kind: 'mutex', name: 'sleeper', parties: 0 }, { kind: 'condition', name: 'sleeper', parties: 0 },
    ]);
  });

  it('a barrier waits for as many as the file names, instances counted', () => {
    const { syncObjects } = scenarioOf('"barrier": "b"', ', "u": {"instance": 3, "barrier": "b", "barrier": "c"}').workload;
    expect(syncObjects.map(({ name, parties }) => [name, parties])).toEqual([['b', 4], ['c', 3]]);
  });

  it('says what it only approximates', () => {
    const { approximations } = scenarioOf('"mem": 1, "iorun": 1, "util_min": 5, "taskgroup": "/a", "nodes_membind": [0]');
    expect(approximations.map((sentence) => sentence.split(' ')[0])).toEqual(
      expect.arrayContaining(['mem', 'iorun', 'util_min', 'taskgroup', 'nodes_membind']),
    );
  });
});
