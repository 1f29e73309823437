import { describe, expect, test } from 'vitest';
import { Policy } from '../../shared/structs/task.ts';
import { BACKGROUND, type BackgroundRow } from '../../src/kernel/background.ts';
import { KERNEL_VERSIONS } from '../../src/kernel/versions.ts';
import { compileKthreads, rowsOf, type Kthreads } from '../../src/workload/kthreads.ts';
import { resolveScenario } from '../../src/workload/resolve.ts';

const place = { cpus: 4, housekeeping: [0, 1, 2, 3], nohzFull: [], firstTask: 10, firstDeclaration: 5 };
const row = (given: Partial<BackgroundRow>): BackgroundRow =>
  ({ name: 'r', timer: 'delayed_work', cpu: 0, every: 1e9, work: 1e3, ...given });
const names = ({ tasks }: Kthreads): string[] => tasks.map(({ name }) => name);

describe('kernel threads', () => {
  test('are none where nothing is listed', () => {
    expect(compileKthreads([], place)).toMatchObject({ tasks: [], programs: [], background: [], workers: [], ksoftirqds: [] });
  });

  test('are ksoftirqd on each CPU as soon as there are any', () => {
    const threads = compileKthreads([row({ timer: 'deferrable' })], place);
    expect(names(threads)).toEqual(['ksoftirqd/0', 'ksoftirqd/1', 'ksoftirqd/2', 'ksoftirqd/3']);
    expect(threads.ksoftirqds).toEqual([10, 11, 12, 13]);
    expect(threads.background).toMatchObject([{ task: -1, pool: -1 }]);
  });

  test('share one worker a CPU, and one that is bound to none', () => {
    const rows = [row({}), row({ cpu: 2 }), row({}), row({ cpu: null }), row({ timer: 'deferrable_work', cpu: null })];
    const threads = compileKthreads(rows, place);
    expect(names(threads).slice(4)).toEqual(['kworker/0:0', 'kworker/2:0', 'kworker/u8:0']);
    expect(threads.background.map(({ pool }) => pool)).toEqual([0, 1, 0, 2, 2]);
    expect(threads.workers).toEqual([14, 15, 16]);
    expect(threads.tasks.slice(4).map(({ attributes }) => attributes.cpus)).toEqual([[0], [2], [0, 1, 2, 3]]);
  });

  test('have a real-time thread for an hrtimer, on each housekeeping CPU where the row says so', () => {
    const each = row({ name: 'w', timer: 'hrtimer', cpu: 'each', thread: 'migration' });
    const threads = compileKthreads([each], { ...place, housekeeping: [0, 2] });
    expect(names(threads).slice(4)).toEqual(['migration/0', 'migration/2']);
    expect(threads.tasks[5]!.attributes).toMatchObject({ policy: Policy.Fifo, rtPriority: 99, cpus: [2] });
    expect(threads.background.map(({ name, cpu, task }) => [name, cpu, task])).toEqual([['w', 0, 14], ['w', 2, 15]]);
  });

  test('leave isolated CPUs alone, unless a scenario names one', () => {
    const isolated = { ...place, housekeeping: [1] };
    expect(compileKthreads([row({ cpu: 3 })], isolated).background).toMatchObject([{ cpu: 1 }]);
    expect(compileKthreads([row({ cpu: 3, pinned: true })], isolated).background).toMatchObject([{ cpu: 3 }]);
  });

  test('do the tick of each CPU of nohz_full=, on any that does housekeeping', () => {
    const threads = compileKthreads([row({ cpu: null, remoteTick: true })], { ...place, housekeeping: [0, 1], nohzFull: [2, 3] });
    expect(threads.background).toMatchObject([{ cpu: 0, ticks: 2 }, { cpu: 0, ticks: 3 }]);
    expect(threads.tasks.at(-1)!.attributes.cpus).toEqual([0, 1]);
    expect(rowsOf({ tickOff: [2] }, '6.12')).toMatchObject([{ name: 'sched_tick_remote' }]);
    expect(rowsOf({}, '6.12')).toEqual([]);
  });

  test('are numbered behind all other tasks and declarations', () => {
    const { tasks } = compileKthreads([row({ timer: 'process_timeout' })], place);
    expect(tasks.map(({ declaration }) => declaration)).toEqual([5, 6, 7, 8, 9]);
    expect(tasks.every(({ kernel, startsAtBoot }) => kernel && startsAtBoot)).toBe(true);
  });
});

describe('a scenario', () => {
  const text = (kthreads: string): string => `{"tasks": {"a": {"run": 1}}, "dynticks": {"cpus": 2, "kthreads": ${kthreads}}}`;

  test('has the rows of its kernel version, or those that it lists', () => {
    for (const { name } of KERNEL_VERSIONS) expect(rowsOf({ kthreads: 'linux' }, name)).toBe(BACKGROUND[name]);
    const { workload } = resolveScenario(text('[{"name": "x", "every": "5ms", "work": "2us", "timer": "process_timeout"}]'), 'k.json');
    expect(workload.background).toEqual([
      { name: 'x', timer: 'process_timeout', cpu: 0, every: 5e6, work: 2e3, task: 5, pool: -1, ticks: -1 },
    ]);
  });

  test('keeps them out of what decides its end', () => {
    const { workload } = resolveScenario(text('"linux"'), 'k.json');
    expect(workload.tasks.filter(({ kernel }) => !kernel).map(({ name }) => name)).toEqual(['a-0']);
    expect(workload.background.map(({ timer }) => timer)).toContain('hrtimer');
  });
});
