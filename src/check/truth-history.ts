/**
 * What a task's true CPU time was at an instant that is past already: its truth is made of straight pieces, one from each
 * change of context to the next.
 *
 *      user time            ____/------      pieces from 100 (none), 200 (user), 260 (none)
 *                      ____/
 *      at 230: what it was at 200, and 30
 *
 * A piece is needed for as long as somebody may ask for an instant in it: until the next one is older than a reader may
 * lag. So a ring grows where it would drop such a piece.
 */
import { LimitReached } from '../../shared/assert.ts';
import type { RunFacts } from '../../shared/event-consumer.ts';
import { Event } from '../../shared/events.ts';
import { VERSIONS_KEPT } from '../../shared/limits.ts';
import { Cpustat } from '../../shared/structs/cpu.ts';
import { KTIME_MAX, type CpuId, type Ns, type TaskId } from '../../shared/units.ts';
import { SAMPLED } from './cputime-rules.ts';
import { CputimeTruth } from './cputime-truth.ts';
import { places } from './kept-events.ts';

const [CONTEXT_TASK] = places('context', 'task');
const [TICK_TASK] = places('tick', 'task');
const [CHILD] = places('sched_process_fork', 'child');
const [MARKED_TASK] = places('guest_enter', 'task');
const FIRST_PIECES = 32;
/** Fields of a piece: from when, the three times then, and the slot that it fills. */
const WIDTH = 5;

interface Pieces {
  rows: Float64Array;
  count: number;
}

export interface TrueTimes {
  user: Ns;
  system: Ns;
  guest: Ns;
}

export class TruthHistory {
  static readonly listens = CputimeTruth.listens;

  readonly #facts: RunFacts;
  readonly #truth: CputimeTruth;
  readonly #pieces: (Pieces | undefined)[];
  readonly #taskOn: Int32Array;
  #kept = 0;

  constructor(facts: RunFacts) {
    this.#facts = facts;
    this.#truth = new CputimeTruth(facts);
    this.#pieces = new Array<Pieces | undefined>(facts.tasks.length).fill(undefined);
    this.#taskOn = new Int32Array(facts.cpus).fill(-1);
  }

  /** One of `listens`; nobody will ask for an instant before `neededFrom`. */
  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number, neededFrom: Ns): void {
    this.#truth.onEvent(id, cpu, t, fields, at);
    if (id === Event.context) this.#onContext(cpu, fields[at + CONTEXT_TASK], t, neededFrom);
    // time in the kernel counts for the guest while the mark is on
    else if (id === Event.guest_enter || id === Event.guest_exit) this.#onMark(cpu, fields[at + MARKED_TASK], t, neededFrom);
    else if (id === Event.tick) this.#append(fields[at + TICK_TASK], t, neededFrom);
    else if (id === Event.sched_process_fork) this.#append(fields[at + CHILD], t, neededFrom);
  }

  /** The task's times at `tau`, into `out`. False: too long ago. */
  at(task: TaskId, tau: Ns, out: TrueTimes): boolean {
    const pieces = this.#pieces[task];
    out.user = out.system = out.guest = 0;
    if (pieces === undefined) return true;
    const length = pieces.rows.length / WIDTH;
    const oldest = Math.max(0, pieces.count - length);
    let n = pieces.count - 1;
    while (n > oldest && pieces.rows[(n % length) * WIDTH] > tau) n--;
    const row = (n % length) * WIDTH;
    const from = pieces.rows[row];
    if (from > tau) return oldest === 0;
    const slot = pieces.rows[row + 4];
    const passed = tau - from;
    out.user = pieces.rows[row + 1] + (slot === Cpustat.User || slot === Cpustat.Guest ? passed : 0);
    out.system = pieces.rows[row + 2] + (isSystem(slot) ? passed : 0);
    out.guest = pieces.rows[row + 3] + (slot === Cpustat.Guest ? passed : 0);
    return true;
  }

  /**
   * The same as a reader finds it whose clock says `tau`: where CPUs take turns, what does not go on by itself is what it
   * was made last, be it by a CPU that is ahead.
   */
  seenAt(task: TaskId, tau: Ns, out: TrueTimes): boolean {
    const pieces = this.#pieces[task];
    if (this.#facts.racing || pieces === undefined) return this.at(task, tau, out);
    const last = ((pieces.count - 1) % (pieces.rows.length / WIDTH)) * WIDTH;
    return this.at(task, pieces.rows[last + 4] === SAMPLED ? KTIME_MAX : tau, out);
  }

  /** How much of the time from `from` to `to` a CPU did not have. */
  stolenBetween(cpu: CpuId, from: Ns, to: Ns): Ns {
    return this.#truth.stolenBetween(cpu, from, to);
  }

  #onMark(cpu: CpuId, task: TaskId, t: Ns, neededFrom: Ns): void {
    if (this.#facts.cputime[cpu] !== 'native') this.#append(task, t, neededFrom);
  }

  #onContext(cpu: CpuId, task: TaskId, t: Ns, neededFrom: Ns): void {
    const before = this.#taskOn[cpu];
    this.#taskOn[cpu] = task;
    if (before >= 0 && before !== task) this.#append(before, t, neededFrom);
    // what is measured there nobody sees until a tick or a switch has charged it
    else if (this.#facts.cputime[cpu] === 'native') return;
    this.#append(task, t, neededFrom);
  }

  #append(task: TaskId, t: Ns, neededFrom: Ns): void {
    if (task < this.#facts.cpus) return;
    const pieces = this.#roomFor(task, neededFrom);
    const row = (pieces.count++ % (pieces.rows.length / WIDTH)) * WIDTH;
    pieces.rows[row] = t;
    pieces.rows[row + 1] = this.#truth.userAt(task, t);
    pieces.rows[row + 2] = this.#truth.systemAt(task, t);
    pieces.rows[row + 3] = this.#truth.guestAt(task, t);
    pieces.rows[row + 4] = this.#truth.fillsOf(task);
  }

  /** Room for one piece more: none is dropped whose successor is needed still. */
  #roomFor(task: TaskId, neededFrom: Ns): Pieces {
    const pieces = this.#pieces[task] ??= { rows: this.#allocate(FIRST_PIECES), count: 0 };
    const length = pieces.rows.length / WIDTH;
    if (pieces.count < length || pieces.rows[((pieces.count + 1) % length) * WIDTH] <= neededFrom) return pieces;
    const grown = this.#allocate(2 * length);
    for (let n = pieces.count - length; n < pieces.count; n++) {
      const from = (n % length) * WIDTH;
      grown.set(pieces.rows.subarray(from, from + WIDTH), (n % (2 * length)) * WIDTH);
    }
    this.#kept -= length;
    pieces.rows = grown;
    return pieces;
  }

  #allocate(length: number): Float64Array {
    this.#kept += length;
    if (this.#kept > VERSIONS_KEPT) {
      throw new LimitReached(`${VERSIONS_KEPT} changes of tasks’ contexts are still needed to judge reads (VERSIONS_KEPT): usually a ` +
        '--skew that is long for how often the tasks enter and leave the kernel');
    }
    return new Float64Array(length * WIDTH);
  }
}

function isSystem(slot: number): boolean {
  return slot === Cpustat.System || slot === Cpustat.Softirq || slot === Cpustat.Irq;
}
