/** What people get wrong in flags and in our block: one message each, with its place, what was found and what is expected. */
import { describe, expect, it } from 'vitest';
import type { Overrides } from '../../src/workload/resolve.ts';
import { block, complaintOf, resolve, task } from '../support/complaint.ts';

describe('a CPU that is not there', () => {
  const text = '{"tasks": {"t": {"cpus": [7], "run": 1}}}';

  it('is no mistake where nobody says how many there are', () => expect(resolve(text).cpus).toBe(8));

  it.each<[Overrides, string]>([
    [
      { cpus: 4 },
      'w.json:1:26: tasks.t.cpus: found CPU 7, expected a CPU from 0 to 3. The machine has 4 CPUs; ask for more with --cpus 8.',
    ],
    [{ cpus: 1 }, 'w.json:1:26: tasks.t.cpus: found CPU 7, expected CPU 0. The machine has 1 CPU; ask for more with --cpus 8.'],
    [
      { cpus: 8, cmdline: 'nr_cpus=2' },
      'w.json:1:26: tasks.t.cpus: found CPU 7, expected a CPU from 0 to 1. The machine has 2 CPUs, because the kernel’s '
        + 'command line says so.',
    ],
  ])('is refused under %j', (overrides, message) => expect(complaintOf(text, overrides).message).toBe(message));

  it('and cannot be', () => {
    expect(complaintOf(text.replace('7', '256')).message).toBe(
      'w.json:1:26: tasks.t.cpus: found CPU 256, expected a CPU from 0 to 255. '
      + 'The machine has 256 CPUs; more than 256 (NR_CPUS_MAX) are not possible.',
    );
  });

  it('is found in a phase, a reader and a cut', () => {
    expect(complaintOf(task('"phases": {"p": {"cpus": [9], "run": 1}}'), { cpus: 4 }).path).toBe('tasks.t.phases.p.cpus');
    const reader = '{"name": "r", "every": "1ms", "cpu": 5, "cpus": [6]}';
    expect(complaintOf(block(`"cpus": 2, "readers": [${reader}]`)).path).toBe('dynticks.readers[0].cpu');
    expect(complaintOf(block(`"cpus": 6, "readers": [${reader}]`)).path).toBe('dynticks.readers[0].cpus');
    const cut = '"cpu": 0, "event": {"entry": "timer", "n": 0}, "access": {"struct": "vtime", "field": "utime", "op": "store", "n": 0}';
    expect(complaintOf(block(`"cpus": 2, "cuts": [{${cut}, "run": {"cpu": 2}}]`)).path).toBe('dynticks.cuts[0].run.cpu');
  });
});

describe('flags', () => {
  const text = task('"run": 1');
  it.each<[Overrides, string]>([
    [{ cpus: 0 }, 'command line: --cpus: found 0 CPUs, expected 1 to 256 CPUs (NR_CPUS_MAX).'],
    [{ cpus: 100_000 }, 'command line: --cpus: found 100000 CPUs, expected 1 to 256 CPUs (NR_CPUS_MAX).'],
    [{ hz: 300 }, 'command line: --hz: found 300, expected 100 or 250 or 1000.'],
    [
      { durationNs: 2 ** 53 },
      'command line: --duration: found 9007199254740992 ns, expected more than 0 and less than 2^53 ns (104 days of simulated time).',
    ],
    [{ kernel: '2.4' }, 'command line: --kernel: found kernel "2.4", expected one of 6.12, 6.1, 7.0.'],
    [
      { faults: ['torn-vtme'] },
      'command line: --fault: found the fault "torn-vtme", expected one of torn-vtime, missing-retry. Did you mean "torn-vtime"?',
    ],
    [
      { cmdline: 'highres=maybe' },
      'kernel command line: highres: found "maybe", expected on or off (1 or 0, y or n). It reads: highres=maybe',
    ],
    [
      { cmdline: 'nohz_full=3-1' },
      'kernel command line: nohz_full: found the range 3-1, which runs backwards, expected a CPU list such as 1-3,5 or all. '
        + 'It reads: nohz_full=3-1',
    ],
  ])('%j', (overrides, message) => expect(complaintOf(text, overrides).message).toBe(message));
});

