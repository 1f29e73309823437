/** A stop of the machine on fake hardware: messages are delivered one by one, in the order in which they were sent. */
import { beforeEach, describe, expect, test } from 'vitest';
import { MessageKind } from '../../shared/structs/cpu.ts';
import { MultiStopState } from '../../shared/structs/smp.ts';
import { KTIME_MAX, type CpuId } from '../../shared/units.ts';
import { ipiInterrupt, step } from '../../src/kernel/entries.ts';
import { RegsMode, returnToTask } from '../../src/kernel/irq/entry.ts';
import { ALL_EARS, type KernelCpu } from '../../src/kernel/kernel-cpu.ts';
import { schedule } from '../../src/kernel/sched/core.ts';
import { wakeUpNewTask } from '../../src/kernel/sched/wakeup.ts';
import { StopFunction, stopMachine, type StopFunctions } from '../../src/kernel/stop-machine.ts';
import { attributesOf, FakeMachine } from '../support/fake-arch.ts';

const CPUS = 3;
const { ChangeClocksource: FN } = StopFunction;

let machine: FakeMachine;
/** Each run of a function: where, its argument, and who heard of nothing else meanwhile. */
let ran: { cpu: CpuId; arg: number; still: boolean[] }[];

const on = <T>(id: CpuId, what: (cpu: KernelCpu) => T): T => machine.as(id, what);
const functions: StopFunctions = [(cpu, arg) => {
  ran.push({ cpu: cpu.id, arg, still: machine.cpus.map(({ hears }) => hears === MessageKind.StopMachine) });
}];
const call = (id: CpuId, arg: number): void => on(id, (cpu) => {
  stopMachine(cpu, functions, FN, arg);
  returnToTask(cpu);
});
const stateOf = (): unknown => [machine.image.stop.state, machine.image.stop.busy, ...machine.cpus.map(({ stopState }) => stopState)];
const ALL_GOING = [MultiStopState.None, 0, 0, 0, 0];

/** Delivers what has been sent until nothing is left, or `until` is true. */
function deliver(until: () => boolean = () => false): void {
  for (let found = true; found && !until(); ) {
    found = false;
    for (const { sent } of machine.archs) {
      const message = sent.shift();
      if (message === undefined) continue;
      found = true;
      on(message.to, (cpu) => ipiInterrupt(cpu, message.kind, message.a));
    }
  }
}

beforeEach(() => {
  machine = new FakeMachine(CPUS, [attributesOf({ cpus: [2] })]);
  ran = [];
  for (const cpu of machine.cpus) {
    cpu.booted = true;
    on(cpu.id, () => { cpu.state.online = 1; });
  }
});

describe('a stop of the machine', () => {
  test('runs the function once, on its caller’s CPU, while all stand still; then all go on', () => {
    call(0, 7);
    expect([ran, machine.cpus[0]!.stepDue]).toEqual([[], KTIME_MAX]);
    deliver();
    expect(ran).toEqual([{ cpu: 0, arg: 7, still: [true, true, true] }]);
    expect([stateOf(), machine.cpus.map(({ hears }) => hears)]).toEqual([ALL_GOING, Array(CPUS).fill(ALL_EARS)]);
  });

  test('takes every CPU through each state', () => {
    call(1, 7);
    deliver();
    const states = machine.archs.map((arch) => arch.fieldsOf('multi_stop_state').flat());
    expect(states).toEqual(Array(CPUS).fill([1, 2, 3, 4]));
  });

  test('wakes idle CPUs by a call and counts it', () => {
    call(0, 7);
    deliver();
    expect(machine.cpus.map(({ state }) => [state.callFunctionIrqs, state.rescheduleIrqs])).toEqual([[0, 0], [1, 0], [1, 0]]);
  });

  test('waits for a task in the kernel until that is back in user mode', () => {
    on(2, (cpu) => {
      wakeUpNewTask(cpu, machine.first);
      schedule(cpu);
      machine.image.regs[machine.first]!.mode = RegsMode.Kernel;
    });
    call(0, 7);
    deliver();
    expect([ran, machine.cpus[2]!.stopState, machine.cpus[2]!.state.rescheduleIrqs]).toEqual([[], 0, 1]);
    on(2, (cpu) => {
      machine.image.regs[machine.first]!.mode = RegsMode.User;
      returnToTask(cpu);
    });
    deliver();
    expect([ran.length, stateOf()]).toEqual([1, ALL_GOING]);
  });

  test('follows another that is under way: the second caller tries again', () => {
    call(0, 7);
    call(1, 8);
    expect(machine.cpus[1]!.stopRequest).toBeDefined();
    deliver();
    expect(ran.map(({ cpu, arg }) => [cpu, arg])).toEqual([[0, 7]]);
    on(1, step);
    deliver();
    expect([ran.map(({ cpu, arg }) => [cpu, arg]), stateOf()]).toEqual([[[0, 7], [1, 8]], ALL_GOING]);
  });

  test('is over for a CPU that looked before it was told, whatever it is told afterwards', () => {
    call(0, 7);
    // everybody looks again as soon as anybody has been told of anything
    for (let found = true; found; ) {
      found = machine.archs.some(({ sent }) => sent.length > 0);
      const told = machine.archs.flatMap(({ sent }) => sent.splice(0)).reverse();
      for (const { to, kind, a } of told) {
        on(to, (cpu) => ipiInterrupt(cpu, kind, a));
        for (const { id, stopState } of machine.cpus) if (stopState !== MultiStopState.None) on(id, returnToTask);
      }
    }
    expect([ran.length, stateOf(), machine.cpus.some(({ stopPending }) => stopPending)]).toEqual([1, ALL_GOING, false]);
  });

  test('leaves out who is not online, and is a plain call where nobody else is', () => {
    on(2, (cpu) => { cpu.state.online = 0; });
    call(0, 7);
    deliver();
    expect([ran.length, machine.archs[2]!.fieldsOf('multi_stop_state')]).toEqual([1, []]);
    on(1, (cpu) => { cpu.state.online = 0; });
    on(0, (cpu) => stopMachine(cpu, functions, FN, 9));
    expect([ran.at(-1)!.arg, machine.image.stop.busy]).toEqual([9, 0]);
  });

  test('may not be asked for by an interrupt', () => {
    on(0, (cpu) => { cpu.state.preemptCount = 0x1_0000; });
    expect(() => call(0, 7)).toThrow(/from inside an interrupt/);
  });
});
