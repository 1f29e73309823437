/** What is wrong with a failing execution, and how it came to that, in sentences. */
import type { Film, Row } from './film.ts';
import type { Failure } from './judge.ts';

/** One sentence. */
export function whatIsWrong({ kind, says, race }: Failure, { rows, waiting }: Film): string {
  const stuck = waiting.map(({ strand, text }) => `${strand} ${text}`);
  switch (kind) {
    case 'assertion': case 'invariant': case 'exception': return says;
    case 'livelock': return `${rows.length} steps, and no end: usual cause is a loop that does not relax, or that stores while it waits`;
    case 'deadlock': return `nobody can go on: ${listOf(stuck)}`;
    case 'lost wake-up': return `nobody is left to wake a sleeper: ${listOf(stuck)}`;
    case 'race':
      return `nothing orders ${accessText(rows[race!.first]!)} and ${accessText(rows[race!.second]!)}, and they are not both atomic`;
  }
}

function accessText({ text, strand, step, site }: Row): string {
  return `'${text}' of ${strand} (step ${step}${site === '' ? '' : `, ${site}`})`;
}

/** For each strand that was overtaken, what changed meanwhile that it had read or was about to read. */
export function why({ rows }: Film): string[] {
  const gaps = rows.flatMap((row, i) => (row.preempts ? [gapBefore(rows, i)] : []));
  return gaps.filter((gap) => gap !== undefined);
}

/** `at`: the row that took the turn from the row before. */
function gapBefore(rows: readonly Row[], at: number): string | undefined {
  const last = rows[at - 1]!;
  const isSame = ({ strand }: Row) => strand === last.strand;
  const next = rows.findIndex((row, i) => i > at && isSame(row));
  const until = next < 0 ? rows.length : next;
  const meanwhile = rows.slice(at, until).filter(({ writes, old, now }) => writes && old !== now);
  const before = cellsRead(rows.slice(0, at).filter(isSame));
  const after = cellsRead(rows.slice(until).filter(isSame));
  const told = [...new Set(meanwhile.map(({ cell }) => cell))].filter((cell) => before.has(cell) || after.has(cell)).map((cell) => {
    const changes = meanwhile.filter((row) => row.cell === cell);
    const change = `${cell} ${changes[0]!.old} -> ${changes.at(-1)!.now}`;
    return `${change} (${before.has(cell) ? after.has(cell) ? 'read before and after' : 'read before' : 'read after'})`;
  });
  if (told.length === 0) return undefined;
  const place = next < 0 ? `after step ${last.step}` : `between its steps ${last.step} and ${rows[next]!.step}`;
  return `${last.strand} was overtaken ${place}: meanwhile ${listOf(told)}`;
}

function cellsRead(rows: readonly Row[]): Set<string> {
  return new Set(rows.filter(({ reads }) => reads).map(({ cell }) => cell));
}

function listOf(parts: readonly string[]): string {
  return parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`;
}
