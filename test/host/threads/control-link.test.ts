import { once } from 'node:events';
import { resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KernelBug, LimitReached } from '../../../shared/assert.ts';
import { ControlLink } from '../../../src/host/threads/control-link.ts';
import { ThreadDeath } from '../../../src/host/threads/thread-death.ts';
import type { Answering } from './answering.ts';

const ENTRY = resolve(import.meta.dirname, '../../../dist/test/host/threads/answering.js');

let worker: Worker;
let link: ControlLink<Answering>;
beforeEach(() => {
  worker = new Worker(ENTRY, { execArgv: [] });
  link = ControlLink.open<Answering>(worker, 'the clerk');
});
afterEach(async () => { await worker.terminate(); });

describe('a line to a thread that answers', () => {
  it('calls its methods, those that promise too, and the object keeps its state', async () => {
    expect(await Promise.all([link.call('add', 1, 2), link.call('add', 3, 4)])).toEqual([3, 7]);
    expect(await link.call('timesAsked')).toBe(2);
  });

  it('shares memory that is sent over it', async () => {
    const cells = new Int32Array(new SharedArrayBuffer(4));
    const echoed = await link.call('echo', cells) as Int32Array;
    Atomics.store(cells, 0, 7);
    expect(echoed[0]).toBe(7);
  });

  it('gives back what the method threw, of its class, and goes on', async () => {
    await expect(link.call('reachLimit')).rejects.toBeInstanceOf(LimitReached);
    await expect(link.call('fail')).rejects.toMatchObject({ name: 'TypeError', message: 'not so' });
    expect(await link.call('add', 1, 1)).toBe(2);
  });

  it('lets the thread end once it is closed, and takes no calls then', async () => {
    await link.call('add', 1, 1);
    const under = link.call('add', 1, 1);
    link.close();
    link.close();
    await expect(under).rejects.toThrow('the clerk: its line was closed');
    await expect(link.call('add', 1, 1)).rejects.toThrow('the clerk: its line was closed');
    expect(await once(worker, 'exit')).toEqual([0]);
  });

  it('knows whether anything is asked, and says why it was closed to whoever asks', async () => {
    expect(link.isBusy).toBe(false);
    const under = link.ask('add', 1, 1);
    expect(link.isBusy).toBe(true);
    expect(await under).toBe(2);
    expect(link.isBusy).toBe(false);
    const why = new Error('another thread died');
    const late = expect(link.ask('add', 1, 1)).rejects.toBe(why);
    link.close(why);
    await late;
    await expect(link.ask('add', 1, 1)).rejects.toBe(why);
  });
});

describe('a call', () => {
  it('to a thread that never turns to its messages ends with the time-out, and so does the next', async () => {
    const impatient = ControlLink.open<Answering>(worker, 'the clerk', 50);
    await link.call('add', 0, 0);
    await expect(impatient.call('sleepForEver')).rejects.toThrow(new ThreadDeath('the clerk', 'gave no answer to "sleepForEver" in 50 ms'));
    await expect(impatient.call('add', 1, 1)).rejects.toThrow('gave no answer to "add"');
  });

  it('for something that takes its time has no time-out, but ends with the thread', async () => {
    const impatient = ControlLink.open<Answering>(worker, 'the clerk', 20);
    await link.call('add', 0, 0);
    expect(await impatient.ask('addLater', 1, 2, 100)).toBe(3);
    const asleep = expect(impatient.ask('sleepForEver')).rejects.toThrow('the clerk: was terminated from outside');
    await worker.terminate();
    await asleep;
  });

  it('under way when the thread ends rejects with how it ended, and each later one at once', async () => {
    await link.call('add', 0, 0);
    const [exit, add] = [link.call('exit', 9), link.call('add', 1, 1)];
    await expect(exit).rejects.toThrow('the clerk: exited with code 9');
    await expect(add).rejects.toBeInstanceOf(ThreadDeath);
    await expect(link.call('add', 1, 1)).rejects.toThrow('the clerk: exited with code 9');
    await expect(link.death).rejects.toThrow('the clerk: exited with code 9');
    link.close();
  });

  it('to a thread that sleeps for ever rejects as soon as the thread is terminated', async () => {
    await link.call('add', 0, 0);
    const asleep = link.call('sleepForEver');
    await worker.terminate();
    await expect(asleep).rejects.toThrow('the clerk: was terminated from outside');
  });

  it('rejects with what the thread threw outside of any call', async () => {
    const death: unknown = await link.call('throwLater').catch((error: unknown) => error);
    expect(death).toBeInstanceOf(ThreadDeath);
    expect((death as ThreadDeath).message).toBe('the clerk: threw KernelBug: after all');
    expect((death as ThreadDeath).cause).toBeInstanceOf(KernelBug);
  });

  it('that cannot be sent says so, and the line still works', async () => {
    await expect(link.call('echo', () => {})).rejects.toThrow('could not be cloned');
    expect(await link.call('add', 1, 1)).toBe(2);
  });
});
