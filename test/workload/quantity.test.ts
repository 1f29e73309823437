import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BadQuantity, parseFrequency, parseTime } from '../../src/workload/quantity.ts';

describe('a time', () => {
  it.each([
    ['5s', 5_000_000_000], ['1.5ms', 1_500_000], ['200us', 200_000], ['200µs', 200_000], ['10ns', 10], ['0s', 0],
    ['0.000000001s', 1], ['1.50ms', 1_500_000], [' 1s ', 1_000_000_000], ['9007199254740991ns', 2 ** 53 - 1],
  ])('%s is %i ns', (text, ns) => expect(parseTime(text)).toBe(ns));

  it.each([
    '5', '', 's', '-1s', '1.5ns', '1,5s', '1 hour', '5S', '1e3s', '9007199254740992ns', '105d', '10000000s',
    'constructors', '5constructor',
  ])(
    '%j is refused', (text) => expect(() => parseTime(text)).toThrow(BadQuantity),
  );

  it('says when only the unit is missing', () => {
    expect(() => parseTime('5')).toThrow('found "5", a number without a unit');
  });

  it('is exact: seconds and nanoseconds agree for every ns', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 2 ** 53 - 1 }), (ns) => {
      const seconds = `${Math.floor(ns / 1e9)}.${String(ns % 1e9).padStart(9, '0')}s`;
      expect(parseTime(seconds)).toBe(ns);
      expect(parseTime(`${ns}ns`)).toBe(ns);
    }));
  });
});

describe('a frequency', () => {
  it('takes its unit', () => {
    expect(parseFrequency('2.4GHz')).toBe(2_400_000_000);
    expect(parseFrequency('62.5MHz')).toBe(62_500_000);
    expect(() => parseFrequency('2.4')).toThrow(BadQuantity);
    expect(() => parseFrequency('5s')).toThrow(BadQuantity);
  });
});
