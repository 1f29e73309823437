/** The two counts of an idle CPU's attempts to stop its tick. */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { TickFlag } from '../../../shared/structs/cpu.ts';
import type { CpuId, Ns } from '../../../shared/units.ts';
import { KeptEvents, namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription } from '../oracle.ts';

const [CALLS, SLEEPS, FLAGS, EXPIRES] = places('tick_nohz_idle_stop', 'calls', 'sleeps', 'flags', 'expires');

export class IdleCounts extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'I-02',
    says: 'each attempt of an idle CPU to stop its tick counts as one idle call, and as one idle sleep too if there was time for it; so ' +
      'there are never more sleeps than calls; one that is made for a task counts as neither',
    reference: 'kernel/time/tick-sched.c tick_nohz_idle_stop_tick',
    blindTo: 'attempts that were refused before they were counted',
    listens: ['tick_nohz_idle_stop'],
  };

  readonly #last: KeptEvents;

  constructor(facts: RunFacts) {
    super(IdleCounts.about, facts);
    this.#last = new KeptEvents(facts.cpus, 'tick_nohz_idle_stop');
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const before = this.#last.has(cpu);
    const calls = before ? this.#last.rows[this.#last.at(cpu) + CALLS] : 0;
    const sleeps = before ? this.#last.rows[this.#last.at(cpu) + SLEEPS] : 0;
    const idle = (fields[at + FLAGS] & TickFlag.Inidle) !== 0;
    const wrong = this.#wrong(idle, fields[at + CALLS] - calls, fields[at + SLEEPS] - sleeps, fields[at + EXPIRES]);
    this.checked++;
    if (wrong !== undefined) {
      this.broken(() => ({
        says: `CPU ${cpu} had ${calls} idle calls and ${sleeps} idle sleeps; at ${t} ns it has ${fields[at + CALLS]} and ` +
          `${fields[at + SLEEPS]}: ${wrong}`,
        events: [...(before ? [this.#last.named(cpu)] : []), namedEvent(id, cpu, t, fields, at)],
      }));
    }
    this.#last.keep(cpu, id, cpu, t, fields, at);
  }

  #wrong(idle: boolean, calls: number, sleeps: number, expires: Ns): string | undefined {
    if (!idle) return calls === 0 && sleeps === 0 ? undefined : 'a task runs, and its CPU is not idle';
    if (calls !== 1) return 'an attempt is one call';
    if (sleeps !== 0 && sleeps !== 1) return 'an attempt is at most one sleep';
    return expires > 0 && sleeps === 0 ? 'it sleeps, and that is not counted' : undefined;
  }
}
