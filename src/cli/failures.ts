/**
 * What a user reads when no answer comes. Bad input gets one message and no stack; a bug of ours says that it is one;
 * a thread that died, whoever killed it, is named.
 */
import { LimitReached } from '../../shared/assert.ts';
import { HostLimit, hostLimitOf } from '../host/host-limit.ts';
import { ThreadDeath } from '../host/threads/thread-death.ts';
import { BadInput } from '../workload/bad-input.ts';
import { ExitCode } from './exit-codes.ts';
import type { Terminal } from './terminal.ts';

export interface Failure {
  readonly exitCode: ExitCode;
  readonly message: string;
}

/** Where the failure happened, as far as it was known by then. */
export interface FailureContext {
  /** The line that gives it again. */
  readonly reproduce: string;
  /** The run's folder, which says that it is incomplete; null if there is none. */
  readonly folder: string | null;
}

export function failureOf(error: unknown, context: FailureContext): Failure {
  if (error instanceof BadInput) return { exitCode: ExitCode.BadInput, message: error.message };
  const limit = error instanceof LimitReached || error instanceof HostLimit ? error : hostLimitOf(error, 'write the run’s folder');
  if (limit !== null) return { exitCode: ExitCode.Limit, message: limit.message };
  return { exitCode: ExitCode.OurBug, message: bugText(error, context) };
}

function bugText(error: unknown, { reproduce, folder }: FailureContext): string {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  const evidence = folder === null ? (stack ?? '').split('\n').slice(1) : [`log: ${folder}/log.ndjson`];
  return [
    error instanceof ThreadDeath
      ? `A thread of the machine died, and the run with it. ${message}`
      : `This is a bug of dynticks, not of your scenario. ${name}: ${message}`,
    `again: ${reproduce}`,
    ...evidence,
  ].join('\n  ');
}

/** Says it on stderr; with --json also as a document on stdout, so that a program need not read prose. */
export function reportFailure(failure: Failure, json: boolean, terminal: Terminal): ExitCode {
  terminal.err(`dynticks: ${failure.message}\n`);
  if (json) {
    const document = { complete: false, exitCode: failure.exitCode, error: failure.message };
    terminal.out(`${JSON.stringify(document, null, 1)}\n`);
  }
  return failure.exitCode;
}
