import { beforeEach, describe, expect, test } from 'vitest';
import { PIPE_CAPACITY } from '../../../shared/limits.ts';
import { NONE } from '../../../shared/units.ts';
import { Outcome } from '../../../src/kernel/syscalls/outcome.ts';
import { pipeRead, pipeWrite } from '../../../src/kernel/syscalls/pipe.ts';
import { TaskPerCpu } from '../../support/task-per-cpu.ts';

/** The pipe's number; behind it is where its writers wait. */
const PIPE = 0;
let tasks: TaskPerCpu;

beforeEach(() => {
  tasks = new TaskPerCpu(3, [0, 0]);
});

const read = (task: number, bytes: number): Outcome => tasks.call(task, pipeRead, PIPE, bytes);
const write = (task: number, bytes: number): Outcome => tasks.call(task, pipeWrite, PIPE, bytes);
const inPipe = (): number => tasks.machine.image.syncObjects[PIPE]!.value;

describe('a pipe', () => {
  test('gives what was written, and no more than is there', () => {
    expect([write(0, 10), inPipe()]).toEqual([Outcome.Done, 10]);
    expect([read(1, 4), inPipe()]).toEqual([Outcome.Done, 6]);
    expect([read(1, 100), inPipe()]).toEqual([Outcome.Done, 0]);
  });

  test('lets a reader sleep while it is empty, until the next write', () => {
    expect([read(1, 1), tasks.isAsleep(1)]).toEqual([Outcome.Blocked, true]);
    write(0, 1);
    expect(tasks.deliver()).toEqual([1]);
    expect([tasks.again(1, pipeRead), inPipe()]).toEqual([Outcome.Done, 0]);
  });

  test('lets a writer sleep while there is no room for all of it, until the next read', () => {
    write(0, PIPE_CAPACITY - 1);
    expect([write(0, 2), tasks.isAsleep(0), inPipe()]).toEqual([Outcome.Blocked, true, PIPE_CAPACITY - 1]);
    read(1, 1);
    expect(tasks.deliver()).toEqual([0]);
    expect([tasks.again(0, pipeWrite), inPipe()]).toEqual([Outcome.Done, PIPE_CAPACITY]);
  });

  test('has whoever was woken look again: another reader may have been faster', () => {
    read(1, 1);
    write(0, 1);
    expect(read(2, 1)).toBe(Outcome.Done);
    expect(tasks.deliver()).toEqual([1]);
    expect([tasks.again(1, pipeRead), tasks.isAsleep(1)]).toEqual([Outcome.Blocked, true]);
  });

  test('leaves nobody asleep beside bytes: a reader that leaves some wakes the next', () => {
    read(1, 1);
    read(2, 1);
    write(0, 2);
    expect(tasks.deliver()).toEqual([1]);
    expect(tasks.again(1, pipeRead)).toBe(Outcome.Done);
    expect(tasks.deliver()).toEqual([2]);
    expect([tasks.again(2, pipeRead), inPipe()]).toEqual([Outcome.Done, 0]);
    expect(tasks.machine.image.syncObjects[PIPE]!.waitHead).toBe(NONE);
  });
});
