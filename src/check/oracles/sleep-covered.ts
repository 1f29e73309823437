/** Whoever sleeps without a periodic tick is woken in time: its device is armed for whatever comes first. */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event } from '../../../shared/events.ts';
import { TickFlag } from '../../../shared/structs/cpu.ts';
import { KTIME_MAX, NONE, type CpuId, type Ns, type TimerId } from '../../../shared/units.ts';
import { ArmedDevices } from '../armed-devices.ts';
import { FineTimers } from '../fine-timers.ts';
import { KeptEvents, namedEvent, places } from '../kept-events.ts';
import type { OracleDescription, Witness } from '../oracle.ts';
import { TimerOracle } from '../timer-oracle.ts';

const [CANCELLED] = places('hrtimer_cancel', 'hrtimer');
const [STATE] = places('cpu_idle', 'state');
const [BASEJ, BASEM] = places('tick_nohz_next_event', 'basej', 'basem');
const [STOP_FLAGS, WANTED] = places('tick_nohz_idle_stop', 'flags', 'expires');
const [SLEEP_FLAGS] = places('idle_sleep', 'flags');

/** The end of an idle state, and no state. */
const PWR_EVENT_EXIT = 0xffff_ffff;

export class SleepCovered extends TimerOracle {
  static readonly about: OracleDescription = {
    id: 'N-03',
    says: 'a CPU that goes to sleep has its event device armed no later than its first hrtimer; its tick, running or stopped, stands ' +
      'where it must wake, and that is no later than the first timer of its wheel',
    reference: 'kernel/time/tick-sched.c tick_nohz_stop_tick',
    blindTo: 'timers of clocks that can be set, and whether the look for the next event found everything (N-02)',
    listens: [
      'hrtimer_hang', 'local_timer_entry', 'cpu_idle', 'tick_nohz_next_event', 'tick_nohz_idle_stop', 'tick_nohz_restart', 'idle_sleep',
      ...FineTimers.listens, ...ArmedDevices.listens,
    ],
  };

  readonly #devices: ArmedDevices;
  readonly #wheel: FineTimers;
  readonly #flags: Int32Array;
  readonly #look: KeptEvents;
  /** When a CPU whose tick is stopped must wake; -1 while it runs. */
  readonly #wanted: Float64Array;
  readonly #stop: KeptEvents;
  /** 1 in the pause after a hang, in which the device is armed for its end. */
  readonly #pauses: Uint8Array;

  constructor(facts: RunFacts) {
    super(SleepCovered.about, facts);
    this.#devices = new ArmedDevices(facts.cpus, facts.racing);
    this.#wheel = new FineTimers(facts.racing);
    this.#pauses = new Uint8Array(facts.cpus);
    this.#flags = new Int32Array(facts.cpus);
    this.#look = new KeptEvents(facts.cpus, 'tick_nohz_next_event');
    this.#wanted = new Float64Array(facts.cpus).fill(-1);
    this.#stop = new KeptEvents(facts.cpus, 'tick_nohz_idle_stop');
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    this.settle(t);
    switch (id) {
      case Event.hrtimer_cancel: this.takenOut(fields[at + CANCELLED], cpu); break;
      case Event.hrtimer_hang: this.#pauses[cpu] = 1; return;
      case Event.local_timer_entry: this.#pauses[cpu] = 0; break;
      case Event.idle_sleep: this.#flags[cpu] = fields[at + SLEEP_FLAGS]; return;
      case Event.tick_nohz_next_event: return this.#look.keep(cpu, id, cpu, t, fields, at);
      case Event.tick_nohz_restart: this.#wanted[cpu] = -1; return;
      case Event.tick_nohz_idle_stop: return this.#onStop(id, cpu, t, fields, at);
      case Event.cpu_idle:
        if (fields[at + STATE] !== PWR_EVENT_EXIT) this.#judge(id, cpu, t, fields, at);
        return;
    }
    this.#wheel.onEvent(id, cpu, fields, at);
    if (cpu < this.facts.cpus) this.#devices.onEvent(id, cpu, fields, at);
  }

  #onStop(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    if ((fields[at + STOP_FLAGS] & TickFlag.Stopped) !== 0) this.#wanted[cpu] = fields[at + WANTED];
    this.#stop.keep(cpu, id, cpu, t, fields, at);
  }

  #judge(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    this.checked++;
    const describe = (wrong: string) => (): Witness => ({
      says: `CPU ${cpu} goes to sleep at ${t} ns, and ${wrong}`,
      events: [...(this.#stop.has(cpu) ? [this.#stop.named(cpu)] : []), namedEvent(id, cpu, t, fields, at)],
    });
    const wheel = this.#lateForWheel(cpu);
    if (wheel !== undefined) return this.broken(describe(wheel));
    const wrong = this.#wrong(cpu);
    if (wrong !== undefined) this.passedBy(this.#passed(cpu), cpu, t, describe(wrong));
  }

  /** A stopped tick must come for the wheel, whose jiffies are counted from the look. */
  #lateForWheel(cpu: CpuId): string | undefined {
    const wanted = this.#wanted[cpu];
    if (wanted < 0 || !this.#look.has(cpu)) return undefined;
    const { rows } = this.#look;
    const look = this.#look.at(cpu);
    const due = this.#wheel.firstDue(cpu);
    const at = rows[look + BASEM] + Math.max(0, due - rows[look + BASEJ]) * this.facts.tickNs;
    return wanted <= at ? undefined : `a timer of its wheel is due at jiffy ${due}, but it wakes at ${text(wanted)}`;
  }

  /** The timer for which the device comes too late, or NONE. */
  #passed(cpu: CpuId): TimerId {
    return this.#devices.armedFor(cpu) > this.#devices.firstExpiry(cpu) ? this.#devices.firstTimer(cpu) : NONE;
  }

  #wrong(cpu: CpuId): string | undefined {
    const armed = this.#devices.armedFor(cpu);
    const wanted = this.#wanted[cpu];
    if ((this.#flags[cpu] & TickFlag.Highres) === 0) {
      const late = wanted >= 0 && wanted !== KTIME_MAX && armed > wanted;
      return late ? `must wake at ${wanted}, but its device comes at ${text(armed)}` : undefined;
    }
    const first = this.#devices.firstExpiry(cpu);
    const tick = this.#devices.tickExpiry(cpu);
    if (armed > first && this.#pauses[cpu] === 0) return `its first timer expires at ${first}, but its device comes at ${text(armed)}`;
    if (wanted < 0) return tick === KTIME_MAX ? 'its tick is not stopped, but has no timer' : undefined;
    return tick === wanted ? undefined : `must wake at ${text(wanted)}, but its stopped tick stands at ${text(tick)}`;
  }
}

const text = (ns: Ns): string => (ns === KTIME_MAX ? 'no time' : String(ns));
