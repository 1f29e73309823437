/**
 * An event whose moment has passed is forced: it comes after the device's least distance. Whoever forces one
 * after the other must not put the interrupt off for ever.
 *
 *      force | min delta |          the interrupt
 *              force | min delta |
 *                      force | min delta |  ...                 put off each time: the CPU gets no tick any more
 */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event } from '../../../shared/events.ts';
import type { CpuId, Ns } from '../../../shared/units.ts';
import { deviceSlot, deviceSlots, deviceText } from '../device-slots.ts';
import { ClockError } from '../clock-error.ts';
import { KeptEvents, namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription } from '../oracle.ts';

const [REGISTERED, MIN_DELTA] = places('clockevents_register_device', 'device', 'min_delta');
const [GROWN, GREW_TO] = places('clockevents_min_delta', 'device', 'new');
const [SWITCHED] = places('clockevents_switch_state', 'device');
const [PROGRAMMED, EXPIRES, RESULT, NEXT_EVENT] = places('clockevents_program_event', 'device', 'expires', 'result', 'next_event');
const [START] = places('event', 'time');
/** What was under way on the CPU when the interrupt came, and its way. */
const LATENCY_NS: Ns = 50_000;

export class ForcedEvent extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'E-05',
    says: 'an event that was forced comes within twice its device’s least distance, however many are forced after it; in versions ' +
      'before 7.0 within a tick',
    reference: 'kernel/time/clockevents.c clockevents_program_event',
    blindTo: 'time that the CPU spends in one event of its own',
    listens: [
      'event', 'clockevents_register_device', 'clockevents_min_delta', 'clockevents_switch_state', 'clockevents_program_event',
      'local_timer_entry', 'irq_handler_entry',
    ],
  };

  readonly #minDelta: Float64Array;
  /** Since when an event is forced that has not come yet; negative: none is. */
  readonly #since: Float64Array;
  readonly #first: KeptEvents;
  readonly #start: Float64Array;
  readonly #error: ClockError;

  constructor(facts: RunFacts) {
    super(ForcedEvent.about, facts);
    this.#error = new ClockError(facts.clocks, facts.skewNs);
    const slots = deviceSlots(facts.cpus);
    this.#minDelta = new Float64Array(slots);
    this.#since = new Float64Array(slots).fill(-1);
    this.#first = new KeptEvents(slots, 'clockevents_program_event');
    this.#start = new Float64Array(facts.cpus + 1);
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const { cpus } = this.facts;
    switch (id) {
      case Event.event:
        this.#start[cpu] = fields[at + START];
        return;
      case Event.local_timer_entry: return this.#fires(id, cpu, cpu, t, fields, at);
      case Event.irq_handler_entry:
        for (let slot = cpus; slot < this.#since.length; slot++) this.#fires(id, cpu, slot, t, fields, at);
        return;
      case Event.clockevents_register_device:
        this.#minDelta[deviceSlot(cpus, cpu, fields[at + REGISTERED])] = fields[at + MIN_DELTA];
        return;
      case Event.clockevents_min_delta:
        this.#minDelta[deviceSlot(cpus, cpu, fields[at + GROWN])] = fields[at + GREW_TO];
        return;
      case Event.clockevents_switch_state:
        this.#since[deviceSlot(cpus, cpu, fields[at + SWITCHED])] = -1;
        return;
      case Event.clockevents_program_event: return this.#onProgram(id, cpu, t, fields, at);
    }
  }

  #onProgram(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const slot = deviceSlot(this.facts.cpus, cpu, fields[at + PROGRAMMED]);
    if (fields[at + RESULT] !== 0) return;
    const forced = fields[at + NEXT_EVENT] !== fields[at + EXPIRES] || this.#isPending(slot, fields[at + EXPIRES], t);
    if (!forced) this.#since[slot] = -1;
    else if (this.#since[slot] < 0) {
      this.#since[slot] = t;
      this.#first.keep(slot, id, cpu, t, fields, at);
    }
  }

  /** Left as it was: `next_event` says what was asked for, which has passed by any clock. */
  #isPending(slot: number, expires: Ns, t: Ns): boolean {
    return this.#since[slot] >= 0 && expires + this.#error.after(t) <= t;
  }

  #fires(id: number, cpu: CpuId, slot: number, t: Ns, fields: Float64Array, at: number): void {
    const since = this.#since[slot];
    if (since < 0) return;
    this.#since[slot] = -1;
    this.checked++;
    const late = this.#start[cpu] - since;
    if (late <= this.#most(slot) + this.facts.stalledNs[cpu]) return;
    this.broken(() => ({
      says: `${deviceText(this.facts.cpus, slot)} was to interrupt at once at ${since} ns, and does so ${late} ns later; its least ` +
        `distance is ${this.#minDelta[slot]} ns`,
      events: [this.#first.named(slot), namedEvent(id, cpu, t, fields, at)],
    }));
  }

  #most(slot: number): Ns {
    const { keepsForcedEvent, tickNs, ipiDelayNs } = this.facts;
    return keepsForcedEvent ? 2 * this.#minDelta[slot] + 2 * ipiDelayNs + LATENCY_NS : tickNs;
  }
}
