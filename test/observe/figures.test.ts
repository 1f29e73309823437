import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Event, Mode } from '../../shared/events.ts';
import { TaskState, VtimeState } from '../../shared/structs/task.ts';
import { FiguresCollector } from '../../src/observe/figures.ts';
import type { RunFigures } from '../../src/observe/run-figures.ts';
import { FACTS, play, row, type Row } from './records.ts';

const figuresOf = (rows: readonly Row[], end: number): RunFigures => play(new FiguresCollector(FACTS), rows).finish(end);
const context = (cpu: number, t: number, mode: Mode, task: number): Row => row('context', cpu, t, { mode, task });

describe('FiguresCollector', () => {
  it('gives each stretch between two contexts to the mode and the task that had it', () => {
    const { cpus, tasks } = figuresOf([
      context(0, 10, Mode.System, 0),
      context(0, 30, Mode.Idle, 0),
      context(0, 100, Mode.Irq, 0),
      context(0, 107, Mode.System, 2),
      context(0, 120, Mode.User, 2),
      context(0, 400, Mode.Softirq, 2),
      context(0, 405, Mode.Guest, 2),
    ], 500);
    expect(cpus[0]).toMatchObject({ offlineNs: 10, systemNs: 33, idleNs: 70, irqNs: 7, userNs: 375, softirqNs: 5 });
    expect(tasks[2]).toMatchObject({ userNs: 375, systemNs: 13, irqNs: 5 });
    expect(tasks[0]).toMatchObject({ userNs: 0, systemNs: 20, irqNs: 7 });
  });

  it('counts all of a CPU’s time that never ran as offline', () => {
    expect(figuresOf([], 500).cpus[1]).toMatchObject({ offlineNs: 500, idleNs: 0 });
  });

  it('lets the times of a CPU add up to the end of the run, whatever happens', () => {
    const step = fc.record({
      cpu: fc.nat({ max: 1 }),
      after: fc.nat({ max: 1e6 }),
      mode: fc.constantFrom(...Object.values(Mode)),
      task: fc.nat({ max: 4 }),
    });
    fc.assert(fc.property(fc.array(step), fc.nat({ max: 1e6 }), (steps, rest) => {
      let t = 0;
      const rows = steps.map((s) => context(s.cpu, (t += s.after), s.mode, s.task));
      const { cpus, tasks } = figuresOf(rows, t + rest);
      for (const c of cpus) expect(c.offlineNs + c.userNs + c.systemNs + c.softirqNs + c.irqNs + c.idleNs + c.stealNs).toBe(t + rest);
      const busy = cpus.reduce((sum, c) => sum + c.userNs + c.systemNs + c.softirqNs + c.irqNs, 0);
      expect(tasks.reduce((sum, task) => sum + task.userNs + task.systemNs + task.irqNs, 0)).toBe(busy);
    }));
  });

  it('keeps the CPU’s own clock where its last event ran past the end', () => {
    const { cpus } = figuresOf([context(0, 0, Mode.User, 2), context(0, 1010, Mode.Idle, 0)], 1000);
    expect(cpus[0]).toMatchObject({ userNs: 1010, idleNs: 0 });
  });

  it('counts ticks, interrupts by kind and entries on the CPU that took them', () => {
    const { cpus, events } = figuresOf([
      row('event', 0, 1), row('local_timer_entry', 0, 1), row('tick', 0, 1), row('local_timer_exit', 0, 1),
      row('event', 1, 2), row('reschedule_entry', 1, 2), row('reschedule_exit', 1, 2),
      row('event', 1, 3), row('call_function_single_entry', 1, 3), row('call_function_single_entry', 1, 4),
      row('event', 2, 5),
    ], 10);
    expect(cpus[0]).toMatchObject({ ticks: 1, timerInterrupts: 1, ipis: { reschedule: 0, callFunction: 0 } });
    expect(cpus[1]).toMatchObject({ ticks: 0, timerInterrupts: 0, ipis: { reschedule: 1, callFunction: 2 } });
    expect(events).toBe(4);
  });

  it('counts a wake-up for the task and for the CPU it was woken to, not for the waker', () => {
    const { cpus, tasks } = figuresOf([
      row('sched_waking', 0, 1, { task: 2, target_cpu: 0 }),
      row('sched_wakeup', 0, 2, { task: 2, target_cpu: 1 }),
      row('sched_wakeup_new', 0, 3, { task: 3, target_cpu: 1 }),
    ], 10);
    expect(cpus.map((c) => c.wakeups)).toEqual([0, 2]);
    expect(tasks.map((t) => t.wakeups)).toEqual([0, 0, 1, 1, 0]);
  });

  it('counts a switch for the CPU and for the task that lost it', () => {
    const { cpus, tasks } = figuresOf([
      row('sched_switch', 1, 1, { prev: 1, next: 2 }),
      row('sched_switch', 1, 2, { prev: 2, prev_state: 1, next: 3 }),
      row('sched_migrate_task', 0, 3, { task: 2, orig_cpu: 1, dest_cpu: 0 }),
    ], 10);
    expect(cpus.map((c) => c.contextSwitches)).toEqual([0, 2]);
    expect(tasks.map((t) => t.contextSwitches)).toEqual([0, 1, 1, 0, 0]);
    expect(tasks[2]).toMatchObject({ migrations: 1, state: 'sleeping', cpu: 1 });
    expect(tasks[3]).toMatchObject({ state: 'runnable', cpu: 1 });
    expect(tasks[4]).toMatchObject({ state: 'unused', cpu: -1 });
  });

  it('takes a task that lost its CPU for running, one that gave it up for sleeping', () => {
    const stateAfter = (prevState: number) =>
      figuresOf([
        row('sched_switch', 0, 1, { prev: 0, next: 2 }),
        row('sched_switch', 0, 2, { prev: 2, prev_state: prevState, next: 3 }),
      ], 10)
        .tasks[2]!.state;
    expect([stateAfter(0), stateAfter(1)]).toEqual(['runnable', 'sleeping']);
  });

  it('keeps a task dead when the switch away from it comes after its exit', () => {
    const { tasks } = figuresOf([
      row('sched_process_exit', 0, 1, { task: 2 }),
      row('sched_switch', 0, 2, { prev: 2, prev_state: 16, next: 0 }),
    ], 10);
    expect(tasks[2]!.state).toBe('dead');
  });

  it('counts an iteration when a pass over a phase ends, and every rt-app event that begins', () => {
    const { tasks } = figuresOf([
      row('rtapp_loop', 0, 1, { task: 2, edge: 0 }),
      row('rtapp_event', 0, 2, { task: 2, id: 0 }),
      row('rtapp_event', 0, 3, { task: 2, id: 1 }),
      row('rtapp_loop', 0, 4, { task: 2, edge: 1 }),
      row('rtapp_loop', 0, 5, { task: 2, edge: 0 }),
    ], 10);
    expect(tasks[2]).toMatchObject({ iterations: 1, events: 2 });
  });

  it('counts reads, and which of them looked at a task that was on a CPU', () => {
    const { reads } = figuresOf([
      context(0, 0, Mode.User, 2),
      row('task_cputime', 1, 5, { by: 3, task: 2 }),
      context(0, 6, Mode.Idle, 0),
      row('task_cputime', 1, 7, { by: 3, task: 2 }),
      row('kcpustat_cpu_fetch', 1, 8, { by: 3, cpu: 0 }),
    ], 10);
    expect(reads).toEqual({ taskReads: 2, cpuReads: 1, ofRunning: 1 });
  });

  it('adds the pending time of a task that runs at the end to what was charged', () => {
    const final = (task: number, vtimeState: number): Row => row('task_final', 2, 1000, {
      task, cpu: 1, state: TaskState.Running, vtime_state: vtimeState, starttime: 900,
      utime: 10_000, stime: 20_000, vtime_utime: 3, vtime_stime: 4, sum_exec_runtime: 777,
    });
    const { tasks } = figuresOf([final(2, VtimeState.User), final(3, VtimeState.Sys), final(4, VtimeState.Inactive)], 1000);
    expect(tasks[2]).toMatchObject({ utimeNs: 10_103, stimeNs: 20_004, sumExecRuntimeNs: 777, cpu: 1, state: 'runnable' });
    expect(tasks[3]).toMatchObject({ utimeNs: 10_003, stimeNs: 20_104 });
    expect(tasks[4]).toMatchObject({ utimeNs: 10_003, stimeNs: 20_004 });
  });

  it('shows kcpustat as the kernel left it', () => {
    const { cpus } = figuresOf([row('kcpustat_final', 2, 10, { cpu: 1, user: 1, nice: 2, irq: 5, guest_nice: 10 })], 10);
    expect(cpus[1]!.kcpustat).toEqual({
      user: 1, nice: 2, system: 0, softirq: 0, irq: 5, idle: 0, iowait: 0, steal: 0, guest: 0, guest_nice: 10,
    });
  });

  it('names the events it follows, and follows no others', () => {
    const figures = new FiguresCollector(FACTS);
    expect(figures.interests).toContain(Event.context);
    expect(figures.interests).not.toContain(Event.hrtimer_start);
  });
});
