/**
 * When the HRTIMER softirq has been raised it runs, within two ticks; and so it can be raised again: a timer of a soft base
 * does not stay queued for ever because everybody believes that the softirq is on its way.
 */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event } from '../../../shared/events.ts';
import { SoftirqVec } from '../../../shared/structs/cpu.ts';
import { NONE, NSEC_PER_MSEC, type CpuId, type Ns } from '../../../shared/units.ts';
import { ClockError } from '../clock-error.ts';
import { ClockOffsets } from '../clock-offsets.ts';
import { BASES, HrtimerQueues, SOFT } from '../hrtimer-queues.ts';
import { KeptEvents, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription, Verdict } from '../oracle.ts';

const [VEC] = places('softirq_raise', 'vec');
const [STARTED] = places('hrtimer_start', 'hrtimer');
const [CANCELLED] = places('hrtimer_cancel', 'hrtimer');
const [EXPIRED] = places('hrtimer_expire_entry', 'hrtimer');
/** Beside two ticks: interrupts and softirqs that come first. */
const LATENESS_NS: Ns = NSEC_PER_MSEC;

export class HrtimerSoftirq extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'H-09',
    says: 'the HRTIMER softirq runs within two ticks and a millisecond of its raise, and no timer that it is to expire is overdue by ' +
      'more than that at the end of a run',
    reference: 'kernel/time/hrtimer.c hrtimer_run_softirq, hrtimer_update_softirq_timer',
    blindTo: 'softirqs that were left to ksoftirqd and wait there for their turn',
    listens: ['softirq_raise', 'softirq_entry', 'hrtimer_start', 'hrtimer_cancel', 'hrtimer_expire_entry', 'timekeeping_change'],
  };

  readonly #queues: HrtimerQueues;
  readonly #offsets = new ClockOffsets();
  readonly #error: ClockError;
  /** By CPU: the raise that nothing has followed. */
  readonly #raised: KeptEvents;

  constructor(facts: RunFacts) {
    super(HrtimerSoftirq.about, facts);
    this.#queues = new HrtimerQueues(facts.cpus, facts.racing);
    this.#error = new ClockError(facts.clocks, facts.skewNs);
    this.#raised = new KeptEvents(facts.cpus + 1, 'softirq_raise');
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    switch (id) {
      case Event.softirq_raise:
        if (fields[at + VEC] === SoftirqVec.Hrtimer && !this.#raised.has(cpu)) this.#raised.keep(cpu, id, cpu, t, fields, at);
        return;
      case Event.softirq_entry: if (fields[at + VEC] === SoftirqVec.Hrtimer) this.#onRun(cpu, t); return;
      case Event.hrtimer_start: return this.#queues.start(fields[at + STARTED], cpu, t, fields, at);
      case Event.hrtimer_cancel: return this.#queues.remove(fields[at + CANCELLED]);
      case Event.hrtimer_expire_entry: return this.#queues.remove(fields[at + EXPIRED]);
      case Event.timekeeping_change: return this.#offsets.onChange(t, fields, at);
    }
  }

  override finish(end: Ns): Verdict {
    for (let cpu = 0; cpu < this.facts.cpus; cpu++) {
      this.#onRun(cpu, end);
      for (let base = BASES * cpu + SOFT; base < BASES * (cpu + 1); base++) this.#judgeQueue(cpu, base, end);
    }
    return this.verdict();
  }

  #onRun(cpu: CpuId, t: Ns): void {
    if (!this.#raised.has(cpu)) return;
    const since = this.#raised.t(cpu);
    this.checked++;
    if (t - since > this.#allowed(cpu)) {
      const raise = this.#raised.named(cpu);
      this.broken(() => ({ says: `on CPU ${cpu} the HRTIMER softirq has not run for ${t - since} ns after its raise`, events: [raise] }));
    }
    this.#raised.forget(cpu);
  }

  #judgeQueue(cpu: CpuId, base: number, end: Ns): void {
    const timer = this.#queues.head(base);
    if (timer === NONE) return;
    const due = this.#queues.expires(timer) - this.#offsets.of(base);
    this.checked++;
    if (end - Math.max(due, this.#offsets.steppedAt, this.#queues.startedAt(timer)) <= this.#allowed(cpu) + this.#error.after(end)) return;
    const start = this.#queues.startOf(timer)!;
    this.broken(() => ({
      says: `on CPU ${cpu} timer ${timer}, which the HRTIMER softirq is to expire, was due at ${due} ns and is still queued at ${end} ns`,
      events: [start],
    }));
  }

  #allowed(cpu: CpuId): Ns {
    return 2 * this.facts.tickNs + LATENESS_NS + (this.facts.stalledNs[cpu] ?? 0);
  }
}
