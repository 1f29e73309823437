import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Memory } from '../../shared/memory/memory.ts';
import { namedCells } from '../../src/explore/cells.ts';
import { naive } from '../../src/explore/depth-first.ts';
import { explore } from '../../src/explore/explore.ts';
import { ExploredMachine } from '../../src/explore/explored-machine.ts';
import type { ModelCpu } from '../../src/explore/explored-memory.ts';
import { model, startsOf, type Model, type ModelIrq } from '../../src/explore/model.ts';
import { Op } from '../../src/explore/step.ts';
import { ANYTHING, modelOf, programs } from '../support/random-program.ts';

const { plan, at } = namedCells({ x: 0, y: 0, bell: 0 });

function machineOf(threads: Model['threads'], start = 0): ExploredMachine {
  const made = model({ name: 'made', cells: plan, threads });
  return new ExploredMachine(made, startsOf(made)[start]!);
}
const thread = (name: string, run: (memory: Memory, cpu: ModelCpu) => unknown, irqs: readonly ModelIrq[] = []) => ({ name, run, irqs });
const canStep = (machine: ExploredMachine) => machine.strands.filter(({ id }) => machine.enabled() & (1 << id)).map(({ name }) => name);
const results = (machine: ExploredMachine) => machine.strands.map(({ step }) => step.outcome);

/** All that a step may change. */
function snapshot({ strands, cpus, cells, versions, length, plainSteps, broken }: ExploredMachine) {
  return structuredClone({
    strands: strands.map(({ step, log, readsFrom, readCount, wokenBy, reads }) =>
      ({ op: step.op, at: step.at, log, readsFrom, readCount, wokenBy, reads: reads.slice(0, readCount) })),
    cpus: cpus.map(({ masks, interrupt }) => ({ masks, interrupt: interrupt?.id })),
    words: [...cells.words], versions: [...versions], length, plainSteps, broken,
  });
}

