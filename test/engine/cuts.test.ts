import { describe, expect, test } from 'vitest';
import { createOracles } from '../../src/check/all-oracles.ts';
import { Judge } from '../../src/check/judge.ts';
import { EventClass } from '../../shared/events.ts';
import { rawSpinGeneration } from '../../shared/sync/raw-spinlock.ts';
import { KTIME_MAX } from '../../shared/units.ts';
import type { InlineEngine } from '../../src/engine/inline-engine.ts';
import type { CutSpec } from '../../src/workload/scenario.ts';
import { engineOf, resolve, Rows } from '../support/engine.ts';
import { factsOf } from '../../src/setup.ts';

const LIMIT = 60e6;
/** Steps of CPU 1 from its second on: the next operation, a system call begins, it ends, and again. */
const SYSCALL_BEGINS = 17;
const NEXT_OPERATION = 16;

interface Ran {
  readonly engine: InlineEngine;
  readonly rows: Rows;
  readonly broken: readonly string[];
}

/** `mix` goes in and out of the kernel on CPU 1; `rd` looks at `targets` from CPU 0; the cuts are as given. */
function run(
  cuts: readonly CutSpec[], reader = '"tasks": ["mix"], "adjusted": true', isOver = (_: InlineEngine): boolean => false, machine = '{}',
): Ran {
  const text = `{
    "tasks": { "other": { "cpus": [2], "run": 500, "syscall": "100us" }, "mix": { "cpus": [1], "run": 700, "syscall": "300us" } },
    "dynticks": { "cpus": 3, "cmdline": "nohz_full=1-2", "readers": [{ "name": "rd", "cpu": 0, "every": "1ms", ${reader} }],
      "machine": ${machine}, "cuts": ${JSON.stringify(cuts)} }
  }`;
  const scenario = resolve(text, { durationNs: LIMIT });
  const rows = new Rows();
  const judge = new Judge(createOracles(factsOf(scenario)));
  const engine = engineOf(scenario, LIMIT, [rows, judge]);
  while (!isOver(engine) && engine.run(1) === undefined);
  engine.finish(LIMIT);
  const broken = judge.finish(LIMIT).filter(({ verdict }) => verdict.verdict === 'broken').map(({ oracle }) => oracle.id);
  return { engine, rows, broken };
}
const at = (struct: string, field: string, op: 'load' | 'store', what: CutSpec['run'], n = SYSCALL_BEGINS, cpu = 1): CutSpec =>
  ({ cpu, event: { entry: 'step', n }, access: { struct, field, op, n: 0 }, run: what });

/** The records of the event in which the one cut ran, and what the reader recorded at that time. */
function around({ rows }: Ran): { inEvent: string[]; start: number; reads: number[] } {
  const cut = rows.named('cut')[0]!;
  const own = rows.all.filter(({ cpu }) => cpu === cut.cpu);
  const begins = own.slice(0, own.indexOf(cut)).findLastIndex(({ name }) => name === 'event');
  const length = own.slice(begins + 1).findIndex(({ name }) => name === 'event');
  const start = own[begins]!.t;
  const reads = rows.named('task_cputime').filter(({ t }) => t >= start && t < start + 10_000).map(({ fields }) => fields[1]! - 3);
  return { inEvent: own.slice(begins, begins + 1 + length).map(({ name }) => name), start, reads };
}

describe('a cut', () => {
  test('runs once, where its access is, and is on record', () => {
    const ran = run([at('vtime', 'state', 'store', { reader: 'rd' })]);
    expect([ran.engine.cuts!.ran, ran.rows.named('cut').map(({ cpu, fields }) => [cpu, fields])]).toEqual([[true], [[1, [0]]]]);
    expect(ran.broken).toEqual([]);
  });

  test('is known before its event runs, and of no other event', () => {
    const cuts = [at('vtime', 'state', 'store', { reader: 'rd' }), at('user_regs', 'stage', 'store', { cpu: 2 }, 40)];
    const said: boolean[][] = [];
    run(cuts, undefined, (engine) => {
      const { ran } = engine.cuts!;
      for (let i = 0; i < 2_000; i++) {
        const { id, next } = engine['first']();
        const [will, before] = [engine.cuts!.willCut(id, next.class), ran.filter(Boolean).length];
        engine.run(1);
        said.push([will, ran.filter(Boolean).length > before]);
      }
      return true;
    });
    expect(said.filter(([will, ran]) => will || ran)).toEqual([[true, true], [true, true]]);
  });

  test('is told of when its access is never reached', () => {
    const never = [at('vtime', 'gtime', 'store', { reader: 'rd' }), at('vtime', 'state', 'store', { reader: 'rd' }, 1_000_000)];
    expect(run([...never, at('vtime', 'state', 'store', { reader: 'rd' })]).engine.cuts!.ran).toEqual([false, false, true]);
  });
});

