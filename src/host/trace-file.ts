/** The file `trace.bin`: bytes in the order in which the trace writer hands them over. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { hostLimitOf } from './host-limit.ts';

export interface ByteSink {
  /** Writes all of `bytes`; they may be reused as soon as this returns. */
  write(bytes: Uint8Array): void;
  close(): void;
}

/** Opens `path`, by default only if it is new. `write` throws HostLimit when the disk is full. */
export function openTraceFile(path: string, flags: 'wx' | 'w' = 'wx'): ByteSink {
  const file = openSync(path, flags);
  return {
    write: (bytes) => writeAll(file, bytes),
    close: () => closeSync(file),
  };
}

/** One write may take less than it is given. */
function writeAll(file: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) done += writeSome(file, bytes, done);
}

function writeSome(file: number, bytes: Uint8Array, from: number): number {
  try {
    return writeSync(file, bytes, from);
  } catch (error) {
    throw hostLimitOf(error, 'write trace.bin to its end') ?? error;
  }
}
