/**
 * What a CPU books as sleep is what it slept, by the machine's own log: all the time in which it was halted, and none
 * but such in which its idle task had it outside interrupts.
 */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event, Mode } from '../../../shared/events.ts';
import { ClocksourceId } from '../../../shared/structs/timekeeper.ts';
import type { CpuId, Ns } from '../../../shared/units.ts';
import { ClockError } from '../clock-error.ts';
import { KeptEvents, namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription } from '../oracle.ts';

const [ACTIVE, SLEEP, IOWAIT] = places('idle_sleep', 'active', 'sleeptime', 'iowait_sleeptime');
const [MODE, TASK] = places('context', 'mode', 'task');
const [START] = places('event', 'time');
const [CHANGED_TO] = places('timekeeping_change', 'source');

/** The kernel's clock: rounding of its multiplier, and how far it is corrected at a time. */
const CLOCK_PPB = 10_000;
const ROUNDING_NS: Ns = 60;
/** Reads of a slow counter between the look at the clock and the sleep, at either end. */
const SLOW_READS = 4;
const NSEC_PER_SEC: Ns = 1_000_000_000;

export class IdleTruth extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'I-04',
    says: 'each sleep that a CPU books is at least as long as it was halted, and at most as long as its idle task had it ' +
      'outside interrupts',
    reference: 'kernel/time/tick-sched.c tick_nohz_stop_idle',
    blindTo: 'sleeps measured by the jiffies clock source, which knows no less than a tick, and those in which the clock source ' +
      'changes; what comes after a CPU’s counter has jumped',
    listens: ['event', 'idle_sleep', 'context', 'timekeeping_change', 'timekeeping_update'],
  };

  readonly #booked: Float64Array;
  readonly #halted: Float64Array;
  readonly #idled: Float64Array;
  readonly #since: Float64Array;
  readonly #mode: Int32Array;
  readonly #task: Int32Array;
  /** Sleeps of each CPU that must not be judged: the one under way as the clock changed. */
  readonly #doubtful: Uint8Array;
  readonly #last: KeptEvents;
  /** Start of the event under way; the longest that one had taken when it moved the clock: another CPU's at that instant sees it there. */
  readonly #start: Float64Array;
  #aheadNs: Ns = 0;
  /** Where CPUs race, the clock may have been moved by one that is so far ahead. */
  readonly #raceNs: Ns;
  readonly #ppb: number;
  readonly #error: ClockError;
  #coarse = true;
  /** What the clock source in use can tell apart. */
  #resolutionNs: Ns = 0;
  /** How long it takes to read: time that passes when the sleep’s begin is known already. */
  #readNs: Ns = 0;

  constructor(facts: RunFacts) {
    super(IdleTruth.about, facts);
    const { cpus, clocks } = facts;
    this.#booked = new Float64Array(cpus);
    this.#halted = new Float64Array(cpus);
    this.#idled = new Float64Array(cpus);
    this.#since = new Float64Array(cpus);
    this.#mode = new Int32Array(cpus).fill(Mode.Idle);
    this.#task = Int32Array.from({ length: cpus }, (_, cpu) => cpu);
    this.#doubtful = new Uint8Array(cpus).fill(1);
    this.#last = new KeptEvents(cpus, 'idle_sleep');
    this.#start = new Float64Array(cpus + 1);
    this.#raceNs = facts.racing ? facts.skewNs + facts.ipiDelayNs : 0;
    this.#error = new ClockError(clocks, facts.skewNs);
    this.#ppb = CLOCK_PPB + this.#error.ppb;
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    switch (id) {
      case Event.event:
        this.#start[cpu] = fields[at + START];
        return;
      case Event.timekeeping_update:
        this.#aheadNs = Math.max(this.#aheadNs, t - this.#start[cpu]);
        return;
      case Event.context: return this.#onContext(cpu, t, fields[at + MODE], fields[at + TASK]);
      case Event.timekeeping_change:
        return this.#onChange(fields[at + CHANGED_TO]);
      default: return this.#onSleep(id, cpu, t, fields, at);
    }
  }

  #onContext(cpu: CpuId, t: Ns, mode: number, task: number): void {
    this.#advance(cpu, t);
    this.#mode[cpu] = mode;
    this.#task[cpu] = task;
  }

  #onChange(source: number): void {
    this.#coarse = source === ClocksourceId.Jiffies;
    this.#doubtful.fill(1);
    const counter = this.facts.clocks.sources.find(({ id }) => id === source);
    this.#resolutionNs = counter === undefined ? 0 : NSEC_PER_SEC / counter.hz;
    this.#readNs = SLOW_READS * (counter?.readNs ?? 0);
  }

  #advance(cpu: CpuId, t: Ns): void {
    const passed = t - this.#since[cpu];
    this.#since[cpu] = t;
    if (this.#task[cpu] !== cpu) return;
    const mode = this.#mode[cpu];
    if (mode === Mode.Idle) this.#halted[cpu] += passed;
    // it knows nothing of a processor that was taken away, and no interrupt has come
    if (mode === Mode.Idle || mode === Mode.System || mode === Mode.Steal) this.#idled[cpu] += passed;
  }

  #onSleep(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    this.#advance(cpu, t);
    const booked = fields[at + SLEEP] + fields[at + IOWAIT];
    const slept = booked - this.#booked[cpu];
    const clear = this.#doubtful[cpu] === 0 && !this.#coarse && this.#error.jumpedBy(t) === 0;
    if (fields[at + ACTIVE] === 0 && clear) this.#judge(slept, id, cpu, t, fields, at);
    this.#booked[cpu] = booked;
    this.#halted[cpu] = 0;
    this.#idled[cpu] = 0;
    this.#doubtful[cpu] = 0;
    this.#last.keep(cpu, id, cpu, t, fields, at);
  }

  #judge(slept: Ns, id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const halted = this.#halted[cpu];
    const idled = this.#idled[cpu];
    const tolerance = ROUNDING_NS + this.#raceNs + this.#aheadNs + this.#readNs + 2 * this.#resolutionNs + (idled * this.#ppb) / 1e9;
    this.checked++;
    if (slept >= halted - tolerance && slept <= idled + tolerance) return;
    this.broken(() => ({
      says: `CPU ${cpu} books a sleep of ${slept} ns at ${t} ns; it was halted for ${halted} ns, and its idle task had it for ${idled} ns`,
      events: [...(this.#last.has(cpu) ? [this.#last.named(cpu)] : []), namedEvent(id, cpu, t, fields, at)],
    }));
  }
}
