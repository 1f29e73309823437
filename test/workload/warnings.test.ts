/** What is doubtful, and run all the same. */
import { describe, expect, it } from 'vitest';
import { resolve, task } from '../support/complaint.ts';

describe('what is doubtful is run, with a warning at its place', () => {
  it.each([
    ['an unknown key', task('"run": 1, "slep": 5'), 'w.json:1:28: tasks.t: unknown key "slep", ignored. Did you mean "sleep"?'],
    [
      'an unknown key of global',
      '{"tasks": {"t": {"run": 1}}, "global": {"durration": 1}}',
      'w.json:1:41: global: unknown key "durration", ignored. Did you mean "duration"?',
    ],
    [
      'an unknown key of a timer',
      task('"timer": {"ref": "unique", "perod": 1}'),
      'w.json:1:45: tasks.t.timer: unknown key "perod", ignored. Did you mean "period"?',
    ],
    [
      'a delay inside a phase',
      task('"phases": {"p": {"delay": 5, "run": 1}}'),
      'w.json:1:35: tasks.t.phases.p: "delay" is a key of the task, not of a phase; ignored here.',
    ],
    [
      'an event beside phases',
      task('"run": 1, "phases": {"p": {"run": 1}}'),
      'w.json:1:18: tasks.t: the event "run" stands beside "phases" and never runs.',
    ],
    [
      'a lock taken twice',
      task('"lock": "m", "lock": "m"'),
      'w.json:1:31: tasks.t.lock: locks "m" while it holds it: it will wait for itself.',
    ],
    ['an unlock too many', task('"unlock": "m"'), 'w.json:1:18: tasks.t.unlock: unlocks "m", which it does not hold here.'],
    [
      'a wait without its lock',
      task('"wait": {"ref": "c", "mutex": "m"}'),
      'w.json:1:18: tasks.t.wait: waits with "m", which it does not hold here; pthread_cond_wait leaves that undefined.',
    ],
    [
      'a phase loop of 0',
      task('"phases": {"p": {"loop": 0, "run": 1}}'),
      'w.json:1:43: tasks.t.phases.p.loop: a phase loop of 0 goes on for ever, as in rt-app.',
    ],
    ['a setting given twice', task('"loop": 1, "loop": 2, "run": 1'), 'w.json:1:29: tasks.t: "loop" stands 2 times; the last one counts.'],
    [
      'a reader of forked tasks only',
      '{"tasks": {"t": {"fork": "k"}, "k": {"instance": 0, "run": 1}}, "dynticks": {"readers": [{"name": "r", "every": '
        + '"1ms", "tasks": ["k"]}]}}',
      'w.json:1:130: dynticks.readers[0].tasks[0]: "k" is started only by fork; such instances are not read.',
    ],
  ])('%s', (_, text, warning) => expect(resolve(text).warnings).toEqual([warning]));

  it.each([
    ['runtme', '"runtme" is read as the event "run" (rt-app matches by prefix). Did you mean "runtime"?'],
    ['runn', '"runn" is read as the event "run" (rt-app matches by prefix). Did you mean "run"?'],
    ['runTime', '"runTime" is read as the event "run" (rt-app matches by prefix). Did you mean "runtime"?'],
    ['run_time', '"run_time" is read as the event "run" (rt-app matches by prefix). Did you mean "runtime"?'],
    ['sleepp', '"sleepp" is read as the event "sleep" (rt-app matches by prefix). Did you mean "sleep"?'],
  ])('the event "%s"', (key, says) => {
    expect(resolve(task(`"run": 1, "${key}": 1`)).warnings).toEqual([`w.json:1:28: tasks.t: ${says}`]);
  });

  it.each(['run0', 'run_2', 'run_b', 'runA', 'runtime1', 'sleep10', 'sleep_a', 'sleep0b', 'run_the_whole_frame'])(
    'nothing about "%s", as rt-app files name their events', (key) => {
      expect(resolve(task(`"${key}": 1`)).warnings).toEqual([]);
    },
  );

  it('nothing about timerA and lock1', () => {
    const text = task('"lock1": "m", "unlock1": "m", "timerA": {"ref": "unique", "period": 100}');
    expect(resolve(text).warnings).toEqual([]);
  });

  it.each([
    ['nohz_full=1-7', 'command line: nohz_full= names CPUs that this machine does not have (4-7); they are left out.'],
    ['nohz_full=all', 'command line: nohz_full= must leave one CPU for housekeeping; the boot CPU, 0, is left out of it.'],
    ['isolcpus=all', 'command line: isolcpus= must leave one CPU for housekeeping; the boot CPU, 0, is left out of it.'],
    ['clocksource=pit', 'command line: there is no clock source pit here (jiffies, tsc, hpet, acpi_pm); the best one stays.'],
    ['quiet hz=100', 'command line: ignored: quiet, hz=100 (not a parameter of Linux; use --hz)'],
  ])('--cmdline "%s"', (cmdline, warning) => expect(resolve(task('"run": 1'), { cmdline }).warnings).toEqual([warning]));
});
