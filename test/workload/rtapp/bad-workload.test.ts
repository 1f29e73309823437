/** What people get wrong in an rt-app file: one message each, with its place, what was found and what is expected. */
import { describe, expect, it } from 'vitest';
import { complaintOf, task } from '../../support/complaint.ts';
import { readFixture } from '../../support/rtapp-files.ts';

describe('an rt-app file', () => {
  it.each([
    ['is no object', '[1]', 'w.json:1:1: found an array, expected an rt-app workload (an object).'],
    ['has no tasks', '{}', 'w.json:1:1: tasks: found none, expected an object "tasks" with a task for each key.'],
    [
      'has a task in place of tasks',
      '{"resources": {}, "task": {"t": {"run": 1}}}',
      'w.json:1:1: tasks: found none, expected an object "tasks" with a task for each key. Did you mean "tasks" instead of "task"?',
    ],
    ['has empty tasks', '{"tasks": {}}', 'w.json:1:11: tasks: found an object, expected at least one task.'],
    ['has a task that is a number', '{"tasks": {"t": 5}}', 'w.json:1:17: tasks.t: found 5, expected a task (an object).'],
    [
      'has a fraction',
      task('"run": 1000.5'),
      'w.json:1:25: tasks.t.run: found 1000.5 (not an integer), expected work in microseconds, an integer from 0 to 9007199254740.',
    ],
    [
      'has a number as text',
      task('"sleep": "10"'),
      'w.json:1:27: tasks.t.sleep: found "10" (a string), expected a time in microseconds, an integer from 0 to 9007199254740.',
    ],
    [
      'has a negative time',
      task('"run": -1'),
      'w.json:1:25: tasks.t.run: found -1, expected work in microseconds, an integer from 0 to 9007199254740.',
    ],
    [
      'has a time beyond 2^53 ns',
      task('"run": 9007199254741'),
      'w.json:1:25: tasks.t.run: found 9007199254741, expected work in microseconds, an integer from 0 to 9007199254740.',
    ],
    ['has a lock without a name', task('"lock": 1'), 'w.json:1:26: tasks.t.lock: found 1, expected a mutex (a string).'],
    [
      'has a timer that is a number',
      task('"timer": 100'),
      'w.json:1:27: tasks.t.timer: found 100, expected {"ref": timer, "period": microseconds} (an object).',
    ],
    [
      'has a timer mode that is none',
      task('"timer": {"mode": "absolut"}'),
      'w.json:1:36: tasks.t.timer.mode: found "absolut" (a string), expected "relative" or "absolute" or "grid". Did you mean "absolute"?',
    ],
    [
      'has a pause that says something',
      task('"run": 1, "pause": "5ms"'),
      'w.json:1:37: tasks.t.pause: found "5ms" (a string), expected "", for there is nothing to say.',
    ],
    [
      'has a negative instance',
      task('"instance": -1, "run": 1'),
      'w.json:1:30: tasks.t.instance: found -1, expected a number of instances, an integer from 0 to 2147483647.',
    ],
    [
      'has a loop below -1',
      task('"loop": -2, "run": 1'),
      'w.json:1:26: tasks.t.loop: found -2, expected a number of passes, -1 for ever, an integer from -1 to 2147483647.',
    ],
    [
      'has an unknown policy',
      task('"policy": "SCHED_FIF0", "run": 1'),
      'w.json:1:28: tasks.t.policy: found "SCHED_FIF0" (a string), expected one of SCHED_OTHER, SCHED_FIFO, SCHED_RR, '
        + 'SCHED_BATCH, SCHED_IDLE, SCHED_DEADLINE. Did you mean "SCHED_FIFO"?',
    ],
    [
      'has a nice value out of range',
      task('"priority": 20, "run": 1'),
      'w.json:1:17: tasks.t.priority: found 20, expected a nice value from -20 to 19.',
    ],
    [
      'has a real-time priority of 0',
      task('"policy": "SCHED_RR", "priority": 0, "run": 1'),
      'w.json:1:17: tasks.t.priority: found 0, expected a real-time priority from 1 to 99.',
    ],
    [
      'has a deadline task without a budget',
      task('"policy": "SCHED_DEADLINE", "run": 1'),
      'w.json:1:17: tasks.t.dl-runtime: found none, expected a budget for SCHED_DEADLINE. Give "dl-runtime" in microseconds.',
    ],
    [
      'has a budget longer than its period',
      task('"policy": "SCHED_DEADLINE", "dl-runtime": 5, "dl-period": 4, "run": 1'),
      'w.json:1:17: tasks.t: found runtime, deadline, period of 5, 4, 4 us, expected runtime <= deadline <= period.',
    ],
    [
      'has no events',
      task('"loop": 3'),
      'w.json:1:17: tasks.t: found no event, expected at least one event, such as "run" or "sleep". Events are lock, unlock, '
        + 'wait, signal, broad, sync, sleep, runtime, run, timer, suspend, resume, memrun, mem, iorun, yield, barrier, fork, '
        + 'sem_post, sem_wait, syscall, slack, timeout, io, itimer, pipe, call, clock_nanosleep, posix_timer, posix_timer_gettime, '
        + 'posix_timer_delete, fd_timer, fd_read, sigmask, pause, free, reap, guest, cputimer.',
    ],
    [
      'has only a misspelt event',
      task('"rum": 3'),
      'w.json:1:17: tasks.t: found no event, expected at least one event, such as "run" or "sleep". Did you mean "run" instead of "rum"?',
    ],
    ['has a phase that is a number', task('"phases": {"p": 1}'), 'w.json:1:34: tasks.t.phases.p: found 1, expected a phase (an object).'],
    ['has no phases in phases', task('"phases": {}'), 'w.json:1:28: tasks.t.phases: found an object, expected at least one phase.'],
    [
      'has a CPU that is no number',
      task('"cpus": ["0"], "run": 1'),
      'w.json:1:27: tasks.t.cpus[0]: found "0" (a string), expected CPU numbers, an integer from 0.',
    ],
    [
      'has an empty list of CPUs',
      task('"cpus": [], "run": 1'),
      'w.json:1:26: tasks.t.cpus: found an empty array, expected at least one CPU.',
    ],
    [
      'forks a task that is not there',
      task('"fork": "tt"'),
      'w.json:1:18: tasks.t.fork: found "tt", expected a task of this file. Did you mean "t"?',
    ],
    [
      'has a task group without a slash',
      task('"taskgroup": "tg", "run": 1'),
      'w.json:1:31: tasks.t.taskgroup: found "tg" (a string), expected a task group, which begins with "/".',
    ],
    [
      'has too large a clamp',
      task('"util_max": 1025, "run": 1'),
      'w.json:1:30: tasks.t.util_max: found 1025, expected a utilisation, -1 for none, an integer from -1 to 1024.',
    ],
    [
      'has a memrun without a type',
      task('"memrun": {"size": 1, "count": 1}'),
      'w.json:1:28: tasks.t.memrun: found no "type", expected "type": "read" or "write" or "chase".',
    ],
    [
      'has slack without a unit',
      task('"slack": 5'),
      'w.json:1:27: tasks.t.slack: found 5, expected a time with its unit, such as "200us".',
    ],
    [
      'sets a CPU timer on a clock that goes on while nobody runs',
      task('"run": 1, "cputimer": {"clock": "real", "value": "5ms"}'),
      'w.json:1:50: tasks.t.cputimer.clock: found "real" (a string), expected "prof" or "virtual" or "thread" or "process".',
    ],
    [
      'has a pipe without a direction',
      task('"pipe": {"name": "p"}'),
      'w.json:1:26: tasks.t.pipe: found no "op", expected "op": "read" or "write".',
    ],
    [
      'writes more at once than a pipe holds',
      task('"pipe": {"name": "p", "op": "write", "bytes": 65537}'),
      'w.json:1:64: tasks.t.pipe.bytes: found 65537, expected bytes, an integer from 1 to 65536.',
    ],
    [
      'misspells a key of an event of ours',
      task('"pipe": {"nmae": "p", "op": "read"}'),
      'w.json:1:27: tasks.t.pipe: found the unknown key "nmae", expected a key of this event. Did you mean "name"?',
    ],
    [
      'sets an itimer to a bare number',
      task('"itimer": 50'),
      'w.json:1:28: tasks.t.itimer: found 50, expected "50ms", "off" or {"value": time, "interval": time}.',
    ],
    [
      'sets an itimer to nothing',
      task('"itimer": "0ms"'),
      'w.json:1:28: tasks.t.itimer: found "0ms" (a string), expected more than 0, or "off".',
    ],
    [
      'sets an itimer without its first expiry',
      task('"itimer": {"interval": "5ms"}'),
      'w.json:1:28: tasks.t.itimer: found no "value", expected "value": the time until it fires first.',
    ],
    [
      'sets a POSIX timer on a clock that has none',
      task('"posix_timer": {"name": "p", "clock": "monotonic_raw", "value": "5ms"}'),
      'w.json:1:56: tasks.t.posix_timer.clock: found "monotonic_raw" (a string), expected "realtime" or "monotonic" or "boottime" or '
        + '"tai" or "process_cputime" or "thread_cputime". Did you mean "monotonic"?',
    ],
    [
      'sleeps on its own CPU clock, which stands still meanwhile',
      task('"clock_nanosleep": {"clock": "thread_cputime", "value": "5ms"}'),
      'w.json:1:47: tasks.t.clock_nanosleep.clock: found "thread_cputime" (a string), expected "realtime" or "monotonic" or "boottime" '
        + 'or "tai" or "process_cputime".',
    ],
    [
      'sets a timer without a name',
      task('"fd_timer": {"value": "5ms"}'),
      'w.json:1:30: tasks.t.fd_timer: found no "name", expected "name": which timer.',
    ],
    [
      'calls nobody',
      task('"call": {"cpus": []}'),
      'w.json:1:35: tasks.t.call.cpus: found an empty array, expected at least one CPU.',
    ],
    [
      'names the CPUs of a membarrier',
      task('"call": {"cpus": [1], "membarrier": true}'),
      'w.json:1:35: tasks.t.call.cpus: found "cpus" beside "membarrier", expected one of them. '
        + 'A membarrier calls wherever tasks of the workload run.',
    ],
    [
      'has a barrier in a forked task',
      '{"tasks": {"t": {"instance": 0, "barrier": "b"}}}',
      'w.json:1:33: tasks.t.barrier: found a barrier in a task that only fork starts, expected a task with instances of its '
        + 'own. How many will arrive must be known.',
    ],
    [
      'wants priority inheritance',
      '{"tasks": {"t": {"run": 1}}, "global": {"pi_enabled": true}}',
      'w.json:1:55: global.pi_enabled: found true (a boolean), expected false. Mutexes with priority inheritance '
        + '(PTHREAD_PRIO_INHERIT) are not simulated.',
    ],
    [
      'has a duration as text',
      '{"tasks": {"t": {"run": 1}}, "global": {"duration": "5s"}}',
      'w.json:1:53: global.duration: found "5s" (a string), expected seconds, -1 for no limit, an integer from -1 to 9007199.',
    ],
    [
      'has a boolean as a number',
      '{"tasks": {"t": {"run": 1}}, "global": {"gnuplot": 1}}',
      'w.json:1:52: global.gnuplot: found 1, expected true or false.',
    ],
    [
      'has a number of resources',
      '{"tasks": {"t": {"run": 1}}, "resources": 3}',
      'w.json:1:43: resources: found 3, expected an object of resources, or nothing. A number of resources is the grammar '
        + 'before rt-app 1.0.',
    ],
    [
      'has more timers of its own than a task can',
      task(Array.from({ length: 9 }, (_, i) => `"timer": {"ref": "unique${i}"}`).join()),
      'w.json:1:242: tasks.t.timer: found 9 timers of its own, expected at most 8 in a task (TIMERS_PER_TASK).',
    ],
    [
      'has more tasks than a machine',
      task('"instance": 8189, "run": 1'),
      'w.json:1:12: tasks.t.instance: found 8193 tasks (8189 instances, 0 readers, 0 fork pools of 64, 4 idle tasks), '
        + 'expected at most 8192 (NR_TASKS_MAX). Start fewer instances.',
    ],
    [
      'has a billion instances',
      task('"instance": 1000000000, "run": 1'),
      'w.json:1:12: tasks.t.instance: found 1000000004 tasks (1000000000 instances, 0 readers, 0 fork pools of 64, 4 idle '
        + 'tasks), expected at most 8192 (NR_TASKS_MAX). Start fewer instances.',
    ],
  ])('that %s', (_, text, message) => expect(complaintOf(text).message).toBe(message));

  it('of the grammar before 1.0 is refused by a message that says so', () => {
    expect(complaintOf(readFixture('pre-1.0.json')).message).toBe(
      'w.json:3:17: tasks.thread0.exec: found the key "exec" of the grammar before rt-app 1.0, '
      + 'expected the grammar of rt-app 1.0 and later. '
      + 'Write the work as events: "run" for exec, "timer" for period, "lock" and "unlock" for resources.',
    );
  });

  it('with a phase priority that does not fit the inherited policy is refused', () => {
    const text = task('"policy": "SCHED_FIFO", "phases": {"p": {"priority": -5, "run": 1}}');
    expect(complaintOf(text).message).toContain('tasks.t.phases.p.priority: found -5, expected a real-time priority from 1 to 99');
  });
});
