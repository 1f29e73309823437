import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BadInput } from '../../../src/workload/bad-input.ts';
import { lastEntry, nodeAt, plainOf, type JsonNode, type ObjectNode } from '../../../src/workload/rtapp/document.ts';
import { parseDocument } from '../../../src/workload/rtapp/parse-document.ts';
import { readFixture } from '../../support/rtapp-files.ts';

const parse = (text: string): JsonNode => parseDocument('f.json', text);
const plain = (text: string): unknown => plainOf(parse(text));
const keysOf = (node: JsonNode): string[] => (node as ObjectNode).entries.map((entry) => entry.key);

describe('strict JSON', () => {
  it('is read as JSON.parse reads it', () => {
    fc.assert(fc.property(fc.jsonValue({ noUnicodeString: false }), fc.constantFrom(0, 1, '\t'), (value, indent) => {
      const text = JSON.stringify(value, null, indent);
      expect(plain(text)).toEqual(JSON.parse(text));
    }));
  });

  it('knows every escape', () => {
    const text = String.raw`"a\"\\\/\b\f\n\r\té😀"`;
    expect(plain(text)).toBe(JSON.parse(text));
  });

  it('takes __proto__ for a key like any other', () => {
    expect(Object.keys(plain('{"__proto__": 1}') as object)).toEqual(['__proto__']);
  });

  it('points at each key and value by line and column', () => {
    const root = parse('{\n  "a": [\n    10,\n\t"x" ]\n}') as ObjectNode;
    expect(root.entries[0]!.at).toEqual({ line: 2, column: 3 });
    expect(nodeAt(root, ['a']).at).toEqual({ line: 2, column: 8 });
    expect(nodeAt(root, ['a', 0]).at).toEqual({ line: 3, column: 5 });
    expect(nodeAt(root, ['a', 1]).at).toEqual({ line: 4, column: 2 });
  });

  it('with any text cut off somewhere is refused or read, never something else', () => {
    const text = readFixture('every-event.json');
    fc.assert(fc.property(fc.nat(text.length), (length) => {
      try {
        parse(text.slice(0, length));
      } catch (error) {
        expect(error).toBeInstanceOf(BadInput);
      }
    }));
  });
});

describe('the dialect of rt-app files', () => {
  it('has comments of both kinds anywhere between words', () => {
    const root = plain(readFixture('comments.json')) as { tasks: { worker: unknown } };
    expect(root.tasks.worker).toEqual({ loop: 3, run: 2000, sleep: 500 });
  });

  it('keeps what looks like a comment inside a string', () => {
    expect(plain('{"a": "http://x /* no */"}')).toEqual({ a: 'http://x /* no */' });
  });

  it('has trailing commas in objects and arrays', () => {
    expect(plain('{"a": [1, 2,], }')).toEqual({ a: [1, 2] });
  });

  it('keeps repeated keys in file order, each with its value', () => {
    const root = parse('{"run": 1, "sleep": 2, "run": 3}') as ObjectNode;
    expect(keysOf(root)).toEqual(['run', 'sleep', 'run']);
    expect(root.entries.map(({ value }) => plainOf(value))).toEqual([1, 2, 3]);
    expect(lastEntry(root, 'run')).toBe(root.entries[2]);
  });

  it('has keys without a value, before a comma and before the end', () => {
    const root = parse('{"suspend", "run": 1, "yield"}') as ObjectNode;
    expect(root.entries.map(({ value }) => value.kind)).toEqual(['absent', 'number', 'absent']);
  });

  it('has strings in single quotes, words in any case, leading zeros and a byte order mark', () => {
    expect(plain("\ufeff{'a': True, 'b': NULL, 'c': 007}")).toEqual({ a: true, b: null, c: 7 });
  });

  it('stays quick on a deep or a long text', () => {
    expect(() => parse('['.repeat(100_000))).toThrow(/levels of brackets/);
    expect((plain(`[${'1,'.repeat(50_000)}]`) as unknown[]).length).toBe(50_000);
  });
});

describe('what is not JSON', () => {
  it.each([
    ['', 1, 1, 'an empty file'],
    ['  \n // only a comment', 2, 19, 'an empty file'],
    ['hello', 1, 1, 'the word hello'],
    ['{"a": 1', 1, 8, 'the end of the file'],
    ['{"a" 1}', 1, 6, '1'],
    ['{a: 1}', 1, 2, 'a'],
    ['{"a": 1 "b": 2}', 1, 9, 'the string "b"'],
    ['{"a": 1}\n}', 2, 1, '}'],
    ['[1 2]', 1, 4, '2'],
    ['{"a": #}', 1, 7, 'the character "#"'],
    ['"abc', 1, 1, 'a string that does not end'],
    ['"a\nb"', 1, 1, 'a string that does not end'],
    ['"\\q"', 1, 2, 'the escape \\q'],
    ['{} /* open', 1, 4, 'a comment that does not end'],
  ])('%j is refused at %i:%i', (text, line, column, found) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ file: 'f.json', line, column, found }));
  });
});
