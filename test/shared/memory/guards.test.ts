import { beforeEach, describe, expect, it } from 'vitest';
import { KernelBug } from '../../../shared/assert.ts';
import { EventKind } from '../../../shared/memory/guards.ts';
import { MemoryMap } from '../../../shared/memory/memory-map.ts';
import { PlainMemory } from '../../../shared/memory/plain-memory.ts';
import { anyWriter, long, seqcount, spinlock, struct, unguarded, word, words } from '../../../shared/memory/struct.ts';
import { rawSpinLock, rawSpinUnlock } from '../../../shared/sync/raw-spinlock.ts';
import { writeSeqcountBegin, writeSeqcountEnd } from '../../../shared/sync/seqcount.ts';
import { NOBODY } from '../../../shared/units.ts';

const { Local, Reading, Interacting } = EventKind;

const Counter = struct('counter', {
  ticks: long('own'), flag: anyWriter(word('anybody')), slot: words(3, 'own'),
}, { writer: 'owning cpu' });
const Clock = struct('clock', {
  seq: seqcount(''), start: long('in a section'), state: unguarded(word('outside too')),
}, { writer: 'task cpu', seqcount: 'seq' });
const Queue = struct('queue', {
  lock: spinlock(''), head: word('under the lock'), curr: unguarded(word('outside too')),
}, { writer: 'owning cpu', lock: 'lock' });
const Page = struct('page', {
  lock: spinlock(''), seq: seqcount(''), value: long('both'), duty: unguarded(word('')),
}, { writer: 'any cpu', lock: 'lock', seqcount: 'seq' });
const Device = struct('device', { next: long('') }, { writer: 'coordinator' });

const map = new MemoryMap();
const own = (index: number) => index;
const at = {
  counter: map.place(Counter, 2, own), clock: map.place(Clock, 2), queue: map.place(Queue, 2, own), page: map.place(Page, 1),
  device: map.place(Device, 1, () => 2),
};

function machine() {
  const memory = new PlainMemory(map);
  const both = <V>(view: (i: number) => V) => [view(0), view(1)] as const;
  return {
    memory,
    counter: both((i) => Counter.view(memory, at.counter + i * Counter.bytes)),
    clock: both((i) => Clock.view(memory, at.clock + i * Clock.bytes)),
    queue: both((i) => Queue.view(memory, at.queue + i * Queue.bytes)),
    page: Page.view(memory, at.page),
    device: Device.view(memory, at.device),
  };
}
let m: ReturnType<typeof machine>;
beforeEach(() => {
  m = machine();
});

describe('a record with one writer', () => {
  it('lets its writer store in any event', () => {
    for (const kind of [Local, Reading, Interacting]) {
      m.memory.runAs(1, kind);
      m.counter[1].ticks += 1;
      m.counter[1].setSlot(2, 7);
    }
    expect(m.counter[1].ticks).toBe(3);
    expect(m.counter[1].slot(2)).toBe(7);
  });

  it('refuses another CPU, with the names of both and of the field, and stores nothing', () => {
    m.memory.runAs(0, Interacting);
    expect(() => { m.counter[1].ticks = 5; })
      .toThrow('counter[1].ticks is stored by a CPU that is not its writer: by CPU 0, its writer is CPU 1');
    expect(() => m.counter[1].setSlot(1, 5)).toThrow(/counter\[1\]\.slot .* by CPU 0, its writer is CPU 1/);
    expect(m.counter[1].ticks).toBe(0);
    expect(m.counter[1].slot(1)).toBe(0);
  });

  it('refuses a wrong store by read-modify-write too', () => {
    m.memory.runAs(0, Interacting);
    const slot = at.counter + Counter.bytes + Counter.at.slot;
    const ticks = at.counter + Counter.bytes + Counter.at.ticks;
    const attempts = [
      () => m.memory.add(slot, 1), () => m.memory.or(slot, 1), () => m.memory.and(slot, 1), () => m.memory.exchange(slot, 1),
      () => m.memory.cas(slot, 0, 1), () => m.memory.addLong(ticks, 1),
      () => m.memory.exchangeLong(ticks, 1), () => m.memory.casLong(ticks, 0, 1),
    ];
    for (const attempt of attempts) expect(attempt).toThrow(/counter\[1\]\..* by CPU 0, its writer is CPU 1/);
  });

  it('lets any CPU store a field of many writers, but only in an interacting event', () => {
    m.memory.runAs(0, Interacting);
    m.counter[1].flag = 1;
    m.memory.runAs(0, Reading);
    expect(() => { m.counter[1].flag = 2; })
      .toThrow('counter[1].flag is foreign, but stored in a reading event: by CPU 0, its writer is CPU 1');
    m.memory.runAs(1, Local);
    expect(m.counter[1].flag).toBe(1);
    m.counter[1].flag = 0;
  });

  it('belongs to the coordinator where it says so', () => {
    m.memory.runAs(2, Local);
    m.device.next = 5;
    m.memory.runAs(1, Interacting);
    expect(() => { m.device.next = 6; }).toThrow('device[0].next is stored by a CPU that is not its writer: by CPU 1, its writer is CPU 2');
    m.memory.runAs(1, Local);
    expect(() => m.device.next).toThrow('device[0].next is foreign, but loaded in a local event: by CPU 1, its writer is CPU 2');
  });
});

