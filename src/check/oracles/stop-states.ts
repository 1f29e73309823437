/**
 * A stop of the machine takes all CPUs through the same states together, and whoever stands still does
 * nothing else.
 *
 *      CPU 0   1 Prepare | 2 DisableIrq | 3 Run: the function | 4 Exit
 *      CPU 1    1 Prepare | 2 DisableIrq | 3 Run              | 4 Exit
 *                         |<-- no timer, no step, no jiffies -->|
 *
 * Nobody enters a state before all have entered the one before it. Where CPUs race, the clock of the one
 * that moves the state on may be behind that of one which acknowledged it before, by less than a message's way.
 */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event, EventClass } from '../../../shared/events.ts';
import { MultiStopState } from '../../../shared/structs/smp.ts';
import type { CpuId, Ns } from '../../../shared/units.ts';
import { namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription, Verdict } from '../oracle.ts';

const [STATE] = places('multi_stop_state', 'state');
const [CPUS] = places('stop_machine', 'cpus');
const [START, CLASS] = places('event', 'time', 'class');
const { None, Prepare, DisableIrq, Run, Exit } = MultiStopState;

/** One stop: who asked for it, how many take part, and by state how many have entered it, the first when. */
interface Stop {
  caller: CpuId;
  cpus: number;
  ran: number;
  readonly entered: Int32Array;
  readonly firstAt: Float64Array;
}

export class StopStates extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'S-04',
    says: 'in a stop of the machine every CPU goes through all states, none ahead of the others; the function runs once, on the CPU that ' +
      'asked; meanwhile no CPU takes a timer or a step, and jiffies stand',
    reference: 'kernel/stop_machine.c multi_cpu_stop',
    blindTo: 'what the function does',
    listens: ['event', 'stop_machine', 'multi_stop_state', 'stop_machine_function', 'jiffies_update'],
  };

  readonly #state: Int32Array;
  /** Start of the event under way. */
  readonly #start: Float64Array;
  /** By CPU, which stop it takes part in; stops by number. */
  readonly #which: Int32Array;
  readonly #stops: Stop[] = [];

  constructor(facts: RunFacts) {
    super(StopStates.about, facts);
    this.#state = new Int32Array(facts.cpus + 1);
    this.#start = new Float64Array(facts.cpus + 1);
    this.#which = new Int32Array(facts.cpus + 1).fill(-1);
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const wrong = this.#wrong(id, cpu, fields, at);
    if (wrong !== undefined) this.broken(() => ({ says: `CPU ${cpu} at ${t} ns ${wrong}`, events: [namedEvent(id, cpu, t, fields, at)] }));
  }

  override finish(_end: Ns): Verdict {
    this.#stops.slice(0, -1).forEach((stop, i) => {
      if (stop.entered[Exit] === stop.cpus && stop.ran === 1) return;
      this.broken(() => ({
        says: `stop ${i} of the machine was left by ${stop.entered[Exit]} of ${stop.cpus} CPUs, and its function ran ${stop.ran} times`,
        events: [],
      }));
    });
    return this.verdict();
  }

  #wrong(id: number, cpu: CpuId, fields: Float64Array, at: number): string | undefined {
    switch (id) {
      case Event.stop_machine: return this.#onStop(cpu, fields[at + CPUS]);
      case Event.multi_stop_state: return this.#onState(cpu, fields[at + STATE]);
      case Event.stop_machine_function: return this.#onFunction(cpu);
      case Event.jiffies_update: return this.#standsStill(cpu) ? 'advances jiffies while it is to stand still' : undefined;
      default: return this.#onBegin(cpu, fields[at + START], fields[at + CLASS]);
    }
  }

  #onBegin(cpu: CpuId, start: Ns, cls: number): string | undefined {
    this.#start[cpu] = start;
    return this.#standsStill(cpu) && this.#runsOn(cls) ? 'begins a timer or a step while it is to stand still' : undefined;
  }

  #standsStill(cpu: CpuId): boolean {
    return this.#state[cpu] === DisableIrq || this.#state[cpu] === Run;
  }

  /** A message it hears, and the end of the run finds it wherever it is. */
  #runsOn(cls: number): boolean {
    return cls === EventClass.Timer || cls === EventClass.Step || cls === EventClass.Device;
  }

  #onStop(cpu: CpuId, cpus: number): undefined {
    this.#stops.push({ caller: cpu, cpus, ran: 0, entered: new Int32Array(Exit + 1), firstAt: new Float64Array(Exit + 1).fill(-1) });
    return undefined;
  }

  #onState(cpu: CpuId, state: number): string | undefined {
    const before = this.#state[cpu];
    this.checked++;
    if (state !== before + 1) return `goes from state ${before} of a stop to ${state}`;
    if (state === Prepare) this.#which[cpu] += 1;
    const stop = this.#stops[this.#which[cpu]];
    this.#state[cpu] = state === Exit ? None : state;
    if (stop === undefined) return 'takes part in a stop for which nobody has asked';
    stop.entered[state]++;
    if (stop.firstAt[state] < 0) stop.firstAt[state] = this.#start[cpu];
    return this.#judgeOthers(stop, state, this.#start[cpu]);
  }

  #judgeOthers(stop: Stop, state: number, start: Ns): string | undefined {
    if (state > Prepare && stop.entered[state - 1] < stop.cpus && !this.facts.racing) {
      return `enters state ${state} when ${stop.entered[state - 1]} of ${stop.cpus} CPUs have entered the one before`;
    }
    const next = stop.firstAt[state + 1] ?? -1;
    if (next < 0 || start - next <= this.facts.ipiDelayNs) return undefined;
    return `enters state ${state} long after another has entered the next, at ${next} ns`;
  }

  #onFunction(cpu: CpuId): string | undefined {
    const stop = this.#stops[this.#which[cpu]];
    this.checked++;
    if (stop === undefined || this.#state[cpu] !== Run) return 'runs the function of a stop outside its state';
    stop.ran++;
    if (cpu !== stop.caller) return `runs the function, for which CPU ${stop.caller} has asked`;
    return stop.ran > 1 ? 'runs the function once more' : undefined;
  }
}
