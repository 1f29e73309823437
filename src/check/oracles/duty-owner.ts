/** The do_timer duty belongs to a CPU of the machine or, by name, to nobody; and "nobody yet" is over for good once somebody had it. */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { TICK_DO_TIMER_BOOT, TICK_DO_TIMER_NONE } from '../../../shared/structs/global.ts';
import type { CpuId, Ns } from '../../../shared/units.ts';
import { KeptEvents, namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription, Verdict } from '../oracle.ts';

const [OWNER] = places('tick_do_timer_cpu', 'owner');

export class DutyOwner extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'J-03',
    says: 'the do_timer duty is owned by a CPU of the machine, or by nobody (-1), or not yet (-2), which no owner may become again; ' +
      'where nohz_full= is in force, once a CPU has it that is not of those, always by such a CPU',
    reference: 'kernel/time/tick-common.c tick_do_timer_cpu',
    blindTo: 'whether the owner does its duty (J-02, J-07)',
    listens: ['tick_do_timer_cpu'],
  };

  readonly #last = new KeptEvents(1, 'tick_do_timer_cpu');
  #everOwned = false;
  /** nohz_full= is in force, and a CPU keeps the time that never stops its tick. */
  #isKept = false;

  constructor(facts: RunFacts) {
    super(DutyOwner.about, facts);
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const owner = fields[at + OWNER];
    const wrong = this.#wrong(owner);
    this.checked++;
    if (wrong !== undefined) {
      this.broken(() => ({
        says: `at ${t} ns CPU ${cpu} gives the do_timer duty to ${owner}: ${wrong}`,
        events: [...(this.#last.has(0) ? [this.#last.named(0)] : []), namedEvent(id, cpu, t, fields, at)],
      }));
    }
    this.#everOwned ||= owner !== TICK_DO_TIMER_BOOT;
    this.#isKept ||= owner >= 0 && this.#keepsTime(owner);
    this.#last.keep(0, id, cpu, t, fields, at);
  }

  #keepsTime(owner: number): boolean {
    const { nohzFull } = this.facts;
    return nohzFull.length > 0 && owner >= 0 && !nohzFull.includes(owner);
  }

  /** At the end a CPU that could keep the time has it, or nobody ever had it. */
  override finish(): Verdict {
    if (this.facts.nohzFull.length > 0 && this.#everOwned && !this.#isKept) {
      this.broken(() => ({ says: 'no CPU that never stops its tick was ever given the do_timer duty', events: [this.#last.named(0)] }));
    }
    return this.verdict();
  }

  #wrong(owner: number): string | undefined {
    if (this.#isKept && !this.#keepsTime(owner)) return 'with nohz_full= it stays with a CPU that never stops its tick';
    if (owner === TICK_DO_TIMER_NONE) return undefined;
    if (owner === TICK_DO_TIMER_BOOT) return this.#everOwned ? 'somebody has had it already' : undefined;
    const exists = Number.isInteger(owner) && owner >= 0 && owner < this.facts.cpus;
    return exists ? undefined : `the machine has CPUs 0 .. ${this.facts.cpus - 1}`;
  }
}
