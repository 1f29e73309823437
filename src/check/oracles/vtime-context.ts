/** What a task's vtime says that it is doing is what the machine does in its name, whenever that changes. */
import { tracksContexts } from '../../../shared/cputime-flavour.ts';
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event, Mode } from '../../../shared/events.ts';
import { VtimeState } from '../../../shared/structs/task.ts';
import type { CpuId, Ns } from '../../../shared/units.ts';
import { KeptEvents, namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription } from '../oracle.ts';

const [STATE] = places('vtime_publish', 'state');
const [MODE] = places('context', 'mode');
const { Idle, Sys, User, Guest } = VtimeState;
const MODE_NAMES = Object.keys(Mode);
const STATE_NAMES = Object.keys(VtimeState);

/** States in which a CPU may be in a mode; undefined: in any. A guest is left when the interrupt that ends it is over. */
function statesIn(mode: number): readonly number[] | undefined {
  switch (mode) {
    case Mode.User: return [User];
    case Mode.Guest: return [Guest];
    case Mode.Idle: return [Idle];
    case Mode.Steal: return undefined;
    default: return [Idle, Sys, Guest];
  }
}

export class VtimeContext extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'C-06',
    says: 'on a CPU that tracks contexts vtime says User where the CPU is in user mode and nowhere else, Guest while a guest runs, Idle ' +
      'while it is halted',
    reference: 'kernel/context_tracking.c ct_user_enter; kernel/sched/cputime.c vtime_user_enter',
    blindTo: 'the instant of the edge (V-01)',
    listens: ['vtime_publish', 'context'],
  };

  readonly #last: KeptEvents;

  constructor(facts: RunFacts) {
    super(VtimeContext.about, facts);
    this.#last = new KeptEvents(facts.cpus, 'vtime_publish');
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    if (!tracksContexts(this.facts.cputime[cpu])) return;
    if (id === Event.vtime_publish) {
      // of a record that begins a new life its CPU says nothing about itself
      if (fields[at + STATE] !== VtimeState.Inactive) this.#last.keep(cpu, id, cpu, t, fields, at);
      return;
    }
    if (!this.#last.has(cpu)) return;
    const state = this.#last.rows[this.#last.at(cpu) + STATE];
    const mode = fields[at + MODE];
    this.checked++;
    if (statesIn(mode)?.includes(state) ?? true) return;
    this.broken(() => ({
      says: `CPU ${cpu} goes into mode ${MODE_NAMES[mode]} at ${t} ns, where its vtime says ${STATE_NAMES[state]}`,
      events: [this.#last.named(cpu), namedEvent(id, cpu, t, fields, at)],
    }));
  }
}
