/** What a resolved workload gives the kernel: tasks, attributes, fork pools, reads. */
import { describe, expect, it } from 'vitest';
import { FORK_POOL } from '../../shared/limits.ts';
import { Policy } from '../../shared/structs/task.ts';
import { ClockId } from '../../shared/structs/timekeeper.ts';
import { OpKind, ReadView, type Look } from '../../src/kernel/user.ts';
import { PHASE_END } from '../../src/workload/program.ts';
import { resolveScenario, scenarioName, type Overrides } from '../../src/workload/resolve.ts';
import { readFixture } from '../support/rtapp-files.ts';
import { userOf, walk } from '../support/walk-program.ts';

const resolve = (text: string, overrides: Overrides = {}) => resolveScenario(text, 'dir/w.json', overrides, ['a-fault']);
const ONE = '{"tasks": {"t": {"run": 1}}}';

describe('choices', () => {
  it('are the documented defaults where nobody says anything', () => {
    expect(resolve(ONE)).toMatchObject({
      name: 'w', cpus: 4, hz: 250, seed: 1, kernel: '6.12', durationNs: null, cputime: 'auto', reader: 'linux',
      ties: 'fixed', reads: 'racing', skewNs: 1_000_000, widenNs: 0, faults: [], cuts: [], readers: [], warnings: [],
    });
  });

  const block = `{"tasks": {"t": {"run": 1}}, "global": {"duration": 7}, "dynticks": {
    "cpus": 2, "hz": 1000, "seed": 9, "duration": "1.5s", "cputime": "gen", "reader": "complete", "ties": "shuffled",
    "reads": "fresh", "skew": "20us", "widen": "50us",
    "faults": ["a-fault"], "cmdline": "highres=off nohz=off", "kernel": "6.12",
    "machine": {"tsc": "3GHz", "lapic": "100MHz", "ipiDelay": "2us", "costs": {"Tick": "700ns"}}}}`;

  it('come from the block before global and defaults', () => {
    expect(resolve(block)).toMatchObject({
      cpus: 2, hz: 1000, seed: 9, durationNs: 1_500_000_000, cputime: 'gen', reader: 'complete', ties: 'shuffled', faults: ['a-fault'],
      reads: 'fresh', skewNs: 20_000, widenNs: 50_000,
      cmdline: { highres: false, nohz: false },
      machine: {
        clocksources: [{ id: 1, hz: 3e9 }, { hz: 14_318_180 }, { hz: 3_579_545 }],
        lapicHz: 1e8, ipiDelayNs: 2000, costs: { Tick: 700 },
      },
    });
  });

  it('come from flags before the block; --cmdline is appended', () => {
    const flags: Overrides = {
      cpus: 8, hz: 100, seed: 3, durationNs: 5, cputime: 'tick', reader: 'linux', ties: 'fixed', faults: ['none'], cmdline: 'highres=on',
      reads: 'racing', skewNs: 7, widenNs: 0,
    };
    expect(resolve(block, flags)).toMatchObject({
      cpus: 8, hz: 100, seed: 3, durationNs: 5, cputime: 'tick', reader: 'linux', ties: 'fixed', faults: [],
      reads: 'racing', skewNs: 7, widenNs: 0,
      cmdline: { text: 'highres=off nohz=off highres=on', highres: true, nohz: false },
    });
  });

  it('let CPUs that race stand a quarter tick apart, whatever the tick', () => {
    expect([100, 250, 1000].map((hz) => resolve(ONE, { hz }).skewNs)).toEqual([2_500_000, 1_000_000, 250_000]);
  });

  it('of the number of CPUs: the highest that anything names, and what the command line leaves of it', () => {
    expect(resolve('{"tasks": {"t": {"cpus": [9], "run": 1}}}').cpus).toBe(10);
    expect(resolve(ONE, { cmdline: 'nr_cpus=2' }).cpus).toBe(2);
    expect(resolve(ONE, { cmdline: 'maxcpus=0' }).cpus).toBe(1);
  });

  it('give `all` and `N` in a CPU list the machine’s meaning', () => {
    expect(resolve(ONE, { cpus: 6, cmdline: 'nohz_full=3-N' }).cmdline.nohzFull).toEqual([3, 4, 5]);
  });

  it('a pasted command line works', () => {
    const cmdline = 'BOOT_IMAGE=/vmlinuz-6.1.0 root=UUID=0a34 ro quiet console=ttyS0,115200n8';
    expect(resolve(ONE, { cmdline }).warnings).toEqual([`command line: ignored: ${cmdline.split(' ').join(', ')}`]);
  });

  it('only a run that asks for ticks to stop under running tasks says that they do not', () => {
    expect(resolve(ONE).approximations).toEqual([]);
    expect(resolve(ONE, { cpus: 2, cmdline: 'nohz_full=1' }).approximations.join()).toMatch(/tick while a task runs/);
  });

  it('is the same for the same text, and a file name gives the name', () => {
    expect(JSON.stringify(resolve(block))).toBe(JSON.stringify(resolve(block)));
    expect([scenarioName('a/b.c.json'), scenarioName('-'), scenarioName('x\\y.json')]).toEqual(['b.c', 'stdin', 'y']);
  });
});

