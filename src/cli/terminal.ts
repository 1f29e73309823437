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
  return {
    out: writerTo(process.stdout),
    err: writerTo(process.stderr),
    colour: process.stdout.isTTY === true && !plain,
    bar: process.stderr.isTTY === true && !plain ? process.stderr : null,
    argv: process.argv.slice(2),
  };
}

/**
 * A reader that goes away (`dynticks list | head -1`) is no error: the rest is not written, and the
 * exit code still tells what the run came to.
 */
function writerTo(stream: NodeJS.WriteStream): (text: string) => void {
  let open = true;
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    open = false;
  });
  return (text) => {
    if (open) stream.write(text);
  };
}
