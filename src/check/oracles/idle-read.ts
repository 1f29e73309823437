/**
 * A look at how long a CPU has slept: one published version of its record, and what has passed of the sleep
 * under way. It never falls, for whoever reads, and never grows faster than the clock.
 */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event } from '../../../shared/events.ts';
import type { CpuId, Ns } from '../../../shared/units.ts';
import { ClockError } from '../clock-error.ts';
import { KeptEvents, namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription } from '../oracle.ts';

const [V_VERSION, V_ACTIVE, V_ENTRY, V_IDLE, V_IOWAIT] = places(
  'idle_sleep', 'version', 'active', 'entrytime', 'sleeptime', 'iowait_sleeptime');
const [BY, CPU, VERSION, NOW, IDLE, IOWAIT] = places('cpu_idle_time', 'by', 'cpu', 'version', 'now', 'idle', 'iowait');

/** Versions of one CPU that are kept: a reader overtakes no more of them. */
const KEPT = 64;

export class IdleRead extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'I-03',
    says: 'what a reader sees of a CPU’s idle and iowait time is what one published version is worth at its clock; their sum never falls ' +
      'for one reader, nor grows by more than has passed',
    reference: 'kernel/time/tick-sched.c get_cpu_sleep_time_us',
    blindTo: 'whether a version is right (I-04); which of the two the sleep under way belongs to; versions older than the last 64',
    listens: ['idle_sleep', 'cpu_idle_time'],
  };

  readonly #versions: KeptEvents;
  readonly #next: Int32Array;
  /** The clocks of the CPUs stand so far apart at most, where a counter was made to jump: a sleep is measured by its CPU's. */
  readonly #error: ClockError;
  /** By reader and CPU: its last look, once there is one. */
  readonly #last = new Map<number, KeptEvents>();

  constructor(facts: RunFacts) {
    super(IdleRead.about, facts);
    this.#error = new ClockError(facts.clocks, facts.skewNs);
    this.#versions = new KeptEvents(facts.cpus * KEPT, 'idle_sleep');
    this.#next = new Int32Array(facts.cpus);
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    if (id === Event.idle_sleep) {
      this.#versions.keep(cpu * KEPT + (this.#next[cpu]++ % KEPT), id, cpu, t, fields, at);
      return;
    }
    this.checked++;
    this.#judgeVersion(id, cpu, t, fields, at);
    this.#judgeSequence(id, cpu, t, fields, at);
  }

  #judgeVersion(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const target = fields[at + CPU];
    const version = fields[at + VERSION];
    const slot = this.#slotOf(target, version);
    // a version that comes later in the stream: only where CPUs race, and there the next look must agree with it
    if (slot < 0 && version !== 0 && version % 2 === 0) {
      this.unjudged++;
      return;
    }
    const worth = slot < 0 ? 0 : this.#worth(slot, fields[at + NOW]);
    const sum = fields[at + IDLE] + fields[at + IOWAIT];
    const wrong = version % 2 !== 0 ? 'the record was being written' : sum !== worth ? `that version is worth ${worth} ns then` : undefined;
    if (wrong === undefined) return;
    this.broken(() => ({
      says: `at ${t} ns ${this.nameOf(fields[at + BY])} saw CPU ${target} with ${sum} ns of sleep, from version ${version}: ${wrong}`,
      events: [...(slot < 0 ? [] : [this.#versions.named(slot)]), namedEvent(id, cpu, t, fields, at)],
    }));
  }

  #judgeSequence(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const pair = fields[at + BY] * this.facts.cpus + fields[at + CPU];
    const kept = this.#last.get(pair) ?? new KeptEvents(1, 'cpu_idle_time');
    if (kept.has(0)) {
      const { rows } = kept;
      const before = kept.at(0);
      const grown = fields[at + IDLE] + fields[at + IOWAIT] - rows[before + IDLE] - rows[before + IOWAIT];
      const passed = fields[at + NOW] - rows[before + NOW];
      const jumped = this.#error.jumpedBy(t);
      if (grown < -jumped || grown > passed + jumped) {
        const last = kept.named(0);
        this.broken(() => ({
          says: `${this.nameOf(fields[at + BY])} saw the sleep of CPU ${fields[at + CPU]} change by ${grown} ns in ${passed} ns, ` +
            `up to ${t} ns`,
          events: [last, namedEvent(id, cpu, t, fields, at)],
        }));
      }
    }
    kept.keep(0, id, cpu, t, fields, at);
    this.#last.set(pair, kept);
  }

  #slotOf(target: CpuId, version: number): number {
    for (let slot = target * KEPT; slot < (target + 1) * KEPT; slot++) {
      if (this.#versions.has(slot) && this.#versions.rows[this.#versions.at(slot) + V_VERSION] === version) return slot;
    }
    return -1;
  }

  #worth(slot: number, now: Ns): Ns {
    const { rows } = this.#versions;
    const at = this.#versions.at(slot);
    const running = rows[at + V_ACTIVE] === 0 ? 0 : Math.max(0, now - rows[at + V_ENTRY]);
    return rows[at + V_IDLE] + rows[at + V_IOWAIT] + running;
  }
}