describe('tasks', () => {
  it('are instances in file order, named as rt-app names its threads, then readers, then fork pools', () => {
    const { tasks, forkPools } = resolve(readFixture('every-event.json')).workload;
    expect(tasks.slice(0, 4).map(({ name, declaration, instance, startsAtBoot }) => [name, declaration, instance, startsAtBoot])).toEqual([
      ['all-0', 0, 0, true], ['pair-1', 2, 0, true], ['pair-2', 2, 1, true], ['child-3-0', 1, 0, false],
    ]);
    expect(tasks).toHaveLength(3 + FORK_POOL);
    expect(forkPools).toEqual([{ first: 0, size: 0 }, { first: 4 + 3, size: FORK_POOL }, { first: 0, size: 0 }]);
  });

  it('a delay is in ns and is every instance’s', () => {
    const { tasks } = resolve('{"tasks": {"t": {"instance": 2, "delay": 5, "run": 1}}}').workload;
    expect(tasks.map(({ delay }) => delay)).toEqual([5000, 5000]);
  });

  it('of one name are declarations of their own', () => {
    const { tasks } = resolve('{"tasks": {"t": {"run": 1}, "t": {"sleep": 1}}}').workload;
    expect(tasks.map(({ name, declaration }) => [name, declaration])).toEqual([['t-0', 0], ['t-1', 1]]);
  });
});

describe('attributes', () => {
  const scenario = resolve(readFixture('classes.json'));
  const { workload } = scenario;
  const [walker, defaulted, dl, old, slice] = workload.tasks.map(({ attributes }) => attributes);

  it('of a task come from its keys, else from the default policy', () => {
    expect(walker).toMatchObject({ policy: Policy.Other, nice: 5, rtPriority: 0, cpus: [1] });
    expect(defaulted).toMatchObject({ policy: Policy.Rr, nice: 0, rtPriority: 10, cpus: null });
    expect(dl).toMatchObject({ policy: Policy.Deadline, dlRuntime: 2e6, dlDeadline: 5e6, dlPeriod: 10e6 });
    expect(old).toEqual(dl);
    expect(slice).toMatchObject({ policy: Policy.Other, dlRuntime: 100_000 });
  });

  it('are set at the start of a phase, once, and only where they change', () => {
    const ops = walk(userOf(scenario), 0, 100).filter((op) => op.kind === OpKind.SetAttributes || op.kind === OpKind.Run);
    const trail = ops.map((op) => {
      if (op.kind === OpKind.Run) return 'run';
      const { policy, nice, rtPriority, cpus } = workload.attributes[op.a]!;
      return `policy ${policy} nice ${nice} rt ${rtPriority} on ${cpus}`;
    });
    expect(trail).toEqual([
      // first pass: the first phase inherits the task's own
      'run', 'policy 1 nice 0 rt 10 on 1', 'run', 'policy 1 nice 0 rt 10 on 0,2', 'run',
      // later: what the last phase left, back on the task's CPUs
      'policy 1 nice 0 rt 10 on 1', 'run', 'run', 'policy 1 nice 0 rt 10 on 0,2', 'run',
      'policy 1 nice 0 rt 10 on 1', 'run', 'run', 'policy 1 nice 0 rt 10 on 0,2', 'run',
    ]);
  });

  it('a phase loop does not set them again', () => {
    const user = userOf(resolve('{"tasks": {"t": {"loop": 1, "phases": {"p": {"loop": 3, "cpus": [1], "run": 1}}}}}'));
    expect(walk(user, 0, 100).filter((op) => op.kind === OpKind.SetAttributes)).toHaveLength(1);
  });

  it('under isolcpus= a task that names no CPUs keeps off the isolated ones', () => {
    const { tasks } = resolve('{"tasks": {"t": {"run": 1}, "u": {"cpus": [3], "run": 1}}}', { cmdline: 'isolcpus=2-3' }).workload;
    expect(tasks.map(({ attributes }) => attributes.cpus)).toEqual([[0, 1], [3]]);
  });
});

