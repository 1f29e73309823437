import { describe, expect, it } from 'vitest';
import { Event } from '../../shared/events.ts';
import { createOracles, oracleCatalog } from '../../src/check/all-oracles.ts';
import { Judge } from '../../src/check/judge.ts';
import type { Oracle, Verdict } from '../../src/check/oracle.ts';
import { EventStream, runFacts } from '../support/event-stream.ts';

function recorder(id: string, listens: Oracle['listens']): Oracle & { readonly heard: number[] } {
  const heard: number[] = [];
  return {
    id, listens, heard, says: '', reference: '', blindTo: '',
    onEvent: (event) => void heard.push(event),
    finish: (end): Verdict => ({ verdict: 'held', checked: end }),
  };
}

describe('the judge', () => {
  it('hands each event to those that asked for it, and to no other', () => {
    const ticks = recorder('T', ['tick']);
    const both = recorder('B', ['tick', 'context']);
    const judge = new EventStream().add('tick', 0, 1).add('context', 0, 2).add('event', 0, 3).feed(new Judge([ticks, both]));
    expect(ticks.heard).toEqual([Event.tick]);
    expect(both.heard).toEqual([Event.tick, Event.context]);
    expect(judge.finish(7)).toEqual([
      { oracle: ticks, verdict: { verdict: 'held', checked: 7 } },
      { oracle: both, verdict: { verdict: 'held', checked: 7 } },
    ]);
  });

  it('says "not exercised" of every oracle when nothing happened', () => {
    const judge = new Judge(createOracles(runFacts(2, 'gen', ['thread0-0'])));
    expect(judge.finish(1000).map(({ verdict }) => verdict.verdict)).toEqual(oracleCatalog.map(() => 'not exercised'));
  });

  it('shows only the first violation of many, and counts them all', () => {
    const stream = new EventStream();
    for (let i = 0; i < 5; i++) stream.add('tick_do_timer_cpu', 0, i, { owner: 90 + i });
    const judged = stream.feed(new Judge(createOracles(runFacts(1, 'tick', [])))).finish(10);
    const duty = judged.find(({ oracle }) => oracle.id === 'J-03')!.verdict;
    expect(duty).toMatchObject({ verdict: 'broken', checked: 5, violations: 5, witness: { events: [{ t: 0, fields: { owner: 90 } }] } });
  });
});