describe('a record that travels', () => {
  it('is anybody’s until it is handed over', () => {
    for (const cpu of [0, 1]) {
      m.memory.runAs(cpu, Interacting);
      m.clock[0].start = cpu;
    }
    m.memory.handOver(at.clock, 1);
    m.memory.runAs(0, Interacting);
    expect(() => { m.clock[0].state = 1; })
      .toThrow('clock[0].state is stored by a CPU that is not its writer: by CPU 0, its writer is CPU 1');
  });

  it('changes its writer with each hand-over', () => {
    m.memory.handOver(at.clock, 0);
    m.memory.handOver(at.clock, 1);
    m.memory.runAs(1, Local);
    m.clock[0].state = 1;
    m.memory.runAs(0, Local);
    expect(() => { m.clock[0].state = 2; }).toThrow(/foreign, but stored in a local event: by CPU 0, its writer is CPU 1/);
  });

  it('is handed over by its own first byte only', () => {
    expect(() => m.memory.handOver(at.clock + 8, 1)).toThrow(/no record starts at/);
  });
});

describe('a seqcount', () => {
  beforeEach(() => {
    m.memory.handOver(at.clock, 0);
    m.memory.runAs(0, Local);
  });

  it('must be odd when a guarded field is stored', () => {
    expect(() => { m.clock[0].start = 1; }).toThrow('clock[0].start is stored outside its seqcount section: by CPU 0, its writer is CPU 0');
    writeSeqcountBegin(m.memory, m.clock[0].seq);
    m.clock[0].start = 1;
    writeSeqcountEnd(m.memory, m.clock[0].seq);
    expect(() => { m.clock[0].start = 2; }).toThrow(/outside its seqcount section/);
    expect(m.clock[0].start).toBe(1);
  });

  it('does not matter to an unguarded field', () => {
    m.clock[0].state = 3;
    expect(m.clock[0].state).toBe(3);
  });

  it('that is open lets only the writer in', () => {
    writeSeqcountBegin(m.memory, m.clock[0].seq);
    m.memory.runAs(1, Interacting);
    expect(() => { m.clock[0].start = 1; }).toThrow(/not its writer: by CPU 1, its writer is CPU 0/);
    expect(() => m.memory.store(m.clock[0].seq, 2))
      .toThrow('clock[0].seq is stored by a CPU that is not its writer: by CPU 1, its writer is CPU 0');
  });
});