describe('readers', () => {
  it('may be read themselves, by name', () => {
    const { workload } = resolve(`{"tasks": {"a": {"run": 1}}, "dynticks": {"cpus": 2, "readers": [
      {"name": "r", "cpu": 0, "tasks": ["s", "a"]}, {"name": "s", "cpu": 1, "tasks": ["r"]}, {"name": "t", "tasks": "all"}
    ]}}`);
    expect(workload.reads.map(({ looks }) => looks.map(({ subject }) => workload.tasks[subject - 2]!.name))).toEqual([
      ['a-0', 's'], ['r'], ['a-0'],
    ]);
  });

  const at = (view: ReadView, subject: number): Look => ({ view, subject, slot: 0 });
  const text = `{
    "tasks": {"a": {"run": 1}, "b": {"instance": 2, "run": 1}, "c": {"instance": 0, "run": 1}}, "dynticks": {"cpus": 3, "readers": [
    {"name": "top", "cpu": 2, "every": "5ms", "tasks": "all", "adjusted": true, "policy": "SCHED_FIFO", "priority": 4},
    {"name": "stat", "every": "1.5us", "tasks": ["b"], "cpus": [1, 0, 1], "reader": "complete"},
    {"name": "all", "every": "1s", "cpus": "all"}]}}`;

  it('are tasks that wait for their period and look, for ever', () => {
    const { workload, readers, programs } = resolve(text);
    expect(readers).toEqual([
      { name: 'top', taskIndex: 3, read: 0, periodNs: 5_000_000 },
      { name: 'stat', taskIndex: 4, read: 1, periodNs: 1_500 },
      { name: 'all', taskIndex: 5, read: 2, periodNs: 1_000_000_000 },
    ]);
    const { declaration, attributes } = workload.tasks[3]!;
    expect(attributes).toMatchObject({ policy: Policy.Fifo, rtPriority: 4, nice: 0, cpus: [2] });
    expect(walk(userOf({ programs }), declaration, 4).map((op) => [op.kind, op.a, op.b, op.c, op.event])).toEqual([
      [OpKind.Timer, 0, 5_000_000, 0, -1], [OpKind.ReadCputime, 0, 3, 1, -1],
      [OpKind.Timer, 0, 5_000_000, 0, -1], [OpKind.ReadCputime, 0, 3, 1, -1],
    ]);
  });

  it('without a period look and look again', () => {
    const { programs } = resolve('{"tasks": {"a": {"run": 1}}, "dynticks": {"readers": [{"name": "fast", "tasks": ["a"]}]}}');
    expect(walk(userOf({ programs }), 1, 2).map((op) => [op.kind, op.b])).toEqual([[OpKind.ReadCputime, 1], [OpKind.ReadCputime, 1]]);
  });

  it('say in their programs how many looks a reading is, and whether any takes a lock', () => {
    const { workload, programs } = resolve(text);
    const last = programs.slice(-3).map((_, i) => walk(userOf({ programs }), programs.length - 3 + i, 2)[1]!);
    expect(last.map(({ a, b, c }) => [a, b, c])).toEqual(workload.reads.map((read, i) => [i, read.looks.length, read.locks ? 1 : 0]));
  });

  it('read all instances of a declaration, by task number', () => {
    expect(resolve(text).workload.reads).toEqual([
      { looks: [3, 4, 5].map((task) => at(ReadView.TaskCputime, task)), adjusted: true, locks: true, reader: 'linux' },
      {
        looks: [at(ReadView.TaskCputime, 4), at(ReadView.TaskCputime, 5), at(ReadView.Kcpustat, 0), at(ReadView.Kcpustat, 1)],
        adjusted: false, locks: false, reader: 'complete',
      },
      { looks: [0, 1, 2].map((cpu) => at(ReadView.Kcpustat, cpu)), adjusted: false, locks: false, reader: 'linux' },
    ]);
  });

  it('look by the views that they name, in that order: a thread stands for its process, and a process for its thread', () => {
    const [ofTask, ofProcess] = resolve(`{"tasks": {"a": {"run": 1}}, "dynticks": {"cpus": 1, "readers": [
      {"name": "r", "what": ["clock_virt", "kcpustat", "thread_prof"], "tasks": ["a"], "cpus": [0]},
      {"name": "s", "what": ["task_gtime", "stat"], "processes": "all", "clocks": ["monotonic"]}]}}`).workload.reads;
    expect(ofTask!.looks).toEqual([at(ReadView.ClockVirt, 1), at(ReadView.Kcpustat, 0), at(ReadView.ThreadProf, 1)]);
    expect(ofProcess!.looks).toEqual([at(ReadView.TaskGtime, 1), at(ReadView.Stat, 1), at(ReadView.Clock, ClockId.Monotonic)]);
  });

  it('look at a process once, by its leader, and at each of its threads', () => {
    const { looks } = resolve(`{"tasks": {"a": {"run": 1}, "b": {"instance": 2, "run": 1}}, "dynticks": {"cpus": 1,
      "processes": {"p": ["b"]}, "readers": [{"name": "r", "what": ["stat", "thread_sched"], "processes": ["p", "a"]}]}}`)
      .workload.reads[0]!;
    expect(looks).toEqual([
      at(ReadView.Stat, 1), at(ReadView.Stat, 2), at(ReadView.ThreadSched, 1), at(ReadView.ThreadSched, 2), at(ReadView.ThreadSched, 3),
    ]);
  });

  it('of one account of a CPU look at each', () => {
    const { looks } = resolve(`{"tasks": {"a": {"run": 1}}, "dynticks": {"cpus": 1, "readers": [
      {"name": "r", "what": ["kcpustat_field"], "cpus": [0]}]}}`).workload.reads[0]!;
    expect(looks).toEqual(Array.from({ length: 10 }, (_, slot) => ({ view: ReadView.KcpustatField, subject: 0, slot })));
  });

  it('--reader decides for all of them', () => {
    expect(resolve(text, { reader: 'linux' }).workload.reads.map(({ reader }) => reader)).toEqual(['linux', 'linux', 'linux']);
  });
});

