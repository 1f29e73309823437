/** What a CPU says of its own steps: the rest of the operation under way, and then what the program says. */
import { describe, expect, test } from 'vitest';
import { EventKind } from '../../shared/memory/guards.ts';
import { Policy } from '../../shared/structs/task.ts';
import { KTIME_MAX, type Ns } from '../../shared/units.ts';
import { kindOfStep } from '../../src/kernel/event-kind.ts';
import { RegsMode } from '../../src/kernel/irq/entry.ts';
import type { KernelCpu } from '../../src/kernel/kernel-cpu.ts';
import { stepsQuietUntil } from '../../src/kernel/lookahead.ts';
import { schedule } from '../../src/kernel/sched/core.ts';
import { schedTtwuPending } from '../../src/kernel/sched/wakeup.ts';
import { NOT_STARTED } from '../../src/kernel/syscalls/fork.ts';
import { DeviceId } from '../../src/kernel/time/clockevents.ts';
import { LOUD, OpKind, Quiet, quietOf, type User } from '../../src/kernel/user.ts';
import { attributesOf, FAKE_CONFIG, FakeMachine } from '../support/fake-arch.ts';
import { readTarget } from '../support/read-target.ts';

const { Local, Reading } = EventKind;
const { Kernel, User: InUser, Guest } = RegsMode;
/** Every path costs so much; the step is due then, and the program says so much. */
const [COST, DUE, MORE] = [10, 5_000, 777] as const;
const READS = [readTarget(['task_cputime', 'kcpustat'], { threads: [2, 3], cpus: [0] })];

/** What the program was asked. */
interface Asked { readonly declaration: number; readonly quiet: Quiet; readonly atMost: Ns }

/** CPU 1 of two runs a task of declaration 4, whose step is due. */
class Runner {
  readonly asked: Asked[] = [];
  private readonly machine: FakeMachine;

  constructor(prepare: (cpu: KernelCpu, machine: FakeMachine) => void = () => undefined) {
    const user: User = {
      next: () => { throw new Error('a look at what comes asks for nothing'); },
      quietFor: (declaration, _regs, quiet, _costs, atMost) => {
        this.asked.push({ declaration, quiet, atMost });
        return MORE;
      },
    };
    this.machine = new FakeMachine(2, [attributesOf()], { config: { workload: { ...FAKE_CONFIG.workload, reads: READS, user } } });
    this.machine.as(1, (cpu) => {
      cpu.booted = true;
      cpu.tick.device = DeviceId.Lapic;
      cpu.rq.ttwuPending += 1;
      schedTtwuPending(cpu, this.machine.first);
      schedule(cpu);
      this.machine.task(0).declaration = 4;
      cpu.stepDue = DUE;
      prepare(cpu, this.machine);
    });
    this.machine.archs[1]!.cost = COST;
  }

  /** As a local event: memory refuses loads of foreign records. */
  quietUntil(quietest: EventKind, atMost = KTIME_MAX): Ns {
    return this.local((cpu) => stepsQuietUntil(cpu, quietest, atMost));
  }

  local<T>(what: (cpu: KernelCpu) => T): T {
    this.machine.memory.runAs(1, Local);
    return what(this.machine.cpus[1]!);
  }
}

const inOperation = (mode: number, kind: number, argA = 0, stage = 0): Runner =>
  new Runner((cpu, machine) => Object.assign(cpu.image.regs[machine.first]!, { mode, kind, argA, stage }));

describe('a CPU', () => {
  test('without a step to come says nothing against any time', () => {
    expect(new Runner((cpu) => { cpu.stepDue = KTIME_MAX; }).quietUntil(Local)).toBe(KTIME_MAX);
  });
  test.each([
    ['boots', (cpu: KernelCpu) => { cpu.booted = false; }],
    ['ticks by the global device', (cpu: KernelCpu) => { cpu.tick.device = DeviceId.Pit; }],
  ])('that %s is not quiet even in its next step', (_, prepare) => {
    expect(new Runner(prepare).quietUntil(Reading)).toBe(DUE);
  });
  test('whose clock has gone past what is due begins it there', () => {
    const late = new Runner((cpu, machine) => {
      machine.archs[1]!.clock = DUE + 50;
      Object.assign(cpu.image.regs[machine.first]!, { mode: InUser, kind: OpKind.Lock });
    });
    expect(late.quietUntil(Local)).toBe(DUE + 50);
  });
  test('that is quiet for longer than time goes says so', () => {
    const endless = inOperation(InUser, OpKind.Run);
    endless.local((cpu) => { (cpu.config.workload.user as { quietFor: User['quietFor'] }).quietFor = () => 2 ** 60; });
    expect(endless.quietUntil(Local)).toBe(KTIME_MAX);
  });
});

