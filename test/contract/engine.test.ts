/** What every engine keeps, whoever runs the CPUs and however they race: ends, counts, sums, and all that oracles hold. */
import { expect, test } from 'vitest';
import type { EventConsumer } from '../../shared/event-consumer.ts';
import { OpKind } from '../../src/kernel/user.ts';
import type { EngineChoice, Progress } from '../../src/engine/run.ts';
import type { RunResult } from '../../src/sim.ts';
import { PHASE_END } from '../../src/workload/program.ts';
import type { Overrides } from '../../src/workload/resolve.ts';
import type { Scenario } from '../../src/workload/scenario.ts';
import { countEvents } from '../support/count-events.ts';
import { describeEachEngine, runOn } from '../support/engines.ts';
import { resolve } from '../support/engine.ts';
import { brokenOf, SHORT_NS } from '../support/shipped.ts';

const tasks = (text: string, block = '{}'): string => `{"tasks": {${text}}, "dynticks": ${block}}`;

/** Two CPUs, so that one pair of threads serves most of the suite. */
const scenario = (text: string, overrides: Overrides = {}): Scenario => resolve(text, { cpus: 2, ...overrides });

/** Work of each class, a reader of all of it, and a task for each CPU. */
const MIXED = (cpus: number): string => tasks(`
  "busy": {"instance": ${cpus}, "run": 900, "syscall": "300us", "sleep": 1500},
  "urgent": {"policy": "SCHED_FIFO", "priority": 9, "run": 200, "timer": {"ref": "unique", "period": 5000}},
  "budget": {"policy": "SCHED_DEADLINE", "dl-runtime": 1000, "dl-deadline": 4000, "dl-period": 5000, "run": 700, "yield": ""},
  "storm": {"run": 30, "syscall": "20us"}`,
'{"readers": [{"name": "rd", "every": "3ms", "tasks": "all", "cpus": "all"}]}');

/** Much idle time, and wake-ups across CPUs in it. */
const SPARSE = tasks(`
  "ping": {"cpus": [0], "run": 50, "sem_post": "s", "timer": {"ref": "unique", "period": 17000}},
  "pong": {"cpus": [1], "sem_wait": "s", "run": 300, "sleep": 100}`,
'{"readers": [{"name": "rd", "every": "13ms", "tasks": "all", "cpus": "all"}]}');

