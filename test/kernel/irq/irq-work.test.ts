import { beforeEach, describe, expect, test } from 'vitest';
import { IrqWork, MessageKind, TickFlag } from '../../../shared/structs/cpu.ts';
import type { CpuId } from '../../../shared/units.ts';
import {
  irqWorkNeedsCpu, irqWorkQueue, irqWorkQueueLazy, irqWorkQueueOn, irqWorkRun, irqWorkTick,
} from '../../../src/kernel/irq/irq-work.ts';
import type { KernelCpu } from '../../../src/kernel/kernel-cpu.ts';
import { flushSmpCallFunctionQueue } from '../../../src/kernel/smp.ts';
import { FakeMachine } from '../../support/fake-arch.ts';

const { NohzFullKick: KICK, WakeUpKlogd: KLOGD } = IrqWork;

let machine: FakeMachine;
let ran: [CpuId, IrqWork][];
/** What the work does besides. */
let also: (cpu: KernelCpu) => void;

const on = <T>(id: CpuId, what: (cpu: KernelCpu) => T): T => machine.as(id, what);
const sentBy = (id: CpuId) => machine.archs[id]!.sent.map(({ to, kind }) => [to, kind]);

beforeEach(() => {
  machine = new FakeMachine(2, []);
  ran = [];
  also = () => undefined;
  for (const cpu of machine.cpus) {
    const note = (work: IrqWork) => (at: KernelCpu): void => {
      ran.push([at.id, work]);
      also(at);
    };
    Object.assign(cpu, { callbacks: { ...cpu.callbacks, irqWorks: [note(KICK), note(KLOGD)] } });
  }
});

describe('an irq_work', () => {
  test('interrupts its own CPU, once however often it is queued', () => {
    expect([on(0, (cpu) => irqWorkQueue(cpu, KICK)), on(0, (cpu) => irqWorkQueue(cpu, KICK))]).toEqual([true, false]);
    expect(sentBy(0)).toEqual([[0, MessageKind.IrqWorkSelf]]);
    on(0, irqWorkRun);
    expect(ran).toEqual([[0, KICK]]);
    expect(on(0, (cpu) => irqWorkQueue(cpu, KICK))).toBe(true);
  });

  test('may be queued again by itself, and runs again', () => {
    let again: boolean | undefined;
    also = (cpu) => { again ??= irqWorkQueue(cpu, KICK); };
    on(0, (cpu) => irqWorkQueue(cpu, KICK));
    on(0, irqWorkRun);
    expect([again, ran.length, sentBy(0).length]).toEqual([true, 1, 2]);
    on(0, irqWorkRun);
    expect([ran.length, machine.image.cpus[0]!.irqWorkFlags(KICK)]).toEqual([2, 0]);
  });

  test('goes to another CPU through its list of calls', () => {
    expect(on(0, (cpu) => irqWorkQueueOn(cpu, KICK, 1))).toBe(true);
    expect(on(1, (cpu) => irqWorkQueue(cpu, KICK))).toBe(false);
    expect(sentBy(0)).toEqual([[1, MessageKind.IrqWork]]);
    on(1, (cpu) => flushSmpCallFunctionQueue(cpu, [{ kind: MessageKind.IrqWork, origin: 0, a: KICK, b: 0, n: 0 }], 0));
    expect([ran, on(0, (cpu) => irqWorkQueueOn(cpu, KICK, 1))]).toEqual([[[1, KICK]], true]);
  });
});

describe('a lazy one', () => {
  test('waits for the tick, which the CPU needs meanwhile', () => {
    expect(on(0, irqWorkNeedsCpu)).toBe(false);
    on(0, (cpu) => irqWorkQueueLazy(cpu, KLOGD));
    expect([sentBy(0), on(0, irqWorkNeedsCpu)]).toEqual([[], true]);
    on(0, irqWorkTick);
    expect([ran, on(0, irqWorkNeedsCpu)]).toEqual([[[0, KLOGD]], false]);
  });

  test('interrupts where the tick is stopped', () => {
    on(0, (cpu) => { cpu.tick.flags = TickFlag.Stopped; });
    on(0, (cpu) => irqWorkQueueLazy(cpu, KLOGD));
    expect(sentBy(0)).toEqual([[0, MessageKind.IrqWorkSelf]]);
    on(0, irqWorkRun);
    expect(ran).toEqual([[0, KLOGD]]);
  });

  test('runs after the others in one interrupt', () => {
    on(0, (cpu) => irqWorkQueueLazy(cpu, KLOGD));
    on(0, (cpu) => irqWorkQueue(cpu, KICK));
    on(0, irqWorkRun);
    expect(ran).toEqual([[0, KICK], [0, KLOGD]]);
  });
});
