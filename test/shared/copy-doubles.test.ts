import fc from 'fast-check';
import { expect, test } from 'vitest';
import { copyDoubles } from '../../shared/copy-doubles.ts';

test('copies as many doubles as asked, short runs and long ones, and touches no other', () => {
  const span = fc.record({ from: fc.nat(300), to: fc.nat(300), count: fc.nat(200) });
  fc.assert(fc.property(span, ({ from, to, count }) => {
    const source = Float64Array.from({ length: 500 }, (_, i) => i + 0.5);
    const target = new Float64Array(500);
    copyDoubles(source, from, target, to, count);
    const twin = Array.from(target, (_, i) => (i >= to && i < to + count ? from + (i - to) + 0.5 : 0));
    expect([...target]).toEqual(twin);
  }));
});
