/** A timer that counts CPU time has been promised not to fire before its clock really says so. */
import { tracksContexts } from '../../../shared/cputime-flavour.ts';
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event } from '../../../shared/events.ts';
import { NONE, type CpuId, type Ns } from '../../../shared/units.ts';
import { CpuTimers, type CpuTimer } from '../cpu-timers.ts';
import { namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription } from '../oracle.ts';
import { CLOCK_WORDS, CpuClock } from '../process-clocks.ts';

const [EXPIRES] = places('cputimer_expire', 'expires');

export class CputimerEarly extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'P-01',
    says: 'a CPU timer does not fire before its process, or its thread, has really had what it was set for, and a period more each time',
    reference: 'kernel/time/posix-cpu-timers.c, kernel/time/itimer.c set_cpu_itimer',
    blindTo: 'where contexts are tracked, two ticks for each other thread that may run when the clock begins; processes of several ' +
      'threads where CPUs race or ticks are off',
    listens: CpuTimers.listens,
  };

  readonly #timers: CpuTimers;
  readonly #tracks: boolean;

  constructor(facts: RunFacts) {
    super(CputimerEarly.about, facts);
    this.#timers = new CpuTimers(facts);
    this.#tracks = facts.cputime.some(tracksContexts);
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    if (id !== Event.cputimer_expire) return this.#timers.onEvent(id, cpu, t, fields, at);
    const timer = this.#timers.of(fields, at);
    if (timer === undefined) return;
    this.#judge(timer, id, cpu, t, fields, at);
    this.#timers.expired(timer, fields, at);
  }

  #judge(timer: CpuTimer, id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const { process, thread, clock } = timer;
    const others = thread === NONE ? this.facts.processes[process].threads.length - 1 : 0;
    if (others > 0 && (this.facts.racing || this.facts.tickOff.length > 0)) return;
    this.checked++;
    const due = timer.due + fields[at + EXPIRES] - timer.firstExpires;
    const { clocks } = this.#timers;
    const had = thread === NONE ? clocks.at(process, clock, t) : clocks.ofThread(thread, clock, t);
    // what the others had not been charged with when the clock began counts twice
    const twice = this.#tracks && clock !== CpuClock.Sched ? 2 * others * this.facts.tickNs : 0;
    if (had + twice >= due) return;
    this.broken(() => ({
      says: `a timer of ${this.facts.processes[process].name} fires at ${t} ns, due when ${CLOCK_WORDS[clock]} is ${due} ns: ` +
        `it is ${had} ns`,
      events: [timer.set, namedEvent(id, cpu, t, fields, at)],
    }));
  }
}
