/** A thread of the machine ended, or fell silent, before its run was over: exit code 3. */
export class ThreadDeath extends Error {
  override readonly name = 'ThreadDeath';
  /** `CPU 3`, `the coordinator` */
  readonly thread: string;
  readonly why: string;

  /** The stack is the cause's, if there is one: where the thread was, not who waited for it. */
  constructor(thread: string, why: string, options?: { readonly cause: unknown }) {
    super(`${thread}: ${why}`, options);
    this.thread = thread;
    this.why = why;
    const cause = options?.cause;
    if (cause instanceof Error && cause.stack !== undefined) this.stack = `ThreadDeath: ${this.message}\n${framesOf(cause.stack)}`;
  }
}

function framesOf(stack: string): string {
  return stack.split('\n').filter((line) => /^\s+at /.test(line)).join('\n');
}
