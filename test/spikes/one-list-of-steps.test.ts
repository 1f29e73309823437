/**
 * Spike (docs/adr/0002-one-list-of-steps.md): can a write or read section be declared once and run
 * on plain, native and explored memory, stepwise, and on native memory also as one call?
 */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { AtomicsMemory } from '../../shared/memory/atomics-memory.ts';
import type { Memory } from '../../shared/memory/memory.ts';
import { PlainMemory } from '../../shared/memory/plain-memory.ts';
import { allocateShared, WasmMemory } from '../../shared/memory/wasm-memory.ts';
import { Vtime } from '../../shared/structs/task.ts';
import { explore } from './explored-memory.ts';
import { fuse, stepwise, type Fused, type Section, type Step } from './section.ts';

const BASE = 64;
const BYTES = BASE + Vtime.bytes;

/** An edge: the time since the last one is charged to utime. */
const EDGE: Section = {
  name: 'edge', layout: Vtime, parameters: ['now', 'state'],
  steps: [
    ['load', 'seq', 'seq'],
    ['add', 'odd', 'seq', 1],
    ['store', 'seq', 'odd'],
    ['load', 'start', 'starttime'],
    ['load', 'utime', 'utime'],
    ['sub', 'delta', 'now', 'start'],
    ['add', 'utime', 'utime', 'delta'],
    ['store', 'utime', 'utime'],
    ['store', 'starttime', 'now'],
    ['store', 'state', 'state'],
    ['add', 'even', 'seq', 2],
    ['store', 'seq', 'even'],
  ],
};

/** What a reader on another CPU makes of it: utime as of `now`. */
const READ: Section = {
  name: 'read', layout: Vtime, parameters: ['now'],
  steps: [
    ['await-even', 'seq', 'seq'],
    ['load', 'start', 'starttime'],
    ['load', 'utime', 'utime'],
    ['retry-unless', 'seq', 'seq'],
    ['sub', 'delta', 'now', 'start'],
    ['add', 'sum', 'utime', 'delta'],
    ['return', 'sum'],
  ],
};

const edge = stepwise(EDGE);
const read = stepwise(READ);

interface Form {
  readonly memory: Memory;
  edge(now: number, state: number): void;
  read(now: number): number;
}
const overMemory = (memory: Memory): Form => ({
  memory, edge: (now, state) => edge(memory, BASE, now, state), read: (now) => read(memory, BASE, now),
});
const recordOf = (memory: Memory) => {
  const { starttime, utime, stime, state, seq } = Vtime.view(memory, BASE);
  return { starttime, utime, stime, state, seq: memory.load(seq) };
};

describe('one list of steps', () => {
  const shared = allocateShared(BYTES);
  let fused: Record<string, Fused>;
  let forms: Record<string, Form>;
  beforeAll(async () => {
    fused = await fuse([EDGE, READ], shared);
    forms = {
      plain: overMemory(new PlainMemory(BYTES)),
      wasm: overMemory(new WasmMemory(allocateShared(BYTES))),
      atomics: overMemory(new AtomicsMemory(allocateShared(BYTES).buffer)),
      fused: { memory: new WasmMemory(shared), edge: (now, state) => fused.edge!(BASE, now, state), read: (now) => fused.read!(BASE, now) },
    };
  });

  it('means the same on every memory, stepwise and fused', () => {
    const edges = fc.array(fc.record({ ns: fc.integer({ min: 1, max: 2 ** 45 }), state: fc.nat(4) }), { maxLength: 30 });
    fc.assert(fc.property(edges, (list) => {
      let now = Math.max(...Object.values(forms).map(({ memory }) => recordOf(memory).starttime));
      for (const { ns, state } of list) {
        now += ns;
        for (const form of Object.values(forms)) form.edge(now, state);
        const [first, ...others] = Object.values(forms).map((form) => ({ ...recordOf(form.memory), sum: form.read(now + 7) }));
        for (const other of others) expect(other).toEqual(first);
        expect(first!.sum, 'all time so far was user time').toBe(now + 7);
      }
    }), { numRuns: 100, seed: 1 });
  });

  it('gives explored memory the record that it gives plain memory', () => {
    const plain = overMemory(new PlainMemory(BYTES));
    const play = ({ edge: write }: Pick<Form, 'edge'>) => [[5, 1], [9, 3], [2 ** 40, 2]].forEach(([now, state]) => write(now!, state!));
    play(plain);
    const executions = explore([(memory) => {
      play(overMemory(memory));
      return overMemory(memory).read(2 ** 41);
    }], ([sum], cells) => {
      expect(sum).toBe(plain.read(2 ** 41));
      for (const { name, offset, bytes } of Vtime.fields) {
        const expected = bytes === 8 ? plain.memory.loadLong(BASE + offset) : plain.memory.load(BASE + offset);
        expect(cells.get(BASE + offset) ?? 0, name).toBe(expected);
      }
    });
    expect(executions).toBe(1);
  });

  it('fused, leaves a read that meets a writer to the stepwise form', () => {
    const { memory } = forms.fused!;
    const { seq } = Vtime.view(memory, BASE);
    memory.add(seq, 1);
    expect(fused.read!(BASE, 5)).toBeNaN();
    memory.add(seq, 1);
    expect(fused.read!(BASE, memory.loadLong(BASE + Vtime.at.starttime))).not.toBeNaN();
  });
});

describe('explored in every interleaving', () => {
  /** The smallest shape: the sequence is known, so that an update is four accesses. */
  const update: Section = {
    name: 'update', layout: Vtime, parameters: ['value', 'odd', 'even'],
    steps: [['store', 'seq', 'odd'], ['store', 'utime', 'value'], ['store', 'stime', 'value'], ['store', 'seq', 'even']],
  };
  const difference: Section = {
    name: 'difference', layout: Vtime, parameters: [],
    steps: [
      ['await-even', 'seq', 'seq'], ['load', 'a', 'utime'], ['load', 'b', 'stime'], ['retry-unless', 'seq', 'seq'],
      ['sub', 'torn', 'a', 'b'], ['return', 'torn'],
    ],
  };
  const write = stepwise(update);
  const writer = (memory: Memory) => write(memory, BASE, 1, 1, 2) + write(memory, BASE, 2, 3, 4);
  const readerOf = (section: Section) => {
    const form = stepwise(section);
    return (memory: Memory) => form(memory, BASE);
  };

  it('two updates and one reader have 14,076 executions, and none is torn', () => {
    let torn = 0;
    const executions = explore([writer, readerOf(difference)], ([, seen]) => { torn += Number(seen !== 0); });
    expect({ executions, torn }).toEqual({ executions: 14_076, torn: 0 });
  });

  it('without the retry 42 of 121 are torn', () => {
    const steps = difference.steps.map((step): Step => (step[0] === 'retry-unless' ? ['no-retry'] : step));
    const weak = readerOf({ ...difference, steps });
    let torn = 0;
    const executions = explore([writer, weak], ([, seen]) => { torn += Number(seen !== 0); });
    expect({ executions, torn }).toEqual({ executions: 121, torn: 42 });
  });
});
