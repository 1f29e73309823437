/** What a clock event device is given to count is no less and no more than it can count. */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event } from '../../../shared/events.ts';
import { mulShift } from '../../../shared/math.ts';
import type { CpuId, Ns } from '../../../shared/units.ts';
import { deviceSlot, deviceSlots, deviceText } from '../device-slots.ts';
import { KeptEvents, namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription } from '../oracle.ts';

const [REGISTERED, MULT, SHIFT, MIN_TICKS, MAX_TICKS, MIN_DELTA, MAX_DELTA] = places(
  'clockevents_register_device', 'device', 'mult', 'shift', 'min_ticks', 'max_ticks', 'min_delta', 'max_delta',
);
const [PROGRAMMED, TICKS] = places('clockevents_program_event', 'device', 'ticks');

export class DeviceTicks extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'E-02',
    says: 'a clock event device is programmed with no fewer ticks than its least and no more than its most, and its limits in ns convert ' +
      'back to ticks between the two',
    reference: 'kernel/time/clockevents.c cev_delta2ns, clockevents_program_event',
    blindTo: 'whether its ticks are as long as its driver says',
    listens: ['clockevents_register_device', 'clockevents_program_event'],
  };

  readonly #devices: KeptEvents;

  constructor(facts: RunFacts) {
    super(DeviceTicks.about, facts);
    this.#devices = new KeptEvents(deviceSlots(facts.cpus), 'clockevents_register_device');
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const isNew = id === Event.clockevents_register_device;
    const slot = deviceSlot(this.facts.cpus, cpu, fields[at + (isNew ? REGISTERED : PROGRAMMED)]);
    if (isNew) this.#devices.keep(slot, id, cpu, t, fields, at);
    // never registered (E-01 says so), or left as it was
    if (!this.#devices.has(slot) || (!isNew && fields[at + TICKS] === 0)) return;
    const wrong = isNew ? this.#wrongLimits(fields, at) : this.#wrongTicks(slot, fields[at + TICKS]);
    this.checked++;
    if (wrong === undefined) return;
    const says = `at ${t} ns ${deviceText(this.facts.cpus, slot)} ${wrong}`;
    this.broken(() => ({ says, events: [this.#devices.named(slot), ...(isNew ? [] : [namedEvent(id, cpu, t, fields, at)])] }));
  }

  #wrongLimits(fields: Float64Array, at: number): string | undefined {
    const ticksOf = (ns: Ns): number => mulShift(ns, fields[at + MULT], fields[at + SHIFT]);
    const least = ticksOf(fields[at + MIN_DELTA]);
    const most = ticksOf(fields[at + MAX_DELTA]);
    const fewest = fields[at + MIN_TICKS];
    const allMost = fields[at + MAX_TICKS];
    if (least < fewest) return `turns its least distance, ${fields[at + MIN_DELTA]} ns, into ${least} ticks, fewer than its ${fewest}`;
    return most > allMost ? `turns its greatest distance into ${most} ticks, more than its ${allMost}` : undefined;
  }

  #wrongTicks(slot: number, ticks: number): string | undefined {
    const { rows } = this.#devices;
    const at = this.#devices.at(slot);
    const least = rows[at + MIN_TICKS];
    const most = rows[at + MAX_TICKS];
    return ticks >= least && ticks <= most ? undefined : `is programmed with ${ticks} ticks, and can count ${least} to ${most}`;
  }
}
