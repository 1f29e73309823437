import { describe, expect, it } from 'vitest';
import { FORK_POOL } from '../../shared/limits.ts';
import { complaintOf, resolve } from '../support/complaint.ts';

const TASKS = `"main": {"instance": 2, "run": 1, "fork": "helper"}, "helper": {"instance": 0, "loop": 1, "run": 1},
  "other": {"run": 1, "fork": "child", "reap": ""}, "child": {"instance": 0, "loop": 1, "run": 1}`;
const file = (processes: string, tasks = TASKS, more = ''): string =>
  `{"tasks": {${tasks}}, "dynticks": {"cpus": 2${processes === '' ? '' : `, "processes": {${processes}}`}${more}}}`;
/** Each process by its name: its threads, by name, of a pool the first. */
function processesOf(text: string): Record<string, string[]> {
  const { cpus, workload: { processes, tasks } } = resolve(text);
  return Object.fromEntries(processes.map(({ name, threads }) => [name, threads.map((task) => tasks[task - cpus]!.name)]));
}

describe('a process', () => {
  it('is one for each task, and for each fork, without a word', () => {
    const { workload } = resolve(file(''));
    expect(workload.processes.every(({ threads }) => threads.length === 1)).toBe(true);
    expect(workload.processOf).toEqual(workload.tasks.map((_, i) => i));
    expect(workload.processes.map(({ name }) => name)).toEqual(workload.tasks.map(({ name }) => name));
  });

  it('has all instances and forks of the tasks that are put together; the first instance leads', () => {
    const processes = processesOf(file('"app": ["helper", "main"]'));
    expect(processes.app).toHaveLength(2 + FORK_POOL);
    expect(processes.app!.slice(0, 3)).toEqual(['main-0', 'main-1', 'helper-3-0']);
    expect(processes['other-2']).toEqual(['other-2']);
  });

  it('may have readers as threads', () => {
    const reader = ', "readers": [{"name": "rd", "every": "1ms", "processes": ["main"]}]';
    expect(processesOf(file('"app": ["main", "rd"]', TASKS, reader)).app).toEqual(['main-0', 'main-1', 'rd']);
  });

  it('waits for children if one of its threads’ programs does', () => {
    const { workload } = resolve(file('"app": ["main"]'));
    const waits = Object.fromEntries(workload.processes.map(({ name, waits: does }) => [name, does]));
    expect([waits.app, waits['other-2']]).toEqual([false, true]);
  });

  it('may be older than the machine', () => {
    const { workload } = resolve(file('"app": {"tasks": ["main"], "age": {"user": "1.5s", "system": "2ms"}}, "b": ["other"]'));
    expect(workload.processes.slice(0, 2).map(({ age }) => age)).toEqual([{ utime: 1.5e9, stime: 2e6 }, { utime: 0, stime: 0 }]);
  });
});

describe('processes', () => {
  it.each([
    ['that name no task', '"app": ["mian"]',
      'dynticks.processes.app[0]: found "mian", expected a task or reader of this file. Did you mean "main"?'],
    ['that share a task', '"app": ["main"], "b": ["other", "main"]',
      'dynticks.processes.b[1]: found "main", a thread of "app", expected each task in one process.'],
    ['that nobody begins', '"app": ["helper"]',
      'dynticks.processes.app: found no task that starts at boot, expected at least one, which may start the others.'],
    ['into which another one forks', '"app": ["main", "child"]',
      'tasks.other.fork: found "child", a thread of "app", expected a thread of its own process, or another process.'],
    ['without a task', '"app": []', 'dynticks.processes.app: found an array, expected at least one task.'],
    ['older than sums can say', '"app": {"tasks": ["main"], "age": {"user": "3000000s"}}',
      'dynticks.processes.app.age.user: found "3000000s" (a string), expected a time with its unit, such as "5s", "1.5ms", "200us" or '
      + '"10ns", from 0s to 2250000s.'],
  ])('%s are refused', (_, processes, message) => {
    expect(complaintOf(file(processes)).message.replace(/^w\.json:\d+:\d+: /, '')).toBe(message);
  });
});