describe('a reader in a cut', () => {
  test('looks in the middle of the event where it need not wait', () => {
    const { reads } = around(run([at('user_regs', 'stage', 'store', { reader: 'rd' })]));
    expect(reads).toEqual([1]);
  });

  test('is thrown out inside a section, and looks once the event is over: one record, of the version after it', () => {
    const ran = run([at('vtime', 'starttime', 'store', { reader: 'rd' })]);
    const { reads, start } = around(ran);
    expect(reads).toEqual([1]);
    const published = ran.rows.named('vtime_publish').filter(({ t, fields }) => t === start && fields[0] === 4)[0]!;
    const read = ran.rows.named('task_cputime').find(({ t }) => t >= start)!;
    expect(read.fields[8]).toBe(published.fields[1]);
    expect(ran.broken).toEqual([]);
  });

  test('that is thrown out while it takes a lock goes on as if it had never tried', () => {
    const cut: CutSpec = {
      cpu: 1, event: { entry: 'timer', n: 5 }, access: { struct: 'rq', field: 'clock', op: 'store', n: 0 }, run: { reader: 'rd' },
    };
    const { engine, rows } = run([cut], undefined, ({ cuts }) => cuts!.ran[0]!);
    expect([engine.cpus[0]!.kernel.irqsOff, engine.cpus[0]!.kernel.depth]).toEqual([1, 0]);
    const ofReader = (name: string): number => rows.named(name).filter(({ cpu }) => cpu === 0).length;
    expect(ofReader('lock_acquire')).toBe(ofReader('lock_release'));
    expect(around(run([cut])).reads).toEqual([1]);
  });

  test('has looked once at each of its targets, however far it came before it had to wait', () => {
    const both = '"tasks": ["other", "mix"], "adjusted": true';
    const never = run([at('vtime', 'gtime', 'store', { reader: 'rd' })], both);
    const ran = run([at('vtime', 'starttime', 'store', { reader: 'rd' })], both);
    expect(around(ran).reads).toEqual([0, 1]);
    // each turn of the lock over what was handed out last has its record; there is one turn more: the task's beginning
    for (const { engine: { image }, rows } of [never, ran]) {
      const turns = rawSpinGeneration(image.memory, image.prevCputimes[3]!.lock);
      expect(turns - 1).toBe(rows.named('cputime_adjust').filter(({ fields }) => fields[1] === 3).length);
    }
  });

  test('does not look past the instant at which the event began: what it will publish holds from there on', () => {
    // the first store of an event, before it has left user mode; CPU 0 is often in a long system call of its own meanwhile
    const cuts = Array.from({ length: 60 }, (_, i) => at('user_regs', 'remaining', 'store', { reader: 'rd' }, 10 + i));
    const ran = run(cuts, '"tasks": ["mix"], "reader": "complete"', undefined, '{"costs": {"Syscall": "90us"}}');
    const ahead = ran.rows.named('task_cputime').filter(({ fields }) => fields[3]! > fields[9]!);
    expect(ahead.length).toBeGreaterThan(0);
    expect(ran.broken).toEqual([]);
  });

  test('cannot be one of the CPU that is inside the event', () => {
    expect(() => run([at('user_regs', 'stage', 'store', { reader: 'rd' }, 40, 0)])).toThrow(/reader of CPU 0, which is inside/);
  });
});

