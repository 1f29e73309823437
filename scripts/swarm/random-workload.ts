/** Tasks by chance: each kind of what tasks can do, with figures of its own. */
import type { Draws } from './draws.ts';

type Task = Record<string, unknown>;
/** Makes one task or several that belong together. */
type Maker = (draws: Draws, cpus: number, n: number) => Record<string, Task>;

const somewhere = (draws: Draws, cpus: number): Task => (draws.chance(0.7) ? { cpus: [draws.int(0, cpus - 1)] } : {});
const loops = (first: Task, body: Task): Task => ({ phases: { first: { loop: 1, ...first }, rest: { loop: 1_000_000, ...body } } });
const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
const ms = (draws: Draws, least: number, most: number): string => `${draws.int(least, most)}ms`;

// table: one maker a kind of load
const MAKERS: readonly Maker[] = [
  (draws, cpus, n) => ({ [`sleeper${n}`]: { ...somewhere(draws, cpus), run: draws.int(20, 900), sleep: draws.int(200, 9_000) } }),
  (draws, cpus, n) => ({ [`busy${n}`]: { ...somewhere(draws, cpus), run: draws.int(3_000, 60_000), sleep: draws.int(0, 900) } }),
  (draws, cpus, n) => ({ [`hog${n}`]: { ...somewhere(draws, cpus), run: 100_000 } }),
  (draws, cpus, n) => ({
    [`periodic${n}`]: { ...somewhere(draws, cpus), run: draws.int(50, 800), timer: { ref: 'unique', period: draws.int(1_000, 12_000) } },
  }),
  (draws, cpus, n) => ({ [`mixed${n}`]: { ...somewhere(draws, cpus), run: draws.int(500, 5_000), syscall: `${draws.int(100, 3_000)}us` } }),
  (draws, cpus, n) => ({
    [`itimer${n}`]: { ...somewhere(draws, cpus), ...loops({ itimer: ms(draws, 2, 30) }, { run: draws.int(300, 3_000), sleep: 700 }) },
  }),
  (draws, cpus, n) => ({
    [`fdtimer${n}`]: {
      ...somewhere(draws, cpus),
      ...loops(
        { fd_timer: {
          name: `fd${n}`, clock: draws.pick(['monotonic', 'realtime', 'boottime']), value: ms(draws, 2, 20),
          interval: ms(draws, 3, 20),
          ...(draws.chance(0.5) ? { soft: true } : {}),
        } },
        { fd_read: `fd${n}`, run: draws.int(50, 900) },
      ),
    },
  }),
  (draws, cpus, n) => ({
    [`nap${n}`]: {
      ...somewhere(draws, cpus), run: draws.int(100, 900),
      clock_nanosleep: { clock: draws.pick(['monotonic', 'realtime', 'boottime', 'tai']), value: ms(draws, 1, 40) },
    },
  }),
  (draws, cpus, n) => ({
    [`posix${n}`]: {
      ...somewhere(draws, cpus),
      ...loops(
        { posix_timer: {
          name: `p${n}`, clock: draws.pick(['monotonic', 'realtime']), value: ms(draws, 2, 20), interval: ms(draws, 1, 9),
        } },
        draws.chance(0.5) ? { pause: '', run: draws.int(50, 900) } : { run: draws.int(900, 5_000), sleep: draws.int(0, 2_000) },
      ),
    },
  }),
  (draws, _cpus, n) => ({
    [`lap${n}`]: { instance: draws.int(2, 4), run: draws.int(100, 3_000), barrier: `lap${n}`, sleep: draws.int(100, 900) },
  }),
  (draws, cpus, n) => ({
    [`parent${n}`]: { ...somewhere(draws, cpus), run: 400, fork: `child${n}`, sleep: draws.int(3_000, 20_000) },
    [`child${n}`]: { instance: 0, loop: 1, run: draws.int(20, 2_000) },
  }),
  (draws, cpus, n) => ({
    [`mother${n}`]: {
      ...somewhere(draws, cpus), run: draws.int(50, 900), fork: `job${n}`, reap: '',
      sleep: draws.int(12_000, 40_000),
    },
    [`job${n}`]: { ...somewhere(draws, cpus), instance: 0, loop: draws.int(1, 3), run: draws.int(20, 900), syscall: '90us' },
  }),
  (draws, cpus, n) => ({
    [`mortal${n}`]: {
      ...somewhere(draws, cpus), instance: draws.int(1, 3), loop: draws.int(1, 200), run: draws.int(50, 5_000), sleep: draws.int(0, 900),
    },
  }),
  (draws, cpus, n) => ({
    [`moody${n}`]: {
      phases: {
        first: { ...somewhere(draws, cpus), policy: 'SCHED_OTHER', priority: draws.int(-5, 0), run: draws.int(500, 9_000), sleep: 300 },
        second: { ...somewhere(draws, cpus), policy: 'SCHED_OTHER', priority: draws.int(1, 10), run: draws.int(500, 9_000), sleep: 200 },
      },
    },
  }),
  (draws, cpus, n) => ({
    [`vcpu${n}`]: {
      ...somewhere(draws, cpus), instance: draws.int(1, 2), run: draws.int(20, 500), guest: `${draws.int(50, 30_000)}us`,
      ...(draws.chance(0.5) ? { sleep: draws.int(100, 3_000) } : {}), ...(draws.chance(0.4) ? { priority: draws.int(-3, 8) } : {}),
    },
  }),
  (draws, cpus, n) => ({
    [`meter${n}`]: {
      ...somewhere(draws, cpus),
      ...loops(
        { cputimer: {
          clock: draws.pick(['prof', 'virtual', 'thread', 'process']), value: ms(draws, 2, 60),
          ...(draws.chance(0.7) ? { interval: ms(draws, 1, 50) } : {}),
        } },
        { run: draws.int(500, 9_000), ...(draws.chance(0.5) ? { syscall: '300us' } : {}), sleep: draws.int(0, 2_000) },
      ),
    },
  }),
  (draws, cpus, n) => ({
    [`maker${n}`]: { ...somewhere(draws, cpus), run: draws.int(50, 500), sem_post: `s${n}`, sleep: draws.int(300, 4_000) },
    [`taker${n}`]: { ...somewhere(draws, cpus), sem_wait: `s${n}`, run: draws.int(50, 500), yield: '' },
  }),
  (draws, cpus, n) => ({ [`disk${n}`]: { ...somewhere(draws, cpus), run: draws.int(50, 900), io: ms(draws, 1, 20) } }),
  (draws, cpus, n) => ({ [`timeout${n}`]: { ...somewhere(draws, cpus), run: draws.int(50, 900), timeout: ms(draws, 1, 400) } }),
  (draws, cpus, n) => ({
    [`caller${n}`]: {
      ...somewhere(draws, cpus), run: draws.int(100, 900),
      call: draws.chance(0.3) ? { membarrier: true } : { cpus: draws.some(numbers(cpus)), wait: draws.chance(0.6) },
      sleep: draws.int(500, 5_000),
    },
  }),
  (draws, cpus, n) => ({
    [`ping${n}`]: {
      ...somewhere(draws, cpus), run: draws.int(50, 900),
      pipe0: { name: `there${n}`, op: 'write' }, pipe1: { name: `back${n}`, op: 'read' }, sleep: draws.int(100, 3_000),
    },
    [`pong${n}`]: {
      ...somewhere(draws, cpus), pipe0: { name: `there${n}`, op: 'read' }, run: 90, pipe1: { name: `back${n}`, op: 'write' },
    },
  }),
  (draws, _cpus, n) => ({
    [`fighter${n}`]: {
      instance: draws.int(2, 3), run: 300, lock: `m${n}`, run1: draws.int(50, 600), unlock: `m${n}`, sleep: draws.int(0, 2_000),
    },
  }),
  (draws, cpus, n) => ({
    [`urgent${n}`]: {
      ...somewhere(draws, cpus), policy: draws.pick(['SCHED_FIFO', 'SCHED_RR']), priority: draws.int(1, 50),
      run: draws.int(50, 900), sleep: draws.int(1_000, 9_000),
    },
  }),
  (draws, _cpus, n) => ({
    [`budget${n}`]: {
      policy: 'SCHED_DEADLINE', 'dl-runtime': 900, 'dl-deadline': 5_000, 'dl-period': draws.int(6_000, 12_000),
      run: draws.int(300, 2_000), sleep: draws.int(500, 5_000),
    },
  }),
];

