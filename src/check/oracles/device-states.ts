/** A clock event device goes from state to state only where there is a way, and is programmed only where it counts down. */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event } from '../../../shared/events.ts';
import { ClockEventFeature, ClockEventState } from '../../../shared/structs/cpu.ts';
import type { CpuId, Ns } from '../../../shared/units.ts';
import { deviceSlot, deviceSlots, deviceText } from '../device-slots.ts';
import { KeptEvents, namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription } from '../oracle.ts';

const [REGISTERED, FEATURES] = places('clockevents_register_device', 'device', 'features');
const [SWITCHED, STATE] = places('clockevents_switch_state', 'device', 'state');
const [PROGRAMMED] = places('clockevents_program_event', 'device');

const { Detached, Shutdown, Periodic, Oneshot, OneshotStopped } = ClockEventState;
/** Nobody has said that the device is there. */
const UNKNOWN = -1;

export class DeviceStates extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'E-01',
    says: 'a clock event device changes state only along the ways that there are, is periodic or one-shot only if it can be, and is ' +
      'programmed only while it is one-shot',
    reference: 'kernel/time/clockevents.c __clockevents_switch_state, clockevents_program_event',
    blindTo: 'whether the hardware was told',
    listens: ['clockevents_register_device', 'clockevents_switch_state', 'clockevents_program_event'],
  };

  readonly #state: Int8Array;
  readonly #features: Uint8Array;
  readonly #last: KeptEvents;

  constructor(facts: RunFacts) {
    super(DeviceStates.about, facts);
    const slots = deviceSlots(facts.cpus);
    this.#state = new Int8Array(slots).fill(UNKNOWN);
    this.#features = new Uint8Array(slots);
    this.#last = new KeptEvents(slots, 'clockevents_register_device');
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const slot = deviceSlot(this.facts.cpus, cpu, fields[at + this.#placeOfDevice(id)]);
    const wrong = this.#wrong(id, slot, fields, at);
    this.checked++;
    if (wrong !== undefined) {
      this.broken(() => ({
        says: `at ${t} ns ${deviceText(this.facts.cpus, slot)} ${wrong}`,
        events: [...(this.#last.has(slot) ? [this.#last.named(slot)] : []), namedEvent(id, cpu, t, fields, at)],
      }));
    }
    if (id === Event.clockevents_program_event) return;
    if (id === Event.clockevents_register_device) this.#features[slot] = fields[at + FEATURES];
    this.#state[slot] = id === Event.clockevents_register_device ? Detached : fields[at + STATE];
    this.#last.keep(slot, id, cpu, t, fields, at);
  }

  #placeOfDevice(id: number): number {
    if (id === Event.clockevents_switch_state) return SWITCHED;
    return id === Event.clockevents_program_event ? PROGRAMMED : REGISTERED;
  }

  #wrong(id: number, slot: number, fields: Float64Array, at: number): string | undefined {
    const state = this.#state[slot];
    if (id === Event.clockevents_register_device) return state > Detached ? `registers while it is in state ${state}` : undefined;
    if (state === UNKNOWN) return 'was never registered';
    if (id === Event.clockevents_program_event) return state === Oneshot ? undefined : `is programmed in state ${state}`;
    const to = fields[at + STATE];
    return this.#isLegal(slot, state, to) ? undefined : `goes from state ${state} to ${to}, its features being ${this.#features[slot]}`;
  }

  #isLegal(slot: number, from: number, to: number): boolean {
    const features = this.#features[slot];
    if (from === to) return false;
    if (to === Detached || to === Shutdown) return true;
    if (from === Detached) return false;
    if (to === Periodic) return (features & ClockEventFeature.Periodic) !== 0;
    if (to === Oneshot) return (features & ClockEventFeature.Oneshot) !== 0;
    return to === OneshotStopped && from === Oneshot;
  }
}
