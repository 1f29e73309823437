/** The engines and what each promises. A command prints the promise of what it uses. */
import type { EngineFacts } from '../host/run-json.ts';

export const INLINE_ENGINE: EngineFacts = {
  name: 'inline',
  determinism: 'all CPUs in one thread, smallest event key first; '
    + 'the same line gives the same bytes (trace.bin, digest, run.json but its host block)',
};

/** For commands that run no machine. */
export const NO_ENGINE: EngineFacts = {
  name: 'none',
  determinism: 'no machine runs; the answer depends on this version of dynticks only',
};

export function engineLine(engine: EngineFacts): string {
  return `engine ${engine.name}: ${engine.determinism}`;
}
