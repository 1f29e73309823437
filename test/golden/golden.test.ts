/**
 * What five scenarios come to, written down: a change of behaviour must be a conscious one. When it
 * is, `npm run golden` writes the new digests, and the commit says why they have changed.
 */
import { expect, test } from 'vitest';
import { simulate } from '../../src/sim.ts';
import { fileOf, resolveFile } from '../support/shipped.ts';

const NAMES = ['first-light', 'contention', 'classes', 'forks', 'fault-torn-vtime'];
const LENGTH_NS = 100e6;

test('five scenarios of 100 ms have the digests that are written down', async () => {
  const runs: Record<string, unknown> = {};
  for (const name of NAMES) {
    const { digest, records, reason } = await simulate(resolveFile(fileOf(name), { durationNs: LENGTH_NS }), { judge: false });
    runs[name] = { digest, records, reason };
  }
  await expect(`${JSON.stringify(runs, null, 2)}\n`).toMatchFileSnapshot('digests.json');
});
