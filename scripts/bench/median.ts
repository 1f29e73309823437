/** Figures of several rounds in one line. */

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}

/** `23.1 (20.4 to 30.0) ms` */
export function spread(values: readonly number[], unit: string): string {
  const text = (value: number): string => value.toFixed(value < 100 ? 1 : 0);
  return `${text(median(values))} (${text(Math.min(...values))} to ${text(Math.max(...values))}) ${unit}`;
}
