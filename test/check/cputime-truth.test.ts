import { describe, expect, it } from 'vitest';
import type { CputimeFlavour } from '../../shared/cputime-flavour.ts';
import { Mode } from '../../shared/events.ts';
import { Cpustat } from '../../shared/structs/cpu.ts';
import { CputimeTruth } from '../../src/check/cputime-truth.ts';
import { EventStream, runFacts, TICK } from '../support/event-stream.ts';

const T = 1;
const { User, Nice, Softirq, Irq, Idle, Iowait, Steal } = Cpustat;
const { User: U, System: S, Softirq: So, Irq: I, Idle: Id, Guest: G, Steal: St } = Mode;

const truthOf = (flavour: string, stream: EventStream, name = 'thread0-0') => {
  const facts = runFacts(1, flavour as CputimeFlavour, [name]);
  const tasks = facts.tasks.map((task) => (task.name.startsWith('ksoftirqd') ? { ...task, kernel: true as const } : task));
  return stream.feed(new CputimeTruth({ ...facts, tasks }));
};

/** Stretches of one CPU: mode, task, length. A guest bears its mark until the kernel goes on. */
const days = (...stretches: (readonly [number, number, number])[]) => {
  const stream = new EventStream();
  let t = 0;
  let marked = false;
  for (const [mode, task, length] of stretches) {
    if (mode === G) stream.add('guest_enter', 0, t, { task });
    else if (marked && mode === S) stream.add('guest_exit', 0, t, { task });
    marked = mode === G || (marked && mode !== S);
    stream.add('context', 0, t, { mode, task });
    t += length;
  }
  return stream.add('context', 0, t, { mode: Id, task: 0 });
};

const slots = (truth: CputimeTruth, t: number) =>
  Object.fromEntries(Object.entries(Cpustat).map(([name, slot]) => [name, truth.slotAt(0, slot, t)]).filter(([, ns]) => ns !== 0));

describe('what accounts must come to where edges are accounted', () => {
  const day = () => days([Id, 0, 100], [I, 0, 7], [S, T, 10], [U, T, 200], [I, T, 20], [So, T, 5], [S, T, 3], [U, T, 50]);

  it('is the time of each mode; irq and softirq are system time to gen, idle whatever the idle task does', () => {
    const truth = truthOf('gen', day());
    expect([truth.userAt(T, 395), truth.systemAt(T, 395), truth.guestAt(T, 395)]).toEqual([250, 38, 0]);
    expect(slots(truth, 395)).toEqual({ User: 250, System: 38, Idle: 107 });
  });

  it('keeps irq and softirq apart to native, of the idle task too', () => {
    const truth = truthOf('native', day());
    expect([truth.userAt(T, 395), truth.systemAt(T, 395)]).toEqual([250, 38]);
    expect(slots(truth, 395)).toEqual({ User: 250, System: 13, Irq: 27, Softirq: 5, Idle: 100 });
  });

  it('counts the stretch under way', () => {
    const truth = truthOf('gen', new EventStream().add('context', 0, 0, { mode: U, task: T }));
    expect([truth.userAt(T, 9), truth.systemAt(T, 9), truth.slotAt(0, User, 9), truth.slotAt(0, Nice, 9)]).toEqual([9, 0, 9, 0]);
  });

  it('makes an interrupt that ends a stretch of guest guest time, but to gen-exact and native', () => {
    const guest = () => days([S, T, 10], [G, T, 100], [I, T, 20], [So, T, 4], [S, T, 6]);
    expect(truthOf('gen', guest()).guestAt(T, 140)).toBe(124);
    expect(truthOf('gen', guest()).systemAt(T, 140)).toBe(16);
    expect(truthOf('gen-exact', guest()).guestAt(T, 140)).toBe(100);
    expect(truthOf('native', guest()).systemAt(T, 140)).toBe(40);
    expect(slots(truthOf('gen', guest()), 140)).toEqual({ User: 124, Guest: 124, System: 16 });
  });

  it('makes whatever the kernel does for a marked task guest time, a preemption and the way back from it too', () => {
    const preempted = () => days([S, T, 10], [G, T, 100]).add('context', 0, 110, { mode: I, task: T })
      .add('context', 0, 130, { mode: S, task: T }).add('context', 0, 135, { mode: S, task: 2 })
      .add('context', 0, 150, { mode: S, task: T }).add('guest_exit', 0, 160, { task: T });
    expect([truthOf('gen', preempted()).guestAt(T, 165), truthOf('gen', preempted()).systemAt(T, 165)]).toEqual([135, 15]);
    expect([truthOf('native', preempted()).guestAt(T, 165), truthOf('native', preempted()).systemAt(T, 165)]).toEqual([115, 35]);
  });

  it('takes what is stolen from whoever was robbed', () => {
    const truth = truthOf('gen', days([U, T, 100], [St, T, 30], [U, T, 50]));
    expect([truth.userAt(T, 180), truth.slotAt(0, Steal, 180), truth.stolenBetween(0, 110, 125)]).toEqual([150, 30, 15]);
  });

  it('is iowait if a task waits for a device when the CPU goes on, idle else', () => {
    const waits = (wakes: boolean) => {
      const stream = new EventStream().add('context', 0, 0, { mode: S, task: T })
        .add('sched_switch', 0, 10, { prev: T, prev_state: 2, next: 0 }).add('context', 0, 10, { mode: Id, task: 0 });
      if (wakes) stream.add('sched_wakeup', 0, 50, { task: T });
      return truthOf('gen', stream.add('context', 0, 60, { mode: S, task: T }));
    };
    expect([waits(true).slotAt(0, Idle, 60), waits(true).slotAt(0, Iowait, 60)]).toEqual([50, 0]);
    expect([waits(false).slotAt(0, Idle, 60), waits(false).slotAt(0, Iowait, 60)]).toEqual([0, 50]);
  });

  it('goes by the nice value of the moment', () => {
    const stream = new EventStream().add('context', 0, 0, { mode: U, task: T }).add('context', 0, 10, { mode: S, task: T })
      .add('sched_set_nice', 0, 12, { task: T, nice: 5 }).add('guest_enter', 0, 15, { task: T })
      .add('context', 0, 15, { mode: G, task: T });
    expect(slots(truthOf('gen', stream), 22)).toEqual({ User: 10, System: 5, Nice: 7, GuestNice: 7 });
  });

  it('forgets the earlier life of a record', () => {
    expect(truthOf('gen', days([U, T, 10], [S, T, 5]).add('sched_process_fork', 0, 15, { child: T })).userAt(T, 15)).toBe(0);
  });
});

