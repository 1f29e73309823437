/**
 * What readers of running tasks met: how far the instant that a value is the truth for was from the
 * reader's own clock, and how many looks saw the record change under them. Where CPUs do not race the
 * first is nothing, but in a cut.
 *
 *      t = 900     the writer has promised 850                 behind by 50
 *      t = 900     the accepted version is stamped 960         ahead by 60
 */
import type { EventConsumer } from '../../shared/event-consumer.ts';
import { Event } from '../../shared/events.ts';
import { VtimeState } from '../../shared/structs/task.ts';
import type { CpuId, Ns } from '../../shared/units.ts';
import { fieldIndex } from './event-handlers.ts';
import type { ReadRaces, SkewBucket } from './run-figures.ts';

const T = fieldIndex('task_cputime', 't');
const K0 = fieldIndex('task_cputime', 'k0');
const K1 = fieldIndex('task_cputime', 'k1');
const P = fieldIndex('task_cputime', 'p');
const STATE = fieldIndex('task_cputime', 'state');
const STARTTIME = fieldIndex('task_cputime', 'starttime');

/** Powers of two up to the longest time there is. */
const BUCKETS = 54;

/** What the oracles say of the same reads. */
export interface JudgedReads {
  /** reads that V-02 could judge, and contradictions that it found */
  readonly judged: number;
  readonly illegal: number;
  /** steps back that R-01 found */
  readonly backward: number;
}

export class ReadRacesCollector implements EventConsumer {
  readonly interests: readonly number[] = [Event.task_cputime];
  private reads = 0;
  private running = 0;
  private overlapped = 0;
  private exact = 0;
  private readonly ahead = new Float64Array(BUCKETS);
  private readonly behind = new Float64Array(BUCKETS);

  onEvent(id: number, _cpu: CpuId, _t: Ns, fields: Float64Array, at: number): void {
    if (id !== Event.task_cputime) return;
    this.reads += 1;
    if (fields[at + K1]! > fields[at + K0]!) this.overlapped += 1;
    if (fields[at + STATE]! < VtimeState.Sys) return;
    this.running += 1;
    const t = fields[at + T]!;
    // a flush stamps starttime, so a running version's own instant is its starttime
    const tau = Math.max(fields[at + STARTTIME]!, Math.min(t, fields[at + P]!));
    if (tau > t) this.ahead[bucketOf(tau - t)]! += 1;
    else if (tau < t) this.behind[bucketOf(t - tau)]! += 1;
    else this.exact += 1;
  }

  /** `judged`: undefined where no oracle listened. */
  finish(judged: JudgedReads | undefined): ReadRaces {
    return {
      reads: this.reads,
      running: this.running,
      overlapped: this.overlapped,
      illegal: judged?.illegal ?? null,
      unjudged: judged === undefined ? null : this.reads - judged.judged,
      backward: judged?.backward ?? null,
      exact: this.exact,
      ahead: filled(this.ahead),
      behind: filled(this.behind),
    };
  }
}

/** Bucket i is for 2^i ns up to twice that. */
function bucketOf(ns: Ns): number {
  return Math.floor(Math.log2(ns));
}

function filled(buckets: Float64Array): SkewBucket[] {
  return [...buckets].flatMap((reads, i) => (reads === 0 ? [] : [{ fromNs: 2 ** i, reads }]));
}
