/** A CPU that does nothing but read the three tasks, judges each read at once, and counts. */
import { KTIME_MAX, type CpuId, type Ns } from '../../../shared/units.ts';
import { loadHorizon, raiseNextInteracting, raisePromise, type Horizon } from './horizon.ts';
import { judge, newBracket, openBracket, type Verdict } from './oracle.ts';
import { newReading, readTask, type ReaderMutant } from './reader.ts';
import { draw, TASKS, type FreeViews } from './records.ts';

export interface ReaderFigures {
  reads: number;
  retries: number;
  /** Reads by verdict of the online oracle. */
  verdicts: Record<Verdict, number>;
  /** Reads that the oracle calls wrong if it trusts a p0 of another CPU. */
  flaggedByTrust: number;
  /** Reads whose time or value lies before that of the same reader's last read of the task. */
  backward: number;
  /** Reads during which a version was published. */
  overlaps: number;
  /** |tau - t| of running tasks, in powers of two ns. */
  skew: number[];
  maxAhead: Ns;
  maxBehind: Ns;
  /** (task, tau, utime, stime, legal) of each read of a running task, for the truth at the end. */
  samples: Float64Array;
}

export const SAMPLE = 5;

export class Reader {
  readonly figures: ReaderFigures;
  private readonly cpu: CpuId;
  private readonly views: FreeViews;
  private readonly mutant: ReaderMutant;
  private readonly limit: number;
  private readonly step: Ns;
  private t: Ns = 1_000;
  private samplesTaken = 0;
  private readonly horizon: Horizon = { until: 0, others: 0, quiet: 0 };
  private readonly bracket = newBracket();
  private readonly reading = newReading();
  private readonly last = Array.from({ length: TASKS }, () => ({ tau: 0, utime: 0, stime: 0 }));

  /** Reads `limit` times, every `step` ns of its own clock. */
  constructor(cpu: CpuId, views: FreeViews, mutant: ReaderMutant, limit: number, step: Ns) {
    this.cpu = cpu;
    this.views = views;
    this.mutant = mutant;
    this.limit = limit;
    this.step = step;
    this.figures = {
      reads: 0, retries: 0, flaggedByTrust: 0, backward: 0, overlaps: 0, maxAhead: 0, maxBehind: 0,
      verdicts: { 'legal': 0, 'no such version': 0, 'clock too early': 0, 'clock too late': 0, 'wrong value': 0, 'unjudged': 0 },
      skew: Array.from({ length: 32 }, () => 0), samples: new Float64Array(limit * SAMPLE),
    };
    raiseNextInteracting(views, cpu, KTIME_MAX);
  }

  get done(): boolean {
    return this.figures.reads >= this.limit;
  }

  finish(): void {
    raisePromise(this.views, this.cpu, KTIME_MAX);
    this.figures.samples = this.figures.samples.slice(0, this.samplesTaken * SAMPLE);
  }

  turn(): boolean {
    loadHorizon(this.views, this.cpu, this.horizon);
    raisePromise(this.views, this.cpu, Math.min(this.t, this.horizon.until));
    if (this.t >= this.horizon.until) return false;
    this.read(draw(this.cpu, this.figures.reads, TASKS));
    this.t += this.step;
    return true;
  }

  private read(task: number): void {
    const { views, t, bracket, reading, figures } = this;
    openBracket(views, task, bracket);
    readTask(views, task, t, this.mutant, reading);
    const verdict = judge(views, task, t, bracket, reading);
    figures.reads += 1;
    figures.retries += reading.retries;
    figures.verdicts[verdict] += 1;
    if (verdict === 'legal' && judge(views, task, t, bracket, reading, true) !== 'legal') figures.flaggedByTrust += 1;
    if (views.memory.load(views.vtimes[task]!.seq) >>> 1 !== bracket.k0) figures.overlaps += 1;
    this.noteSkew(t);
    this.noteOrder(task);
    if (reading.state !== 0) this.sample(task, verdict === 'legal');
  }

  private noteSkew(t: Ns): void {
    const { reading, figures } = this;
    if (reading.state === 0) return;
    const ahead = reading.tau - t;
    figures.skew[32 - Math.clz32(Math.abs(ahead))]! += 1;
    figures.maxAhead = Math.max(figures.maxAhead, ahead);
    figures.maxBehind = Math.max(figures.maxBehind, -ahead);
  }

  private noteOrder(task: number): void {
    const last = this.last[task]!;
    const { tau, utime, stime } = this.reading;
    if (tau < last.tau || utime < last.utime || stime < last.stime) this.figures.backward += 1;
    last.tau = tau;
    last.utime = utime;
    last.stime = stime;
  }

  private sample(task: number, legal: boolean): void {
    const { tau, utime, stime } = this.reading;
    this.figures.samples.set([task, tau, utime, stime, legal ? 1 : 0], this.samplesTaken * SAMPLE);
    this.samplesTaken += 1;
  }
}
