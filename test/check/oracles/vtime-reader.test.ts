import { describe, expect, it } from 'vitest';
import { Event } from '../../../shared/events.ts';
import { VtimeState } from '../../../shared/structs/task.ts';
import { KTIME_MAX } from '../../../shared/units.ts';
import { VtimeReader } from '../../../src/check/oracles/vtime-reader.ts';
import { EventStream, racingFacts, runFacts, TICK } from '../../support/event-stream.ts';
import { judgeStream, witnessOf } from '../../support/verdicts.ts';

const facts = runFacts(2, 'gen', ['writer-0', 'reader-0']);
const T = 2;
const READER = 3;
const LINUX = 0;
const COMPLETE = 1;
const judge = (stream: EventStream) => judgeStream(VtimeReader, facts, stream);

/** Versions: 1 in the kernel from 100 on; 2 in user mode from 130 on with 30 ns of system time pending. */
const writer = () =>
  new EventStream()
    .add('vtime_publish', 1, 100, { task: T, k: 1, state: VtimeState.Sys, cpu: 1, starttime: 100, utime: 1000, vtime_utime: 7 })
    .add('vtime_publish', 1, 130, {
      task: T, k: 2, state: VtimeState.User, cpu: 1, starttime: 130, utime: 1000, vtime_utime: 7, vtime_stime: 30,
    });
/** Version 3: in the kernel again from 170 on. */
const third = { task: T, k: 3, state: VtimeState.Sys, cpu: 1, starttime: 170, utime: 1000, vtime_utime: 47, vtime_stime: 30 };

const onThread = (p: number) => ({ p0: p, p, p1: p, p0_cpu: 1, p1_cpu: 1 });
/** A right read of version 2 at 150, changed as the test likes. */
const read2 = (change: Record<string, number> = {}) => ({
  by: READER, task: T, reader: LINUX, t: 150, k0: 2, k: 2, k1: 2, ...onThread(KTIME_MAX),
  state: VtimeState.User, starttime: 130, raw_utime: 1000, raw_stime: 0, vtime_utime: 7, vtime_stime: 30, utime: 1027, stime: 0, ...change,
});
const readOnce = (change: Record<string, number>) => judge(writer().add('task_cputime', 0, 150, read2(change)));

