/** The host gave out before the run was over: exit code 4, the folder says that it is incomplete. */
export class HostLimit extends Error {
  override readonly name = 'HostLimit';
}

const GAVE_OUT: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'a file grew beyond what the file system takes',
  EMFILE: 'too many files are open',
  ENFILE: 'too many files are open',
};

/** What of the host gave out, as a clause, if that is what `error` tells. */
export function hostGaveOut(error: unknown): string | null {
  return GAVE_OUT[(error as NodeJS.ErrnoException | undefined)?.code ?? ''] ?? null;
}

/** `error` as the host's limit, if it is one; `doing` says what could not be done. */
export function hostLimitOf(error: unknown, doing: string): HostLimit | null {
  const says = hostGaveOut(error);
  return says === null ? null : new HostLimit(`${says}: could not ${doing}. Less is written with --trace ring:64M or --trace off.`);
}
