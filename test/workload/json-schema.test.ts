import { join } from 'node:path';
import { expect, it } from 'vitest';
import { dynticksJsonSchema } from '../../src/workload/dynticks-block.ts';

const SHIPPED = join(import.meta.dirname, '..', '..', 'docs', 'schema', 'dynticks-block.json');

it('the shipped JSON Schema is current (write it anew: npx vitest run test/workload/json-schema.test.ts -u)', async () => {
  await expect(`${JSON.stringify(dynticksJsonSchema(), null, 2)}\n`).toMatchFileSnapshot(SHIPPED);
});

it('the JSON Schema asks for quantities with their unit and knows no other keys', () => {
  const schema = dynticksJsonSchema() as { additionalProperties: boolean; properties: Record<string, { type: string; pattern: string }> };
  expect(schema.additionalProperties).toBe(false);
  expect(schema.properties['duration']).toMatchObject({ type: 'string', pattern: expect.stringContaining('ms') });
});
