import { describe, expect, it } from 'vitest';
import { SeqcountVersions } from '../../../src/check/oracles/seqcount-versions.ts';
import { EventStream, IPI_DELAY, racingFacts, runFacts } from '../../support/event-stream.ts';
import { judgeStream, witnessOf } from '../../support/verdicts.ts';

const facts = runFacts(2, 'gen', ['thread0-0', 'reader-0']);
const judge = (stream: EventStream) => judgeStream(SeqcountVersions, facts, stream);
const versions = (...of: number[]) => {
  const stream = new EventStream();
  of.forEach((version) => stream.add('jiffies_update', 0, 100 * version, { version }));
  return stream;
};
/** Updates by two CPUs that race, each [cpu, start of its event, version, its own time]. */
const racing = (...updates: [number, number, number, number][]) => {
  const stream = new EventStream();
  for (const [cpu, time, version, t] of updates) stream.add('event', cpu, time, { time }).add('jiffies_update', cpu, t, { version });
  return judgeStream(SeqcountVersions, racingFacts(facts, 100_000), stream);
};

describe('G-01, versions of sequences', () => {
  it('holds when each section moves its sequence by one version', () => {
    const stream = versions(4, 6, 8).add('vtime_publish', 0, 300, { task: 2, k: 1 }).add('vtime_publish', 0, 400, { task: 2, k: 2 });
    stream.add('timekeeping_update', 1, 500, { version: 2 }).add('task_cputime', 1, 500, { by: 3, task: 2, k0: 2, k: 2, k1: 2 });
    expect(judge(stream)).toEqual({ verdict: 'held', checked: 7 });
  });

  it('is not exercised by a run without sections', () => {
    expect(judge(new EventStream())).toEqual({ verdict: 'not exercised' });
  });

  it('takes versions in their own order where the stream has them otherwise', () => {
    expect(judge(versions(4, 8, 10, 6, 12))).toEqual({ verdict: 'held', checked: 5 });
  });

  it('finds a version that never comes', () => {
    const witness = witnessOf(judge(versions(4, 6, 10, 12)));
    expect(witness.says).toBe('jiffies_seq went from 6 to 10; exactly 8 may follow');
    expect(witness.events.map((event) => event.fields.version)).toEqual([6, 10]);
  });

  it('finds a version that comes twice', () => {
    expect(witnessOf(judge(versions(4, 6, 6))).says).toBe('jiffies_seq went from 6 to 6; exactly 8 may follow');
  });

  it('finds a version that is older than the one before it: a lock that hands no time on', () => {
    const stream = new EventStream().add('jiffies_update', 0, 500, { version: 4 }).add('jiffies_update', 1, 499, { version: 6 });
    expect(witnessOf(judge(stream)).says).toBe('jiffies_seq went from 4 to 6 at 499 ns, but to 4 only at 500 ns: its lock hands time on');
    const record = new EventStream().add('vtime_publish', 0, 300, { task: 2, k: 1 }).add('vtime_publish', 1, 299, { task: 2, k: 2 });
    expect(witnessOf(judge(record)).says)
      .toBe("version 2 of thread0-0's vtime is published at 299 ns, before the version before it, at 300 ns");
  });

  it('lets events that race take effect in the other order, up to a message’s way apart', () => {
    expect(racing([0, 1_000, 4, 1_000], [0, 2_000, 8, 2_700], [1, 2_000 + IPI_DELAY, 6, 2_600]).verdict).toBe('held');
    const witness = witnessOf(racing([0, 1_000, 4, 1_000], [0, 2_000, 8, 2_700], [1, 2_001 + IPI_DELAY, 6, 2_600]));
    expect(witness.says).toBe('jiffies_seq went from 6 to 8 in an event that began at 2000 ns, after one that began at 2501 ns: so far ' +
      'apart (a message takes 500 ns) events take effect in the order of time');
    expect(witness.events.map(({ fields }) => fields.version)).toEqual([6, 8]);
  });

  it('finds a sequence left odd', () => {
    const stream = new EventStream().add('timekeeping_update', 0, 10, { version: 3 });
    expect(witnessOf(judge(stream)).says).toBe('tk_core.seq is odd (3) after a write section: a reader would wait for ever');
  });

  it('finds a vtime record that skips a version, and shows both publications', () => {
    const stream = new EventStream().add('vtime_publish', 0, 300, { task: 2, k: 1 }).add('vtime_publish', 0, 400, { task: 2, k: 3 });
    const witness = witnessOf(judge(stream));
    expect(witness.says).toBe('vtime of thread0-0 went from version 1 to 3 in one write section; exactly 2 may follow');
    expect(witness.events).toHaveLength(2);
    expect(witness.events[1]).toMatchObject({ cpu: 0, t: 400, event: 'vtime_publish', fields: { task: 2, k: 3 } });
  });

  it('finds a section that closed in the middle of a version', () => {
    const stream = new EventStream().add('vtime_publish', 0, 300, { task: 2, k: 0.5 });
    expect(witnessOf(judge(stream)).says).toContain('from version 0 to 0.5');
  });

  it('finds a reader that accepts a version outside its bracket', () => {
    const stream = new EventStream().add('vtime_publish', 0, 300, { task: 2, k: 1 })
      .add('task_cputime', 1, 500, { by: 3, task: 2, k0: 2, k: 1, k1: 2 });
    expect(witnessOf(judge(stream)).says).toBe("reader-0 accepted version 1 of thread0-0's vtime outside its bracket 2 .. 2");
  });
});