describe('V-02, legal remote read, the reader’s side', () => {
  it('holds for both readers, each by its own rule', () => {
    expect(readOnce({})).toEqual({ verdict: 'held', checked: 1 });
    expect(readOnce({ reader: COMPLETE, utime: 1027, stime: 30 }).verdict).toBe('held');
  });

  it('is not exercised without a read', () => {
    expect(judge(writer())).toEqual({ verdict: 'not exercised' });
  });

  it('evaluates no earlier than the version’s own instant when the writer is ahead', () => {
    expect(readOnce({ t: 120, utime: 1007 }).verdict).toBe('held');
  });

  it('knows version 0, the record that the machine booted with', () => {
    const tick = runFacts(2, 'tick', ['writer-0', 'reader-0']);
    const read = { by: READER, task: T, t: 50, ...onThread(KTIME_MAX), state: VtimeState.Inactive, raw_utime: 3 * TICK, utime: 3 * TICK };
    expect(judgeStream(VtimeReader, tick, new EventStream().add('task_cputime', 0, 50, read)).verdict).toBe('held');
    const wrong = new EventStream().add('task_cputime', 0, 50, { ...read, utime: 3 * TICK + 1 });
    expect(witnessOf(judgeStream(VtimeReader, tick, wrong)).says)
      .toContain(`made utime ${3 * TICK + 1} of version 0, which is worth ${3 * TICK}`);
  });

  it('lets a sleeping task gain whole ticks of a sampling CPU, and nothing else', () => {
    const slept = () => writer().add('vtime_publish', 1, 180, {
      task: T, k: 3, state: VtimeState.Inactive, cpu: -1, starttime: 180, utime: 1000, vtime_utime: 47, vtime_stime: 40,
    });
    const read = (raw: number) => slept().add('task_cputime', 0, 190, read2({
      t: 190, k0: 3, k: 3, k1: 3, state: VtimeState.Inactive, starttime: 180, raw_utime: raw,
      vtime_utime: 47, vtime_stime: 40, utime: raw, stime: 0,
    }));
    expect(judge(read(1000)).verdict).toBe('held');
    expect(judge(read(1000 + 2 * TICK)).verdict).toBe('held');
    expect(witnessOf(judge(read(1001))).says).toContain('accepted utime 1001 where the version it names has 1000');
    expect(witnessOf(judge(read(999))).says).toContain('a torn or stale tuple');
  });

  it('waits for a version that the stream shows later', () => {
    const read = read2({ t: 165, k0: 2, k: 3, k1: 3, state: VtimeState.Sys, starttime: 170, vtime_utime: 47, utime: 1000, stime: 30 });
    expect(judge(writer().add('task_cputime', 0, 165, read).add('vtime_publish', 1, 170, third)).verdict).toBe('held');
    const neverCame = witnessOf(judge(writer().add('task_cputime', 0, 165, read)));
    expect(neverCame.says)
      .toBe('reader-0 (linux reader), reading writer-0 at 165 ns, accepted version 3, which nobody has published (the newest is 2)');
  });

  it('finds B-01: the clock moved outside the section, the time it measured in no accumulator', () => {
    const witness = witnessOf(readOnce({ starttime: 148, utime: 1009 }));
    expect(witness.says)
      .toBe('reader-0 (linux reader), reading writer-0 at 150 ns, accepted starttime 148 where the version it names has 130: a torn or ' +
        'stale tuple');
    expect(witness.events.map((event) => event.event)).toEqual(['vtime_publish', 'task_cputime']);
    expect(witness.events[0]!.fields).toMatchObject({ k: 2, starttime: 130 });
  });

  it.each([
    ['state', { state: VtimeState.Sys }],
    ['vtime_utime', { vtime_utime: 6 }],
    ['vtime_stime', { vtime_stime: 29 }],
    ['vtime_gtime', { vtime_gtime: 1 }],
    ['utime', { raw_utime: 1001 }],
    ['stime', { raw_stime: TICK }],
  ])('finds a tuple whose %s is of another version', (field, change) => {
    expect(witnessOf(readOnce(change)).says).toContain(`accepted ${field} `);
  });

  it('finds a value that the tuple is not worth', () => {
    expect(witnessOf(readOnce({ utime: 1028 })).says).toContain('made utime 1028 of version 2, which is worth 1027 at 150 ns');
    expect(witnessOf(readOnce({ reader: COMPLETE })).says)
      .toContain('(complete reader), reading writer-0 at 150 ns, made stime 0 of version 2, which is worth 30');
  });

  it('finds a version outside its bracket', () => {
    expect(witnessOf(readOnce({ k0: 1, k1: 1 })).says).toContain('accepted version 2 outside its bracket 1 .. 1');
  });

  it('finds a missing retry: the version had a successor before the instant it was used for', () => {
    const stream = writer().add('vtime_publish', 1, 170, third).add('task_cputime', 0, 200, read2({ t: 200, k1: 3, utime: 1077 }));
    expect(witnessOf(judge(stream)).says).toContain('took version 2 for the truth at 200 ns, but version 3 holds from 170 ns');
    const legal = writer().add('vtime_publish', 1, 170, third).add('task_cputime', 0, 160, read2({ t: 160, k1: 3, utime: 1037 }));
    expect(judge(legal).verdict).toBe('held');
  });

  it('finds a successor that comes later in the stream but is older than the instant', () => {
    const stream = writer().add('task_cputime', 0, 200, read2({ t: 200, utime: 1077 })).add('vtime_publish', 1, 170, third);
    const witness = witnessOf(judge(stream));
    expect(witness.says)
      .toBe('reader-0 (linux reader), reading writer-0 at 200 ns, took version 2 for the truth at 200 ns, but version 3 holds from 170 ns');
    expect(witness.events.map((event) => event.event)).toEqual(['task_cputime', 'vtime_publish']);
  });

  it('bounds the instant by the promises of the bracket', () => {
    expect(readOnce({ p0: 140, p: 145, p1: 160, utime: 1022 }).verdict).toBe('held');
    expect(witnessOf(readOnce({ p0: 140, p: 139, p1: 160, utime: 1016 })).says)
      .toContain('looked at 139 ns, before its bracket began at 140 ns');
    expect(witnessOf(readOnce({ p0: 140, p: 145, p1: 144, utime: 1022 })).says)
      .toContain('looked at 145 ns, beyond the promise 144 ns that ended its bracket');
  });

  /** The task has come from CPU 0 to CPU 1, where the read accepts version 3 at 140; whose the bracket's promises are is the test's. */
  const moved = (bracket: { p0: number; p0_cpu: number; p1: number; p1_cpu: number }) => judge(new EventStream()
    .add('vtime_publish', 0, 90, { task: T, k: 1, state: VtimeState.Sys, cpu: 0, starttime: 90 })
    .add('vtime_publish', 0, 100, { task: T, k: 2, state: VtimeState.Inactive, cpu: -1, starttime: 100, vtime_stime: 10 })
    .add('vtime_publish', 1, 130, { task: T, k: 3, state: VtimeState.Sys, cpu: 1, starttime: 130, vtime_stime: 10 })
    .add('task_cputime', 0, 150, {
      by: READER, task: T, t: 150, k0: 1, k: 3, p: 140, k1: 3,
      state: VtimeState.Sys, starttime: 130, vtime_stime: 10, stime: 20, ...bracket,
    }));

  it('is bound only by promises of the CPU that published the version', () => {
    expect(moved({ p0: 150, p0_cpu: 0, p1: 140, p1_cpu: 1 }).verdict).toBe('held');
    expect(moved({ p0: KTIME_MAX, p0_cpu: -1, p1: 140, p1_cpu: 1 }).verdict).toBe('held');
    expect(moved({ p0: 130, p0_cpu: 1, p1: 120, p1_cpu: 0 }).verdict).toBe('held');
    expect(witnessOf(moved({ p0: 150, p0_cpu: 1, p1: 140, p1_cpu: 1 })).says)
      .toContain('looked at 140 ns, before its bracket began at 150 ns');
    expect(witnessOf(moved({ p0: 150, p0_cpu: 0, p1: 139, p1_cpu: 1 })).says).toContain('looked at 140 ns, beyond the promise 139 ns');
  });

  it('refuses a version that no reader can have found any more', () => {
    const stream = new EventStream();
    for (let k = 1; k <= 6; k++) stream.add('vtime_publish', 1, 100 * k, { task: T, k, state: VtimeState.Sys, cpu: 1, starttime: 100 * k });
    stream.add('task_cputime', 0, 210, read2({ t: 210, k0: 2, k: 2, k1: 6 }));
    const verdict = stream.feed(new VtimeReader(facts, 4)).finish();
    expect(witnessOf(verdict).says)
      .toContain('accepted version 2, which was no longer in memory, however far apart CPUs may be (the newest is 6)');
    expect(verdict).toMatchObject({ checked: 0, violations: 1 });
  });

  it('keeps all versions for a while after a cut: the reader’s clock may be far ahead of the CPU that was cut', () => {
    const stream = writer().add('cut', 1, 130);
    for (let k = 3; k <= 300; k++) {
      stream.add('vtime_publish', 1, 100 * k, { task: T, k, state: VtimeState.Sys, cpu: 1, starttime: 100 * k });
    }
    stream.add('task_cputime', 0, 30_100, read2({ t: 30_100, k1: 300, p0: 140, p: 140, p1: 140, utime: 1017 }));
    expect(judge(stream)).toEqual({ verdict: 'held', checked: 1 });
  });

  describe('where CPUs race', () => {
    const SKEW = 10_000;
    /** Version k at 100 k, in an event that begins then; in the kernel since. */
    const publish = (stream: EventStream, k: number) => stream.add('event', 1, 100 * k, { time: 100 * k })
      .add('vtime_publish', 1, 100 * k, { task: T, k, state: VtimeState.Sys, cpu: 1, starttime: 100 * k });
    /** A look at version k at `t`, with the promise that CPU 1 has not begun what made version k + 1. */
    const look = (stream: EventStream, k: number, t: number, change: Record<string, number> = {}) => {
      const p = 100 * (k + 1);
      return stream.add('event', 0, t, { time: t }).add('task_cputime', 0, t, {
        by: READER, task: T, reader: COMPLETE, t, k0: k, k, k1: k, ...onThread(p),
        state: VtimeState.Sys, starttime: 100 * k, stime: Math.max(0, Math.min(t, p) - 100 * k), ...change,
      });
    };
    const race = (stream: EventStream) => stream.feed(new VtimeReader(racingFacts(facts, SKEW), 2)).finish();

    it('judges reads that come up to the skew after the successor of what they found, whatever the ring was made for', () => {
      const stream = new EventStream();
      for (let k = 1; k <= 300; k++) {
        publish(stream, k);
        if (k > 99) look(stream, k - 99, 100 * k + 99);
      }
      expect(race(stream)).toEqual({ verdict: 'held', checked: 201 });
    });

    it('judges reads that come up to the skew before what they found, several of one version too', () => {
      const stream = new EventStream();
      for (let k = 1; k <= 300; k++) {
        look(stream, k + 99, 100 * k - 90);
        look(stream, k + 99, 100 * k - 90);
        publish(stream, k);
      }
      for (let k = 301; k <= 399; k++) publish(stream, k);
      expect(race(stream)).toEqual({ verdict: 'held', checked: 600 });
    });

    it('finds among them the one that extrapolates over the next edge', () => {
      const stream = new EventStream();
      for (let k = 1; k <= 300; k++) {
        publish(stream, k);
        if (k > 99) look(stream, k - 99, 100 * k + 99, k === 200 ? { ...onThread(KTIME_MAX), stime: 200 * 100 + 99 - 101 * 100 } : {});
      }
      const verdict = race(stream);
      expect(witnessOf(verdict).says).toContain('took version 101 for the truth at 20099 ns, but version 102 holds from 10200 ns');
      expect(verdict).toMatchObject({ checked: 201, violations: 1 });
    });

    it('finds a promise that its CPU has not kept, though the read was right', () => {
      for (const early of [true, false]) {
        const stream = new EventStream();
        publish(stream, 1);
        if (early) look(stream, 1, 150, onThread(201));
        publish(stream, 2);
        if (!early) look(stream, 1, 190, { ...onThread(201), k1: 2 });
        expect(witnessOf(race(stream)).says)
          .toContain('found version 1 with the promise of 201 ns, but version 2 is stamped 200 ns: that promise was broken');
      }
      const ofOwnCpu = look(publish(publish(new EventStream(), 1), 2), 1, 190, { ...onThread(KTIME_MAX), k1: 2, stime: 90 });
      expect(race(ofOwnCpu).verdict).toBe('held');
    });

    it('forgets what nobody can have found: the ring does not grow with the run', () => {
      const stream = new EventStream();
      for (let k = 1; k <= 3_000; k++) publish(stream, k);
      look(stream, 1_000, 300_001, { k1: 3_000 });
      expect(witnessOf(race(stream)).says).toContain('accepted version 1000, which was no longer in memory');
    });

    it('stops at a named limit where more versions are needed than it can keep', () => {
      const reader = new VtimeReader(racingFacts(facts, 1e12), 2);
      const row = new Float64Array(16);
      row[0] = T;
      const put = (): void => {
        for (let k = 1; k <= 1 << 21; k++) {
          row[1] = k;
          reader.onEvent(Event.vtime_publish, 1, k, row, 0);
        }
      };
      expect(put).toThrow(/VERSIONS_KEPT.*--skew/);
    });
  });

  it('empties a forked record, whatever its last version says', () => {
    const stream = writer()
      .add('vtime_publish', 1, 180, {
        task: T, k: 3, state: VtimeState.Inactive, cpu: -1, starttime: 180, utime: 1000, vtime_utime: 47, vtime_stime: 40,
      })
      .add('sched_process_fork', 1, 200, { parent: READER, child: T })
      .add('task_cputime', 0, 210, read2({
        t: 210, k0: 3, k: 3, k1: 3, state: VtimeState.Inactive, starttime: 180, raw_utime: 0, vtime_utime: 0, vtime_stime: 0, utime: 0,
      }));
    expect(judge(stream).verdict).toBe('held');
  });
});
