/** Steps that a workload can ask for and that no shipped scenario has. */
import { describe, expect, test } from 'vitest';
import { createOracles } from '../../src/check/all-oracles.ts';
import { Judge } from '../../src/check/judge.ts';
import { factsOf } from '../../src/setup.ts';
import { engineOf, resolve, Rows } from '../support/engine.ts';

/** More events than any of these runs needs: whoever gets here does not move in time. */
const EVENTS_MAX = 50_000;

function run(text: string, limitNs = 60e6): { rows: Rows; events: number; broken: readonly string[] } {
  const scenario = resolve(text, { durationNs: limitNs });
  const rows = new Rows();
  const judge = new Judge(createOracles(factsOf(scenario)));
  const engine = engineOf(scenario, limitNs, [rows, judge]);
  while (engine.events < EVENTS_MAX && engine.run(1_000) === undefined);
  engine.finish(limitNs);
  const broken = judge.finish(limitNs).filter(({ verdict }) => verdict.verdict === 'broken').map(({ oracle }) => oracle.id);
  return { rows, events: engine.events, broken };
}

describe('a deadline task', () => {
  const task = (what: string): string => `{
    "tasks": {
      "d": { "policy": "SCHED_DEADLINE", "dl-runtime": 2000, "dl-period": 10000, "dl-deadline": 10000, "loop": -1, "run": 500, ${what} },
      "hog": { "run": 50000 }
    },
    "dynticks": { "cpus": 1 }
  }`;

  test('that yields gives the rest of its budget up, once a period', () => {
    const { rows, broken } = run(task('"yield": ""'));
    const turns = rows.named('sched_switch').filter(({ fields }) => fields[3] === 1).length;
    expect([turns > 2 && turns <= 7, broken]).toEqual([true, []]);
  });

  test('may use its budget up inside a system call', () => {
    const { rows, broken } = run(task('"syscall": "3ms"'));
    expect([rows.named('hrtimer_start').filter(({ fields }) => fields[1] === 2).length > 0, broken]).toEqual([true, []]);
  });
});

describe('slow code', () => {
  test('finds sleepers in a tick that a faster one would not have found', () => {
    const { rows, broken } = run(`{
      "tasks": {
        "a": { "cpus": [1], "loop": -1, "run": 900, "sleep": 311 }, "b": { "cpus": [2], "loop": -1, "run": 700, "sleep": 503 },
        "s": { "instance": 5, "cpus": [1, 2], "loop": -1, "sleep": 1037, "run": 20, "sleep": 377 }
      },
      "dynticks": { "cpus": 3, "hz": 1000, "machine": { "costs": { "ProgramEvent": "200us" } } }
    }`, 200e6);
    expect([rows.named('sched_migrate_task').length > 0, broken]).toEqual([true, []]);
  });
});

describe('time goes on', () => {
  test.each(['"runtime": 0', '"run": 0'])('where a task does nothing but %s, over and over', (nothing) => {
    const { events, rows, broken } = run(`{ "tasks": { "s": { "loop": -1, ${nothing} } }, "dynticks": { "cpus": 1 } }`, 26e6);
    expect([events < EVENTS_MAX, rows.named('rtapp_loop').length > 1_000, broken]).toEqual([true, true, []]);
  });
});