it('says that real-time tasks may starve others, and that forked tasks share records', () => {
  const fifo = resolve('{"tasks": {"t": {"policy": "SCHED_FIFO", "run": 1}}}').approximations.join(' ');
  expect(fifo).toContain('There is no fair server');
  expect(resolve(ONE).approximations.join(' ')).not.toContain('fair server');
  const forks = resolve('{"tasks": {"c": {"instance": 0, "run": 1}, "p": {"fork": "c"}}}').approximations.join(' ');
  expect(forks).toContain('Forked tasks take their records from a pool');
});

it('says that nolapic_timer is for the boot CPU only', () => {
  const { approximations } = resolve(ONE, { cmdline: 'nolapic_timer' });
  expect(approximations.join('\n')).toContain('nolapic_timer leaves the boot CPU to the global device');
});

it('parameters that are read and do nothing are named', () => {
  const { approximations } = resolve(ONE, { cmdline: 'tsc=recalibrate rcu_nocbs=1 threadirqs timer_migration=off isolcpus=nohz,1' });
  const named = approximations.filter((sentence) => sentence.endsWith('is read and has no effect yet.'));
  expect(named.map((sentence) => sentence.split(' ')[0])).toEqual(
    ['tsc=recalibrate', 'rcu_nocbs=', 'threadirqs', 'isolcpus=nohz'],
  );
});

