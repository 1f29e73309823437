import { describe, expect, it } from 'vitest';
import { Mode } from '../../../shared/events.ts';
import { VtimeState } from '../../../shared/structs/task.ts';
import { CpuConservation } from '../../../src/check/oracles/cpu-conservation.ts';
import { CputimeExact } from '../../../src/check/oracles/cputime-exact.ts';
import { MachineConservation } from '../../../src/check/oracles/machine-conservation.ts';
import { EventStream, runFacts, TICK } from '../../support/event-stream.ts';
import { judgeStream, witnessOf } from '../../support/verdicts.ts';

const END = 100 * TICK;
const T = 1;
const gen = runFacts(1, 'gen', ['thread0-0']);
const sampling = runFacts(1, 'tick', ['thread0-0']);

/** Up at 500; from 1000 the task: 700 in the kernel, then user mode to the end, flushed at END - 50. */
const tracked = (task: Record<string, number> = {}, cpu: Record<string, number> = {}) =>
  new EventStream()
    .add('context', 0, 500, { mode: Mode.Idle, task: 0 })
    .add('vtime_publish', 0, 500, { task: 0, state: VtimeState.Idle })
    .add('vtime_publish', 0, 1000, { task: 0, state: VtimeState.Inactive })
    .add('vtime_publish', 0, 1000, { task: T, state: VtimeState.Sys })
    .add('context', 0, 1000, { mode: Mode.System, task: T })
    .add('vtime_publish', 0, 1700, { task: T, state: VtimeState.User, vtime_stime: 700 })
    .add('context', 0, 1700, { mode: Mode.User, task: T })
    .add('kcpustat_final', 0, END, { cpu: 0, idle: 500, user: END - 50 - 1700 - 300, system: 0, ...cpu })
    .add('task_final', 0, END, { task: 0, cpu: 0, vtime_state: VtimeState.Inactive })
    .add('task_final', 0, END, {
      task: T, cpu: 0, vtime_state: VtimeState.User, starttime: END - 50, utime: END - 50 - 1700 - 300,
      vtime_utime: 300, vtime_stime: 700, ...task,
    });

/** Up at 500; 99 ticks: 60 hit the task in user mode, 9 in the kernel, 30 the idle task. */
const sampled = (task: Record<string, number> = {}, cpu: Record<string, number> = {}) => {
  const stream = new EventStream().add('context', 0, 500, { mode: Mode.Idle, task: 0 });
  for (let n = 1; n <= 99; n++) {
    const task = n > 30 ? T : 0;
    stream.add('context', 0, n * TICK - 9, { mode: n > 39 ? Mode.User : n > 30 ? Mode.System : Mode.Idle, task })
      .add('context', 0, n * TICK, { mode: Mode.Irq, task })
      .add('tick', 0, n * TICK, { task, user: n > 39 ? 1 : 0 });
  }
  return stream
    .add('kcpustat_final', 0, END, { cpu: 0, idle: 30 * TICK, system: 9 * TICK, user: 60 * TICK, ...cpu })
    .add('task_final', 0, END, { task: 0 })
    .add('task_final', 0, END, { task: T, utime: 60 * TICK, stime: 9 * TICK, ...task });
};

