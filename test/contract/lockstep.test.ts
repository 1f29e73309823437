/**
 * Lockstep gives the bytes of the inline engine: every record, trace.bin, figures, verdicts, all that a
 * run leaves. `npm run lockstep` says it of whole scenarios on every number of CPUs; here they are short.
 */
import { describe, expect, test } from 'vitest';
import { differencesOf, measureInline } from '../../scripts/lockstep/compare.ts';
import { cutShort } from '../../scripts/lockstep/cut-short.ts';
import { NATIVE } from '../support/each-memory.ts';
import { closePoolsAfterwards, lockstep } from '../support/engines.ts';
import type { RtAppFile } from '../support/rtapp-files.ts';
import { faultFree, fileOf, resolveFile, SHORT_NS, shipped } from '../support/shipped.ts';
import type { Overrides } from '../../src/workload/resolve.ts';

/** Events to be put in order, at most: enough for all but the readers that never rest. */
const ORDERED_MAX = 2_500;
/** Longest pause of a thread between two events, in ns of host time. */
const PAUSE_NS = 20_000;

closePoolsAfterwards();

async function differences(file: RtAppFile, overrides: Overrides, memory: (typeof NATIVE)[number], jitterNs: number): Promise<string[]> {
  const { scenario } = cutShort(resolveFile(file, overrides), ORDERED_MAX);
  return differencesOf(await measureInline(scenario), lockstep(memory), { jitterNs });
}

// scenarios with one number of CPUs after each other: their threads stay warm
const bySize = [...shipped].sort((a, b) => resolveFile(a).cpus - resolveFile(b).cpus || a.name.localeCompare(b.name));

describe.each(bySize.map((file, i) => ({ name: file.name, file, i })))('lockstep of $name', ({ file, i }) => {
  const [one, other] = i % 2 === 0 ? NATIVE : [NATIVE[1], NATIVE[0]];
  // a fault changes what a machine decides, not how its threads take turns: one comparison each, of either kind by turns
  const kind = faultFree.includes(file) ? 'both' : i % 4 < 2 ? 'plain' : 'paused';

  if (kind !== 'paused') {
    test(`equals inline over ${one}`, async () => {
      expect(await differences(file, {}, one, 0)).toEqual([]);
    });
  }
  if (kind !== 'plain') {
    test(`equals inline over ${other}, ties shuffled, with pauses of the host between events`, async () => {
      expect(await differences(file, { ties: 'shuffled', seed: i, cputime: 'gen' }, other, PAUSE_NS)).toEqual([]);
    });
  }
});

describe.each(NATIVE)('lockstep over %s', (memory) => {
  test.each([
    { cpus: 1 }, { cpus: 2, cmdline: 'skew_tick=1 nohz_full=1' }, { cpus: 2, cmdline: 'highres=off' },
    { cpus: 2, cmdline: 'clocksource=jiffies' }, { cpus: 1, cmdline: 'nolapic_timer' }, { cpus: 2, hz: 1000 },
    { cpus: 8, durationNs: SHORT_NS / 2 },
  ])('equals inline on a machine of another make: %o', async (overrides) => {
    expect(await differences(fileOf('contention'), overrides, memory, 0)).toEqual([]);
  });

  test('ends where inline ends when nothing ends it but its tasks', async () => {
    const over = '"t": {"loop": 2, "run": 9000, "sleep": 500}';
    const stuck = '"t": {"lock": "m", "wait": {"ref": "c", "mutex": "m"}}, "u": {"loop": 1, "run": 3000}';
    for (const text of [over, stuck]) {
      const file = { name: 'ends.json', path: '', text: `{"tasks": {${text}}, "dynticks": {"cpus": 2}}` };
      const scenario = { ...resolveFile(file), durationNs: null };
      expect(await differencesOf(await measureInline(scenario), lockstep(memory))).toEqual([]);
    }
  });
});
