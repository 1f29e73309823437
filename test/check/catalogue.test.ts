import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { EVENTS } from '../../shared/events.ts';
import { createOracles, oracleCatalog } from '../../src/check/all-oracles.ts';
import { runFacts } from '../support/event-stream.ts';

describe('the catalogue of oracles', () => {
  it('describes every oracle that judges a run, once', () => {
    const ids = createOracles(runFacts(1, 'gen', [])).map((oracle) => oracle.id);
    expect(oracleCatalog.map((about) => about.id)).toEqual(ids);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('leaves no oracle without a property, a reference and a blind spot', () => {
    for (const { id, says, reference, blindTo } of oracleCatalog) {
      for (const text of [says, reference, blindTo]) expect(text.length, id).toBeGreaterThan(10);
    }
  });

  it('has a row in docs/CHECKING.md for every oracle, in the same order', () => {
    const text = readFileSync(new URL('../../docs/CHECKING.md', import.meta.url), 'utf8');
    const [table] = text.split('"Tripped by"');
    const rows = [...table!.matchAll(/^\| ([A-Z]+-\w+) \|/gm)].map((match) => match[1]);
    expect(rows).toEqual(oracleCatalog.map((about) => about.id));
  });

  it('names only events that exist', () => {
    const names = new Set(EVENTS.map((event) => event.name));
    for (const { id, listens } of oracleCatalog) for (const name of listens) expect(names.has(name), `${id} ${name}`).toBe(true);
  });
});
