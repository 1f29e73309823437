/** The known word nearest to an unknown one, or null when none is near enough to be meant. */
export function didYouMean(word: string, known: Iterable<string>): string | null {
  let best: string | null = null;
  let least = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < least) {
      least = distance;
      best = candidate;
    }
  }
  return best;
}

/** Insertions, deletions, replacements and swaps of neighbours between two words. */
function editDistance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) row.push(cheapest(a, b, i, j, rows, row));
    rows.push(row);
  }
  return rows[a.length]![b.length]!;
}

function cheapest(a: string, b: string, i: number, j: number, rows: number[][], row: number[]): number {
  const above = rows[i - 1]!;
  const replace = above[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
  const best = Math.min(replace, above[j]! + 1, row[j - 1]! + 1);
  const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
  return swapped ? Math.min(best, rows[i - 2]![j - 2]! + 1) : best;
}

/** The sentence for a message: ` Did you mean "run"?`, or nothing. */
export function meantHint(word: string, known: Iterable<string>): string | undefined {
  const meant = didYouMean(word, known);
  return meant === null ? undefined : `Did you mean "${meant}"?`;
}