describe('a dynticks block', () => {
  it.each([
    [
      'is no object',
      '{"tasks": {"t": {"run": 1}}, "dynticks": 4}',
      'w.json:1:42: dynticks: found 4, expected a dynticks block (an object).',
    ],
    ['has 0 CPUs', block('"cpus": 0'), 'w.json:1:51: dynticks.cpus: found 0, expected a number of CPUs, an integer from 1 to 256.'],
    [
      'has 100000 CPUs',
      block('"cpus": 100000'),
      'w.json:1:51: dynticks.cpus: found 100000, expected a number of CPUs, an integer from 1 to 256.',
    ],
    ['has another hz', block('"hz": 300'), 'w.json:1:49: dynticks.hz: found 300, expected 100 or 250 or 1000.'],
    [
      'has a bare duration',
      block('"duration": 5'),
      'w.json:1:55: dynticks.duration: found 5, expected a time with its unit, such as "5s", "1.5ms", "200us" or "10ns".',
    ],
    [
      'has a duration without a unit',
      block('"duration": "5"'),
      'w.json:1:55: dynticks.duration: found "5" (a string), expected a time with its unit, such as "5s", "1.5ms", "200us" or "10ns".',
    ],
    [
      'has a duration beyond 2^53 ns',
      block('"duration": "10000000s"'),
      'w.json:1:55: dynticks.duration: found "10000000s" (a string), expected less than 2^53 ns (104 days of simulated time).',
    ],
    [
      'has an unknown key',
      block('"cpu": 4'),
      'w.json:1:43: dynticks: found the unknown key "cpu", expected a key of the dynticks block. Did you mean "cpus"?',
    ],
    ['has a key twice', block('"cpus": 4, "cpus": 8'), 'w.json:1:54: dynticks: found the key "cpus" twice, expected each key once.'],
    [
      'asks for the kernel threads of nobody',
      block('"kthreads": "bsd"'),
      'w.json:1:55: dynticks.kthreads: found "bsd" (a string), expected "linux" or an array of kernel threads.',
    ],
    [
      'has two hrtimers of kernel threads on one CPU',
      block('"kthreads": [{"name": "a", "every": "1ms", "work": "1us", "timer": "hrtimer"}, '
        + '{"name": "b", "cpu": 0, "every": "1ms", "work": "1us", "timer": "hrtimer"}]'),
      'w.json:1:122: dynticks.kthreads[1]: found a second "hrtimer" on CPU 0, expected at most one for each CPU.',
    ],
    [
      'has a kernel thread that never comes',
      block('"kthreads": [{"name": "t", "work": "1us", "timer": "hrtimer"}]'),
      'w.json:1:56: dynticks.kthreads[0].every: found no "every", expected "every": a time with its unit, such as "5s", "1.5ms", '
        + '"200us" or "10ns".',
    ],
    [
      'has a flavour that nobody knows',
      block('"cputime": "exact"'),
      'w.json:1:54: dynticks.cputime: found "exact" (a string), expected "auto" or "tick" or "tick+irqtime" or "native" or "gen" or ' +
        '"gen-2013" or "gen-exact".',
    ],
    [
      'has another way to read',
      block('"reads": "stale"'),
      'w.json:1:52: dynticks.reads: found "stale" (a string), expected "racing" or "fresh".',
    ],
    [
      'lets CPUs stand no time apart',
      block('"skew": "0us"'),
      'w.json:1:51: dynticks.skew: found "0us" (a string), expected a time with its unit, such as "5s", "1.5ms", "200us" or "10ns", '
        + 'from 1ns to 1s.',
    ],
    [
      'pauses too long',
      block('"widen": "11ms"'),
      'w.json:1:52: dynticks.widen: found "11ms" (a string), expected a time with its unit, such as "5s", "1.5ms", "200us" or "10ns", '
        + 'from 0s to 10ms.',
    ],
    [
      'has a key that is nearly "widen"',
      block('"wide": "1us"'),
      'w.json:1:43: dynticks: found the unknown key "wide", expected a key of the dynticks block. Did you mean "widen"?',
    ],
    [
      'has an unknown fault',
      block('"faults": ["torn"]'),
      'w.json:1:54: dynticks.faults: found the fault "torn", expected one of torn-vtime, missing-retry.',
    ],
    [
      'has an unknown kernel', block('"kernel": "5.4"'),
      'w.json:1:53: dynticks.kernel: found kernel "5.4", expected one of 6.12, 6.1, 7.0.',
    ],
    [
      'has a cost of an unknown path',
      block('"machine": {"costs": {"Tik": "1us"}}'),
      'w.json:1:65: dynticks.machine.costs: found the unknown key "Tik", expected a key of the dynticks block. Did you mean "Tick"?',
    ],
    [
      'has a reader with a period of no length',
      block('"readers": [{"name": "r", "tasks": "all", "every": "0ms"}]'),
      'w.json:1:94: dynticks.readers[0].every: found "0ms" (a string), expected a time with its unit, such as "5s", '
        + '"1.5ms", "200us" or "10ns", at least 1 of its smallest unit.',
    ],
    [
      'has a reader with an unknown key',
      block('"readers": [{"name": "r", "every": "1ms", "task": "all"}]'),
      'w.json:1:85: dynticks.readers[0]: found the unknown key "task", expected a key of the dynticks block. Did you mean "tasks"?',
    ],
    [
      'has a reader of nothing',
      block('"readers": [{"name": "r", "every": "1ms"}]'),
      'w.json:1:55: dynticks.readers[0]: found neither "tasks" nor "processes" nor "cpus" nor "clocks", expected something to read.',
    ],
    [
      'has a view of nothing',
      block('"readers": [{"name": "r", "what": ["stat", "idle"], "tasks": "all"}]'),
      'w.json:1:86: dynticks.readers[0].what[1]: found "idle", expected a view of what the reader reads, or "cpus" beside it.',
    ],
    [
      'has a reader in interrupts that has no place',
      block('"readers": [{"name": "r", "from": "timer", "every": "1ms", "tasks": "all"}]'),
      'w.json:1:77: dynticks.readers[0].from: found a timer without "cpu", expected the place of its interrupts beside it.',
    ],
    [
      'has a reader outside of all CPUs that never comes',
      block('"readers": [{"name": "r", "from": "coordinator", "tasks": "all"}]'),
      'w.json:1:77: dynticks.readers[0].from: found a coordinator without "every", expected a period beside it.',
    ],
    [
      'has a reader in interrupts that takes locks',
      block('"readers": [{"name": "r", "from": "timer", "cpu": 0, "every": "1ms", "what": ["stat"], "tasks": "all"}]'),
      'w.json:1:121: dynticks.readers[0].what[0]: found "stat", expected a view that takes no lock: task_cputime, task_gtime, '
        + 'thread_virt, thread_prof, kcpustat, kcpustat_field.',
    ],
    [
      'has a reader of an unknown task',
      block('"readers": [{"name": "r", "every": "1ms", "tasks": ["x"]}]'),
      'w.json:1:95: dynticks.readers[0].tasks[0]: found "x", expected a task of this file, or a reader. Did you mean "t"?',
    ],
    [
      'has a reader with a period of 0',
      block('"readers": [{"name": "r", "every": "0ms", "tasks": "all"}]'),
      'w.json:1:78: dynticks.readers[0].every: found "0ms" (a string), expected a time with its unit, such as "5s", "1.5ms", '
        + '"200us" or "10ns", at least 1 of its smallest unit.',
    ],
    [
      'has two readers of one name',
      block('"readers": [{"name": "r", "every": "1ms", "tasks": "all"}, {"name": "r", "every": "1ms", "tasks": "all"}]'),
      'w.json:1:111: dynticks.readers[1].name: found the name "r" again, expected a name that no task and no other reader has.',
    ],
    [
      'has a cut with an unknown reader',
      block('"cuts": [{"cpu": 0, "event": {"entry": "timer", "n": 0}, "access": {"struct": "vtime", "field": "utime", "op": '
        + '"store", "n": 0}, "run": {"reader": "rd"}}]'),
      'w.json:1:190: dynticks.cuts[0].run.reader: found "rd", expected a reader, and the scenario has none.',
    ],
    [
      'has a cut that runs nothing known',
      block('"cuts": [{"cpu": 0, "event": {"entry": "timer", "n": 0}, "access": {"struct": "vtime", "field": "utime", "op": '
        + '"store", "n": 0}, "run": {"irq": "ipi"}}]'),
      'w.json:1:179: dynticks.cuts[0].run: found an object, expected {"irq": "timer"}, {"reader": name} or {"cpu": number}.',
    ],
    [
      'has a command line that Linux could not read',
      block('"cmdline": "nohz=perhaps"'),
      'kernel command line: nohz: found "perhaps", expected on or off (1 or 0, y or n). It reads: nohz=perhaps',
    ],
  ])('that %s', (_, text, message) => expect(complaintOf(text).message).toBe(message));
});