describe('the events that are ours', () => {
  const own = (events: string): unknown[] => {
    const { workload, programs } = resolve(`{"tasks": {"t": {"loop": 1, ${events}}}}`);
    const [program] = programs;
    const all = [...program!.kinds].map((kind, i) => [kind, program!.a[i]!, program!.b[i]!] as const);
    const ops = all.filter(([kind]) => kind > OpKind.Mark && kind < PHASE_END);
    return [ops, workload.syncObjects.map(({ kind, name }) => `${kind} ${name}`), workload.calls];
  };

  it('count a pipe as two objects: its bytes, and right behind them its room', () => {
    const events = '"pipe": {"name": "p", "op": "write", "bytes": 7}, "pipe1": {"name": "q", "op": "read"}, '
      + '"pipe2": {"name": "p", "op": "read"}';
    expect(own(events)).toEqual([
      [[OpKind.PipeWrite, 0, 7], [OpKind.PipeRead, 2, 1], [OpKind.PipeRead, 0, 1]],
      ['pipe p', 'pipe room p', 'pipe q', 'pipe room q'], [],
    ]);
  });

  it('number the calls of a workload', () => {
    expect(own('"call": {}, "call1": {"cpus": [1], "wait": false}, "call2": {"membarrier": true}')).toEqual([
      [[OpKind.Call, 0, 0], [OpKind.Call, 1, 0], [OpKind.Call, 2, 0]], [], [
        { cpus: null, wait: true, membarrier: false }, { cpus: [1], wait: false, membarrier: false },
        { cpus: null, wait: true, membarrier: true },
      ],
    ]);
  });

  it('set an itimer that goes on, fires once, or is off; sleep on the wheel, and for a device', () => {
    expect(own('"itimer": "50ms", "itimer1": {"value": "10ms"}, "itimer2": "off", "timeout": "30ms", "io": "2ms"')).toEqual([
      [
        [OpKind.SetItimer, 50e6, 50e6], [OpKind.SetItimer, 10e6, 0], [OpKind.SetItimer, 0, 0], [OpKind.Timeout, 30e6, 0],
        [OpKind.Io, 2e6, 0],
      ], [], [],
    ]);
  });

  it('sleep on the clock that they name, wait for signals, and keep them away', () => {
    const sleeps = '"clock_nanosleep": {"clock": "tai", "value": "5ms"}, "clock_nanosleep1": {"value": "9ms", "absolute": true}';
    expect(own(`${sleeps}, "pause": "", "sigmask": true, "sigmask1": false`)[0]).toEqual([
      [OpKind.ClockNanosleep, 5e6, 11], [OpKind.ClockNanosleep, 9e6, 1], [OpKind.Pause, 0, 0], [OpKind.Sigprocmask, 3, 0],
      [OpKind.Sigprocmask, 0, 0],
    ]);
  });

  it('give each instance its own POSIX timers, as the first event that sets one has it, and all tasks the same files', () => {
    const { workload } = resolve(`{"tasks": {
      "a": {"instance": 2, "posix_timer_gettime": "p", "posix_timer": {"name": "p", "clock": "boottime", "value": "1ms", "absolute": true},
        "posix_timer_delete": "p"},
      "b": {"posix_timer": {"name": "p", "value": "1ms"}, "fd_read": "f"},
      "c": {"fd_timer": {"name": "f", "clock": "realtime", "value": "off", "cancel_on_set": true, "soft": true}}}}`);
    expect(workload.posixTimers).toEqual([
      { clock: 7, absolute: true }, { clock: 7, absolute: true }, { clock: 1, absolute: false },
    ]);
    expect(workload.timerfds).toEqual([{ clock: 0, absolute: false, cancelOnSet: true, soft: true }]);
  });

  it('sleep on the CPU clock of their process by a timer of their own', () => {
    const sleeps = '"clock_nanosleep": {"clock": "process_cputime", "value": "5ms"}, '
      + '"clock_nanosleep1": {"clock": "process_cputime", "value": "9ms", "absolute": true}';
    const { workload } = resolve(`{"tasks": {"t": {"instance": 2, ${sleeps}}}}`);
    const relative = { clock: 2, absolute: false, wakes: true };
    const absolute = { clock: 2, absolute: true, wakes: true };
    expect(workload.posixTimers).toEqual([relative, relative, absolute, absolute]);
    expect(own(sleeps)[0]).toEqual([[OpKind.CpuNanosleep, 0, 5e6], [OpKind.CpuNanosleep, 1, 9e6]]);
  });

  it('make a machine as large as the CPUs that they call', () => {
    expect(resolve('{"tasks": {"t": {"call": {"cpus": [6]}}}}').cpus).toBe(7);
  });
});