describe('what accounts must come to where ticks sample', () => {
  const tickAfter = (mode: number, task: number) =>
    new EventStream().add('context', 0, 0, { mode, task }).add('context', 0, 90, { mode: I, task }).add('tick', 0, 95, { task });

  it('is a tick for what each tick interrupted, whatever the kernel thinks that was', () => {
    expect(slots(truthOf('tick', tickAfter(U, T)), 99)).toEqual({ User: TICK });
    expect(slots(truthOf('tick', tickAfter(S, T)), 99)).toEqual({ System: TICK });
    expect(slots(truthOf('tick', tickAfter(So, T)), 99)).toEqual({ Softirq: TICK });
    expect(slots(truthOf('tick', tickAfter(G, T)), 99)).toEqual({ User: TICK, Guest: TICK });
    expect(slots(truthOf('tick', tickAfter(Id, 0)), 99)).toEqual({ Idle: TICK });
    expect(slots(truthOf('tick', tickAfter(So, 0)), 99)).toEqual({ Softirq: TICK });
    expect(truthOf('tick', tickAfter(S, T)).systemAt(T, 99)).toBe(TICK);
  });

  it('takes what was stolen off the next tick, and off those that did not come', () => {
    const stolen = new EventStream().add('context', 0, 0, { mode: U, task: T }).add('context', 0, 10, { mode: St, task: T })
      .add('context', 0, 40, { mode: U, task: T }).add('context', 0, 90, { mode: I, task: T }).add('tick', 0, 95, { task: T });
    expect(slots(truthOf('tick', stolen), 99)).toEqual({ User: TICK - 30, Steal: 30 });
    const asleep = new EventStream().add('context', 0, 0, { mode: St, task: 0 }).add('context', 0, 3 * TICK, { mode: Id, task: 0 })
      .add('account_idle_ticks', 0, 3 * TICK, { ticks: 2 });
    expect(slots(truthOf('tick', asleep), 3 * TICK)).toEqual({ Steal: 3 * TICK });
  });

  it('times interrupts with irqtime, which are nobody’s, and leaves ticks the rest', () => {
    const stream = new EventStream().add('context', 0, 0, { mode: I, task: T }).add('context', 0, 20, { mode: So, task: T })
      .add('context', 0, 25, { mode: U, task: T }).add('context', 0, 75, { mode: I, task: T }).add('tick', 0, 80, { task: T });
    const truth = truthOf('tick+irqtime', stream);
    expect(slots(truth, 84)).toEqual({ Irq: 29, Softirq: 5, User: TICK - 25 });
    expect([truth.userAt(T, 84), truth.systemAt(T, 84)]).toEqual([TICK - 25, 0]);
  });

  it('has whole ticks again once irqtime is off: what was timed by then no tick leaves out', () => {
    const stream = new EventStream().add('context', 0, 0, { mode: I, task: T }).add('context', 0, 20, { mode: So, task: T })
      .add('context', 0, 25, { mode: U, task: T }).add('context', 0, 75, { mode: I, task: T })
      .add('sched_clock_irqtime', 0, 75, { enabled: 0 }).add('tick', 0, 80, { task: T });
    const truth = truthOf('tick+irqtime', stream);
    expect(slots(truth, 84)).toEqual({ Irq: 20, Softirq: 5, User: TICK });
    expect(truth.beyondTicks(0)).toBe(25);
  });

  it('leaves ksoftirqd its softirqs as run time, which ticks charge to softirq', () => {
    const stream = new EventStream().add('context', 0, 0, { mode: So, task: T }).add('context', 0, 90, { mode: I, task: T })
      .add('tick', 0, 95, { task: T });
    const truth = truthOf('tick+irqtime', stream, 'ksoftirqd/0');
    expect([truth.systemAt(T, 99), truth.slotAt(0, Softirq, 99), truth.slotAt(0, Irq, 99)]).toEqual([TICK, TICK, 9]);
  });

  it('keeps the slots of nice guests', () => {
    const stream = new EventStream().add('sched_set_nice', 0, 0, { task: T, nice: 1 }).add('context', 0, 0, { mode: G, task: T })
      .add('context', 0, 90, { mode: I, task: T }).add('tick', 0, 95, { task: T });
    expect(slots(truthOf('tick', stream), 99)).toEqual({ Nice: TICK, GuestNice: TICK });
  });
});