describe('an explored machine', () => {
  it('takes back each step whole', () => {
    fc.assert(fc.property(programs(ANYTHING, 3, 4, true), fc.array(fc.nat(), { maxLength: 40 }), (program, picks) => {
      const made = modelOf(program);
      const machine = new ExploredMachine(made, startsOf(made).at(-1)!);
      const before: [ReturnType<typeof snapshot>, number][] = [];
      for (const pick of picks) {
        const able = machine.strands.filter((strand) => machine.canStep(strand));
        if (able.length === 0) break;
        const { id } = able[pick % able.length]!;
        before.push([snapshot(machine), machine.enabled()]);
        machine.take(id, pick % machine.waysOf(id));
      }
      for (const [state, enabled] of before.reverse()) {
        machine.takeBack();
        expect(snapshot(machine)).toEqual(state);
        expect(machine.enabled()).toBe(enabled);
      }
    }), { numRuns: 300, seed: 1 });
  });

  it('lets a spinning strand go on only when something that it read has changed', () => {
    const machine = machineOf([
      thread('spinner', (memory) => { while (memory.load(at.x) === 0) memory.relax(); }),
      thread('other', (memory) => [memory.store(at.y, 1), memory.store(at.x, 0), memory.store(at.x, 1)]),
    ]);
    machine.take(0, 0);
    expect(canStep(machine)).toEqual(['other']);
    machine.take(1, 0);
    machine.take(1, 0);
    expect(canStep(machine), 'a cell that it has not read, and a store that changes nothing').toEqual(['other']);
    machine.take(1, 0);
    expect(canStep(machine)).toEqual(['spinner']);
    machine.take(0, 0);
    expect(machine.strands.every(({ ended }) => ended)).toBe(true);
  });

  it('wakes sleepers of a word in the order in which they fell asleep, and no more than asked', () => {
    const sleeper = (memory: Memory) => memory.wait(at.bell, 0, Infinity);
    const machine = machineOf([
      thread('a', sleeper), thread('b', sleeper), thread('c', (memory) => memory.wait(at.x, 0, Infinity)),
      thread('ringer', (memory) => [memory.notify(at.bell, 1), memory.notify(at.bell, 5), memory.notify(at.y, 1)]),
    ]);
    [1, 0, 2].forEach((id) => machine.take(id, 0));
    expect(canStep(machine)).toEqual(['ringer']);
    machine.take(3, 0);
    expect(results(machine)).toEqual([undefined, 'ok', undefined, undefined]);
    machine.take(3, 0);
    machine.take(3, 0);
    expect(results(machine)).toEqual(['ok', 'ok', undefined, [1, 1, 0]]);
    expect(machine.enabled(), 'c sleeps on another word').toBe(0);
  });

  it('lets nobody fall asleep on a word that has changed', () => {
    const machine = machineOf([thread('a', (memory) => memory.wait(at.bell, 1, Infinity))]);
    machine.take(0, 0);
    expect(results(machine)).toEqual(['not-equal']);
  });

  it('lets a sleep with a time-out end by itself at any moment, and not be woken after that', () => {
    const machine = machineOf([
      thread('a', (memory) => memory.wait(at.bell, 0, 5)), thread('b', (memory) => memory.notify(at.bell, 1)),
    ]);
    machine.take(0, 0);
    expect(canStep(machine)).toEqual(['a', 'b']);
    machine.take(0, 0);
    machine.take(1, 0);
    expect(results(machine)).toEqual(['timed-out', 0]);
  });

  it('holds its invariant after each step, and says when it was broken first', () => {
    const made = model({
      name: 'made', cells: plan,
      threads: [thread('a', (memory) => [memory.store(at.x, 1), memory.store(at.y, 1), memory.store(at.x, 0)])],
      invariant: {
        cells: [at.x, at.y],
        holds: (cells) => (cells.load(at.x) === cells.load(at.y) ? undefined : `x is ${cells.load(at.x)}`),
      },
    });
    expect(explore(made, naive()).found?.failure).toEqual({ kind: 'invariant', says: 'x is 1', at: 1 });
    const machine = new ExploredMachine(made, startsOf(made)[0]!);
    machine.take(0, 0);
    machine.take(0, 0);
    expect(machine.broken, 'it stays broken though it holds again').toBe('x is 1');
    machine.takeBack();
    machine.takeBack();
    expect(machine.broken).toBeUndefined();
  });

  it('refuses an invariant that reads other cells than it says', () => {
    const sly = { cells: [at.x], holds: (cells: Pick<Memory, 'load'>) => (cells.load(at.y) === 0 ? undefined : 'y is not 0') };
    const made = model({ name: 'sly', cells: plan, threads: [thread('a', (memory) => memory.store(at.x, 1))], invariant: sly });
    expect(() => explore(made, naive())).toThrow(/the invariant of sly reads y, which is none of its cells/);
  });
});

