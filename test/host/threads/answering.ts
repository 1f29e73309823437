/** A thread that answers, as the coordinator does, until it is asked not to. Compiled, since threads run `dist/`. */
import { parentPort } from 'node:worker_threads';
import { KernelBug, LimitReached } from '../../../shared/assert.ts';
import { exposeControl } from '../../../src/host/threads/control-link.ts';

const never = new Int32Array(new SharedArrayBuffer(4));

export class Answering {
  private asked = 0;

  add(a: number, b: number): number {
    this.asked += 1;
    return a + b;
  }
  async addLater(a: number, b: number, ms: number): Promise<number> {
    await new Promise((later) => setTimeout(later, ms));
    return a + b;
  }
  async timesAsked(): Promise<number> {
    return this.asked;
  }
  echo<T>(value: T): T {
    return value;
  }
  reachLimit(): never {
    throw new LimitReached('too many tasks');
  }
  async fail(): Promise<never> {
    throw new TypeError('not so');
  }
  /** Never turns to its messages again. */
  sleepForEver(): void {
    Atomics.wait(never, 0, 0);
  }
  exit(code: number): void {
    process.exit(code);
  }
  throwLater(): Promise<never> {
    setImmediate(() => { throw new KernelBug('after all'); });
    return new Promise(() => {});
  }
}

exposeControl(parentPort!, new Answering());
