/**
 * What a reader saw, look by look, as the recorder's reader notes it: one sample of the process's raw clocks and of its
 * file in /proc, beside the worker's own truth. And the figures that are made of the samples.
 */
import type { EventConsumer } from '../../shared/event-consumer.ts';
import { Event } from '../../shared/events.ts';
import { NSEC_PER_SEC, type CpuId, type Ns, type TaskId } from '../../shared/units.ts';
import { OpKind } from '../../src/kernel/user.ts';
import type { Leaf } from './leaves.ts';

/** Fields of cpu_clock_sample, of the two adjusted pairs, of rtapp_event and kcpustat_cpu_fetch. */
const CLOCK = 2;
const CLOCK_VALUE = 5;
const PAIR_UTIME = 3;
const MARK_TYPE = 2;
const CPU_USER = 4;
const LOOKED_AT = 1;
const CPU_IDLE = 9;
/** /proc shows hundredths of a second. */
const USER_HZ = 100;
const CLOCK_T: Ns = NSEC_PER_SEC / USER_HZ;

/** Numbers of one look, by name; times in ns, clock ticks in ns too. */
export type Sample = Readonly<Record<SampleField, number>>;
type SampleField = (typeof SAMPLE_FIELDS)[number];
const SAMPLE_FIELDS = [
  't', 'virt', 'prof', 'sched', 'psUser', 'psSystem', 'taskUser', 'taskSystem', 'truthUser', 'truthSystem',
  'cpuUser', 'cpuSystem', 'cpuIdle', 'cpuRest',
] as const;

/** By `CpuClock`. */
const CLOCKS = ['prof', 'virt', 'sched'] as const;

export class ReaderLooks implements EventConsumer {
  readonly interests = [
    Event.cpu_clock_sample, Event.thread_group_cputime_adjusted, Event.cputime_adjust, Event.kcpustat_cpu_fetch,
    Event.rtapp_event,
  ];
  readonly samples: Sample[] = [];
  private readonly reader: TaskId;
  private readonly worker: TaskId;
  /** Of whose line in /proc/stat the recorder keeps. */
  private readonly cpu: CpuId;
  /** Whose phases: user, system, neither; since when; and what it has had of them. */
  private phase: 'truthUser' | 'truthSystem' | null = null;
  private since: Ns = 0;
  private readonly truth = { truthUser: 0, truthSystem: 0 };
  private current: Record<SampleField, number> | undefined;
  /** Looks, and how many of them make a pass. */
  private done = 0;
  private readonly looks: number;

  constructor(reader: TaskId, worker: TaskId, cpu: CpuId, looks: number) {
    this.looks = looks;
    this.reader = reader;
    this.worker = worker;
    this.cpu = cpu;
  }

  onEvent(id: number, _cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    if (id === Event.rtapp_event) {
      if (fields[at] === this.worker) this.onMark(t, fields[at + MARK_TYPE]!);
    } else if (fields[at] === this.reader) this.onLook(id, t, fields, at);
  }

  private onMark(t: Ns, type: number): void {
    if (this.phase !== null) this.truth[this.phase] += t - this.since;
    this.since = t;
    this.phase = type === OpKind.RunUntil || type === OpKind.Run ? 'truthUser' : type === OpKind.Syscall ? 'truthSystem' : null;
  }

  private onLook(id: number, t: Ns, fields: Float64Array, at: number): void {
    switch (id) {
      case Event.cpu_clock_sample: {
        const clock = CLOCKS[fields[at + CLOCK]!]!;
        this.sampleAt(t)[clock] = fields[at + CLOCK_VALUE]!;
        return this.looked();
      }
      case Event.thread_group_cputime_adjusted: return this.pair(t, 'psUser', 'psSystem', fields, at);
      case Event.cputime_adjust: return this.pair(t, 'taskUser', 'taskSystem', fields, at);
      case Event.kcpustat_cpu_fetch: return this.cpuTimes(t, fields, at);
      default:
    }
  }

  private pair(t: Ns, user: SampleField, system: SampleField, fields: Float64Array, at: number): void {
    const sample = this.sampleAt(t);
    sample[user] = inTicks(fields[at + PAIR_UTIME]!);
    sample[system] = inTicks(fields[at + PAIR_UTIME + 1]!);
    this.looked();
  }

  /** user, nice, system, softirq, irq */
  private cpuTimes(t: Ns, fields: Float64Array, at: number): void {
    if (fields[at + LOOKED_AT] === this.cpu) {
      const [user, , system, softirq, irq] = [0, 1, 2, 3, 4].map((i) => inTicks(fields[at + CPU_USER + i]!));
      const cpuIdle = inTicks(fields[at + CPU_IDLE]!);
      Object.assign(this.sampleAt(t), { cpuUser: user!, cpuSystem: system!, cpuRest: softirq! + irq!, cpuIdle });
    }
    this.looked();
  }

  /** The sample under way, or a new one. The worker's truth is looked at last. */
  private sampleAt(t: Ns): Record<SampleField, number> {
    this.current ??= { ...(Object.fromEntries(SAMPLE_FIELDS.map((field) => [field, 0])) as Record<SampleField, number>), t };
    Object.assign(this.current, this.truth);
    if (this.phase !== null) this.current[this.phase] += Math.max(0, t - this.since);
    return this.current;
  }