describe('a lock', () => {
  it('must be held when a guarded field is stored', () => {
    m.memory.runAs(0, Interacting);
    expect(() => { m.queue[0].head = 1; })
      .toThrow('queue[0].head is stored without its lock, held by no CPU: by CPU 0, its writer is CPU 0');
    rawSpinLock(m.memory, m.queue[0].lock, 0, 10);
    m.queue[0].head = 1;
    rawSpinUnlock(m.memory, m.queue[0].lock, 0, 12);
    expect(() => { m.queue[0].head = 2; }).toThrow(/without its lock/);
    m.queue[0].curr = 2;
  });

  it('held by one CPU does not cover another', () => {
    m.memory.runAs(0, Interacting);
    rawSpinLock(m.memory, m.page.lock, 0, 10);
    m.memory.runAs(1, Interacting);
    expect(() => writeSeqcountBegin(m.memory, m.page.seq))
      .toThrow('page[0].seq is stored without its lock, held by CPU 0: by CPU 1, its writer is no CPU');
  });

  it('and a seqcount are both needed where both are declared', () => {
    m.memory.runAs(1, Interacting);
    rawSpinLock(m.memory, m.page.lock, 1, 10);
    expect(() => { m.page.value = 1; }).toThrow(/page\[0\]\.value is stored outside its seqcount section: by CPU 1/);
    writeSeqcountBegin(m.memory, m.page.seq);
    m.page.value = 1;
    writeSeqcountEnd(m.memory, m.page.seq);
    rawSpinUnlock(m.memory, m.page.lock, 1, 12);
    m.page.duty = 1;
    expect(m.page.value).toBe(1);
  });

  it('does not let a CPU into a record that another one writes, but into its own and shared ones', () => {
    m.memory.runAs(0, Interacting);
    rawSpinLock(m.memory, m.queue[1].lock, 0, 10);
    expect(() => { m.queue[1].curr = 1; }).toThrow(/not its writer: by CPU 0, its writer is CPU 1/);
  });
});

describe('an event', () => {
  it('that is local loads and stores its own records only', () => {
    m.memory.runAs(0, Local);
    expect(m.counter[0].ticks).toBe(0);
    expect(() => m.counter[1].ticks).toThrow('counter[1].ticks is foreign, but loaded in a local event: by CPU 0, its writer is CPU 1');
    expect(() => m.counter[1].flag).toThrow(/counter\[1\]\.flag is foreign/);
    expect(() => m.page.duty).toThrow('page[0].duty is foreign, but loaded in a local event: by CPU 0, its writer is no CPU');
    expect(() => { m.page.duty = 1; }).toThrow('page[0].duty is foreign, but stored in a local event: by CPU 0, its writer is no CPU');
    expect(() => m.memory.cas(m.page.lock, 0, 1)).toThrow(/page\[0\]\.lock is foreign/);
    m.memory.handOver(at.clock, 1);
    expect(() => m.memory.load(m.clock[0].seq)).toThrow(/clock\[0\]\.seq is foreign/);
  });

  it('that reads loads foreign records and stores none', () => {
    m.memory.runAs(0, Reading);
    expect(m.counter[1].ticks + m.page.value).toBe(0);
    expect(() => { m.counter[1].ticks = 1; })
      .toThrow('counter[1].ticks is foreign, but stored in a reading event: by CPU 0, its writer is CPU 1');
  });

  it('of the host, before any CPU runs, may prepare everything', () => {
    m.memory.runAs(NOBODY, Interacting);
    m.counter[1].ticks = 4;
    m.page.value = 5;
    m.queue[0].head = 6;
    expect([m.counter[1].ticks, m.page.value, m.queue[0].head]).toEqual([4, 5, 6]);
  });
});

describe('plain memory', () => {
  it('refuses a store where no record lies, and one of the wrong width', () => {
    m.memory.runAs(0, Interacting);
    expect(() => m.memory.store(8, 1)).toThrow('CPU 0 stores at 8: no record lies there');
    m.memory.runAs(NOBODY, Interacting);
    expect(() => m.memory.store(at.counter + Counter.at.ticks, 1)).toThrow(/counter\[0\]\.ticks is stored as a word/);
    expect(() => m.memory.storeLong(at.counter + Counter.at.flag, 1)).toThrow(/counter\[0\]\.flag is stored as a long/);
  });

  it('refuses what is no integer of 53 bits', () => {
    m.memory.runAs(0, Interacting);
    for (const value of [0.5, 2 ** 53, Number.NaN, Infinity]) {
      expect(() => { m.counter[0].ticks = value; }).toThrow(/counter\[0\]\.ticks is to hold .*, which is no integer of 53 bits/);
    }
  });

  it('calls a spin or a sleep a bug, since nobody else can run', () => {
    m.memory.runAs(0, Interacting);
    expect(() => m.memory.relax()).toThrow(KernelBug);
    rawSpinLock(m.memory, m.page.lock, 0, 0);
    m.memory.runAs(1, Interacting);
    expect(() => rawSpinLock(m.memory, m.page.lock, 1, 0)).toThrow(/CPU 1 spins, but on one thread nobody else can run/);
    expect(() => m.memory.wait(at.page, 1, 5)).toThrow(/nobody can wake it/);
  });
});
