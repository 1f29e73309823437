/**
 * How often the faults of CPU time that are races are caught where nobody forces them: runs on threads in `free`, each with a
 * seed of its own, of so many looks each.
 */
import { brokenIn, race } from './race.ts';

/** Each with the scenario in which it has the most chances. */
export const RACY_FAULTS: Readonly<Record<string, string>> = {
  'torn-vtime': 'racing-reads',
  'missing-retry': 'racing-reads',
  'promise-outside': 'racing-reads',
  'own-clock': 'racing-reads',
  'B-01': 'racing-reads',
  'B-10': 'racing-accounts',
  'unmarked-exit': 'racing-exits',
};

export interface RatePlan {
  readonly fault: string;
  readonly runs: number;
  readonly looks: number;
  readonly widenNs: number;
  readonly napsInLooks: boolean;
}

export interface Rate {
  /** Runs in which some oracle was broken. */
  readonly caught: number;
  /** All that the oracles found, by oracle. */
  readonly found: ReadonlyMap<string, number>;
}

export async function rateOf({ fault, runs, ...rest }: RatePlan): Promise<Rate> {
  const found = new Map<string, number>();
  let caught = 0;
  for (let seed = 1; seed <= runs; seed++) {
    const { run } = await race({ scenario: RACY_FAULTS[fault]!, memory: 'wasm', seed, fault, ...rest });
    const broken = brokenIn(run);
    if (broken.length > 0) caught += 1;
    for (const text of broken) {
      const [oracle, violations] = text.split(': ');
      found.set(oracle!, (found.get(oracle!) ?? 0) + Number(violations));
    }
  }
  return { caught, found };
}

/** `B-10             8 of 10 runs of 5,000 looks   V-03 31, R-03 2` */
export function rateText({ fault, runs, looks }: RatePlan, { caught, found }: Rate): string {
  const all = [...found].sort((a, b) => b[1] - a[1]).map(([oracle, violations]) => `${oracle} ${violations.toLocaleString('en')}`);
  const runsText = `${String(caught).padStart(3)} of ${runs} runs of ${looks.toLocaleString('en')} looks`;
  return `${fault.padEnd(16)} ${runsText}   ${all.join(', ')}`.trimEnd();
}
