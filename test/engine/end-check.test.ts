import { describe, expect, test } from 'vitest';
import { EventClass } from '../../shared/events.ts';
import { END_CHECK_NS, EndCheck, endCheckAfter } from '../../src/engine/end-check.ts';
import type { InlineEngine } from '../../src/engine/inline-engine.ts';
import type { EndReason } from '../../src/engine/run.ts';
import { KernelImage } from '../../src/kernel/image.ts';
import { engineOf, resolve, Rows } from '../support/engine.ts';

const LIMIT = 1e9;
const tasks = (text: string): string => `{"tasks": {${text}}}`;
const ENDS = '"ends": {"loop": 1, "run": 1000}';
const WAITS = '"waits": {"lock": "m", "wait": {"ref": "c", "mutex": "m"}}';
const SLEEPS = '"sleeps": {"sleep": 30000}';

/** An engine for the first tasks, run without an end check until `ns`. */
function engineAt(text: string, ns: number): InlineEngine {
  const engine = engineOf(resolve(text, { durationNs: ns }), ns);
  while (engine.run(1) === undefined);
  return engine;
}

/** Asks as another thread would: over an image of its own of the same memory. */
function asked({ image, cpus }: InlineEngine, workers: readonly number[], endsWithTasks = true): [EndReason | undefined, number[]] {
  const check = new EndCheck(new KernelImage(image.memory, image.map), { workers: workers.map((i) => cpus.length + i), endsWithTasks });
  return [check.reason(), check.stuckTasks().map((task) => task - cpus.length)];
}

describe('the question whether a run may end', () => {
  test('is answered no while the machine boots, although no task lives yet', () => {
    expect(asked(engineAt(tasks(ENDS), 1e6), [0])).toEqual([undefined, []]);
  });

  test('is answered yes when all tasks have ended, by any thread that maps the memory', () => {
    expect(asked(engineAt(tasks(ENDS), 200e6), [0])).toEqual(['all tasks ended', []]);
  });

  test('is answered yes when every task that lives sleeps without a timer', () => {
    expect(asked(engineAt(tasks(`${ENDS}, ${WAITS}`), 200e6), [0, 1])).toEqual(['nothing can ever wake', [1]]);
  });

  test('is answered no while one of them may wake another', () => {
    expect(asked(engineAt(tasks(`${WAITS}, ${SLEEPS}`), 200e6), [0, 1])).toEqual([undefined, []]);
  });

  test('leaves out those that do not matter, and is moot where none does', () => {
    const engine = engineAt(tasks(`${WAITS}, ${SLEEPS}`), 200e6);
    expect(asked(engine, [0])).toEqual(['nothing can ever wake', [0]]);
    expect(asked(engine, [])).toEqual([undefined, []]);
  });

  test('is answered no for a run of a fixed length, which says at its end who is stuck all the same', () => {
    expect(asked(engineAt(tasks(WAITS), 200e6), [0], false)).toEqual([undefined, [0]]);
  });
});

describe('the inline engine asks', () => {
  test('before the first event at or after each multiple: when the run ends, none has begun there', () => {
    const rows = new Rows();
    const scenario = resolve(tasks('"ends": {"loop": 1, "run": 60000}'), { cpus: 2 });
    const engine = engineOf(scenario, LIMIT, [rows]);
    let reason: EndReason | undefined;
    while (reason === undefined) reason = engine.run(1);
    expect(reason).toBe('all tasks ended');
    engine.finish(engine.now);
    const starts = rows.named('event').filter(({ fields }) => fields[1] !== EventClass.End).map(({ fields }) => fields[0]!);
    expect(Math.max(...starts)).toBe(engine.now);
    expect(engine.now).toBeLessThan(2 * END_CHECK_NS);
    expect(Math.min(...engine.cpus.map(({ next }) => next.time))).toBeGreaterThanOrEqual(2 * END_CHECK_NS);
  });

  test('again at the next multiple, however far an event has leapt', () => {
    expect([0, 1, 49_999_999, 50_000_000, 170_000_000].map(endCheckAfter)).toEqual([50e6, 50e6, 50e6, 100e6, 200e6]);
  });
});