describe('interrupts', () => {
  const tick = { name: 'tick', run: (memory: Memory) => [memory.add(at.x, 1), memory.add(at.y, 1)] };

  it('may fire between any two accesses, before the first and after the last, and run to their end', () => {
    const seen = new Set<string>();
    const made = model({
      name: 'made', cells: plan,
      threads: [thread('CPU0', (memory) => [memory.load(at.x), memory.load(at.y), memory.load(at.x)], [tick])],
    });
    const report = explore(made, naive(), { onExecution: ({ strands }) => { seen.add(strands[0]!.step.outcomeText); } });
    expect(report).toMatchObject({ executions: 5, starts: 2 });
    expect([...seen].sort()).toEqual(['[0,0,0]', '[0,0,1]', '[0,1,1]', '[1,1,1]']);
  });

  it('are explored for each number of times up to their maximum, one after the other', () => {
    const made = model({ name: 'made', cells: plan, threads: [thread('CPU0', (memory) => memory.load(at.x), [{ ...tick, max: 3 }])] });
    const fired: number[] = [];
    explore(made, naive(), { onExecution: ({ cells }) => { fired.push(cells.load(at.x)); } });
    // n firings come before, in between or after the one load in n + 1 ways
    expect(fired).toEqual([0, 1, 1, 2, 2, 2, 3, 3, 3, 3]);
  });

  it('do not fire while they are masked, however deep', () => {
    const made = model({
      name: 'made', cells: plan,
      threads: [thread('CPU0', (memory, cpu) => {
        cpu.maskIrqs();
        cpu.maskIrqs();
        const before = memory.load(at.x);
        cpu.unmaskIrqs();
        const after = memory.load(at.x);
        cpu.unmaskIrqs();
        return after - before;
      }, [tick])],
      check: ({ results: [moved] }) => (moved === 0 ? undefined : 'x moved while interrupts were masked'),
    });
    const report = explore(made, naive());
    // before the first mask; after the last unmask; without a tick: masks are no steps there
    expect(report).toMatchObject({ verdict: 'pass', executions: 3 });
  });

  it('find a CPU that was left masked, and never fire then', () => {
    const made = model({ name: 'made', cells: plan, threads: [thread('CPU0', (_, cpu) => cpu.maskIrqs(), [tick])] });
    const fired: unknown[] = [];
    const report = explore(made, naive(), { onExecution: ({ strands }) => { fired.push(strands[1]?.ended); } });
    expect(report.verdict).toBe('pass');
    expect(fired).toEqual([undefined, false, true]);
  });

  it('find the thread spinning for ever where they wait for what it holds', () => {
    const lock = (memory: Memory) => {
      while (memory.cas(at.x, 0, 1) !== 0) memory.relax();
      memory.store(at.x, 0);
    };
    const made = model({ name: 'made', cells: plan, threads: [thread('CPU0', lock, [{ name: 'irq', run: lock }])] });
    expect(explore(made, naive(), { countAll: true }).failures).toEqual({ deadlock: 1 });
  });

  it('interrupt a thread that spins or sleeps, and can end its wait', () => {
    const made = model({
      name: 'made', cells: plan,
      threads: [
        thread('spinner', (memory) => { while (memory.load(at.x) === 0) memory.relax(); }, [
          { name: 'sets', run: (memory: Memory) => memory.store(at.x, 1) },
        ]),
        thread('sleeper', (memory) => memory.wait(at.bell, 0, Infinity), [
          { name: 'rings', run: (memory: Memory) => [memory.store(at.bell, 1), memory.notify(at.bell, 1)] },
        ]),
      ],
    });
    // stuck are only those that begin with too few interrupts
    const stuck = new Set<string>();
    explore(made, naive(), { countAll: true, onExecution: ({ start }, failure) => { if (failure) stuck.add(start.firings.join()); } });
    expect([...stuck]).toEqual(['0,0', '0,1', '1,0']);
  });
});

describe('choices', () => {
  it('of a thread are each tried, and are no access', () => {
    const seen = new Set<unknown>();
    const made = model({
      name: 'made', cells: plan,
      threads: [thread('CPU0', (memory, cpu) => {
        const drift = cpu.choose('drift', [-1, 0, 1]);
        if (drift !== 0) memory.store(at.x, drift);
        return cpu.choose('late', [false, true]) ? `${drift} late` : `${drift}`;
      })],
    });
    const report = explore(made, naive(), { onExecution: ({ strands }) => { seen.add(strands[0]!.step.outcome); } });
    expect(report.executions).toBe(6);
    expect([...seen].sort()).toEqual(['-1', '-1 late', '0', '0 late', '1', '1 late']);
  });

  it('of a model are made before it begins, in every combination', () => {
    const seen: string[] = [];
    const made = model({
      name: 'made', cells: plan,
      choices: { x: [1, 2], order: ['up', 'down'] },
      setUp: (memory, chosen) => {
        memory.store(at.x, chosen['x'] as number);
        memory.store(at.y, chosen['order'] === 'up' ? 1 : 0);
      },
      threads: [thread('CPU0', (memory) => memory.load(at.x) * 10 + memory.load(at.y))],
      check: ({ results: [sum], chosen }) => void seen.push(`${chosen['x']} ${chosen['order']} ${sum}`),
    });
    expect(explore(made, naive())).toMatchObject({ starts: 4, executions: 4 });
    expect(seen).toEqual(['1 up 11', '1 down 10', '2 up 21', '2 down 20']);
  });

  it('count as steps of their own', () => {
    const machine = machineOf([thread('CPU0', (_, cpu) => cpu.choose('one', ['only']))]);
    expect(machine.strands[0]!.step).toMatchObject({ op: Op.Choose, value: 1, label: 'one' });
    expect(machine.waysOf(0)).toBe(1);
  });
});