/** Each operation at least once; all tasks but those that serve the others come to their end. */
const EVERYTHING = tasks(`
  "fighter": {"instance": 2, "loop": 6, "run": 190, "lock": "m", "run": 60, "syscall": "20us", "unlock": "m"},
  "crowd": {"loop": 3, "lock": "g", "wait": {"ref": "open", "mutex": "g"}, "unlock": "g", "runtime": 80},
  "keeper": {"loop": -1, "timer": {"ref": "unique", "period": 2000}, "lock": "g", "broad": "open", "signal": "open", "unlock": "g"},
  "runner": {"instance": 2, "loop": 4, "run": 400, "barrier": "lap", "sleep": 250},
  "host": {"loop": 2, "guest": "900us", "run": 70, "guest": 40},
  "maker": {"loop": 5, "timer": {"ref": "beat", "period": 2000}, "sem_post": "parts", "sem_post": "parts"},
  "taker": {"instance": 2, "loop": 5, "sem_wait": "parts", "run": 310},
  "parent": {"loop": 4, "slack": "3us", "yield": "", "sleep": 700, "fork": "child", "reap": ""},
  "child": {"instance": 0, "loop": 1, "run": 20},
  "changing": {"loop": 2, "phases": {
    "fair": {"loop": 2, "run": 300, "sleep": 500}, "urgent": {"policy": "SCHED_FIFO", "priority": 3, "cpus": [1], "run": 200}}},
  "caller": {"loop": 3, "call": {"wait": true}, "timeout": "5ms", "io": "700us"},
  "source": {"loop": 4, "pipe": {"name": "p", "op": "write", "bytes": 30000}, "run": 20},
  "sink": {"loop": 4, "pipe": {"name": "p", "op": "read", "bytes": 30000}, "sleep": 300},
  "sampled": {"loop": 2, "cputimer": {"clock": "prof", "value": "5ms", "interval": "9ms"}, "run": 12000,
    "cputimer": {"clock": "thread", "value": "3ms"}, "run": 7000},
  "alarmed": {"loop": 2, "itimer": "3ms", "run": 7000, "pause": "",
    "clock_nanosleep": {"clock": "process_cputime", "value": "9s"}, "itimer": "off"},
  "timed": {"instance": 2, "loop": 2, "posix_timer": {"name": "t", "value": "2ms", "interval": "1ms"}, "sigmask": true, "run": 3000,
    "sigmask": false, "posix_timer_gettime": "t", "sleep": 4000, "posix_timer_delete": "t"},
  "counting": {"loop": 3, "fd_timer": {"name": "f", "value": "1ms", "interval": "1ms"}, "run": 2500, "fd_read": "f", "fd_read": "f"},
  "clocked": {"loop": 3, "clock_nanosleep": {"clock": "realtime", "value": "2ms"},
    "clock_nanosleep": {"clock": "tai", "value": "1ms", "absolute": true},
    "clock_nanosleep": {"clock": "process_cputime", "value": "1ms"}}`,
`{"processes": {"pair": ["sampled", "clocked"]}, "readers": [{"name": "rd", "every": "3ms", "tasks": "all", "adjusted": true},
    {"name": "irq", "cpu": 1, "every": "5ms", "tasks": "all", "from": "timer"}], "kthreads": [
  {"name": "compact", "cpu": 1, "every": "8ms", "work": "9us", "timer": "process_timeout"},
  {"name": "flush", "every": "12ms", "work": "5us", "timer": "delayed_work"},
  {"name": "sweep", "every": "12ms", "work": "5us", "timer": "deferrable_work"},
  {"name": "prune", "cpu": 1, "every": "8ms", "work": "1us", "timer": "deferrable"},
  {"name": "watch", "cpu": 1, "every": "10ms", "work": "2us", "timer": "hrtimer"}]}`);

/** One task that waits for a condition, and what else there is. */
const waiting = (other: string): string => tasks(`"a": {"lock": "m", "wait": {"ref": "c", "mutex": "m"}}, ${other}`);

/** Interrupts the run once it has had so many records and `isTime`. */
function abortAfter(records: number, isTime: () => boolean): { controller: AbortController; consumer: EventConsumer } {
  const controller = new AbortController();
  let seen = 0;
  return { controller, consumer: { onEvent: () => { if (++seen >= records && isTime()) controller.abort(); } } };
}

/** What of a run no race may change: how it ends, ticks of each CPU, whose every moment is accounted for. */
function expectWhole(run: RunResult, endNs: number): void {
  expect([run.reason, run.endNs, brokenOf(run)]).toEqual(['duration', endNs, {}]);
  const held = (id: string): unknown => run.verdicts.find((verdict) => verdict.id === id)!.verdict.verdict;
  expect([held('A-01'), held('A-02')]).toEqual(['held', 'held']);
  for (const { offlineNs, userNs, systemNs, softirqNs, irqNs, idleNs, stealNs } of run.figures.cpus) {
    const sum = offlineNs + userNs + systemNs + softirqNs + irqNs + idleNs + stealNs;
    expect(sum).toBeGreaterThanOrEqual(endNs);
    // a CPU that was inside an event then has gone on to its end
    expect(sum).toBeLessThan(endNs + 20_000);
  }
}

/** The boot CPU ticks from the start, the others from when they are up. */
const others = (cpus: number, each: number): number[] => Array.from({ length: cpus - 1 }, () => each);
const ticks = ({ figures }: RunResult): number[] => figures.cpus.map((cpu) => cpu.ticks);