describe('C-05, exact accounts', () => {
  it('holds to the nanosecond on tracked CPUs, to the tick on sampling ones', () => {
    expect(judgeStream(CputimeExact, gen, tracked())).toEqual({ verdict: 'held', checked: 2 });
    expect(judgeStream(CputimeExact, sampling, sampled())).toEqual({ verdict: 'held', checked: 2 });
  });

  it('is not exercised by a run that was cut short', () => {
    expect(judgeStream(CputimeExact, gen, new EventStream().add('context', 0, 500, { task: 0 }))).toEqual({ verdict: 'not exercised' });
  });

  it('finds a nanosecond', () => {
    const witness = witnessOf(judgeStream(CputimeExact, gen, tracked({ vtime_stime: 701 })));
    expect(witness.says).toBe('thread0-0 ends with stime 701 ns (pending time included); its contexts and ticks come to 700 ns');
    expect(witness.events.map((event) => event.event)).toEqual(['context', 'task_final']);
    expect(witnessOf(judgeStream(CputimeExact, gen, tracked({ vtime_utime: 299 }))).says).toContain('ends with utime');
  });

  it('finds a tick that was charged to the wrong side or to the idle task', () => {
    const swapped = sampled({ utime: 61 * TICK, stime: 8 * TICK });
    expect(judgeStream(CputimeExact, sampling, swapped)).toMatchObject({ verdict: 'broken', violations: 2 });
    const idle = new EventStream().add('context', 0, 500, { mode: Mode.Idle, task: 0 }).add('task_final', 0, END, { task: 0, stime: TICK });
    expect(witnessOf(judgeStream(CputimeExact, sampling, idle)).says).toContain('swapper/0 ends with stime');
  });
});

describe('A-01, each CPU’s time', () => {
  it('holds for either flavour', () => {
    expect(judgeStream(CpuConservation, gen, tracked(), END)).toEqual({ verdict: 'held', checked: 1 });
    expect(judgeStream(CpuConservation, sampling, sampled(), END)).toEqual({ verdict: 'held', checked: 1 });
  });

  it('counts a CPU’s time from its first context, and the stretch that is not flushed', () => {
    const late = new EventStream().add('context', 0, END - 1000, { task: 0 }).add('kcpustat_final', 0, END, { cpu: 0 });
    expect(judgeStream(CpuConservation, sampling, late, END).verdict).toBe('held');
    const idling = new EventStream().add('context', 0, 500, { task: 0 })
      .add('vtime_publish', 0, 500, { task: 0, state: VtimeState.Idle }).add('kcpustat_final', 0, END, { cpu: 0 })
      .add('task_final', 0, END, { task: 0, cpu: 0, vtime_state: VtimeState.Idle, starttime: 500 });
    expect(judgeStream(CpuConservation, gen, idling, END).verdict).toBe('held');
  });

  it('is not exercised without final figures', () => {
    expect(judgeStream(CpuConservation, gen, new EventStream().add('context', 0, 500), END)).toEqual({ verdict: 'not exercised' });
  });

  it('finds three ticks too few or too many where the CPU samples', () => {
    const witness = witnessOf(judgeStream(CpuConservation, sampling, sampled({}, { idle: 27 * TICK }), END));
    expect(witness.says)
      .toContain(`CPU 0 ran for ${END - 500} ns (from 500); its slots hold ${96 * TICK} ns and 0 ns are pending`);
    expect(witness.events.map((event) => event.event)).toEqual(['context', 'kcpustat_final']);
    expect(witnessOf(judgeStream(CpuConservation, sampling, sampled({}, { idle: 34 * TICK }), END)).says)
      .toContain(`${2 * TICK} ns are allowed`);
  });

  it('finds a nanosecond where contexts are tracked', () => {
    const witness = witnessOf(judgeStream(CpuConservation, gen, tracked({}, { user: END - 2051 }), END));
    expect(witness.says).toContain('carried away by tasks, which differs by 1 ns; 0 ns are allowed');
  });

  it('counts what a task carries away on the CPU that it leaves, and on the one that it comes to', () => {
    const two = runFacts(2, 'gen', ['thread0-0']);
    const T2 = 2;
    const moved = (carried: number) => new EventStream()
      .add('vtime_publish', 0, 0, { task: 0, state: VtimeState.Idle })
      .add('vtime_publish', 1, 0, { task: 1, state: VtimeState.Idle })
      .add('vtime_publish', 0, 0, { task: 0, state: VtimeState.Inactive })
      .add('vtime_publish', 0, 0, { task: T2, state: VtimeState.Sys })
      .add('vtime_publish', 0, 600, { task: T2, state: VtimeState.Inactive, vtime_stime: 600 })
      .add('vtime_publish', 0, 600, { task: 0, state: VtimeState.Idle })
      .add('vtime_publish', 1, 700, { task: 1, state: VtimeState.Inactive })
      .add('vtime_publish', 1, 700, { task: T2, state: VtimeState.Sys, vtime_stime: 600 })
      .add('kcpustat_final', 0, 1000, { cpu: 0, idle: 0 })
      .add('kcpustat_final', 1, 1000, { cpu: 1, idle: 700, system: carried })
      .add('task_final', 0, 1000, { task: 0, cpu: 0, vtime_state: VtimeState.Idle, starttime: 600 })
      .add('task_final', 1, 1000, { task: 1, cpu: 1, vtime_state: VtimeState.Inactive })
      .add('task_final', 1, 1000, { task: T2, cpu: 1, vtime_state: VtimeState.Sys, starttime: 1000 });
    // CPU 1 has charged what it earned, 300, and what was brought, 600
    expect(judgeStream(CpuConservation, two, moved(900), 1000)).toEqual({ verdict: 'held', checked: 2 });
    expect(witnessOf(judgeStream(CpuConservation, two, moved(300), 1000)).says).toContain('CPU 1 ran for 1000 ns');
  });
});

