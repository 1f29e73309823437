/**
 * A tick stops only where nothing would need it: no timer is due within a period of the jiffy from which the CPU looked ahead.
 * And whoever has the duty of the time does not sleep for ever.
 */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event } from '../../../shared/events.ts';
import { TickFlag } from '../../../shared/structs/cpu.ts';
import { KTIME_MAX, type CpuId, type Jiffies, type Ns } from '../../../shared/units.ts';
import { ArmedDevices } from '../armed-devices.ts';
import { FineTimers } from '../fine-timers.ts';
import { KeptEvents, namedEvent, places } from '../kept-events.ts';
import type { OracleDescription, Witness } from '../oracle.ts';
import { TimerOracle } from '../timer-oracle.ts';

const [BASEJ, BASEM] = places('tick_nohz_next_event', 'basej', 'basem');
const [CANCELLED] = places('hrtimer_cancel', 'hrtimer');
const [FLAGS] = places('tick_nohz_idle_stop', 'flags');

export class StopsFar extends TimerOracle {
  static readonly about: OracleDescription = {
    id: 'N-02',
    says: 'a tick stops only where no timer of the wheel, and in low resolution no hrtimer, is due within one tick of the jiffy ' +
      'that the CPU looked from',
    reference: 'kernel/time/tick-sched.c tick_nohz_next_event',
    blindTo: 'timers in coarse buckets of the wheel, which come later than they expire, and those that other CPUs start as it stops',
    listens: ['tick_nohz_next_event', 'tick_nohz_idle_stop', 'tick_nohz_restart', ...FineTimers.listens, ...ArmedDevices.listens],
  };

  readonly #devices: ArmedDevices;
  readonly #look: KeptEvents;
  readonly #stopped: Uint8Array;
  readonly #wheel: FineTimers;

  constructor(facts: RunFacts) {
    super(StopsFar.about, facts);
    this.#wheel = new FineTimers(facts.racing);
    this.#devices = new ArmedDevices(facts.cpus, facts.racing);
    this.#look = new KeptEvents(facts.cpus, 'tick_nohz_next_event');
    this.#stopped = new Uint8Array(facts.cpus);
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    this.settle(t);
    switch (id) {
      case Event.tick_nohz_next_event: return this.#look.keep(cpu, id, cpu, t, fields, at);
      case Event.tick_nohz_restart: this.#stopped[cpu] = 0; return;
      case Event.tick_nohz_idle_stop: return this.#onStop(id, cpu, t, fields, at);
      default:
        if (id === Event.hrtimer_cancel) this.takenOut(fields[at + CANCELLED], cpu);
        this.#wheel.onEvent(id, cpu, fields, at);
        if (cpu < this.facts.cpus) this.#devices.onEvent(id, cpu, fields, at);
    }
  }

  #onStop(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const flags = fields[at + FLAGS];
    if ((flags & TickFlag.Stopped) === 0 || this.#stopped[cpu] === 1 || !this.#look.has(cpu)) return;
    this.#stopped[cpu] = 1;
    this.checked++;
    const look = this.#look.at(cpu);
    const describe = (wrong: string) => (): Witness => ({
      says: `CPU ${cpu} stops its tick at ${t} ns, though ${wrong}`,
      events: [this.#look.named(cpu), namedEvent(id, cpu, t, fields, at)],
    });
    const wheel = this.#dueWheel(cpu, this.#look.rows[look + BASEJ]);
    if (wheel !== undefined) return this.broken(describe(wheel));
    const hrtimer = this.#dueHrtimer(cpu, flags, this.#look.rows[look + BASEM]);
    if (hrtimer !== undefined) this.passedBy(this.#devices.firstTimer(cpu), cpu, t, describe(hrtimer));
  }

  #dueWheel(cpu: CpuId, basej: Jiffies): string | undefined {
    const due = this.#wheel.firstDue(cpu);
    return due > basej + 1 ? undefined : `a timer of its wheel is due at jiffy ${due}, and it looked from ${basej}`;
  }

  #dueHrtimer(cpu: CpuId, flags: number, basem: Ns): string | undefined {
    if ((flags & TickFlag.Highres) !== 0) return undefined;
    const first = this.#devices.firstExpiry(cpu);
    return first !== KTIME_MAX && first <= basem + this.facts.tickNs ? `an hrtimer expires at ${first}` : undefined;
  }
}
