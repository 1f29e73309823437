import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BadModel } from '../../src/explore/bad-model.ts';
import { explore } from '../../src/explore/explore.ts';
import { replay } from '../../src/explore/counterexample.ts';
import { turnsOf } from '../../src/explore/follow.ts';
import type { FailureKind } from '../../src/explore/judge.ts';
import { startsOf } from '../../src/explore/model.ts';
import { random } from '../../src/explore/random.ts';
import { parseSchedule, printSchedule, type Schedule } from '../../src/explore/schedule.ts';
import { ANYTHING, modelOf, programs } from '../support/random-program.ts';
import { seqlock } from '../support/two-fields.ts';

const turns = (...strands: number[]) => strands.map((strand) => ({ strand, way: 0 }));

describe('a schedule as text', () => {
  it.each([
    ['0000-1-00', { start: 0, turns: turns(0, 0, 0, 0, 1, 0, 0) }],
    ['0x5-a', { start: 0, turns: turns(0, 0, 0, 0, 0, 10) }],
    ['s3-1', { start: 3, turns: turns(1) }],
    ['00.2.0-1', { start: 0, turns: [{ strand: 0, way: 0 }, { strand: 0, way: 2 }, { strand: 0, way: 0 }, { strand: 1, way: 0 }] }],
  ] as [string, Schedule][])('%s', (text, schedule) => {
    expect(printSchedule(schedule)).toBe(text);
    expect(parseSchedule(text)).toEqual(schedule);
  });

  it('comes back as it was, whatever it is', () => {
    const turn = fc.record({ strand: fc.nat(29), way: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, fc.nat(12)) });
    fc.assert(fc.property(fc.nat(40), fc.array(turn, { minLength: 1 }), (start, list) => {
      const text = printSchedule({ start, turns: list });
      expect(text).toMatch(/^[0-9a-zx.-]+$/);
      expect(parseSchedule(text)).toEqual({ start, turns: list });
    }), { seed: 1 });
  });

  it.each(['', '0--1', 'S1-0', '0.x.', '0 1', '!'])('is refused if it is none: "%s"', (text) => {
    expect(() => parseSchedule(text)).toThrow(BadModel);
  });
});

describe('a schedule', () => {
  it('reproduces the failure that it was found with', () => {
    const torn = seqlock(2, 1, { noRetry: true });
    const { found } = explore(torn, random({ seed: 5 }));
    const text = printSchedule(found!.schedule);
    expect(replay(torn, parseSchedule(text))).toMatchObject({ kind: 'assertion', says: found!.failure.says, replay: text });
  });

  it('reproduces whatever was executed, choices, interrupts and time-outs included', () => {
    fc.assert(fc.property(programs(ANYTHING, 3, 3, true), (program) => {
      const model = modelOf(program);
      const starts = startsOf(model).map((start) => JSON.stringify(start));
      const executed: [text: string, steps: string[], kind: FailureKind | undefined][] = [];
      explore(model, random({ executions: 5 }), {
        countAll: true,
        onExecution: (machine, failure) => {
          const schedule = { start: starts.indexOf(JSON.stringify(machine.start)), turns: turnsOf(machine) };
          executed.push([printSchedule(schedule), machine.taken.slice(0, machine.length).map(({ strand }) => strand.name), failure?.kind]);
        },
      });
      for (const [text, steps, kind] of executed) {
        const again = replay(model, parseSchedule(text));
        expect(again).toMatchObject({ kind, replay: text });
        expect(again.rows.map(({ strand }) => strand)).toEqual(steps);
      }
    }), { numRuns: 60, seed: 1 });
  });

  it('is refused by another model, and by code that has changed', () => {
    expect(() => replay(seqlock(1, 1), parseSchedule('0x5'))).toThrow(/step 5 of the schedule: CPU0 cannot step/);
    expect(() => replay(seqlock(1, 1), parseSchedule('2'))).toThrow(/there is no strand 2/);
    expect(() => replay(seqlock(1, 1), parseSchedule('s4-0'))).toThrow(/two-fields has no start number 4/);
    expect(() => replay(seqlock(1, 1), parseSchedule('0.1.'))).toThrow(/step 1 has no option 1/);
  });

  it('that ends early goes on without preemption', () => {
    expect(replay(seqlock(1, 1), parseSchedule('00'))).toMatchObject({ kind: undefined, preemptions: 0, replay: '0000-1111' });
  });
});
