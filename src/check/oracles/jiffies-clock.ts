/**
 * jiffies never run ahead of the clock. While a CPU's tick is periodic its device is the clock, and
 * the rounding of that device's period may put a jiffy a little early: less than a tick is allowed.
 *
 * Where CPUs race, a CPU may read the kernel's clock from another one that is ahead of it: by less than
 * a message's way, since both events may be seen by others, and what that other event had taken so far.
 */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event } from '../../../shared/events.ts';
import type { CpuId, Ns } from '../../../shared/units.ts';
import { ClockError } from '../clock-error.ts';
import { KeptEvents, namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription } from '../oracle.ts';
import { RaceBound } from '../race-bound.ts';

const [JIFFIES, LAST] = places('jiffies_update', 'jiffies', 'last_jiffies_update');
const [MODE] = places('tick', 'mode');
const ONESHOT = 1;

export class JiffiesClock extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'J-02',
    says: 'no jiffy begins before its time: last_jiffies_update is never ahead of the clock of the CPU that moves it',
    reference: 'kernel/time/tick-sched.c tick_do_update_jiffies64',
    blindTo: 'jiffies that lag behind or stand still',
    listens: ['tick', 'jiffies_update'],
  };

  readonly #oneshot: Uint8Array;
  readonly #lastTick: KeptEvents;
  readonly #bound: RaceBound;
  readonly #error: ClockError;
  /** The longest that any event had taken when it moved the kernel's clock. */
  #longest: Ns = 0;

  constructor(facts: RunFacts) {
    super(JiffiesClock.about, facts, ['event', 'timekeeping_update']);
    this.#bound = new RaceBound(facts);
    this.#error = new ClockError(facts.clocks, facts.skewNs);
    this.#oneshot = new Uint8Array(facts.cpus + 1);
    this.#lastTick = new KeptEvents(facts.cpus + 1, 'tick');
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    switch (id) {
      case Event.tick:
        this.#oneshot[cpu] = fields[at + MODE] === ONESHOT ? 1 : 0;
        this.#lastTick.keep(cpu, id, cpu, t, fields, at);
        return;
      case Event.event: return this.#bound.onBegin(cpu, fields, at);
      case Event.timekeeping_update:
        this.#longest = Math.max(this.#longest, t - this.#bound.startOf(cpu, t));
        return;
      case Event.jiffies_update: return this.#onUpdate(id, cpu, t, fields, at);
    }
  }

  #onUpdate(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const ahead = fields[at + LAST] - t;
    this.checked++;
    if (ahead <= this.#allowed(t) || (this.#oneshot[cpu] === 0 && ahead < this.facts.tickNs)) return;
    this.broken(() => ({
      says: `CPU ${cpu} lets jiffy ${fields[at + JIFFIES]} begin at ${fields[at + LAST]} ns, ${ahead} ns ahead of its clock, which ` +
        `stands at ${t} ns`,
      events: [...(this.#lastTick.has(cpu) ? [this.#lastTick.named(cpu)] : []), namedEvent(id, cpu, t, fields, at)],
    }));
  }

  #allowed(t: Ns): Ns {
    return this.#error.after(t) + (this.facts.racing ? this.facts.ipiDelayNs + this.#longest : 0);
  }
}
