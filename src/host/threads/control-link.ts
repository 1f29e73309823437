/**
 * The line between the main thread and a thread that answers: comlink, with what comlink leaves out.
 * A comlink call to a thread that has died never settles, nor does one to a thread that never turns
 * to its messages. So each call is raced with the thread's end, and as a rule with a time-out.
 */
import { expose, releaseProxy, wrap, type Endpoint } from 'comlink';
// @ts-expect-error comlink ships this file's types under a name that the compiler does not look for
import untypedAdapter from 'comlink/dist/esm/node-adapter.mjs';
import type { MessagePort, Worker } from 'node:worker_threads';
import { deathOf, exitOf } from './death-of.ts';
import { ThreadDeath } from './thread-death.ts';
import { fromWire } from './wire-error.ts';

const toEndpoint = untypedAdapter as (port: MessagePort | Worker) => Endpoint;

/** Long against an answer, which takes a turn of the other's event loop. */
const TIMEOUT_MS = 5_000;

/** Methods that can be called over a port: what they take and give back can be cloned. */
type Methods<Control> = { [M in keyof Control]: Control[M] extends (...args: never[]) => unknown ? M : never }[keyof Control] & string;
type ArgsOf<Method> = Method extends (...args: infer Args extends unknown[]) => unknown ? Args : never;
type AnswerOf<Method> = Method extends (...args: never[]) => infer Answer ? Awaited<Answer> : never;

/** The far side as comlink makes it: any name is a method. */
interface Far {
  readonly [method: string]: (...args: readonly unknown[]) => Promise<unknown>;
  [releaseProxy](): void;
}

export class ControlLink<Control> {
  /** Rejects when the thread dies; never resolves. */
  readonly death: Promise<never>;
  private readonly name: string;
  private readonly timeoutMs: number;
  private readonly far: Far;
  /** Calls under way: what lets go of each. */
  private readonly calls = new Set<(why: Error) => void>();
  /** Why no call can be answered any more. */
  private over: Error | null = null;

  /** `name` is what a message calls the thread: `the coordinator`. To be opened right after the thread was started. */
  static open<Control>(worker: Worker, name: string, timeoutMs = TIMEOUT_MS): ControlLink<Control> {
    return new ControlLink(worker, name, timeoutMs);
  }

  private constructor(worker: Worker, name: string, timeoutMs: number) {
    this.name = name;
    this.timeoutMs = timeoutMs;
    this.far = wrap(toEndpoint(worker)) as unknown as Far;
    // a thread that is gone no longer tells its limits
    const limits = worker.resourceLimits;
    this.death = new Promise((_, reject) => {
      const die = (why: Error): void => {
        this.end(why);
        reject(why);
      };
      worker.once('error', (error) => die(deathOf(name, error, limits)));
      worker.once('exit', (code) => die(exitOf(name, code)));
    });
    this.death.catch(() => {});
  }

  /** Whether a call is under way. */
  get isBusy(): boolean {
    return this.calls.size > 0;
  }

  /** What `method` gives back there; an error that it throws keeps its class, if it is one of ours. */
  call<M extends Methods<Control>>(method: M, ...args: ArgsOf<Control[M]>): Promise<AnswerOf<Control[M]>> {
    return this.send(method, args, this.timeoutMs);
  }

  /** As `call`, where the answer comes when something is done, however long that takes; somebody else must see to it that it comes. */
  ask<M extends Methods<Control>>(method: M, ...args: ArgsOf<Control[M]>): Promise<AnswerOf<Control[M]>> {
    return this.send(method, args, null);
  }

  private send<M extends Methods<Control>>(
    method: M, args: ArgsOf<Control[M]>, timeoutMs: number | null,
  ): Promise<AnswerOf<Control[M]>> {
    if (this.over !== null) return Promise.reject(this.over);
    return new Promise((resolve, reject) => {
      const settle = (how: () => void): void => {
        clearTimeout(timer);
        this.calls.delete(fail);
        how();
      };
      const fail = (why: Error): void => settle(() => reject(why));
      const deaf = (): void => fail(new ThreadDeath(this.name, `gave no answer to "${method}" in ${timeoutMs} ms`));
      const timer = timeoutMs === null ? undefined : setTimeout(deaf, timeoutMs);
      this.calls.add(fail);
      this.far[method]!(...args).then(
        (answer) => settle(() => resolve(answer as AnswerOf<Control[M]>)),
        (thrown: unknown) => fail(fromWire(thrown)),
      );
    });
  }

  /** Lets go of the other side, which then no longer lives for our calls' sake. Calls under way reject, and later ones: `why`. */
  close(why: Error = new ThreadDeath(this.name, 'its line was closed')): void {
    if (this.over !== null) return;
    this.far[releaseProxy]();
    this.end(why);
  }

  private end(why: Error): void {
    this.over ??= why;
    for (const letGo of this.calls) letGo(why);
  }
}

/** In the thread: answers calls on `object` that come over `port`, until the other side closes. */
export function exposeControl(port: MessagePort, object: object): void {
  expose(object, toEndpoint(port));
}