function ends(engine: EngineChoice): void {
  test('ends at its duration, though nobody can ever wake, and names who waits for what', async () => {
    const text = tasks(`
      "a": {"cpus": [0], "loop": 1, "lock": "m", "run": 500, "lock1": "n"},
      "b": {"cpus": [1], "loop": 1, "lock": "n", "run": 500, "lock1": "m"}`);
    const run = await runOn(engine, scenario(text, { durationNs: SHORT_NS }));
    expect([run.reason, run.endNs, run.stuckTasks]).toEqual(
      ['duration', SHORT_NS, ['a-0, which waits for mutex "n"', 'b-1, which waits for mutex "m"']]);
  });

  test('ends when all its tasks have ended, readers or not', async () => {
    const reader = '{"readers": [{"name": "r", "tasks": "all", "every": "3ms"}]}';
    const text = tasks('"a": {"loop": 2, "run": 10000}, "b": {"loop": 1, "sleep": 70000}', reader);
    const run = await runOn(engine, scenario(text));
    expect([run.reason, run.stuckTasks, brokenOf(run)]).toEqual(['all tasks ended', [], {}]);
    expect(run.endNs).toBeGreaterThan(90e6);
    expect(run.endNs).toBeLessThan(151e6);
  });

  test('ends when nothing can ever wake, and names who waits', async () => {
    const run = await runOn(engine, scenario(waiting('"b": {"loop": 1, "run": 1000}')));
    expect([run.reason, run.stuckTasks]).toEqual(['nothing can ever wake', ['a-0, which waits for condition "c"']]);
  });

  test('ends at the limit where nothing ends it before', async () => {
    const sleeper = scenario(tasks('"t": {"sleep": 400000, "run": 100}'), { cpus: 1, hz: 100, cmdline: 'nohz=off' });
    const run = await runOn(engine, sleeper, { judge: false });
    expect([run.reason, run.endNs, run.figures.cpus[0]!.ticks]).toEqual(['limit', 60e9, 6_000]);
  });

  test('ends where the host says so, with an unbroken rest, and tells meanwhile how far it is', async () => {
    const seen: Progress[] = [];
    const { controller, consumer } = abortAfter(20_000, () => seen.length > 0);
    const run = await runOn(engine, scenario(MIXED(2), { durationNs: 20e9 }), {
      signal: controller.signal, consumers: [consumer], onProgress: (progress) => seen.push(progress),
    });
    expect([run.reason, brokenOf(run), run.figures.cpus.length]).toEqual(['interrupted', {}, 2]);
    expect(run.endNs).toBeLessThan(20e9);
    expect(seen.length).toBeGreaterThan(0);
    const rising = seen.map(({ simulatedNs }) => simulatedNs);
    expect(rising).toEqual([...rising].sort((a, b) => a - b));
    expect(seen.every(({ limitNs, events }) => limitNs === 20e9 && events >= 0)).toBe(true);
  });
}

