/**
 * Idle time as /proc/uptime sums it up, beside idle time as /proc/stat shows it CPU by CPU. A reader that looks at
 * both finds between the sum and its parts no more than what all CPUs can have slept from the one look to the others.
 */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event } from '../../../shared/events.ts';
import { NSEC_PER_USEC, type CpuId, type Ns, type TaskId } from '../../../shared/units.ts';
import { ClockError } from '../clock-error.ts';
import { KeptEvents, namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription } from '../oracle.ts';

const [BY, T, SUM] = places('proc_uptime', 'by', 't', 'idle');
const [IDLE_BY, CPU, IDLE, IOWAIT] = places('cpu_idle_time', 'by', 'cpu', 'idle', 'iowait');

/** A counter's factor to ns is a whole number of at least 22 bits, so it is rounded by less than this. */
const FACTOR_PPB = 1_000;

/** A sum, and the parts that have come since. */
interface Pass {
  readonly uptime: KeptEvents;
  readonly parts: Map<CpuId, Ns>;
  /** what all CPUs together may have slept since the sum */
  slept: Ns;
}

export class UptimeIdle extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'F-05',
    says: 'idle time in /proc/uptime is the sum of the CPUs’ idle time in /proc/stat, but for what they sleep between the looks',
    reference: 'fs/proc/uptime.c uptime_proc_show',
    blindTo: 'machines whose ticks never stop, or cannot yet, and CPUs that have waited for I/O; sums that no reader has compared with ' +
      'their parts',
    listens: ['proc_uptime', 'cpu_idle_time'],
  };

  readonly #error: ClockError;
  readonly #passes = new Map<TaskId, Pass>();
  /** Ticks may stop by now: until then idle time is counted otherwise. */
  #bySleeps = false;

  constructor(facts: RunFacts) {
    super(UptimeIdle.about, facts);
    this.#error = new ClockError(facts.clocks, facts.skewNs);
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    if (id === Event.proc_uptime) {
      if (this.#bySleeps) this.#begin(id, cpu, t, fields, at);
      return;
    }
    this.#bySleeps = true;
    this.#addPart(id, cpu, t, fields, at);
  }

  #begin(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const pass = { uptime: new KeptEvents(1, 'proc_uptime'), parts: new Map<CpuId, Ns>(), slept: 0 };
    pass.uptime.keep(0, id, cpu, t, fields, at);
    this.#passes.set(fields[at + BY], pass);
  }

  #addPart(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const by = fields[at + IDLE_BY];
    const pass = this.#passes.get(by);
    if (pass === undefined) return;
    // a sleep that becomes a wait for I/O is idle time no more
    if (fields[at + IOWAIT] > 0) this.#passes.delete(by);
    pass.parts.set(fields[at + CPU], fields[at + IDLE]);
    pass.slept += t - pass.uptime.rows[pass.uptime.at(0) + T];
    if (pass.parts.size < this.facts.cpus || fields[at + IOWAIT] > 0) return;
    this.#passes.delete(by);
    this.#judge(pass, id, cpu, t, fields, at);
  }

  #judge({ uptime, parts, slept }: Pass, id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const sum = uptime.rows[uptime.at(0) + SUM];
    const together = [...parts.values()].reduce((total, ns) => total + ns, 0);
    // parts are whole microseconds in the sum; a clock may run fast, or jump, and each sleep with it; CPUs that race may be read at
    // instants a skew apart
    const fast = (slept * (this.#error.ppb + FACTOR_PPB)) / 1e9;
    const slack = parts.size * (NSEC_PER_USEC + 2 * this.facts.skewNs + this.#error.jumpedBy(t)) + fast;
    this.checked++;
    if (together - sum >= -slack && together - sum <= slept + slack) return;
    this.broken(() => ({
      says: `${this.nameOf(fields[at + IDLE_BY])} saw ${sum} ns of idle time in /proc/uptime, and then ${together} ns of the CPUs ` +
        `together, which can have slept ${slept} ns meanwhile`,
      events: [uptime.named(0), namedEvent(id, cpu, t, fields, at)],
    }));
  }
}
