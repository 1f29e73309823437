/** What each CPU says about its future, held against what it then does, after every event of whole runs. */
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { EventClass } from '../../shared/events.ts';
import { EventKind } from '../../shared/memory/guards.ts';
import { KTIME_MAX } from '../../shared/units.ts';
import { Path } from '../../src/kernel/arch.ts';
import type { Scenario } from '../../src/workload/scenario.ts';
import { engineOf, resolve } from '../support/engine.ts';
import { LookaheadWatch } from '../support/lookahead-watch.ts';
import { REAL_RTAPP, jsonFilesUnder } from '../support/rtapp-files.ts';
import { fileOf, resolveFile, shipped, SHORT_NS } from '../support/shipped.ts';

/** A cut lets an interrupt in where none can come, so runs are watched without. */
const watch = (scenario: Scenario, limitNs: number, most = Infinity): LookaheadWatch =>
  new LookaheadWatch(engineOf({ ...scenario, cuts: [] }, limitNs)).run(most);

/** Each runs every second scenario: these come in kinds, side by side in their folder. */
const OTHERS = [{ ties: 'shuffled', cputime: 'gen' }, { cmdline: 'highres=off' }] as const;

describe.each(shipped.map((file, i) => ({ name: file.name, file, machines: [{}, OTHERS[i % 2]!] })))('$name', ({ file, machines }) => {
  test.each(machines)('does nothing sooner than it says: %o', (overrides) => {
    const scenario = resolveFile(file, overrides);
    const { complaints, above } = watch(scenario, scenario.durationNs!);
    expect(complaints).toEqual([]);
    expect(Math.min(...above)).toBeGreaterThan(5);
  });
});

const real = jsonFilesUnder(REAL_RTAPP);
const WHERE = real.length > 0 ? 'beside this checkout' : 'skipped: none is beside this checkout';
describe.skipIf(real.length === 0)(`a real rt-app file (${WHERE})`, () => {
  test.each(real)('does nothing sooner than it says: $name', ({ name, text }) => {
    expect(watch(resolve(text, {}, name), 2e9, 15_000).complaints).toEqual([]);
  });
});

describe('a CPU that enters and leaves the kernel all the time', () => {
  const text = '{"tasks": {"storm": {"cpus": [1], "run": 1, "syscall": "1us"}}, "dynticks": {"cpus": 2, "hz": 1000}}';

  it.each([EventKind.Local, EventKind.Reading])('is quiet (kind %i) until its next tick, from each of its steps on', (quietest) => {
    const engine = engineOf(resolve(text), 40e6);
    const cpu = engine.cpus[1]!;
    const steps = (): boolean => cpu.next.class === EventClass.Step;
    engine.run(6_000);
    for (let tick = 0; tick < 5; tick++) {
      while (!steps()) engine.run(1);
      const told = new Set<number>();
      for (; steps(); engine.run(1)) told.add(cpu.quietUntil(quietest, KTIME_MAX));
      expect(told.size).toBe(1);
      const [until] = told;
      // the step under way may make the tick a little late
      expect(cpu.next.time).toBeGreaterThanOrEqual(until!);
      expect(cpu.next.time).toBeLessThan(until! + 2_000);
    }
  });
});

describe('most of what others must know of', () => {
  it.each([['contention', 0.8, 0.7], ['forks', 0.8, 0.5]])(
    'was foreseen to the nanosecond when the last such event was over: %s', (name, ordered, interacting) => {
      const { above, foreseen } = watch(resolveFile(fileOf(name)), SHORT_NS);
      const [first, second] = above.map((n, i) => foreseen[i]! / n);
      expect(first).toBeGreaterThan(ordered);
      expect(second).toBeGreaterThan(interacting);
    },
  );
});

