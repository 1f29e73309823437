/**
 * Errors between threads. A structured clone keeps an error's message and stack but makes it a plain
 * `Error`, so that a reached limit would come out as a bug: exit code 3 where 4 is meant. What is
 * thrown in a thread is therefore sent as a plain object and made an error of its class again.
 */
import { KernelBug, LimitReached } from '../../../shared/assert.ts';
import { SpinHang } from '../../../shared/memory/spin.ts';
import { BadModel } from '../../explore/bad-model.ts';
import { HostLimit } from '../host-limit.ts';

/** What of an error goes over a port. */
export interface WireError {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
}

/** Those that the main thread tells from one another. */
const OURS = { KernelBug, LimitReached, SpinHang, HostLimit, BadModel };

export function toWire(thrown: unknown): WireError {
  const { name, message, stack } = thrown instanceof Error ? thrown : new Error(String(thrown));
  return { name, message, stack: stack ?? '' };
}

/** The error again, of its own class if it is one of ours; `thrown` came over a port in whatever form. */
export function fromWire(thrown: unknown): Error {
  if (!looksLikeError(thrown)) return new Error(String(thrown));
  const { name, message, stack } = thrown;
  if (thrown instanceof Error && !(name in OURS)) return thrown;
  const Class: new (message: string) => Error = name in OURS ? OURS[name as keyof typeof OURS] : Error;
  const error = new Class(message);
  if (error.name !== name) Object.defineProperty(error, 'name', { value: name });
  error.stack = stack ?? `${name}: ${message}`;
  return error;
}

function looksLikeError(thrown: unknown): thrown is WireError | Error {
  return typeof thrown === 'object' && thrown !== null && 'name' in thrown && 'message' in thrown;
}

/** A limit is an answer of the run, not a thread's death. */
export function isLimit(error: Error): boolean {
  return error instanceof LimitReached || error instanceof HostLimit;
}
