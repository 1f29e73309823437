/**
 * What one reader is told of one CPU's slots. Slots that only ever grow by charges never fall; the
 * slots to which a reader adds the running task's pending time may fall when that task goes away
 * with less than a tick unflushed, and by no more: each value is held against the highest before.
 * Guest time is pending of its own and part of user time: what is held against user is the rest of it.
 */
import { tracksContexts } from '../../../shared/cputime-flavour.ts';
import type { RunFacts } from '../../../shared/event-consumer.ts';
import type { CpuId, Ns, TaskId } from '../../../shared/units.ts';
import { KeptEvents, namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription } from '../oracle.ts';
import { Reader, READER_NAMES, takenForWork } from '../vtime-formula.ts';

const SLOTS = ['user', 'nice', 'system', 'softirq', 'irq', 'idle', 'iowait', 'steal', 'guest', 'guest_nice'];
const IDLE = SLOTS.indexOf('idle');
const IOWAIT = SLOTS.indexOf('iowait');
/** Slots to which pending vtime is added. @linux kernel/sched/cputime.c kcpustat_cpu_fetch_vtime */
const PENDING = SLOTS.map((slot) => ['user', 'nice', 'system', 'guest', 'guest_nice'].includes(slot));
/** By slot: the one of it that is a part of its time, or none. */
const PART = SLOTS.map((slot) => SLOTS.indexOf({ user: 'guest', nice: 'guest_nice' }[slot] ?? 'none'));
/** By slot: where its time goes if a task changes sides, or none. */
const TWIN = SLOTS.map((slot) => SLOTS.indexOf({ user: 'nice', nice: 'user', guest: 'guest_nice', guest_nice: 'guest' }[slot] ?? 'none'));
const [BY, CPU, READER, FIRST_SLOT, T, STATE, P, STOLEN, STOLEN_SINCE] = places(
  'kcpustat_cpu_fetch', 'by', 'cpu', 'reader', 'user', 't', 'state', 'p', 'stolen', 'stolen_since',
);

export class KcpustatMonotonic extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'R-03',
    says: 'one reader of one CPU’s kcpustat never sees a slot fall; slots with pending time by less than a tick, and only where tasks ' +
      'carry time off (gen) or the reader hides it (linux)',
    reference: 'kernel/sched/cputime.c kcpustat_cpu_fetch',
    blindTo: 'values that are too low from the first read on, and different readers that compare notes; which of idle and iowait it is ' +
      'while a CPU sleeps',
    listens: ['kcpustat_cpu_fetch'],
  };

  /** Slot of each (reader task, CPU, reader) in the two below. */
  readonly #pairs = new Map<number, number>();
  /** The read that gave each slot its highest value, one kept event a slot. */
  readonly #highest: KeptEvents[] = [];

  constructor(facts: RunFacts) {
    super(KcpustatMonotonic.about, facts);
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const target = fields[at + CPU];
    const pair = this.#pairOf(fields[at + BY], target, fields[at + READER]);
    const highest = this.#highest[pair];
    const tolerance = tracksContexts(this.facts.cputime[target]) ? this.facts.tickNs : 0;
    if (highest.has(0)) this.checked++;
    for (let slot = 0; slot < SLOTS.length; slot++) {
      const own = ownTime(slot, fields, at);
      const before = highest.has(slot) ? ownTime(slot, highest.rows, highest.at(slot)) : own;
      const fall = before - own;
      const hidden = PENDING[slot] && !this.#isExact(slot, highest, fields, at) ? tolerance + this.#taken(highest, slot) : 0;
      const falls = fall > 0 && fall >= hidden && !this.#changedSides(slot, highest, fields, at, tolerance);
      if (falls) this.#report(slot, before, highest, id, cpu, t, fields, at);
      if (fall <= 0) highest.keep(slot, id, cpu, t, fields, at);
    }
  }

  /** Nobody carries anything off a gen-exact CPU, and complete hides nothing; but who changes its nice value takes its time along. */
  #isExact(slot: number, highest: KeptEvents, fields: Float64Array, at: number): boolean {
    if (this.facts.cputime[fields[at + CPU]] !== 'gen-exact' || fields[at + READER] !== Reader.Complete) return false;
    const twin = TWIN[slot];
    if (twin < 0 || !highest.has(slot)) return true;
    const before = highest.at(slot);
    const grown = ownTime(twin, fields, at) - ownTime(twin, highest.rows, before);
    return ownTime(slot, fields, at) + grown < ownTime(slot, highest.rows, before);
  }

  /** What `linux` had taken for work then, and had been stolen. */
  #taken(highest: KeptEvents, slot: number): Ns {
    if (!highest.has(slot)) return 0;
    const { rows } = highest;
    const at = highest.at(slot);
    const tau = Math.min(rows[at + T], rows[at + P]);
    return takenForWork(rows[at + READER], rows[at + STATE], rows[at + STOLEN], rows[at + STOLEN_SINCE], tau);
  }

  /** A sleep under way was idle and is iowait now, or the other way round, as a task of the CPU waits for I/O: their sum has not fallen. */
  #changedSides(slot: number, highest: KeptEvents, fields: Float64Array, at: number, tolerance: Ns): boolean {
    if ((slot !== IDLE && slot !== IOWAIT) || tolerance === 0) return false;
    const before = highest.at(slot) + FIRST_SLOT;
    return fields[at + FIRST_SLOT + IDLE] + fields[at + FIRST_SLOT + IOWAIT] >= highest.rows[before + IDLE] + highest.rows[before + IOWAIT];
  }

  #pairOf(by: TaskId, target: CpuId, reader: number): number {
    const key = (by * this.facts.cpus + target) * READER_NAMES.length + reader;
    const known = this.#pairs.get(key);
    if (known !== undefined) return known;
    const pair = this.#highest.push(new KeptEvents(SLOTS.length, 'kcpustat_cpu_fetch')) - 1;
    this.#pairs.set(key, pair);
    return pair;
  }

  #report(slot: number, before: Ns, highest: KeptEvents, id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    this.broken(() => ({
      says: `${this.nameOf(fields[at + BY])} (${READER_NAMES[fields[at + READER]]} reader) saw ${SLOTS[slot]} of CPU ` +
        `${fields[at + CPU]} fall from ${before} to ${ownTime(slot, fields, at)}`,
      events: [highest.named(slot), namedEvent(id, cpu, t, fields, at)],
    }));
  }
}

/** What a slot holds without the part that has a slot of its own. */
function ownTime(slot: number, fields: Float64Array, at: number): Ns {
  const part = PART[slot] < 0 ? 0 : fields[at + FIRST_SLOT + PART[slot]];
  return fields[at + FIRST_SLOT + slot] - part;
}
