import { beforeEach, describe, expect, it } from 'vitest';
import { layOutMachine } from '../../../shared/machine-map.ts';
import { allocateShared, WasmMemory } from '../../../shared/memory/wasm-memory.ts';
import { Rq } from '../../../shared/structs/cpu.ts';
import { Timekeeper } from '../../../shared/structs/timekeeper.ts';
import { Vtime } from '../../../shared/structs/task.ts';
import { rawSpinLock } from '../../../shared/sync/raw-spinlock.ts';
import { writeSeqcountBegin } from '../../../shared/sync/seqcount.ts';
import { controlOf, prepareControl, type Control } from '../../../src/engine/threads/control.ts';
import { MachineThread } from '../../../src/engine/threads/thread.ts';
import { openSections } from '../../../src/host/threads/open-sections.ts';
import { whoHangs } from '../../../src/host/threads/who-hangs.ts';
import { machineSetupOf } from '../../../src/setup.ts';
import { resolve } from '../../support/engine.ts';

const CPUS = 3;
const COORDINATOR = CPUS;
const setup = machineSetupOf(resolve('{ "tasks": { "t": { "run": 1000 } } }', { cpus: CPUS }), 1e9);
const map = layOutMachine(setup.shape);

let shared: ReturnType<typeof allocateShared>;
let memory: WasmMemory;
let control: Control;
beforeEach(() => {
  shared = allocateShared(map.map.bytes);
  memory = new WasmMemory(shared);
  control = controlOf(memory, map);
  prepareControl(control, 0);
});

/** All have joined, and are done with all their windows. */
function joined(): void {
  for (const standing of control.standings) standing.left = 0;
}

/** Window 5 is open, from 1 ms on; each of `cpus` has begun an event of it. */
function inWindow(...cpus: readonly number[]): void {
  joined();
  control.window.number = 5;
  control.window.reached = 1_000_000;
  for (const cpu of cpus) {
    control.standings[cpu]!.turn = 5;
    control.standings[cpu]!.lastStart = 1_500_000 + cpu;
  }
}

/** Its event has waited long for somebody's section. */
function spins(cpu: number): void {
  control.standings[cpu]!.spunIn = control.standings[cpu]!.lastStart;
}

const says = (): string => {
  const { thread, says: text } = whoHangs(control);
  return `${thread}: ${text.replace(/; usual cause: .*/, '')}`;
};

describe('of a machine that hangs', () => {
  it('the one is named that has not come out of its window, and since when', () => {
    inWindow(1, 2);
    control.standings[1]!.left = 5;
    expect(says()).toBe('CPU 2: CPU 2 is in an event since 1.500 ms');
  });

  it('the one is named that does not wait, with what it holds, and who waits', () => {
    inWindow(0, 1, 2);
    rawSpinLock(memory, Rq.view(memory, map.at.rq + Rq.bytes).lock, 1, 1_500_100);
    rawSpinLock(memory, Timekeeper.view(memory, map.at.timekeeper).lock, 1, 1_500_100);
    spins(0);
    spins(2);
    const held = 'timekeeper.lock and rq[1].lock';
    expect(says()).toBe(`CPU 1: CPU 1 is in an event since 1.500 ms and holds ${held}; CPU 0 and CPU 2 wait in vain`);
  });

  it('who waits for a slot, or for what a cut has asked of another CPU, waits too', () => {
    inWindow(0, 2);
    control.queues[2]!.starved = 1;
    control.baton.from = 0;
    control.baton.to = 1;
    expect(says()).toBe('CPU 1: CPU 1 has not begun an event of its window; CPU 0 and CPU 2 wait in vain');
  });

  it('all are named where all wait, and the section that nobody closes', () => {
    inWindow(0, 2);
    writeSeqcountBegin(memory, Vtime.view(memory, map.at.vtime + 3 * Vtime.bytes).seq);
    spins(0);
    spins(2);
    expect(says()).toBe('CPU 0 and CPU 2: CPU 0 is in an event since 1.500 ms; CPU 2 is in an event since 1.500 ms; vtime[3].seq is odd');
  });

  it('a wait of an earlier event is none of this one', () => {
    inWindow(0, 2);
    spins(0);
    control.standings[0]!.lastStart += 1_000;
    expect(says()).toMatch(/^CPU 0 and CPU 2: /);
  });

  it('one that slept over its turn is told from one in an event', () => {
    inWindow(2);
    control.standings[2]!.lastStart = 999_999;
    expect(says()).toBe('CPU 2: CPU 2 has not begun an event of its window');
  });

  it('the coordinator is named where nobody has anything to do, since it alone can let the machine go on', () => {
    inWindow();
    expect(says()).toBe('the coordinator: does not let the machine go on');
    inWindow(COORDINATOR);
    expect(says()).toBe('the coordinator: the coordinator is in an event since 1.500 ms');
  });

  it('those are named who have not come up', () => {
    control.standings[1]!.left = 0;
    expect(says()).toBe('CPU 0, CPU 2 and the coordinator: did not come up');
  });

  it('a thread that waits for a section says so itself', () => {
    const seat = {
      id: 0, shared, rows: new SharedArrayBuffer(1 << 16), layoutHash: map.map.hash(), cores: 2, widenNs: 0, counted: false, jitterNs: 0,
      napsInLooks: false,
      choice: { kind: 'threads', sync: 'free', memory: 'wasm' }, rules: { ipiDelayNs: 1_000, skewNs: 1_000, reads: 'racing' },
    } as const;
    const thread = new MachineThread(setup, seat);
    inWindow(0, 1);
    for (let i = 0; i < 2_000; i++) thread['memory'].relax();
    expect(says()).toMatch(/^CPU 1: .*; CPU 0 waits in vain$/);
  });
});

describe('the open sections of memory', () => {
  it('are none at first, then each lock with its holder and each odd count', () => {
    expect(openSections(memory, map.map)).toEqual([]);
    writeSeqcountBegin(memory, Timekeeper.view(memory, map.at.timekeeper).seq);
    rawSpinLock(memory, Rq.view(memory, map.at.rq + 2 * Rq.bytes).lock, 2, 5);
    expect(openSections(memory, map.map)).toEqual([{ name: 'timekeeper.seq', holder: -1 }, { name: 'rq[2].lock', holder: 2 }]);
  });
});
