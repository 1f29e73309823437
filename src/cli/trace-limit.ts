/** `--trace off|ring:64M|full`: how much of trace.bin is kept. */

export type TraceLimit =
  | { readonly kind: 'off' }
  | { readonly kind: 'full' }
  /** the last `bytes` of the run, to the block */
  | { readonly kind: 'ring'; readonly bytes: number };

/** Largest first. Either case is read. */
const UNITS = [['G', 2 ** 30], ['M', 2 ** 20], ['k', 2 ** 10]] as const;
/** A ring below this holds not one event of each CPU of a large machine. */
const RING_BYTES_MIN = 64 * 2 ** 10;
/** The ring is kept in memory. */
const RING_BYTES_MAX = 2 * 2 ** 30;

type Refuse = (wrong: { readonly found: string; readonly expected: string }) => Error;

/** @throws what `refuse` makes of it */
export function parseTraceLimit(text: string, refuse: Refuse): TraceLimit {
  if (text === 'off' || text === 'full') return { kind: text };
  const match = /^ring:(\d+)([kmg])$/i.exec(text);
  if (match === null) throw refuse({ found: `"${text}"`, expected: '"off", "full" or "ring:" and a size, such as "ring:64M"' });
  const bytes = Number(match[1]) * unitBytes(match[2]!);
  if (bytes < RING_BYTES_MIN || bytes > RING_BYTES_MAX) {
    throw refuse({ found: `"${text}"`, expected: 'a ring of 64k to 2G' });
  }
  return { kind: 'ring', bytes };
}

const unitBytes = (letter: string): number => UNITS.find(([unit]) => unit.toLowerCase() === letter.toLowerCase())![1];

/** In one spelling, whatever the case and unit that were given: in the largest unit of which it is a whole number. */
export function traceLimitText(limit: TraceLimit): string {
  if (limit.kind !== 'ring') return limit.kind;
  const [unit, bytes] = UNITS.find((known) => limit.bytes % known[1] === 0)!;
  return `ring:${limit.bytes / bytes}${unit}`;
}
