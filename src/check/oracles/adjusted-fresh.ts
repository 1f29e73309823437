/**
 * What a reader is told of a running task keeps up with it, whether its CPU ticks or not. The pair that /proc shows sums
 * to the scheduler's run time, which a tick brings up to date, or else the reader itself.
 *
 *      ran       0 ........ 40 ms        tick each 4 ms: told 36 at least
 *      told      36
 */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event, Mode } from '../../../shared/events.ts';
import { NSEC_PER_MSEC, type CpuId, type Ns, type TaskId } from '../../../shared/units.ts';
import { ClockError } from '../clock-error.ts';
import { namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription } from '../oracle.ts';

const [BY, TASK, UTIME, STIME] = places('cputime_adjust', 'by', 'task', 'utime', 'stime');
const [MODE, CONTEXT_TASK] = places('context', 'mode', 'task');
const [CHILD] = places('sched_process_fork', 'child');
/** Beside a tick: an event that the stream has come to, and that is not over at the reader's instant. */
const EVENT_SPAN_NS: Ns = NSEC_PER_MSEC;

export class AdjustedFresh extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'R-04',
    says: 'the adjusted pair of a task is at most a tick behind what the task has really run, with ticks and without',
    reference: 'kernel/sched/cputime.c task_cputime_adjusted',
    blindTo: 'how it is split; processes, whose run time a stranger’s read does not bring up to date',
    listens: ['context', 'sched_process_fork', 'cputime_adjust'],
  };

  readonly #tolerance: Ns;
  /** A tick comes by the kernel's clock. That stands for a CPU whose counter is behind one that has jumped. */
  readonly #error: ClockError;
  /**
   * Interrupts of all CPUs, where they are timed. An interrupt in which a tick brings a task's run time up to date is left
   * out of the time after it; if the task leaves first, it is the next task that is short of it.
   */
  #interrupts: Ns = 0;
  readonly #timed: boolean;
  readonly #interrupted: Uint8Array;
  /** By task: what it has run, without the stretch under way. */
  readonly #ran: Float64Array;
  /** By CPU: the task whose stretch is under way, and since when; -1: none. */
  readonly #task: Int32Array;
  readonly #since: Float64Array;
  /** By task: the CPU it ran on last. */
  readonly #on: Int32Array;

  constructor(facts: RunFacts) {
    super(AdjustedFresh.about, facts);
    this.#tolerance = facts.tickNs + EVENT_SPAN_NS + facts.skewNs + Math.max(0, ...facts.stalledNs);
    this.#error = new ClockError(facts.clocks, facts.skewNs);
    this.#interrupted = new Uint8Array(facts.cpus);
    this.#timed = facts.cputime.includes('tick+irqtime');
    this.#ran = new Float64Array(facts.tasks.length);
    this.#task = new Int32Array(facts.cpus).fill(-1);
    this.#since = new Float64Array(facts.cpus);
    this.#on = new Int32Array(facts.tasks.length).fill(-1);
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    switch (id) {
      case Event.context: return this.#onContext(cpu, t, fields[at + MODE] as Mode, fields[at + CONTEXT_TASK]);
      case Event.sched_process_fork: this.#ran[fields[at + CHILD]] = 0; return;
      default: return this.#onLook(id, cpu, t, fields, at);
    }
  }

  /** Interrupts and stolen time are left out: not every scheduler's clock counts them. */
  #onContext(cpu: CpuId, t: Ns, mode: Mode, task: TaskId): void {
    const before = this.#task[cpu];
    if (before >= 0) this.#ran[before] += t - this.#since[cpu];
    if (this.#interrupted[cpu] === 1) this.#interrupts += t - this.#since[cpu];
    const runs = mode === Mode.User || mode === Mode.System || mode === Mode.Guest;
    this.#task[cpu] = runs ? task : -1;
    this.#interrupted[cpu] = this.#timed && (mode === Mode.Irq || mode === Mode.Softirq) ? 1 : 0;
    this.#since[cpu] = t;
    this.#on[task] = cpu;
  }

  #onLook(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const task = fields[at + TASK];
    const on = this.#on[task];
    if (on < 0) return;
    const ran = this.#ran[task] + (this.#task[on] === task ? t - this.#since[on] : 0);
    const told = fields[at + UTIME] + fields[at + STIME];
    this.checked++;
    if (told >= ran - this.#tolerance - this.#interrupts - this.#error.jumpedBy(t)) return;
    this.broken(() => ({
      says: `${this.nameOf(fields[at + BY])} was told at ${t} ns that ${this.nameOf(task)} had run ${told} ns; it had run ${ran} ns`,
      events: [namedEvent(id, cpu, t, fields, at)],
    }));
  }
}
