/** `--trace off|ring:64M|full`: how much of trace.bin is kept. */

export type TraceLimit =
  | { readonly kind: 'off' }
  | { readonly kind: 'full' }
  /** the last `bytes` of the run, to the block */
  | { readonly kind: 'ring'; readonly bytes: number };

const UNITS: Readonly<Record<string, number>> = { k: 2 ** 10, M: 2 ** 20, G: 2 ** 30 };
/** A ring below this holds not one event of each CPU of a large machine. */
const RING_BYTES_MIN = 64 * 2 ** 10;
/** The ring is kept in memory. */
const RING_BYTES_MAX = 2 * 2 ** 30;

type Refuse = (wrong: { readonly found: string; readonly expected: string }) => Error;

/** @throws what `refuse` makes of it */
export function parseTraceLimit(text: string, refuse: Refuse): TraceLimit {
  if (text === 'off' || text === 'full') return { kind: text };
  const match = /^ring:(\d+)([kMG])$/.exec(text);
  if (match === null) throw refuse({ found: `"${text}"`, expected: '"off", "full" or "ring:" and a size, such as "ring:64M"' });
  const bytes = Number(match[1]) * UNITS[match[2]!]!;
  if (bytes < RING_BYTES_MIN || bytes > RING_BYTES_MAX) {
    throw refuse({ found: `"${text}"`, expected: 'a ring of 64k to 2G' });
  }
  return { kind: 'ring', bytes };
}

/** As it was written, in one spelling. */
export function traceLimitText(limit: TraceLimit): string {
  return limit.kind === 'ring' ? `ring:${limit.bytes / UNITS.k!}k` : limit.kind;
}
