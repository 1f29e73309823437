/**
 * What each task's accounts must come to, from the machine's log of contexts and nothing of the
 * kernel's own: on a `gen` CPU the time really spent, in user mode and in the kernel; on a `tick`
 * CPU one whole tick for each tick that hit the task. The idle tasks' time is nobody's.
 *
 *      CPU 1 (gen):  context System ---- User ------------- Irq -- User ---
 *      system          ####                                 ####
 *      user                  #################                   ###
 */
import { tracksContexts } from '../../shared/cputime-flavour.ts';
import type { RunFacts } from '../../shared/event-consumer.ts';
import { Mode } from '../../shared/events.ts';
import { NOBODY, type CpuId, type Ns, type TaskId } from '../../shared/units.ts';

const NOT_UP = -1;

export class ExpectedCputime {
  readonly #cpus: number;
  readonly #tickNs: Ns;
  readonly #gen: Uint8Array;
  readonly #user: Float64Array;
  readonly #system: Float64Array;
  /** CPU on which the task is current, or NOBODY. */
  readonly #runsOn: Int32Array;
  readonly #mode: Int8Array;
  readonly #task: Int32Array;
  readonly #since: Float64Array;

  constructor(facts: RunFacts) {
    this.#cpus = facts.cpus;
    this.#tickNs = facts.tickNs;
    this.#gen = Uint8Array.from(facts.cputime, (flavour) => (tracksContexts(flavour) ? 1 : 0));
    this.#user = new Float64Array(facts.tasks.length);
    this.#system = new Float64Array(facts.tasks.length);
    this.#runsOn = new Int32Array(facts.tasks.length).fill(NOBODY);
    this.#mode = new Int8Array(facts.cpus).fill(NOT_UP);
    this.#task = new Int32Array(facts.cpus);
    this.#since = new Float64Array(facts.cpus);
  }

  /** The `context` event. */
  onContext(cpu: CpuId, t: Ns, mode: number, task: TaskId): void {
    if (this.#mode[cpu] !== NOT_UP) this.#close(cpu, t);
    this.#mode[cpu] = mode;
    this.#task[cpu] = task;
    this.#since[cpu] = t;
    this.#runsOn[task] = cpu;
  }

  /** The `tick` event: on a `gen` CPU a tick charges nothing. */
  onTick(cpu: CpuId, task: TaskId, user: number): void {
    if (this.#gen[cpu] === 1 || task < this.#cpus) return;
    if (user !== 0) this.#user[task] += this.#tickNs;
    else this.#system[task] += this.#tickNs;
  }

  /** The `sched_process_fork` event: whoever had the record before, the child starts from nothing. */
  onFork(child: TaskId): void {
    this.#user[child] = 0;
    this.#system[child] = 0;
  }

  /** User time (guest time included) until `t`, which is not before the task's last change of context. */
  userAt(task: TaskId, t: Ns): Ns {
    return this.#user[task] + this.#open(task, t, 1);
  }

  systemAt(task: TaskId, t: Ns): Ns {
    return this.#system[task] + this.#open(task, t, 0);
  }

  /** Beginning of the task's present stretch, or 0 when it runs nowhere. */
  since(task: TaskId): Ns {
    const cpu = this.#runsOn[task];
    return cpu === NOBODY ? 0 : this.#since[cpu];
  }

  #close(cpu: CpuId, t: Ns): void {
    const task = this.#task[cpu];
    const span = t - this.#since[cpu];
    if (this.#gen[cpu] === 1 && task >= this.#cpus) {
      if (isUser(this.#mode[cpu])) this.#user[task] += span;
      else this.#system[task] += span;
    }
    if (this.#runsOn[task] === cpu) this.#runsOn[task] = NOBODY;
  }

  #open(task: TaskId, t: Ns, user: number): Ns {
    const cpu = this.#runsOn[task];
    if (cpu === NOBODY || this.#gen[cpu] === 0 || task < this.#cpus) return 0;
    return isUser(this.#mode[cpu]) === (user === 1) ? t - this.#since[cpu] : 0;
  }
}

function isUser(mode: number): boolean {
  return mode === Mode.User || mode === Mode.Guest;
}
