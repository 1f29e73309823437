/**
 * No timer expires before the earliest instant that it allows, by the kernel's clock nor by the true one.
 *
 * The kernel's clock may be ahead of a CPU's own, and then only by what another CPU that is ahead has made
 * of it: it moved the base, below which no CPU's clock falls. It did so late in an event that began earlier,
 * or, where CPUs race, in one that began a message's way (L) later at most, since everybody may see it.
 *
 *      CPU 0, at 4,000,120                    CPU 1, at 3,999,300
 *      moves the base to 4,000,000
 *                                             reads the clock: 4,000,000; a timer for 4,000,000 expires
 */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event } from '../../../shared/events.ts';
import { ClocksourceId } from '../../../shared/structs/timekeeper.ts';
import type { CpuId, Ns } from '../../../shared/units.ts';
import { ClockError } from '../clock-error.ts';
import { ClockOffsets } from '../clock-offsets.ts';
import { EventPool, namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription, Verdict } from '../oracle.ts';
import { RaceBound } from '../race-bound.ts';

const [SOURCE] = places('timekeeping_change', 'source');
const [TIMER, NOW, SOFTEXPIRES] = places('hrtimer_expire_entry', 'hrtimer', 'now', 'softexpires');
const [STARTED, BASE] = places('hrtimer_start', 'hrtimer', 'clock_base');
const [MONO] = places('timekeeping_update', 'mono');
const [LAST_JIFFY] = places('jiffies_update', 'last_jiffies_update');

/** How far the kernel's clock may have run ahead of the true one: rounding of multipliers and of periodic devices. */
const DRIFT_PER_NS = 10e-6;
const DRIFT_NS: Ns = 2;
/** Moves of the clock that are remembered: a tick lies between two. */
const MOVES = 8;

export class HrtimerEarly extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'H-02',
    says: 'no timer expires before its softexpires, by the kernel’s clock exactly and by the true clock within 10 ppm',
    reference: 'kernel/time/hrtimer.c __hrtimer_run_queues',
    blindTo: 'timers that expire late or never (H-03)',
    listens: ['hrtimer_start', 'hrtimer_expire_entry', 'timekeeping_change', 'timekeeping_update', 'jiffies_update'],
  };

  readonly #bound: RaceBound;
  readonly #error: ClockError;
  #source = -1;
  #sinceJiffies: Ns = 0;
  readonly #offsets = new ClockOffsets();
  /** By timer: the queue that it was put into. */
  readonly #base: number[] = [];
  /** The last moves of the kernel's clock: to which instant, in an event that began when, by whom. */
  readonly #movedTo = new Float64Array(MOVES).fill(-1);
  readonly #movedIn = new Float64Array(MOVES);
  readonly #movedBy = new Int32Array(MOVES);
  #moves = 0;
  /** Expiries ahead of their CPU's clock for which nobody has moved the kernel's yet, with the start of their events. */
  readonly #ahead: { readonly slot: number; readonly start: Ns }[] = [];
  readonly #kept = new EventPool('hrtimer_expire_entry');

  constructor(facts: RunFacts) {
    super(HrtimerEarly.about, facts, ['event']);
    this.#bound = new RaceBound(facts);
    this.#error = new ClockError(facts.clocks, facts.skewNs);
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    switch (id) {
      case Event.hrtimer_expire_entry: return this.#onExpire(id, cpu, t, fields, at);
      case Event.hrtimer_start: this.#base[fields[at + STARTED]] = fields[at + BASE]; return;
      case Event.timekeeping_change: return this.#onChange(t, fields, at);
      case Event.event: return this.#bound.onBegin(cpu, fields, at);
      case Event.timekeeping_update: return this.#onMove(cpu, t, fields[at + MONO]);
      case Event.jiffies_update: return this.#onMove(cpu, t, fields[at + LAST_JIFFY]);
    }
  }

  /** Whoever goes back to jiffies in the middle of a tick is ahead of true time by the rest of it from then on. */
  #onChange(t: Ns, fields: Float64Array, at: number): void {
    const source = fields[at + SOURCE];
    if (source === ClocksourceId.Jiffies && this.#source !== source && this.#source >= 0) this.#sinceJiffies += this.facts.tickNs;
    this.#source = source;
    this.#offsets.onChange(t, fields, at);
  }

  override finish(): Verdict {
    for (const { slot } of this.#ahead) this.#early(slot);
    this.#ahead.length = 0;
    return this.verdict();
  }

  #onExpire(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const soft = fields[at + SOFTEXPIRES];
    const now = fields[at + NOW];
    const due = soft - this.#offsetOf(fields[at + TIMER]);
    this.checked++;
    if (now >= soft && t + t * DRIFT_PER_NS + DRIFT_NS + this.#error.after(t) + this.#sinceJiffies >= due) return;
    const slot = this.#kept.take(id, cpu, t, fields, at);
    const start = this.#bound.startOf(cpu, t);
    if (now < soft) return this.#early(slot);
    for (let move = 0; move < MOVES; move++) if (this.#explains(move, slot, start)) return this.#kept.release(slot);
    if (!this.facts.racing) return this.#early(slot);
    this.#ahead.push({ slot, start });
  }

  /** What a timer's clock is ahead of the monotonic one; where CPUs race its CPU may not have heard of the last step. */
  #offsetOf(timer: number): Ns {
    const base = this.#base[timer] ?? 0;
    const now = this.#offsets.of(base);
    return this.facts.racing ? Math.max(now, this.#offsets.beforeOf(base)) : now;
  }

  /** The kernel's clock is at `to` now, or later. */
  #onMove(cpu: CpuId, t: Ns, to: Ns): void {
    const move = this.#moves++ % MOVES;
    this.#movedTo[move] = to;
    this.#movedIn[move] = this.#bound.startOf(cpu, t);
    this.#movedBy[move] = cpu;
    for (let i = this.#ahead.length - 1; i >= 0; i--) {
      const { slot, start } = this.#ahead[i];
      const explained = this.#explains(move, slot, start);
      if (!explained && this.#bound.outOfOrder(this.#movedIn[move], start) === undefined) continue;
      if (explained) this.#kept.release(slot);
      else this.#early(slot);
      this.#ahead.splice(i, 1);
    }
  }

  /** Whether that move is what the expiring CPU read: by another CPU, in an event not too far ahead. */
  #explains(move: number, slot: number, start: Ns): boolean {
    const read = this.#kept.rows[this.#kept.at(slot) + NOW];
    if (this.#movedTo[move] !== read || this.#movedBy[move] === this.#kept.cpu(slot)) return false;
    return this.#bound.outOfOrder(this.#movedIn[move], start) === undefined;
  }

  #early(slot: number): void {
    const { rows } = this.#kept;
    const at = this.#kept.at(slot);
    const [cpu, t] = [this.#kept.cpu(slot), this.#kept.t(slot)];
    this.broken(() => {
      const soft = rows[at + SOFTEXPIRES];
      const clock = rows[at + NOW] < soft ? `the kernel's clock stands at ${rows[at + NOW]} ns` : `the true clock stands at ${t} ns`;
      return {
        says: `CPU ${cpu} expires timer ${rows[at + TIMER]} before its softexpires ${soft} ns: ${clock}`,
        events: [namedEvent(Event.hrtimer_expire_entry, cpu, t, rows, at)],
      };
    });
    this.#kept.release(slot);
  }
}
