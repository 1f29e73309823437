import { hostGaveOut } from '../host/host-limit.ts';
import { ExitCode } from './exit-codes.ts';

/**
 * Where a command's words go: results to stdout, everything about the doing to stderr. Tests put
 * strings in their place.
 */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  /** Whether colour may be used on stdout. */
  readonly colour: boolean;
  /** Where a progress bar may be drawn; null if nobody looks. */
  readonly bar: NodeJS.WriteStream | null;
  /** The arguments as given, for run.json's `host` block. */
  readonly argv: readonly string[];
}

/** The process's own streams. */
export function processTerminal(): Terminal {
  const plain = (process.env.NO_COLOR ?? '') !== '';
  const err = writerTo(process.stderr, endAtLimit);
  return {
    out: writerTo(process.stdout, (error) => {
      err(`dynticks: ${hostGaveOut(error) ?? error.message}: could not write to standard output.\n`);
      endAtLimit();
    }),
    err,
    colour: process.stdout.isTTY === true && !plain,
    bar: process.stderr.isTTY === true && !plain ? process.stderr : null,
    argv: process.argv.slice(2),
  };
}

/**
 * A reader that goes away (`dynticks list | head -1`) is no error: the rest is not written, and the
 * exit code still tells what the run came to. Any other error goes to `onLost`, once.
 */
function writerTo(stream: NodeJS.WriteStream, onLost: (error: Error) => void): (text: string) => void {
  let open = true;
  stream.on('error', (error: NodeJS.ErrnoException) => {
    // what was written before the first error was known fails after it
    if (!open) return;
    open = false;
    if (error.code !== 'EPIPE') onLost(error);
  });
  return (text) => {
    if (open) stream.write(text);
  };
}

/**
 * What was to be said was not: success becomes a limit, everything worse stays. Decided last of all,
 * because streams tell of their errors late, some after the command has given its exit code.
 */
function endAtLimit(): void {
  process.once('exit', (code) => {
    if (code === ExitCode.Held) process.exitCode = ExitCode.Limit;
  });
}
