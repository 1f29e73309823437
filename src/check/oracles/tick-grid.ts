/** A tick that goes on comes at the next instant of the grid that it had before it was stopped. */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event } from '../../../shared/events.ts';
import { TickFlag } from '../../../shared/structs/cpu.ts';
import type { CpuId, Ns } from '../../../shared/units.ts';
import { KeptEvents, namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription } from '../oracle.ts';

const [FLAGS, LAST_TICK] = places('tick_nohz_idle_stop', 'flags', 'last_tick');
const [NOW, EXPIRES] = places('tick_nohz_restart', 'now', 'expires');

export class TickGrid extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'N-01',
    says: 'a stopped tick goes on a whole number of periods after the one that did not come, at the first such instant to come',
    reference: 'kernel/time/tick-sched.c tick_nohz_restart',
    blindTo: 'whether the event device is armed for it (N-03)',
    listens: ['tick_nohz_idle_stop', 'tick_nohz_restart'],
  };

  readonly #lastTick: Float64Array;
  readonly #stop: KeptEvents;

  constructor(facts: RunFacts) {
    super(TickGrid.about, facts);
    this.#lastTick = new Float64Array(facts.cpus).fill(-1);
    this.#stop = new KeptEvents(facts.cpus, 'tick_nohz_idle_stop');
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    if (id === Event.tick_nohz_restart) return this.#onRestart(id, cpu, t, fields, at);
    if ((fields[at + FLAGS] & TickFlag.Stopped) === 0 || this.#lastTick[cpu] >= 0) return;
    this.#lastTick[cpu] = fields[at + LAST_TICK];
    this.#stop.keep(cpu, id, cpu, t, fields, at);
  }

  #onRestart(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const { tickNs } = this.facts;
    const last = this.#lastTick[cpu];
    const expires = fields[at + EXPIRES];
    const ahead = expires - fields[at + NOW];
    this.checked++;
    this.#lastTick[cpu] = -1;
    const wrong = last < 0 ? 'it was not stopped'
      : ahead <= 0 || ahead > tickNs ? `that is ${ahead} ns from now`
        : expires < last || (expires - last) % tickNs !== 0 ? `its grid goes through ${last}` : undefined;
    if (wrong === undefined) return;
    this.broken(() => ({
      says: `the tick of CPU ${cpu} goes on at ${expires} ns: ${wrong}`,
      events: [...(this.#stop.has(cpu) ? [this.#stop.named(cpu)] : []), namedEvent(id, cpu, t, fields, at)],
    }));
  }
}
