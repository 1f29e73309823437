/** Samples of a reader, and the figures that are made of them. */
import { describe, expect, test } from 'vitest';
import { Event } from '../../../shared/events.ts';
import { cpuReaderFigures, ReaderLooks, readerFigures } from '../../../scripts/linux/reader-looks.ts';
import { OpKind } from '../../../src/kernel/user.ts';

const READER = 5;
const WORKER = 4;
const MS = 1e6;

type Seen = readonly [virt: number, prof: number, sched: number, user: number, system: number];

/** A reader looks at each ms in four looks; the worker is 1 ms in user mode, then in the kernel. */
function looksOf(...seen: readonly Seen[]): ReaderLooks {
  const looks = new ReaderLooks(READER, WORKER, 3, 4);
  const on = (id: number, t: number, ...fields: readonly number[]): void => looks.onEvent(id, 0, t, Float64Array.from(fields), 0);
  on(Event.rtapp_event, 0, WORKER, 0, OpKind.RunUntil);
  seen.forEach(([virt, prof, sched, user, system], i) => {
    const t = (i + 1) * MS;
    if (i === 1) on(Event.rtapp_event, t, WORKER, 1, OpKind.Syscall);
    [[1, virt], [0, prof], [2, sched]].forEach(([clock, value]) => on(Event.cpu_clock_sample, t, READER, WORKER, clock!, 0, t, value!));
    on(Event.thread_group_cputime_adjusted, t, READER, WORKER, 0, user, system, 1);
  });
  return looks;
}

describe('what a reader saw', () => {
  const seen: Seen[] = [[4, 4, 1, 14, 0], [8, 8, 2, 24, 9], [7, 9, 3, 24, 11]];
  const { samples } = looksOf(...seen.map((row) => row.map((ms) => ms * MS) as unknown as Seen));

  test('is one sample a pass, with the times of /proc cut to hundredths of a second, beside the truth', () => {
    expect(samples.map(({ psUser, psSystem }) => [psUser / MS, psSystem / MS])).toEqual([[10, 0], [20, 0], [20, 10]]);
    expect(samples.map(({ truthUser, truthSystem }) => [truthUser / MS, truthSystem / MS])).toEqual([[1, 0], [2, 0], [2, 1]]);
  });

  test('makes the figures of a recording: steps back, distances from the first sample, distinct values', () => {
    const figures = readerFigures(samples);
    const keys = ['n', 'span_ms', 'virt_backward', 'virt_max_backward', 'prof_backward', 'prof_distinct'];
    expect(keys.map((key) => figures.get(`readers.0.${key}`))).toEqual([3, 2, 1, MS, 0, 3]);
    expect(['min_us', 'max_us'].map((key) => figures.get(`readers.0.prof_vs_elapsed.${key}`))).toEqual([0, 3_000]);
    expect(['min_us', 'max_us'].map((key) => figures.get(`readers.0.virt_vs_truth_user.${key}`))).toEqual([0, 3_000]);
    expect(figures.get('readers.0.delta_ns.ps_u_ticks')).toBe(1);
  });

  test('is no sample where the end of the run cuts it off', () => {
    const looks = looksOf([1, 1, 1, 0, 0]);
    looks.onEvent(Event.cpu_clock_sample, 0, 9 * MS, Float64Array.from([READER, WORKER, 1, 0, 9 * MS, 7]), 0);
    expect(looks.samples.length).toBe(1);
  });

  test('is of one CPU where it looks at all', () => {
    const looks = new ReaderLooks(READER, WORKER, 3, 4);
    for (const [pass, user] of [20, 10].entries()) {
      for (const cpu of [0, 1, 2, 3]) {
        const fields = [READER, cpu, 0, 0, cpu === 3 ? user * MS : 0, 0, 0, 0, 0, 0];
        looks.onEvent(Event.kcpustat_cpu_fetch, 0, pass * 10 * MS, Float64Array.from(fields), 0);
      }
    }
    const figures = cpuReaderFigures(looks.samples);
    const keys = ['n', 'backward.user', 'backward.sys', 'total_vs_elapsed.min_ms'];
    expect(keys.map((key) => figures.get(`rcpu.0.${key}`))).toEqual([2, 1, 0, -20]);
  });
});
