/** The least distance of a device's events grows while it proves too short, and never beyond a tick; so forcing an event ends. */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event } from '../../../shared/events.ts';
import { KTIME_MAX, type CpuId, type Ns } from '../../../shared/units.ts';
import { deviceSlot, deviceSlots, deviceText } from '../device-slots.ts';
import { namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription } from '../oracle.ts';

const [REGISTERED, MIN_DELTA] = places('clockevents_register_device', 'device', 'min_delta');
const [GROWN, OLD, NEW] = places('clockevents_min_delta', 'device', 'old', 'new');
const [PROGRAMMED, FORCE, RESULT, NEXT_EVENT] = places('clockevents_program_event', 'device', 'force', 'result', 'next_event');

export class MinDelta extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'E-04',
    says: 'the least distance of a device’s events never shrinks and never exceeds a tick, and an event that is forced comes, but for a ' +
      'device whose least distance has grown to a tick in vain',
    reference: 'kernel/time/clockevents.c clockevents_increase_min_delta, clockevents_program_min_delta',
    blindTo: 'how often it was tried before it grew',
    listens: ['clockevents_register_device', 'clockevents_min_delta', 'clockevents_program_event'],
  };

  readonly #minDelta: Float64Array;

  constructor(facts: RunFacts) {
    super(MinDelta.about, facts);
    this.#minDelta = new Float64Array(deviceSlots(facts.cpus));
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const { cpus } = this.facts;
    if (id === Event.clockevents_register_device) {
      this.#minDelta[deviceSlot(cpus, cpu, fields[at + REGISTERED])] = fields[at + MIN_DELTA];
      return;
    }
    const grows = id === Event.clockevents_min_delta;
    // an event that was not forced may be refused
    if (!grows && fields[at + FORCE] === 0) return;
    const slot = deviceSlot(cpus, cpu, fields[at + (grows ? GROWN : PROGRAMMED)]);
    const wrong = grows ? this.#wrongGrowth(slot, fields, at) : this.#wrongRefusal(slot, fields, at);
    this.checked++;
    if (grows) this.#minDelta[slot] = fields[at + NEW];
    if (wrong === undefined) return;
    this.broken(() => ({ says: `at ${t} ns ${deviceText(cpus, slot)} ${wrong}`, events: [namedEvent(id, cpu, t, fields, at)] }));
  }

  #wrongGrowth(slot: number, fields: Float64Array, at: number): string | undefined {
    const old = fields[at + OLD];
    const now = fields[at + NEW];
    const known = this.#minDelta[slot];
    if (old !== known) return `has a least distance of ${old} ns before it grows, and of ${known} ns before that`;
    if (now < old) return `lets its least distance shrink from ${old} to ${now} ns`;
    return now > this.facts.tickNs ? `lets its least distance grow to ${now} ns, beyond a tick` : undefined;
  }

  #wrongRefusal(slot: number, fields: Float64Array, at: number): string | undefined {
    if (fields[at + RESULT] === 0) return undefined;
    const gaveUp = this.#minDelta[slot] >= this.facts.tickNs && fields[at + NEXT_EVENT] >= KTIME_MAX;
    return gaveUp ? undefined : `refuses an event that is forced, its least distance being ${this.#minDelta[slot]} ns`;
  }
}
