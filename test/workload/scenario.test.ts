/** A scenario as a thread gets it: posted, which leaves nothing but data. */
import { describe, expect, it } from 'vitest';
import { simulate } from '../../src/sim.ts';
import { resolveFile, shipped } from '../support/shipped.ts';

describe.each(shipped)('$name', (file) => {
  const scenario = resolveFile(file);

  it('is plain data: a copy of it is equal, prototypes included', () => {
    expect(structuredClone(scenario)).toStrictEqual(scenario);
  });

  it('runs to one digest, posted or not', async () => {
    const [here, there] = [await simulate(scenario, { judge: false }), await simulate(structuredClone(scenario), { judge: false })];
    expect([there.digest, there.records]).toEqual([here.digest, here.records]);
    expect(here.records).toBeGreaterThan(200);
  });
});