describe('after its next step', () => {
  const call = 2 * COST;
  test.each<[string, number, number, number, number, Ns]>([
    ['work in user mode', InUser, OpKind.Run, 0, 0, 0], ['a busy wait', InUser, OpKind.RunUntil, 0, 0, 0],
    ['a call that begins', InUser, OpKind.Syscall, 300, 0, call + 300 + COST],
    ['one of no length', InUser, OpKind.Syscall, 0, 0, call + 1 + COST], ['a call that ends', Kernel, OpKind.Syscall, 300, 1, COST],
    ['a guest that is entered', InUser, OpKind.Guest, 300, 0, call + COST + 300 + COST],
    ['one that is left', Guest, OpKind.Guest, 300, 1, COST],
    ['a call that is done at once', InUser, OpKind.SetSlack, 9, 0, call + COST],
  ])('%s is over, and then the program goes on', (_, mode, kind, argA, stage, rest) => {
    const runner = inOperation(mode, kind, argA, stage);
    expect(runner.quietUntil(Local, 100_000)).toBe(DUE + rest + MORE);
    expect(runner.asked).toEqual([{ declaration: 4, quiet: Quiet.Calls, atMost: 100_000 - DUE - rest }]);
  });

  test.each<[string, number, number, number, number, Ns]>([
    ['a reading that begins', InUser, OpKind.ReadCputime, 0, 0, call + 3 * COST + COST],
    ['one of whose three looks one is made', Kernel, OpKind.ReadCputime, 0, 2, 2 * COST],
    ['the last look', Kernel, OpKind.ReadCputime, 0, 3, COST], ['a task’s beginning', Kernel, NOT_STARTED, 0, 0, COST],
    ['a sleep that is over', Kernel, OpKind.Sleep, 80, 1, COST],
    ['a wait for its own timer that is over', Kernel, OpKind.Timer, 0, 1, COST],
  ])('%s lets the program go on where reading is quiet, and is loud where it is not', (_, mode, kind, argA, stage, rest) => {
    const runner = inOperation(mode, kind, argA, stage);
    expect([runner.quietUntil(Reading), runner.quietUntil(Local)]).toEqual([DUE + rest + MORE, DUE]);
    expect(runner.asked.map(({ quiet }) => quiet)).toEqual([Quiet.Looks]);
  });

  test.each([
    ['a sleep', OpKind.Sleep, Reading, call], ['a timer of its own', OpKind.Timer, Reading, call],
    ['a yield', OpKind.Yield, Local, call + COST],
  ])('%s may leave the CPU to another task, whose program it does not know', (_, kind, quietest, rest) => {
    const runner = inOperation(InUser, kind);
    expect([runner.quietUntil(quietest), runner.asked]).toEqual([DUE + rest, []]);
  });

  test('another task may run where the scheduler wants to', () => {
    const runner = new Runner((cpu, machine) => {
      Object.assign(cpu.image.regs[machine.first]!, { mode: Kernel, kind: OpKind.Syscall, stage: 1 });
      cpu.state.needResched = 1;
    });
    expect([runner.quietUntil(Local), runner.asked]).toEqual([DUE + COST, []]);
  });

  test('the handlers of a signal come before the program, if one arrived during the call', () => {
    const runner = new Runner((cpu, machine) => {
      Object.assign(cpu.image.regs[machine.first]!, { mode: Kernel, kind: OpKind.Syscall, stage: 1 });
      cpu.image.signals[machine.first]!.notified = 1;
    });
    expect([runner.quietUntil(Local), runner.asked]).toEqual([DUE + COST, []]);
  });

  const levels = [[Local, Quiet.Work], [Reading, Quiet.Looks]] as const;
  test.each(levels)('a deadline task’s calls may read, so kind %i lets level %i pass', (quietest, level) => {
    const runner = new Runner((cpu, machine) => {
      machine.task(0).policy = Policy.Deadline;
      Object.assign(cpu.image.regs[machine.first]!, { mode: InUser, kind: OpKind.Run });
    });
    expect(runner.quietUntil(quietest)).toBe(DUE + MORE);
    expect(runner.asked.map(({ quiet }) => quiet)).toEqual([level]);
  });
});

const quietKinds = Object.entries(OpKind).filter(([, kind]) => kind !== OpKind.Mark && quietOf(kind, 0) !== LOUD);
test.each(quietKinds)('%s is only quiet where its step declares no more', (_, kind) => {
  const kindIn = (mode: number): EventKind => inOperation(mode, kind).local(kindOfStep);
  const kinds = kind === OpKind.Run || kind === OpKind.RunUntil ? [kindIn(InUser)] : [kindIn(InUser), kindIn(Kernel)];
  expect(Math.max(...kinds)).toBe(quietOf(kind, 0) === Quiet.Looks ? Reading : Local);
});
