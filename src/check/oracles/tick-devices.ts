/** Each CPU's tick comes from one device, and no device gives it to two CPUs; who is not used is detached. */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event } from '../../../shared/events.ts';
import { ClockEventState } from '../../../shared/structs/cpu.ts';
import type { CpuId, Ns } from '../../../shared/units.ts';
import { NO_DEVICE, deviceSlot, deviceSlots, deviceText } from '../device-slots.ts';
import { namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription } from '../oracle.ts';

const [OLD, NEW] = places('clockevents_exchange_device', 'old', 'new');
const [DEVICE] = places('tick_device', 'device');
const [SWITCHED, STATE] = places('clockevents_switch_state', 'device', 'state');
const NOBODY = -1;

export class TickDevices extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'E-07',
    says: 'a CPU that ticks has one tick device, a device is that of one CPU at most, and a device is detached when it lets go of its ' +
      'CPU and is not while it has one',
    reference: 'kernel/time/tick-common.c tick_check_new_device, tick_setup_device',
    blindTo: 'CPUs that never tick',
    listens: ['clockevents_exchange_device', 'clockevents_switch_state', 'tick_device', 'tick'],
  };

  /** Each CPU's device, and the CPU of each slot. */
  readonly #device: Int32Array;
  readonly #user: Int32Array;
  /** Slot that is about to let go. */
  readonly #leaving: Int32Array;

  constructor(facts: RunFacts) {
    super(TickDevices.about, facts);
    this.#device = new Int32Array(facts.cpus);
    this.#user = new Int32Array(deviceSlots(facts.cpus)).fill(NOBODY);
    this.#leaving = new Int32Array(facts.cpus).fill(NOBODY);
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const wrong = this.#wrong(id, cpu, fields, at);
    this.checked++;
    if (wrong !== undefined) this.broken(() => ({ says: `at ${t} ns ${wrong}`, events: [namedEvent(id, cpu, t, fields, at)] }));
  }

  #wrong(id: number, cpu: CpuId, fields: Float64Array, at: number): string | undefined {
    switch (id) {
      case Event.clockevents_exchange_device: return this.#exchange(cpu, fields[at + OLD], fields[at + NEW]);
      case Event.clockevents_switch_state: return this.#onSwitch(cpu, fields[at + SWITCHED], fields[at + STATE]);
      case Event.tick_device: {
        const mine = this.#device[cpu];
        const device = fields[at + DEVICE];
        const left = this.#leaving[cpu];
        this.#leaving[cpu] = NOBODY;
        if (left !== NOBODY) return `${deviceText(this.facts.cpus, left)} lets go of CPU ${cpu}, and is not detached`;
        return device === mine ? undefined : `CPU ${cpu} sets up device ${device}, and its tick device is ${mine}`;
      }
      default: return this.#device[cpu] === NO_DEVICE ? `CPU ${cpu} ticks without a tick device` : undefined;
    }
  }

  #exchange(cpu: CpuId, old: number, now: number): string | undefined {
    const { cpus } = this.facts;
    if (old !== this.#device[cpu]) return `CPU ${cpu} gives device ${old} away, and has device ${this.#device[cpu]}`;
    const taken = deviceSlot(cpus, cpu, now);
    const user = taken < 0 ? NOBODY : this.#user[taken];
    const left = deviceSlot(cpus, cpu, old);
    if (left >= 0) this.#user[left] = NOBODY;
    this.#leaving[cpu] = left;
    this.#device[cpu] = now;
    if (taken >= 0) this.#user[taken] = cpu;
    return user === NOBODY ? undefined : `CPU ${cpu} takes ${deviceText(cpus, taken)}, which is CPU ${user}'s`;
  }

  #onSwitch(cpu: CpuId, device: number, state: number): string | undefined {
    const { cpus } = this.facts;
    const slot = deviceSlot(cpus, cpu, device);
    const leaves = this.#leaving[cpu] === slot;
    if (leaves) this.#leaving[cpu] = NOBODY;
    const user = this.#user[slot];
    const isDetached = state === ClockEventState.Detached;
    if (isDetached === (user === NOBODY)) return undefined;
    return `${deviceText(cpus, slot)} ${isDetached ? `is detached, and is CPU ${user}'s` : `goes to state ${state}, and nobody uses it`}`;
  }
}
