import { describe, expect, test } from 'vitest';
import { Outcome } from '../../../src/kernel/syscalls/outcome.ts';
import {
  barrierWait, condBroadcast, condSignal, condWait, mutexLock, mutexUnlock, semPost, semWait,
} from '../../../src/kernel/syscalls/sync.ts';
import { TaskPerCpu } from '../../support/task-per-cpu.ts';

const { Done, Blocked } = Outcome;
const MUTEX = 0;
const CONDITION = 1;
const BARRIER = 2;
const SEMAPHORE = 3;

const tasks = (count: number, parties = count): TaskPerCpu => new TaskPerCpu(count, [0, 0, parties, 0]);
const holder = ({ machine }: TaskPerCpu): number => machine.image.syncObjects[MUTEX]!.value - 1 - machine.first;

describe('a mutex', () => {
  test('is free, then taken, and makes others sleep until it is free again', () => {
    const all = tasks(2);
    expect([all.call(0, mutexLock, MUTEX), all.call(1, mutexLock, MUTEX), all.isAsleep(1)]).toEqual([Done, Blocked, true]);
    all.call(0, mutexUnlock, MUTEX);
    expect(all.deliver()).toEqual([1]);
    expect([all.again(1, mutexLock), holder(all)]).toEqual([Done, 1]);
  });

  test('wakes one waiter at a time, who waited longest', () => {
    const all = tasks(4);
    for (const i of [0, 2, 1, 3]) all.call(i, mutexLock, MUTEX);
    for (const next of [2, 1, 3]) {
      all.call(holder(all), mutexUnlock, MUTEX);
      expect(all.deliver()).toEqual([next]);
      expect(all.again(next, mutexLock)).toBe(Done);
    }
  });

  test('goes to whoever is faster: a woken waiter may find it taken, and waits at the end of the line', () => {
    const all = tasks(4);
    for (const i of [0, 1, 2]) all.call(i, mutexLock, MUTEX);
    all.call(0, mutexUnlock, MUTEX);
    expect(all.call(3, mutexLock, MUTEX)).toBe(Done);
    expect(all.deliver()).toEqual([1]);
    expect(all.again(1, mutexLock)).toBe(Blocked);
    all.call(3, mutexUnlock, MUTEX);
    expect(all.deliver()).toEqual([2]);
  });
});

describe('a condition', () => {
  test('frees the mutex while it waits, wakes whoever wants that, and takes it again before it returns', () => {
    const all = tasks(2);
    all.call(0, mutexLock, MUTEX);
    all.call(1, mutexLock, MUTEX);
    expect(all.call(0, condWait, CONDITION, MUTEX)).toBe(Blocked);
    expect(all.deliver()).toEqual([1]);
    expect(all.again(1, mutexLock)).toBe(Done);
    all.call(1, condSignal, CONDITION);
    expect(all.deliver()).toEqual([0]);
    expect([all.again(0, condWait), all.isAsleep(0)]).toEqual([Blocked, true]);
    all.call(1, mutexUnlock, MUTEX);
    expect(all.deliver()).toEqual([0]);
    expect([all.again(0, condWait), holder(all)]).toEqual([Done, 0]);
  });

  test('forgets a signal for which nobody waits', () => {
    const all = tasks(2);
    all.call(1, condSignal, CONDITION);
    all.call(0, mutexLock, MUTEX);
    expect(all.call(0, condWait, CONDITION, MUTEX)).toBe(Blocked);
    expect(all.deliver()).toEqual([]);
  });

  test('wakes one by a signal and all by a broadcast, in the order in which they came', () => {
    const all = tasks(5);
    for (const i of [3, 0, 2, 1]) {
      all.call(i, mutexLock, MUTEX);
      all.call(i, condWait, CONDITION, MUTEX);
    }
    all.call(4, condSignal, CONDITION);
    expect(all.deliver()).toEqual([3]);
    all.call(4, condBroadcast, CONDITION);
    expect(all.deliver()).toEqual([0, 2, 1]);
    all.call(4, condBroadcast, CONDITION);
    expect(all.deliver()).toEqual([]);
  });
});

describe('a barrier', () => {
  test('lets all go when the last party has come, and the last does not sleep', () => {
    const all = tasks(3);
    expect([all.call(2, barrierWait, BARRIER), all.call(0, barrierWait, BARRIER)]).toEqual([Blocked, Blocked]);
    expect([all.deliver(), all.call(1, barrierWait, BARRIER)]).toEqual([[], Done]);
    expect(all.deliver()).toEqual([2, 0]);
    expect([all.again(2, barrierWait), all.again(0, barrierWait)]).toEqual([Done, Done]);
  });

  test('begins a new generation at once: a fast party waits for all others, not for those of the last round', () => {
    const all = tasks(3);
    all.call(0, barrierWait, BARRIER);
    all.call(1, barrierWait, BARRIER);
    all.call(2, barrierWait, BARRIER);
    expect(all.call(2, barrierWait, BARRIER)).toBe(Blocked);
    expect(all.deliver()).toEqual([0, 1]);
    expect([all.again(0, barrierWait), all.again(1, barrierWait), all.isAsleep(2)]).toEqual([Done, Done, true]);
    expect([all.call(0, barrierWait, BARRIER), all.call(1, barrierWait, BARRIER)]).toEqual([Blocked, Done]);
    expect(all.deliver()).toEqual([2, 0]);
  });

  test('of one party stops nobody', () => {
    const all = tasks(1);
    expect([all.call(0, barrierWait, BARRIER), all.call(0, barrierWait, BARRIER)]).toEqual([Done, Done]);
  });
});

describe('a semaphore', () => {
  test('remembers posts for which nobody waited', () => {
    const all = tasks(2);
    all.call(0, semPost, SEMAPHORE);
    all.call(0, semPost, SEMAPHORE);
    expect([1, 1, 1].map((i) => all.call(i, semWait, SEMAPHORE))).toEqual([Done, Done, Blocked]);
  });

  test('wakes one waiter a post, who takes it unless another was faster', () => {
    const all = tasks(4);
    all.call(1, semWait, SEMAPHORE);
    all.call(2, semWait, SEMAPHORE);
    all.call(0, semPost, SEMAPHORE);
    expect(all.call(3, semWait, SEMAPHORE)).toBe(Done);
    expect(all.deliver()).toEqual([1]);
    expect(all.again(1, semWait)).toBe(Blocked);
    all.call(0, semPost, SEMAPHORE);
    expect(all.deliver()).toEqual([2]);
    expect(all.again(2, semWait)).toBe(Done);
  });
});