function machines(engine: EngineChoice): void {
  test.each([1, 2, 8])('has every oracle held on %i CPUs, and each CPU its ticks', async (cpus) => {
    const run = await runOn(engine, scenario(MIXED(cpus), { cpus, durationNs: SHORT_NS, cputime: 'gen', cmdline: 'nohz=off' }));
    expectWhole(run, SHORT_NS);
    expect(ticks(run)).toEqual([15, ...others(cpus, 13)]);
    expect(run.files.filter(({ text }) => text.length > 0).length).toBeGreaterThan(5);
    expect(run.figures.reads.taskReads).toBeGreaterThan(30);
  });

  test.each([
    { overrides: { cmdline: 'nohz=off highres=off' }, boot: 14, other: 12 },
    { overrides: { cmdline: 'clocksource=jiffies' }, boot: 14, other: 12 },
    { overrides: { cmdline: 'nohz=off skew_tick=1' }, boot: 15, other: 13 },
    { overrides: { cmdline: 'nohz=off nohz_full=1' }, boot: 15, other: 13 },
    { overrides: { cmdline: 'nohz=off', ties: 'shuffled', seed: 7 }, boot: 15, other: 13 },
    { overrides: { cmdline: 'nohz=off', hz: 100 }, boot: 6, other: 4 },
    { overrides: { cmdline: 'nohz=off', hz: 1000 }, boot: 60, other: 58 },
    { overrides: { cmdline: 'nolapic_timer', cpus: 1 }, boot: 15, other: 0 },
  ] as const)('has every oracle held with $overrides', async ({ overrides, boot, other }) => {
    const machine = scenario(MIXED(2), { durationNs: SHORT_NS, ...overrides });
    const run = await runOn(engine, machine);
    expectWhole(run, SHORT_NS);
    expect(ticks(run)).toEqual([boot, ...others(machine.cpus, other)]);
  });

  test.each([
    { cmdline: '' }, { cmdline: 'highres=off' }, { cmdline: 'skew_tick=1' }, { cmdline: 'nohz_full=1' },
    { ties: 'shuffled', seed: 7 }, { hz: 100 }, { hz: 1000 },
  ] as const)('has every oracle held where idle CPUs stop their tick, with %o', async (overrides) => {
    const machine = scenario(SPARSE, { durationNs: 2 * SHORT_NS, ...overrides });
    const run = await runOn(engine, machine);
    expectWhole(run, 2 * SHORT_NS);
    // whoever keeps the time for CPUs that may run without a tick never stops its own
    const idlers = 'cmdline' in overrides && overrides.cmdline === 'nohz_full=1' ? ticks(run).slice(1) : ticks(run);
    for (const taken of idlers) expect(taken).toBeLessThan((2 * SHORT_NS * (overrides.hz ?? 250)) / 1e9);
  });
}

function operations(engine: EngineChoice): void {
  test('executes every kind of operation, each event of a task as often as its file says', async () => {
    const all = scenario(EVERYTHING, { durationNs: 2 * SHORT_NS });
    const elsewhere: readonly number[] = [OpKind.ClockCall, OpKind.Kwatchdog, OpKind.RcuGpKthread];
    const kinds = new Set([...Object.values(OpKind).filter((kind) => !elsewhere.includes(kind)), PHASE_END]);
    expect(new Set(all.programs.flatMap((program) => [...program.kinds]))).toEqual(kinds);
    const run = await runOn(engine, all);
    expectWhole(run, 2 * SHORT_NS);
    const events = Object.fromEntries(run.figures.tasks.map(({ name, events: begun, state }) => [name, `${begun} ${state}`]));
    expect(events).toMatchObject({
      'fighter-0': '30 dead', 'fighter-1': '30 dead', 'crowd-2': '12 dead', 'runner-4': '12 dead', 'runner-5': '12 dead',
      'host-6': '6 dead', 'maker-7': '15 dead', 'taker-8': '10 dead', 'taker-9': '10 dead', 'parent-10': '20 dead',
      'caller-12': '9 dead', 'source-13': '8 dead', 'sink-14': '8 dead',
    });
  });

  test('begins the events of a file as often as its task goes round', async () => {
    const text = tasks('"t": {"loop": 7, "run0": 400, "sleep1": 900, "syscall2": "80us", "runtime3": 300, "yield4": ""}');
    const run = await runOn(engine, scenario(text, { durationNs: SHORT_NS }));
    const [task] = run.figures.tasks.filter(({ name }) => name === 't-0');
    expect([task!.events, task!.iterations, task!.state]).toEqual([7 * countEvents(text)[0]!.length, 7, 'dead']);
  });
}

describeEachEngine('an engine', (engine) => {
  ends(engine);
  machines(engine);
  operations(engine);
});