  /** A sample is one pass over all that the reader looks at; one that the end of the run cuts off is none. */
  private looked(): void {
    this.done += 1;
    if (this.done % this.looks !== 0) return;
    if (this.current !== undefined) this.samples.push(this.current);
    this.current = undefined;
  }
}

const inTicks = (ns: Ns): Ns => Math.floor(ns / CLOCK_T) * CLOCK_T;

type Value = (sample: Sample) => number;

/** As leaves of a recording, for a reader of a process: `readers.0.prof_backward`. */
export function readerFigures(samples: readonly Sample[]): Map<string, Leaf> {
  const elapsed: Value = ({ t }) => t;
  const minus = (a: Value, b: Value): Value => (sample) => a(sample) - b(sample);
  const of = (field: SampleField): Value => (sample) => sample[field];
  const system = minus(of('prof'), of('virt'));
  const us = (a: Value, b: Value): Record<'min_us' | 'max_us', number> => {
    const [min, max] = rangeOf(samples, minus(a, b)).map((ns) => Math.round(ns / 100) / 10);
    return { min_us: min!, max_us: max! };
  };
  const sum = (a: SampleField, b: SampleField): Value => (sample) => sample[a] + sample[b];
  const span = delta(samples, elapsed);
  return leaves('readers.0', {
    n: samples.length, span_ms: span / 1e6,
    virt_backward: backward(samples, of('virt')).length, virt_max_backward: Math.max(0, ...backward(samples, of('virt'))),
    prof_backward: backward(samples, of('prof')).length, prof_max_backward: Math.max(0, ...backward(samples, of('prof'))),
    sched_backward: backward(samples, of('sched')).length,
    ps_utime_backward: backward(samples, of('psUser')).length, ps_stime_backward: backward(samples, of('psSystem')).length,
    task_utime_backward: backward(samples, of('taskUser')).length, task_stime_backward: backward(samples, of('taskSystem')).length,
    stime_from_prof_minus_virt_backward: backward(samples, system).length,
    prof_vs_elapsed: us(of('prof'), elapsed), sched_vs_elapsed: us(of('sched'), elapsed), virt_vs_elapsed: us(of('virt'), elapsed),
    procstat_sum_vs_elapsed: us(sum('psUser', 'psSystem'), elapsed), taskstat_sum_vs_elapsed: us(sum('taskUser', 'taskSystem'), elapsed),
    virt_vs_truth_user: us(of('virt'), of('truthUser')), sys_vs_truth_sys: us(system, of('truthSystem')),
    procstat_u_vs_truth: us(of('psUser'), of('truthUser')), procstat_s_vs_truth: us(of('psSystem'), of('truthSystem')),
    virt_distinct_steps: distinct(samples, of('virt')), prof_distinct: distinct(samples, of('prof')),
    ps_utime_distinct: distinct(samples, of('psUser')), taskstat_distinct: distinct(samples, of('taskUser')),
    delta_ns: {
      elapsed: span, virt: delta(samples, of('virt')), prof: delta(samples, of('prof')), sched: delta(samples, of('sched')),
      ps_u_ticks: delta(samples, of('psUser')) / CLOCK_T, ps_s_ticks: delta(samples, of('psSystem')) / CLOCK_T,
    },
  });
}

/** The same for a reader of a CPU's line in /proc/stat: `rcpu.0.backward.user`. */
export function cpuReaderFigures(samples: readonly Sample[]): Map<string, Leaf> {
  const ms = (value: Value): Record<'min_ms' | 'max_ms', number> => {
    const [min, max] = rangeOf(samples, value).map((ns) => Math.round(ns / 1e4) / 100);
    return { min_ms: min!, max_ms: max! };
  };
  return leaves('rcpu.0', {
    n: samples.length,
    user_vs_truth: ms(({ cpuUser, truthUser }) => cpuUser - truthUser),
    sys_vs_truth: ms(({ cpuSystem, truthSystem }) => cpuSystem - truthSystem),
    total_vs_elapsed: ms(({ t, cpuUser, cpuSystem, cpuIdle, cpuRest }) => cpuUser + cpuSystem + cpuIdle + cpuRest - t),
    backward: {
      user: backward(samples, ({ cpuUser }) => cpuUser).length, sys: backward(samples, ({ cpuSystem }) => cpuSystem).length,
      idle: backward(samples, ({ cpuIdle }) => cpuIdle).length,
    },
  });
}

/** How far each step back went. */
export function backward(samples: readonly Sample[], value: Value): number[] {
  return samples.slice(1).map((sample, i) => value(samples[i]!) - value(sample)).filter((back) => back > 0);
}

/** Least and greatest, relative to the first sample. */
function rangeOf(samples: readonly Sample[], value: Value): [number, number] {
  const values = samples.map((sample) => value(sample) - value(samples[0]!));
  return [values.reduce((a, b) => Math.min(a, b), 0), values.reduce((a, b) => Math.max(a, b), 0)];
}

const distinct = (samples: readonly Sample[], value: Value): number => new Set(samples.map(value)).size;

const delta = (samples: readonly Sample[], value: Value): number =>
  samples.length === 0 ? 0 : value(samples.at(-1)!) - value(samples[0]!);

function leaves(path: string, figures: Readonly<Record<string, number | Readonly<Record<string, number>>>>): Map<string, Leaf> {
  return new Map(Object.entries(figures).flatMap(([key, value]): [string, Leaf][] => (typeof value === 'number'
    ? [[`${path}.${key}`, value]] : Object.entries(value).map(([below, n]) => [`${path}.${key}.${below}`, n]))));
}
