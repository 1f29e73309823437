/**
 * What a one-shot device was programmed for comes, unless it is programmed anew or switched over.
 *
 *      CPU 0   program: 3,000 ticks | ................. | its interrupt              due when the ticks are over
 *      CPU 0   program: 3,000 ticks | ................. |       | another event      the interrupt was forgotten
 *
 * An event that began before it was due may hold it up; how long it goes on is known by what the CPU did last.
 */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event } from '../../../shared/events.ts';
import { KTIME_MAX, NSEC_PER_SEC, type CpuId, type Ns } from '../../../shared/units.ts';
import { ClockError } from '../clock-error.ts';
import { deviceSlot, deviceSlots, deviceText } from '../device-slots.ts';
import { KeptEvents, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription, Verdict } from '../oracle.ts';

const [REGISTERED, HZ, MIN_DELTA] = places('clockevents_register_device', 'device', 'hz', 'min_delta');
const [SWITCHED] = places('clockevents_switch_state', 'device');
const [PROGRAMMED, FORCE, RESULT, NEXT_EVENT, TICKS] = places(
  'clockevents_program_event', 'device', 'force', 'result', 'next_event', 'ticks',
);
const [START] = places('event', 'time');
const OWN_DEVICE = 1;
/** Messages that come first, and what an event does after its last change of mode. */
const GRACE_NS: Ns = 100_000;
/** Not programmed. */
const NEVER = KTIME_MAX;

export class DeviceDelivers extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'E-03',
    says: 'a one-shot device interrupts when its ticks are over, and for an event that is forced after its least distance, unless it is ' +
      'programmed anew or switched over',
    reference: 'kernel/time/clockevents.c clockevents_program_event',
    blindTo: 'a short delay, and one by an event at whose end the CPU stays in the mode that it was in',
    listens: [
      'event', 'context', 'clockevents_register_device', 'clockevents_switch_state', 'clockevents_program_event', 'local_timer_entry',
      'irq_handler_entry',
    ],
  };

  readonly #hz: Float64Array;
  readonly #minDelta: Float64Array;
  readonly #due: Float64Array;
  readonly #programmed: KeptEvents;
  /** How far off any counter may be. */
  readonly #ppb: number;
  /** When each CPU was last seen to do something. */
  readonly #busy: Float64Array;

  constructor(facts: RunFacts) {
    super(DeviceDelivers.about, facts);
    const slots = deviceSlots(facts.cpus);
    this.#hz = new Float64Array(slots).fill(NSEC_PER_SEC);
    this.#minDelta = new Float64Array(slots);
    this.#due = new Float64Array(slots).fill(NEVER);
    this.#programmed = new KeptEvents(slots, 'clockevents_program_event');
    this.#ppb = new ClockError(facts.clocks, facts.skewNs).ppb;
    this.#busy = new Float64Array(facts.cpus + 1);
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const { cpus } = this.facts;
    switch (id) {
      case Event.event: return this.#onBegin(cpu, fields[at + START]);
      case Event.context:
        this.#busy[cpu] = t;
        return;
      case Event.local_timer_entry: return this.#fires(cpu);
      case Event.irq_handler_entry:
        for (let slot = cpus; slot < this.#due.length; slot++) if (this.#due[slot] <= t) this.#fires(slot);
        return;
      case Event.clockevents_register_device: return this.#onRegister(deviceSlot(cpus, cpu, fields[at + REGISTERED]), fields, at);
      case Event.clockevents_switch_state:
        this.#due[deviceSlot(cpus, cpu, fields[at + SWITCHED])] = NEVER;
        return;
      case Event.clockevents_program_event: return this.#onProgram(id, cpu, t, fields, at);
    }
  }

  override finish(end: Ns): Verdict {
    this.#due.forEach((due, slot) => {
      const cpu = slot < this.facts.cpus ? slot : 0;
      if (end > Math.max(due, this.#busy[cpu]) + this.#grace(cpu)) this.#forgotten(slot, end);
    });
    return this.verdict();
  }

  /** The firmware may have taken the CPU meanwhile. */
  #grace(cpu: CpuId): Ns {
    return GRACE_NS + this.facts.skewNs + this.facts.stalledNs[cpu];
  }

  #onRegister(slot: number, fields: Float64Array, at: number): void {
    this.#hz[slot] = fields[at + HZ];
    this.#minDelta[slot] = fields[at + MIN_DELTA];
    this.#due[slot] = NEVER;
  }

  #onProgram(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const slot = deviceSlot(this.facts.cpus, cpu, fields[at + PROGRAMMED]);
    const ticks = fields[at + TICKS];
    // refused, which the caller knows and was free to hear; or given up for good (E-04)
    if (fields[at + RESULT] !== 0 && (fields[at + FORCE] === 0 || fields[at + NEXT_EVENT] >= KTIME_MAX)) return;
    const wait = ticks === 0 ? this.#minDelta[slot] : Math.ceil((ticks * NSEC_PER_SEC) / this.#hz[slot]);
    // a device that follows a counter is as wrong as that
    const wrong = Math.ceil((wait * this.#ppb) / NSEC_PER_SEC);
    const way = fields[at + PROGRAMMED] === OWN_DEVICE ? 0 : 2 * this.facts.ipiDelayNs;
    this.#busy[cpu] = t;
    // left as it was, it comes no later than if it were forced now
    this.#due[slot] = ticks === 0 ? Math.min(this.#due[slot], t + wait + way) : t + wait + wrong + way;
    this.#programmed.keep(slot, id, cpu, t, fields, at);
  }

  #fires(slot: number): void {
    if (this.#due[slot] === NEVER) return;
    this.checked++;
    this.#due[slot] = NEVER;
  }

  #onBegin(cpu: CpuId, start: Ns): void {
    if (cpu < this.facts.cpus) this.#judge(cpu, cpu, start);
    if (cpu === 0) for (let slot = this.facts.cpus; slot < this.#due.length; slot++) this.#judge(slot, cpu, start);
    this.#busy[cpu] = start;
  }

  #judge(slot: number, cpu: CpuId, start: Ns): void {
    if (start > Math.max(this.#due[slot], this.#busy[cpu]) + this.#grace(cpu)) this.#forgotten(slot, start);
  }

  #forgotten(slot: number, now: Ns): void {
    const due = this.#due[slot];
    this.#due[slot] = NEVER;
    this.checked++;
    this.broken(() => ({
      says: `${deviceText(this.facts.cpus, slot)} was to interrupt at ${due} ns, and at ${now} ns it has not`,
      events: [this.#programmed.named(slot)],
    }));
  }
}
