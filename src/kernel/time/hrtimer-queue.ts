/**
 * The queue of one CPU's hrtimers: a binary heap of timer numbers in shared memory, least hard
 * expiry first, equal expiries in the order of their insertion. The holder of the base's lock may
 * touch it. (Linux keeps a red-black tree; the order is the same.)
 */
import type { Hrtimer } from '../../../shared/structs/cpu.ts';
import { NONE, type TimerId } from '../../../shared/units.ts';
import type { KernelCpu } from '../kernel-cpu.ts';

const CELL_BYTES = 8;

/** The timer that expires first, or `NONE`. @linux include/linux/timerqueue.h timerqueue_getnext */
export function timerqueueGetnext(cpu: KernelCpu): TimerId {
  return timerqueueAt(cpu, 0);
}

/**
 * The timer at a place of the heap, or `NONE`. Place 0 expires first; the next to expire is at 1 or 2.
 * @dynticks a look past the first
 */
export function timerqueueAt(cpu: KernelCpu, place: number): TimerId {
  return place < cpu.hrtimers.count ? slot(cpu, place) : NONE;
}

/** Adds a timer whose `expires` is set. @linux lib/timerqueue.c timerqueue_add */
export function timerqueueAdd(cpu: KernelCpu, timer: TimerId): void {
  const base = cpu.hrtimers;
  const record = cpu.image.timers[timer]!;
  record.order = base.nextOrder;
  base.nextOrder += 1;
  const at = base.count;
  base.count = at + 1;
  siftUp(cpu, timer, record, at);
}

/** Takes a queued timer out. @linux lib/timerqueue.c timerqueue_del */
export function timerqueueDel(cpu: KernelCpu, timer: TimerId): void {
  const record = cpu.image.timers[timer]!;
  const hole = record.heapIndex;
  record.heapIndex = NONE;
  const last = cpu.hrtimers.count - 1;
  cpu.hrtimers.count = last;
  if (hole === last) return;
  const moved = slot(cpu, last);
  const movedRecord = cpu.image.timers[moved]!;
  if (hole > 0 && isBefore(movedRecord, parentOf(cpu, hole))) siftUp(cpu, moved, movedRecord, hole);
  else siftDown(cpu, moved, movedRecord, hole);
}

/** Moves the hole at `at` towards the root until `timer` fits. */
function siftUp(cpu: KernelCpu, timer: TimerId, record: Hrtimer, at: number): void {
  while (at > 0) {
    const parent = (at - 1) >> 1;
    const above = slot(cpu, parent);
    const aboveRecord = cpu.image.timers[above]!;
    if (!isBefore(record, aboveRecord)) break;
    put(cpu, at, above, aboveRecord);
    at = parent;
  }
  put(cpu, at, timer, record);
}

/** Moves the hole at `at` towards the leaves until `timer` fits. */
function siftDown(cpu: KernelCpu, timer: TimerId, record: Hrtimer, at: number): void {
  const { count } = cpu.hrtimers;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= count) break;
    let below = slot(cpu, child);
    let belowRecord = cpu.image.timers[below]!;
    if (child + 1 < count) {
      const right = slot(cpu, child + 1);
      const rightRecord = cpu.image.timers[right]!;
      if (isBefore(rightRecord, belowRecord)) {
        child += 1;
        below = right;
        belowRecord = rightRecord;
      }
    }
    if (!isBefore(belowRecord, record)) break;
    put(cpu, at, below, belowRecord);
    at = child;
  }
  put(cpu, at, timer, record);
}

function isBefore(a: Hrtimer, b: Hrtimer): boolean {
  const x = a.expires;
  const y = b.expires;
  return x < y || (x === y && a.order < b.order);
}

function parentOf(cpu: KernelCpu, at: number): Hrtimer {
  return cpu.image.timers[slot(cpu, (at - 1) >> 1)]!;
}

function slot(cpu: KernelCpu, at: number): TimerId {
  return cpu.memory.loadLong(cpu.heap + CELL_BYTES * at);
}

function put(cpu: KernelCpu, at: number, timer: TimerId, record: Hrtimer): void {
  cpu.memory.storeLong(cpu.heap + CELL_BYTES * at, timer);
  record.heapIndex = at;
}