describe('any workload', () => {
  const us = (max: number): fc.Arbitrary<number> => fc.oneof(fc.constantFrom(0, 1), fc.nat(max));
  const event = fc.oneof(
    { weight: 5, arbitrary: us(300).map((n) => `"run": ${n}`) }, { weight: 3, arbitrary: us(300).map((n) => `"runtime": ${n}`) },
    { weight: 5, arbitrary: us(90).map((n) => `"syscall": "${n}us"`) }, fc.constant('"slack": "3us"'),
    us(1500).map((n) => `"sleep": ${n}`), fc.nat(900).map((n) => `"timer": {"ref": "unique", "period": ${n + 1}}`),
    fc.nat(900).map((n) => `"timer": {"ref": "tick", "period": ${n + 1}, "mode": "absolute"}`), fc.constant('"yield": ""'),
    us(200).map((n) => `"lock": "m", "run": ${n}, "unlock": "m"`), fc.constantFrom('"sem_post": "s"', '"sem_wait": "s"'),
    us(700).map((n) => `"sleep": ${n + 300}, "fork": "child"`), fc.constantFrom('"suspend": "t"', '"resume": "t"'),
  );
  const phase = fc.record({
    loop: fc.constantFrom(-1, 1, 2, 3, 100), events: fc.array(event, { minLength: 1, maxLength: 5 }),
    sched: fc.constantFrom('', '', '"policy": "SCHED_FIFO", "priority": 3,', '"cpus": [1],', '"policy": "SCHED_OTHER", "priority": 2,'),
  });
  const phaseText = fc.array(phase, { minLength: 1, maxLength: 4 }).map((phases) =>
    phases.map(({ loop, events, sched }) => `"p": {"loop": ${loop}, ${sched} ${events.join()}}`).join());
  const task = fc.record({
    loop: fc.constantFrom(-1, 1, 3), phases: phaseText, delay: fc.nat(900), instance: fc.constantFrom(1, 1, 2),
    sched: fc.constantFrom(
      '', '', '', '"policy": "SCHED_RR", "priority": 2,', '"policy": "SCHED_IDLE",', '"cpus": [0],', '"cpus": [1],',
      '"policy": "SCHED_DEADLINE", "dl-runtime": 900, "dl-deadline": 2500, "dl-period": 3000,',
    ),
  });
  const reader = fc.record({ every: fc.constantFrom('5us', '130us', '1ms'), adjusted: fc.boolean() });
  const cost = fc.oneof(fc.constantFrom(1, 40), fc.nat(3_000).map((n) => n + 1));
  const machine = fc.record({
    tasks: fc.array(task, { minLength: 1, maxLength: 4 }), readers: fc.array(reader, { maxLength: 2 }),
    costs: fc.array(cost, { minLength: Object.keys(Path).length, maxLength: Object.keys(Path).length }),
    ipiDelay: fc.constantFrom('1us', '40us', '700us'),
    cmdline: fc.constantFrom('', '', 'nohz_full=1', 'highres=off', 'nolapic_timer', 'skew_tick=1', 'clocksource=jiffies'),
  });

  type Machine = typeof machine extends fc.Arbitrary<infer Made> ? Made : never;
  const textOf = ({ tasks, readers, costs, ipiDelay, cmdline }: Machine): string => {
    const all = tasks.map(({ loop, phases, delay, instance, sched }, i) =>
      `"t${i}": {"loop": ${loop}, ${sched} "delay": ${delay}, "instance": ${instance}, "phases": {${phases}}}`);
    const looking = readers.map(({ every, adjusted }, i) => ({ name: `r${i}`, every, tasks: 'all', cpus: 'all', adjusted }));
    const prices = Object.fromEntries(Object.keys(Path).map((name, i) => [name, `${costs[i]}ns`]));
    const block = JSON.stringify({ cpus: 2, hz: 1000, cmdline, readers: looking, machine: { ipiDelay, costs: prices } });
    return `{"tasks": {${all.join()}, "child": {"instance": 0, "loop": 1, "run": 20, "syscall": "5us"}}, "dynticks": ${block}}`;
  };

  it('does nothing sooner than its CPUs say', () => {
    fc.assert(fc.property(machine, (made) => {
      expect(watch(resolve(textOf(made)), 40e6, 4_000).complaints).toEqual([]);
    }), { numRuns: 80 });
  });
});
