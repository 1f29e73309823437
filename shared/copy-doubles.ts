/** Where the engine's copy has made up for the two objects that it needs: some 60 ns, a loop's 50 doubles. */
const LOOP_BELOW = 64;

/** Copies `count` doubles of `source`, from index `from` on, to `target`, from index `to` on. Short runs allocate nothing. */
export function copyDoubles(source: Float64Array, from: number, target: Float64Array, to: number, count: number): void {
  if (count >= LOOP_BELOW) target.set(source.subarray(from, from + count), to);
  else for (let i = 0; i < count; i++) target[to + i] = source[from + i]!;
}