describe('an interrupt in a cut', () => {
  test('comes inside the event where interrupts are on, and the event goes on after it', () => {
    const ran = run([at('user_regs', 'stage', 'store', { irq: 'timer' })]);
    const { inEvent } = around(ran);
    const order = ['cut', 'local_timer_entry', 'local_timer_exit'].map((name) => inEvent.indexOf(name));
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(order[0]).toBeGreaterThan(0);
    expect(ran.broken).toEqual([]);
  });

  test('is refused where interrupts are masked: no hardware could', () => {
    expect(() => run([at('user_regs', 'stage', 'store', { irq: 'timer' }, NEXT_OPERATION)])).toThrow(/masked/);
    expect(() => run([at('vtime', 'starttime', 'store', { irq: 'timer' })])).toThrow(/masked/);
  });
});

describe('another CPU’s event in a cut', () => {
  test('runs ahead of its turn, once', () => {
    const ran = run([at('user_regs', 'stage', 'store', { cpu: 2 })]);
    const cut = ran.rows.named('cut')[0]!;
    const next = ran.rows.named('event').find(({ cpu, t }) => cpu === 2 && t >= cut.t)!;
    expect(next.t).toBeGreaterThan(cut.t);
    const times = ran.rows.named('event').filter(({ cpu }) => cpu === 2).map(({ t }) => t);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(ran.broken).toEqual([]);
  });

  test('counts as one of that CPU’s events, and is not cut itself', () => {
    const first = run([at('user_regs', 'stage', 'store', { cpu: 2 })]);
    const cut = first.rows.named('cut')[0]!;
    const steps = first.rows.named('event').filter(({ cpu, fields }) => cpu === 2 && fields[1] === EventClass.Step);
    const nth = steps.findIndex(({ t }) => t >= cut.t);
    const inIt = at('rq', 'curr', 'load', { reader: 'rd' }, nth, 2);
    const inNext = at('rq', 'curr', 'load', { reader: 'rd' }, nth + 1, 2);
    const ran = run([at('user_regs', 'stage', 'store', { cpu: 2 }), inIt, inNext]);
    expect(ran.engine.cuts!.ran).toEqual([true, false, true]);
  });

  test('does not end the wait of a reader that another cut has thrown out: it looks when the outer event is over', () => {
    const ran = run([at('vtime', 'starttime', 'store', { reader: 'rd' }), at('user_regs', 'stage', 'store', { cpu: 2 })]);
    expect(ran.engine.cuts!.ran).toEqual([true, true]);
    const { reads, start } = around(ran);
    const read = ran.rows.named('task_cputime').find(({ t }) => t >= start)!;
    expect([reads, read.fields[9]]).toEqual([[1], KTIME_MAX]);
  });

  test('that sends to the CPU inside the event leaves alone what that one has promised', () => {
    const inside = (what: CutSpec['run']): CutSpec => at('user_regs', 'stage', 'store', what, 59);
    const text = `{
      "tasks": {
        "post": { "cpus": [2], "run": 3000, "sem_post": "s" },
        "waits": { "cpus": [1], "policy": "SCHED_FIFO", "priority": 20, "run": 1, "sem_wait": "s" },
        "mix": { "cpus": [1], "run": 700, "syscall": "300us" }
      },
      "dynticks": { "cpus": 3, "cputime": "gen", "readers": [{ "name": "rd", "cpu": 0, "every": "1ms", "tasks": ["mix"] }],
        "cuts": ${JSON.stringify([...Array.from({ length: 30 }, () => inside({ cpu: 2 })), inside({ reader: 'rd' })])} }
    }`;
    const rows = new Rows();
    const engine = engineOf(resolve(text, { durationNs: LIMIT }), LIMIT, [rows]);
    while (engine.run(1_000) === undefined);
    engine.finish(LIMIT);
    const cut = rows.all.indexOf(rows.named('cut')[0]!);
    const start = rows.all.slice(0, cut).findLast(({ name, cpu }) => name === 'event' && cpu === 1)!.t;
    const read = rows.named('task_cputime').find(({ t }) => t >= start)!;
    expect(read.fields[9]).toBe(start);
  });

  test('must exist: a cut for a CPU that has none to come is missed', () => {
    expect(run([at('cpu', 'online', 'store', { cpu: 1 }, 0, 0)]).engine.cuts!.ran).toEqual([false]);
  });

  test('cannot be one of the CPU that is inside the event', () => {
    expect(() => run([at('user_regs', 'stage', 'store', { cpu: 1 })])).toThrow(/event of CPU 1, which is inside/);
  });
});