describe('A-02, the whole machine’s books', () => {
  it('holds for either flavour', () => {
    expect(judgeStream(MachineConservation, gen, tracked(), END)).toEqual({ verdict: 'held', checked: 1 });
    expect(judgeStream(MachineConservation, sampling, sampled(), END)).toEqual({ verdict: 'held', checked: 1 });
  });

  it('is not exercised while a CPU’s final figures are missing', () => {
    const two = runFacts(2, 'tick', []);
    expect(judgeStream(MachineConservation, two, new EventStream().add('kcpustat_final', 0, END, { cpu: 0 }), END))
      .toEqual({ verdict: 'not exercised' });
  });

  it('remembers what the earlier life of a forked record was charged', () => {
    const stream = new EventStream().add('context', 0, 0, { task: 0 });
    for (let n = 1; n <= 99; n++) stream.add('tick', 0, n * TICK, { task: T, user: 1 });
    stream.add('sched_process_fork', 0, END - 10, { child: T })
      .add('kcpustat_final', 0, END, { cpu: 0, user: 99 * TICK }).add('task_final', 0, END, { task: T });
    expect(judgeStream(MachineConservation, sampling, stream, END).verdict).toBe('held');
  });

  it('counts a CPU’s time to where its last event has carried it, and no further', () => {
    expect(judgeStream(MachineConservation, gen, tracked(), END - 30).verdict).toBe('held');
    expect(witnessOf(judgeStream(MachineConservation, gen, tracked({ vtime_stime: 699 }), END - 30)).says).toContain('differs by 1 ns');
  });

  it('finds a charge that only one of task and CPU was given', () => {
    const witness = witnessOf(judgeStream(MachineConservation, sampling, sampled({ utime: 59 * TICK }), END));
    expect(witness.says).toBe(
      `all tasks together were charged ${68 * TICK} ns, and interrupts took 0 ns that nobody was charged with, but the busy slots of all ` +
        `CPUs hold ${69 * TICK} ns`,
    );
    expect(witness.events).toMatchObject([{ event: 'kcpustat_final', fields: { user: 60 * TICK } }]);
  });

  it('finds time that both were denied', () => {
    const lost = sampled({ utime: 57 * TICK }, { user: 57 * TICK });
    expect(witnessOf(judgeStream(MachineConservation, sampling, lost, END)).says).toContain(`${2 * TICK} ns are allowed`);
    const lostPending = tracked({ vtime_utime: 300 - TICK });
    expect(witnessOf(judgeStream(MachineConservation, gen, lostPending.add('task_final', 0, END, { task: 0, vtime_utime: -1 }), END)).says)
      .toContain(`differs by ${TICK + 1} ns`);
  });
});