/** Some of the tasks become threads of one process or two; some of those processes have had times before they began. */
export function randomProcesses(draws: Draws, tasks: Record<string, Task>): Record<string, unknown> {
  const names = Object.keys(tasks);
  const processes: Record<string, unknown> = {};
  const free = new Set(names);
  for (let n = 0; n < 2; n++) {
    const drawn = draws.some([...free]);
    // a process that waits for children does so once a round: others of its threads would leave it more than it can bury
    const reaps = drawn.some((name) => tasks[name]!['reap'] !== undefined);
    const threads = drawn.filter((name) => !reaps || tasks[name]!['fork'] === undefined || tasks[name]!['reap'] !== undefined);
    // only a thread starts further ones: somebody must be there at boot
    if (!threads.some((name) => tasks[name]!['instance'] !== 0)) continue;
    for (const name of threads) free.delete(name);
    const age = { user: draws.pick(['0s', '3ms', '70d']), system: draws.pick(['0s', '1us', '9d']) };
    processes[`process${n}`] = draws.chance(0.2) ? { tasks: threads, age } : threads;
  }
  return processes;
}

export function randomWorkload(draws: Draws, cpus: number): Record<string, Task> {
  const tasks: Record<string, Task> = {};
  const count = draws.chance(0.1) ? 1 : draws.int(1, Math.min(8, 2 + cpus));
  for (let n = 0; n < count; n++) Object.assign(tasks, draws.pick(MAKERS)(draws, cpus, n));
  return tasks;
}
