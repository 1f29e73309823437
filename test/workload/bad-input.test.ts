/** One table of what people get wrong: each has one message, with its place, what was found and what is expected. */
import { describe, expect, it } from 'vitest';
import { BadInput } from '../../src/workload/bad-input.ts';
import { resolveScenario, type Overrides } from '../../src/workload/resolve.ts';
import { readFixture } from '../support/rtapp-files.ts';

const FAULTS = ['torn-vtime', 'missing-retry'];
const resolve = (text: string, overrides: Overrides = {}) => resolveScenario(text, 'w.json', overrides, FAULTS);

function complaintOf(text: string, overrides: Overrides = {}): BadInput {
  try {
    resolve(text, overrides);
  } catch (error) {
    if (error instanceof BadInput) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

const task = (body: string): string => `{"tasks": {"t": {${body}}}}`;
const block = (body: string): string => `{"tasks": {"t": {"run": 1}}, "dynticks": {${body}}}`;

describe('an rt-app file', () => {
  it.each([
    ['is no object', '[1]', 'w.json:1:1: found an array, expected an rt-app workload (an object).'],
    ['has no tasks', '{}', 'w.json:1:1: tasks: found none, expected an object "tasks" with a task for each key.'],
    ['has empty tasks', '{"tasks": {}}', 'w.json:1:11: tasks: found an object, expected at least one task.'],
    ['has a task that is a number', '{"tasks": {"t": 5}}', 'w.json:1:17: tasks.t: found 5, expected a task (an object).'],
    ['has a fraction', task('"run": 1000.5'), 'w.json:1:25: tasks.t.run: found 1000.5 (not an integer), expected work in microseconds, an integer from 0 to 9007199254740.'],
    ['has a number as text', task('"sleep": "10"'), 'w.json:1:27: tasks.t.sleep: found "10" (a string), expected a time in microseconds, an integer from 0 to 9007199254740.'],
    ['has a negative time', task('"run": -1'), 'w.json:1:25: tasks.t.run: found -1, expected work in microseconds, an integer from 0 to 9007199254740.'],
    ['has a time beyond 2^53 ns', task('"run": 9007199254741'), 'w.json:1:25: tasks.t.run: found 9007199254741, expected work in microseconds, an integer from 0 to 9007199254740.'],
    ['has a lock without a name', task('"lock": 1'), 'w.json:1:26: tasks.t.lock: found 1, expected a mutex (a string).'],
    ['has a timer that is a number', task('"timer": 100'), 'w.json:1:27: tasks.t.timer: found 100, expected {"ref": timer, "period": microseconds} (an object).'],
    ['has a timer mode that is none', task('"timer": {"mode": "absolut"}'), 'w.json:1:36: tasks.t.timer.mode: found "absolut" (a string), expected "relative" or "absolute". Did you mean "absolute"?'],
    ['has a negative instance', task('"instance": -1, "run": 1'), 'w.json:1:30: tasks.t.instance: found -1, expected a number of instances, an integer from 0 to 2147483647.'],
    ['has a loop below -1', task('"loop": -2, "run": 1'), 'w.json:1:26: tasks.t.loop: found -2, expected a number of passes, -1 for ever, an integer from -1 to 2147483647.'],
    ['has an unknown policy', task('"policy": "SCHED_FIF0", "run": 1'), 'w.json:1:28: tasks.t.policy: found "SCHED_FIF0" (a string), expected one of SCHED_OTHER, SCHED_FIFO, SCHED_RR, SCHED_BATCH, SCHED_IDLE, SCHED_DEADLINE. Did you mean "SCHED_FIFO"?'],
    ['has a nice value out of range', task('"priority": 20, "run": 1'), 'w.json:1:17: tasks.t.priority: found 20, expected a nice value from -20 to 19.'],
    ['has a real-time priority of 0', task('"policy": "SCHED_RR", "priority": 0, "run": 1'), 'w.json:1:17: tasks.t.priority: found 0, expected a real-time priority from 1 to 99.'],
    ['has a deadline task without a budget', task('"policy": "SCHED_DEADLINE", "run": 1'), 'w.json:1:17: tasks.t.dl-runtime: found none, expected a budget for SCHED_DEADLINE. Give "dl-runtime" in microseconds.'],
    ['has a budget longer than its period', task('"policy": "SCHED_DEADLINE", "dl-runtime": 5, "dl-period": 4, "run": 1'), 'w.json:1:17: tasks.t: found runtime, deadline, period of 5, 4, 4 us, expected runtime <= deadline <= period.'],
    ['has no events', task('"loop": 3'), 'w.json:1:17: tasks.t: found no event, expected at least one event, such as "run" or "sleep". Events are lock, unlock, wait, signal, broad, sync, sleep, runtime, run, timer, suspend, resume, memrun, mem, iorun, yield, barrier, fork, sem_post, sem_wait, syscall, slack.'],
    ['has only a misspelt event', task('"rum": 3'), 'w.json:1:17: tasks.t: found no event, expected at least one event, such as "run" or "sleep". Did you mean "run" instead of "rum"?'],
    ['has a phase that is a number', task('"phases": {"p": 1}'), 'w.json:1:34: tasks.t.phases.p: found 1, expected a phase (an object).'],
    ['has no phases in phases', task('"phases": {}'), 'w.json:1:28: tasks.t.phases: found an object, expected at least one phase.'],
    ['has a CPU that is no number', task('"cpus": ["0"], "run": 1'), 'w.json:1:27: tasks.t.cpus[0]: found "0" (a string), expected CPU numbers, an integer from 0.'],
    ['has an empty list of CPUs', task('"cpus": [], "run": 1'), 'w.json:1:26: tasks.t.cpus: found an empty array, expected at least one CPU.'],
    ['forks a task that is not there', task('"fork": "tt"'), 'w.json:1:18: tasks.t.fork: found "tt", expected a task of this file. Did you mean "t"?'],
    ['has a task group without a slash', task('"taskgroup": "tg", "run": 1'), 'w.json:1:31: tasks.t.taskgroup: found "tg" (a string), expected a task group, which begins with "/".'],
    ['has too large a clamp', task('"util_max": 1025, "run": 1'), 'w.json:1:30: tasks.t.util_max: found 1025, expected a utilisation, -1 for none, an integer from -1 to 1024.'],
    ['has a memrun without a type', task('"memrun": {"size": 1, "count": 1}'), 'w.json:1:28: tasks.t.memrun: found no "type", expected "type": "read" or "write" or "chase".'],
    ['has slack without a unit', task('"slack": 5'), 'w.json:1:27: tasks.t.slack: found 5, expected a time with its unit, such as "200us".'],
    ['has an event of a later day', task('"run": 1, "pipe": "x"'), 'w.json:1:28: tasks.t.pipe: found the event "pipe", expected an event that exists. It will not work until pipes are simulated.'],
    ['has a barrier in a forked task', '{"tasks": {"t": {"instance": 0, "barrier": "b"}}}', 'w.json:1:33: tasks.t.barrier: found a barrier in a task that only fork starts, expected a task with instances of its own. How many will arrive must be known.'],
    ['wants priority inheritance', '{"tasks": {"t": {"run": 1}}, "global": {"pi_enabled": true}}', 'w.json:1:55: global.pi_enabled: found true (a boolean), expected false. Mutexes with priority inheritance (PTHREAD_PRIO_INHERIT) are not simulated.'],
    ['has a duration as text', '{"tasks": {"t": {"run": 1}}, "global": {"duration": "5s"}}', 'w.json:1:53: global.duration: found "5s" (a string), expected seconds, -1 for no limit, an integer from -1 to 9007199.'],
    ['has a boolean as a number', '{"tasks": {"t": {"run": 1}}, "global": {"gnuplot": 1}}', 'w.json:1:52: global.gnuplot: found 1, expected true or false.'],
    ['has a number of resources', '{"tasks": {"t": {"run": 1}}, "resources": 3}', 'w.json:1:43: resources: found 3, expected an object of resources, or nothing. A number of resources is the grammar before rt-app 1.0.'],
    ['has more timers of its own than a task can', task(Array.from({ length: 9 }, (_, i) => `"timer": {"ref": "unique${i}"}`).join()), 'w.json:1:242: tasks.t.timer: found 9 timers of its own, expected at most 8 in a task (TIMERS_PER_TASK).'],
    ['has more tasks than a machine', task('"instance": 8189, "run": 1'), 'w.json:1:12: tasks.t.instance: found 8193 tasks (8189 instances, 0 readers, 0 fork pools of 64, 4 idle tasks), expected at most 8192 (NR_TASKS_MAX). Start fewer instances.'],
    ['has a billion instances', task('"instance": 1000000000, "run": 1'), 'w.json:1:12: tasks.t.instance: found 1000000004 tasks (1000000000 instances, 0 readers, 0 fork pools of 64, 4 idle tasks), expected at most 8192 (NR_TASKS_MAX). Start fewer instances.'],
  ])('that %s', (_, text, message) => expect(complaintOf(text).message).toBe(message));

  it('of the grammar before 1.0 is refused by a message that says so', () => {
    expect(complaintOf(readFixture('pre-1.0.json')).message).toBe(
      'w.json:3:17: tasks.thread0.exec: found the key "exec" of the grammar before rt-app 1.0, expected the grammar of rt-app 1.0 and later. '
      + 'Write the work as events: "run" for exec, "timer" for period, "lock" and "unlock" for resources.',
    );
  });

  it('with a phase priority that does not fit the inherited policy is refused', () => {
    const text = task('"policy": "SCHED_FIFO", "phases": {"p": {"priority": -5, "run": 1}}');
    expect(complaintOf(text).message).toContain('tasks.t.phases.p.priority: found -5, expected a real-time priority from 1 to 99');
  });
});

describe('a CPU that is not there', () => {
  const text = '{"tasks": {"t": {"cpus": [7], "run": 1}}}';

  it('is no mistake where nobody says how many there are', () => expect(resolve(text).cpus).toBe(8));

  it.each<[Overrides, string]>([
    [{ cpus: 4 }, 'w.json:1:26: tasks.t.cpus: found CPU 7, expected a CPU from 0 to 3. The machine has 4 CPUs; ask for more with --cpus 8.'],
    [{ cpus: 1 }, 'w.json:1:26: tasks.t.cpus: found CPU 7, expected CPU 0. The machine has 1 CPU; ask for more with --cpus 8.'],
    [{ cpus: 8, cmdline: 'nr_cpus=2' }, 'w.json:1:26: tasks.t.cpus: found CPU 7, expected a CPU from 0 to 1. The machine has 2 CPUs, because the kernel’s command line says so.'],
  ])('is refused under %j', (overrides, message) => expect(complaintOf(text, overrides).message).toBe(message));

  it('and cannot be', () => {
    expect(complaintOf(text.replace('7', '256')).message).toBe(
      'w.json:1:26: tasks.t.cpus: found CPU 256, expected a CPU from 0 to 255. The machine has 256 CPUs; more than 256 (NR_CPUS_MAX) are not possible.',
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
    [{ durationNs: 2 ** 53 }, 'command line: --duration: found 9007199254740992 ns, expected more than 0 and less than 2^53 ns (104 days of simulated time).'],
    [{ kernel: '2.4' }, 'command line: --kernel: found kernel "2.4", expected one of 6.12.'],
    [{ faults: ['torn-vtme'] }, 'command line: --fault: found the fault "torn-vtme", expected one of torn-vtime, missing-retry. Did you mean "torn-vtime"?'],
    [{ cmdline: 'highres=maybe' }, 'kernel command line: highres: found "maybe", expected on or off (1 or 0, y or n). It reads: highres=maybe'],
    [{ cmdline: 'nohz_full=3-1' }, 'kernel command line: nohz_full: found the range 3-1, which runs backwards, expected a CPU list such as 1-3,5 or all. It reads: nohz_full=3-1'],
  ])('%j', (overrides, message) => expect(complaintOf(text, overrides).message).toBe(message));
});

describe('a dynticks block', () => {
  it.each([
    ['is no object', '{"tasks": {"t": {"run": 1}}, "dynticks": 4}', 'w.json:1:42: dynticks: found 4, expected a dynticks block (an object).'],
    ['has 0 CPUs', block('"cpus": 0'), 'w.json:1:51: dynticks.cpus: found 0, expected a number of CPUs, an integer from 1 to 256.'],
    ['has 100000 CPUs', block('"cpus": 100000'), 'w.json:1:51: dynticks.cpus: found 100000, expected a number of CPUs, an integer from 1 to 256.'],
    ['has another hz', block('"hz": 300'), 'w.json:1:49: dynticks.hz: found 300, expected 100 or 250 or 1000.'],
    ['has a bare duration', block('"duration": 5'), 'w.json:1:55: dynticks.duration: found 5, expected a time with its unit, such as "5s", "1.5ms", "200us" or "10ns".'],
    ['has a duration without a unit', block('"duration": "5"'), 'w.json:1:55: dynticks.duration: found "5" (a string), expected a time with its unit, such as "5s", "1.5ms", "200us" or "10ns".'],
    ['has a duration beyond 2^53 ns', block('"duration": "10000000s"'), 'w.json:1:55: dynticks.duration: found "10000000s" (a string), expected less than 2^53 ns (104 days of simulated time).'],
    ['has an unknown key', block('"cpu": 4'), 'w.json:1:43: dynticks: found the unknown key "cpu", expected a key of the dynticks block. Did you mean "cpus"?'],
    ['has a key twice', block('"cpus": 4, "cpus": 8'), 'w.json:1:54: dynticks: found the key "cpus" twice, expected each key once.'],
    ['has a key of a later day', block('"events": []'), 'w.json:1:43: dynticks.events: found the key "events", expected a key that exists. It will not work until hotplug, suspend and clock changes are simulated.'],
    ['has a flavour of a later day', block('"cputime": "native"'), 'w.json:1:54: dynticks.cputime: found "native" (a string), expected "auto" or "tick" or "gen".'],
    ['has an unknown fault', block('"faults": ["torn"]'), 'w.json:1:54: dynticks.faults: found the fault "torn", expected one of torn-vtime, missing-retry.'],
    ['has an unknown kernel', block('"kernel": "6.1"'), 'w.json:1:53: dynticks.kernel: found kernel "6.1", expected one of 6.12.'],
    ['has a cost of an unknown path', block('"machine": {"costs": {"Tik": "1us"}}'), 'w.json:1:65: dynticks.machine.costs: found the unknown key "Tik", expected a key of the dynticks block. Did you mean "Tick"?'],
    ['has a reader without a period', block('"readers": [{"name": "r", "tasks": "all"}]'), 'w.json:1:55: dynticks.readers[0].every: found no "every", expected "every": a time with its unit, such as "5s", "1.5ms", "200us" or "10ns".'],
    ['has a reader with an unknown key', block('"readers": [{"name": "r", "every": "1ms", "task": "all"}]'), 'w.json:1:85: dynticks.readers[0]: found the unknown key "task", expected a key of the dynticks block. Did you mean "tasks"?'],
    ['has a reader of nothing', block('"readers": [{"name": "r", "every": "1ms"}]'), 'w.json:1:55: dynticks.readers[0]: found neither "tasks" nor "cpus", expected something to read.'],
    ['has a reader of an unknown task', block('"readers": [{"name": "r", "every": "1ms", "tasks": ["x"]}]'), 'w.json:1:95: dynticks.readers[0].tasks[0]: found "x", expected a task of this file. Did you mean "t"?'],
    ['has a reader with a period of 0', block('"readers": [{"name": "r", "every": "0ms", "tasks": "all"}]'), 'w.json:1:78: dynticks.readers[0].every: found "0ms" (a string), expected a time with its unit, such as "5s", "1.5ms", "200us" or "10ns", at least 1 of its smallest unit.'],
    ['has two readers of one name', block('"readers": [{"name": "r", "every": "1ms", "tasks": "all"}, {"name": "r", "every": "1ms", "tasks": "all"}]'), 'w.json:1:111: dynticks.readers[1].name: found the name "r" again, expected a name of its own for each reader.'],
    ['has a cut with an unknown reader', block('"cuts": [{"cpu": 0, "event": {"entry": "timer", "n": 0}, "access": {"struct": "vtime", "field": "utime", "op": "store", "n": 0}, "run": {"reader": "rd"}}]'), 'w.json:1:190: dynticks.cuts[0].run.reader: found "rd", expected a reader, and the scenario has none.'],
    ['has a cut that runs nothing known', block('"cuts": [{"cpu": 0, "event": {"entry": "timer", "n": 0}, "access": {"struct": "vtime", "field": "utime", "op": "store", "n": 0}, "run": {"irq": "ipi"}}]'), 'w.json:1:179: dynticks.cuts[0].run: found an object, expected {"irq": "timer"}, {"reader": name} or {"cpu": number}.'],
    ['has a command line that Linux could not read', block('"cmdline": "nohz=perhaps"'), 'kernel command line: nohz: found "perhaps", expected on or off (1 or 0, y or n). It reads: nohz=perhaps'],
  ])('that %s', (_, text, message) => expect(complaintOf(text).message).toBe(message));
});

describe('what is doubtful is run, with a warning at its place', () => {
  it.each([
    ['an unknown key', task('"run": 1, "slep": 5'), 'w.json:1:28: tasks.t: unknown key "slep", ignored. Did you mean "sleep"?'],
    ['an unknown key of global', '{"tasks": {"t": {"run": 1}}, "global": {"durration": 1}}', 'w.json:1:41: global: unknown key "durration", ignored. Did you mean "duration"?'],
    ['an unknown key of a timer', task('"timer": {"ref": "unique", "perod": 1}'), 'w.json:1:45: tasks.t.timer: unknown key "perod", ignored. Did you mean "period"?'],
    ['a delay inside a phase', task('"phases": {"p": {"delay": 5, "run": 1}}'), 'w.json:1:35: tasks.t.phases.p: "delay" is a key of the task, not of a phase; ignored here.'],
    ['an event beside phases', task('"run": 1, "phases": {"p": {"run": 1}}'), 'w.json:1:18: tasks.t: the event "run" stands beside "phases" and never runs.'],
    ['a lock taken twice', task('"lock": "m", "lock": "m"'), 'w.json:1:31: tasks.t.lock: locks "m" while it holds it: it will wait for itself.'],
    ['an unlock too many', task('"unlock": "m"'), 'w.json:1:18: tasks.t.unlock: unlocks "m", which it does not hold here.'],
    ['a wait without its lock', task('"wait": {"ref": "c", "mutex": "m"}'), 'w.json:1:18: tasks.t.wait: waits with "m", which it does not hold here; pthread_cond_wait leaves that undefined.'],
    ['a phase loop of 0', task('"phases": {"p": {"loop": 0, "run": 1}}'), 'w.json:1:43: tasks.t.phases.p.loop: a phase loop of 0 goes on for ever, as in rt-app.'],
    ['a setting given twice', task('"loop": 1, "loop": 2, "run": 1'), 'w.json:1:29: tasks.t: "loop" stands 2 times; the last one counts.'],
    ['a reader of forked tasks only', '{"tasks": {"t": {"fork": "k"}, "k": {"instance": 0, "run": 1}}, "dynticks": {"readers": [{"name": "r", "every": "1ms", "tasks": ["k"]}]}}', 'w.json:1:130: dynticks.readers[0].tasks[0]: "k" is started only by fork; such instances are not read.'],
  ])('%s', (_, text, warning) => expect(resolve(text).warnings).toEqual([warning]));

  it.each([
    ['nohz_full=1-7', 'command line: nohz_full= names CPUs that this machine does not have (4-7); they are left out.'],
    ['nohz_full=all', 'command line: nohz_full= must leave one CPU for housekeeping; the boot CPU, 0, is left out of it.'],
    ['isolcpus=all', 'command line: isolcpus= must leave one CPU for housekeeping; the boot CPU, 0, is left out of it.'],
    ['clocksource=hpet', 'command line: there is no clock source hpet here (tsc, jiffies); the best one stays.'],
    ['quiet hz=100', 'command line: ignored: quiet, hz=100 (not a parameter of Linux; use --hz)'],
  ])('--cmdline "%s"', (cmdline, warning) => expect(resolve(task('"run": 1'), { cmdline }).warnings).toEqual([warning]));
});
