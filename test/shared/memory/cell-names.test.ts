import { expect, test } from 'vitest';
import { CellNames } from '../../../shared/memory/cell-names.ts';
import { MemoryMap } from '../../../shared/memory/memory-map.ts';
import { LINE_BYTES, long, struct, word, words } from '../../../shared/memory/struct.ts';

const Odd = struct('odd', { first: word(''), wide: long(''), many: words(3, '') }, { writer: 'any cpu' });
const Last = struct('last', { only: word('') }, { writer: 'any cpu' });
const map = new MemoryMap();
const odd = map.place(Odd, 2);
const last = map.place(Last, 1);
const names = new CellNames(map);
const at = (byte: number): string => {
  const found = names.at(byte >> 2);
  return found === undefined ? 'none' : `${found.struct}[${found.index}].${found.field}`;
};

test('each cell of a record has the name of its field, both halves of a long and all cells of an array', () => {
  const second = odd + Odd.bytes;
  expect([0, 4, 8, 12, 16, 20, 24, 28].map((offset) => at(second + offset))).toEqual([
    'odd[1].first', 'odd[1].padding', 'odd[1].wide', 'odd[1].wide', 'odd[1].many', 'odd[1].many', 'odd[1].many', 'odd[1].padding',
  ]);
  expect([at(odd), at(last)]).toEqual(['odd[0].first', 'last[0].only']);
});

test('before the first record and behind the last one nothing lies', () => {
  expect([at(0), at(odd - 4), at(last + Last.bytes), at(last + Last.bytes - 4)]).toEqual(['none', 'none', 'none', 'last[0].padding']);
  expect(odd).toBe(LINE_BYTES);
});

test('the same cell has the same name when it is asked for again', () => {
  expect(names.at(odd >> 2)).toBe(names.at(odd >> 2));
});
