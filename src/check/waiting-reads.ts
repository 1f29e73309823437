/**
 * Reads of versions that the stream has yet to show. A read may stand before the version that it found (the writer was
 * ahead), so it waits until the newest version of its bracket has come.
 */
import { ROW_HEAD, type EventName } from '../../shared/events.ts';
import { NONE, type CpuId, type Ns, type TaskId } from '../../shared/units.ts';
import { EventPool } from './kept-events.ts';

/** Judges a read, when all that it may have seen has come. */
type JudgeRead = (id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number) => void;

export class WaitingReads {
  readonly #judge: JudgeRead;
  /** The last read that waits for each task and version, and the one before each. */
  readonly #waiting = new Map<number, number>();
  readonly #before: number[] = [];
  readonly #reads: EventPool;

  /** `events`: the kinds of reads that may wait. */
  constructor(judge: JudgeRead, ...events: EventName[]) {
    this.#judge = judge;
    this.#reads = new EventPool(...events);
  }

  /** A read whose bracket ends with version `k` of `task`, which has not come yet. */
  add(task: TaskId, k: number, id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const key = waitingFor(task, k);
    const slot = this.#reads.take(id, cpu, t, fields, at);
    this.#before[slot] = this.#waiting.get(key) ?? NONE;
    this.#waiting.set(key, slot);
  }

  /** Version `k` of `task` has come. */
  release(task: TaskId, k: number): void {
    if (this.#waiting.size === 0) return;
    const key = waitingFor(task, k);
    const last = this.#waiting.get(key);
    if (last === undefined) return;
    this.#waiting.delete(key);
    this.#judgeChain(last);
  }

  /** Nothing will come any more. */
  flush(): void {
    for (const last of this.#waiting.values()) this.#judgeChain(last);
    this.#waiting.clear();
  }

  #judgeChain(last: number): void {
    for (let slot = last; slot !== NONE; slot = this.#before[slot]) {
      const at = this.#reads.at(slot);
      this.#judge(this.#reads.rows[at - ROW_HEAD], this.#reads.cpu(slot), this.#reads.t(slot), this.#reads.rows, at);
      this.#reads.release(slot);
    }
  }
}

/** Reads of a task that wait for one version of its record have one key. */
function waitingFor(task: TaskId, k: number): number {
  return task * 2 ** 32 + k;
}
