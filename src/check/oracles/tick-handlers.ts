/** The interrupt of a device that somebody uses has somebody to call. */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event } from '../../../shared/events.ts';
import { TickHandler } from '../../../shared/structs/cpu.ts';
import type { CpuId, Ns } from '../../../shared/units.ts';
import { KeptEvents, namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription } from '../oracle.ts';

const [DEVICE, MODE, HANDLER] = places('tick_device', 'device', 'mode', 'handler');
const [NEW] = places('clockevents_exchange_device', 'new');
const [TICK_MODE] = places('tick', 'mode');
const OWN_DEVICE = 1;
const PERIODIC = 0;

export class TickHandlers extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'E-08',
    says: 'a tick device has a handler, that of its mode, from the moment at which it is taken, and its interrupt calls it: a tick comes ' +
      'in the mode that the device is in',
    reference: 'kernel/time/tick-common.c tick_setup_device, tick_handle_periodic',
    blindTo: 'interrupts of devices that have been shut down and were under way',
    listens: ['clockevents_exchange_device', 'tick_device', 'tick', 'local_timer_entry'],
  };

  readonly #set: KeptEvents;
  /** 1 for a CPU whose own device is its tick device. */
  readonly #own: Uint8Array;

  constructor(facts: RunFacts) {
    super(TickHandlers.about, facts);
    this.#set = new KeptEvents(facts.cpus, 'tick_device');
    this.#own = new Uint8Array(facts.cpus);
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    if (id === Event.clockevents_exchange_device) {
      this.#own[cpu] = fields[at + NEW] === OWN_DEVICE ? 1 : 0;
      this.#set.forget(cpu);
      return;
    }
    const wrong = this.#wrong(id, cpu, fields, at);
    this.checked++;
    if (wrong !== undefined) {
      this.broken(() => ({
        says: `at ${t} ns CPU ${cpu} ${wrong}`,
        events: [...(this.#set.has(cpu) ? [this.#set.named(cpu)] : []), namedEvent(id, cpu, t, fields, at)],
      }));
    }
    if (id === Event.tick_device) this.#set.keep(cpu, id, cpu, t, fields, at);
  }

  #wrong(id: number, cpu: CpuId, fields: Float64Array, at: number): string | undefined {
    if (id === Event.tick_device) return this.#wrongHandler(fields[at + DEVICE], fields[at + MODE], fields[at + HANDLER]);
    if (!this.#set.has(cpu)) {
      return this.#own[cpu] === 1 || id === Event.tick ? 'has a tick device whose interrupt calls nobody' : undefined;
    }
    if (id !== Event.tick) return undefined;
    const mode = this.#set.rows[this.#set.at(cpu) + MODE];
    const ticks = fields[at + TICK_MODE];
    return (mode === PERIODIC) === (ticks === PERIODIC) ? undefined : `ticks in mode ${ticks}, its device being in ${mode}`;
  }

  #wrongHandler(device: number, mode: number, handler: number): string | undefined {
    if (handler === TickHandler.Noop) return `uses device ${device}, whose interrupt calls nobody`;
    const isPeriodic = handler === TickHandler.Periodic;
    return isPeriodic === (mode === PERIODIC) ? undefined : `has handler ${handler} in mode ${mode}`;
  }
}
