/** A CPU whose tick is off is not forgotten: once a second another one does its tick. */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event } from '../../../shared/events.ts';
import { NSEC_PER_SEC, type CpuId, type Ns } from '../../../shared/units.ts';
import { KeptEvents, namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription, Verdict } from '../oracle.ts';

const [TARGET] = places('sched_tick_remote', 'cpu');
/** A timer of the wheel for so far may be later by a bucket of its level; and its work may have to wait for a CPU. */
const BUCKET_TICKS = 10;
const QUEUE_NS: Ns = 100_000_000;

export class RemoteTick extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'N-07',
    says: 'the tick of a CPU whose own is off is done by another one, no more than a second, ten ticks and 100 ms after the last',
    reference: 'kernel/sched/core.c sched_tick_remote',
    blindTo: 'CPUs whose ticks may stop but are not forced off; what the tick does',
    listens: ['sched_tick_remote', 'tick'],
  };

  readonly #last: KeptEvents;
  /** A CPU that cannot do without its tick does it itself. */
  readonly #ownTick: Float64Array;
  readonly #most: Ns;

  constructor(facts: RunFacts) {
    super(RemoteTick.about, facts);
    this.#ownTick = new Float64Array(facts.cpus);
    this.#last = new KeptEvents(facts.cpus, 'sched_tick_remote');
    this.#most = NSEC_PER_SEC + BUCKET_TICKS * facts.tickNs + QUEUE_NS + facts.skewNs + Math.max(0, ...facts.stalledNs);
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    if (id === Event.tick) {
      this.#ownTick[cpu] = t;
      return;
    }
    const target = fields[at + TARGET];
    if (!this.facts.tickOff.includes(target)) return;
    this.#judge(target, t, () => [namedEvent(id, cpu, t, fields, at)]);
    this.#last.keep(target, id, cpu, t, fields, at);
  }

  override finish(end: Ns): Verdict {
    for (const cpu of this.facts.tickOff) this.#judge(cpu, end, () => []);
    return super.finish(end);
  }

  #judge(target: CpuId, t: Ns, event: () => ReturnType<typeof namedEvent>[]): void {
    const has = this.#last.has(target);
    // the first comes when the boot is over and its turn has come
    const since = Math.max(has ? this.#last.t(target) : 0, this.#ownTick[target]);
    if (has) this.checked++;
    if (t - since <= this.#most) return;
    this.broken(() => ({
      says: `nobody has done CPU ${target}'s tick for ${t - since} ns at ${t} ns`,
      events: [...(has ? [this.#last.named(target)] : []), ...event()],
    }));
  }
}
