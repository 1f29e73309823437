/** Every message that is sent reaches its handler: once, at its receiver, not before it is due. */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event } from '../../../shared/events.ts';
import { NSEC_PER_MSEC, type CpuId, type Ns } from '../../../shared/units.ts';
import { EventPool, namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription, Verdict } from '../oracle.ts';

const [TARGET, KIND, N, DUE] = places('csd_queue_cpu', 'cpu', 'kind', 'n', 'due');
const [ORIGIN, HANDLED_N, HANDLED_KIND] = places('csd_function_entry', 'origin', 'n', 'kind');

/** A receiver may be busy with interrupts off. */
const LATENESS_NS: Ns = NSEC_PER_MSEC;
const LATENESS_DELAYS = 10;

export class MessagesDelivered extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'S-02',
    says: 'every message put on a CPU’s list is handled exactly once, by that CPU, not before it is due, and none is left long overdue ' +
      'at the end',
    reference: 'kernel/smp.c __flush_smp_call_function_queue',
    blindTo: 'whether the handler does what the message asks',
    listens: ['csd_queue_cpu', 'csd_function_entry'],
  };

  /** Slot of each message under way, by sender and number. */
  readonly #underWay: readonly Map<number, number>[];
  readonly #sent = new EventPool('csd_queue_cpu');

  constructor(facts: RunFacts) {
    super(MessagesDelivered.about, facts);
    this.#underWay = Array.from({ length: facts.cpus + 1 }, () => new Map<number, number>());
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    if (id === Event.csd_queue_cpu) this.#onSend(id, cpu, t, fields, at);
    else this.#onHandle(id, cpu, t, fields, at);
  }

  override finish(end: Ns): Verdict {
    const allowed = Math.max(LATENESS_NS, LATENESS_DELAYS * this.facts.ipiDelayNs);
    for (const underWay of this.#underWay) {
      for (const slot of underWay.values()) {
        const row = this.#sent.at(slot);
        const due = this.#sent.rows[row + DUE];
        // firmware, or a hypervisor, may have taken its receiver
        if (due + allowed + (this.facts.stalledNs[this.#sent.rows[row + TARGET]] ?? 0) >= end) continue;
        this.broken(() => ({
          says: `message ${this.#sent.rows[row + N]} of CPU ${this.#sent.cpu(slot)} to CPU ${this.#sent.rows[row + TARGET]} was due at ` +
            `${due} ns and never reached its handler; the run ended at ${end} ns`,
          events: [this.#sent.named(slot)],
        }));
      }
    }
    return this.verdict();
  }

  #onSend(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const n = fields[at + N];
    const earlier = this.#underWay[cpu].get(n);
    this.checked++;
    if (earlier !== undefined) {
      this.broken(() => ({
        says: `CPU ${cpu} sends a second message ${n} while the first is under way`,
        events: [this.#sent.named(earlier), namedEvent(id, cpu, t, fields, at)],
      }));
      return;
    }
    this.#underWay[cpu].set(n, this.#sent.take(id, cpu, t, fields, at));
  }

  #onHandle(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const n = fields[at + HANDLED_N];
    const origin = fields[at + ORIGIN];
    const slot = this.#underWay[origin]?.get(n);
    this.checked++;
    if (slot === undefined) {
      this.broken(() => ({
        says: `CPU ${cpu} at ${t} ns handles message ${n} of CPU ${origin}, which is not under way: never sent, or handled before`,
        events: [namedEvent(id, cpu, t, fields, at)],
      }));
      return;
    }
    const wrong = this.#wrong(slot, cpu, t, fields[at + HANDLED_KIND]);
    if (wrong !== undefined) {
      this.broken(() => ({
        says: `message ${n} of CPU ${origin} ${wrong}`,
        events: [this.#sent.named(slot), namedEvent(id, cpu, t, fields, at)],
      }));
    }
    this.#underWay[origin].delete(n);
    this.#sent.release(slot);
  }

  #wrong(slot: number, cpu: CpuId, t: Ns, kind: number): string | undefined {
    const sent = this.#sent.at(slot);
    const { rows } = this.#sent;
    if (rows[sent + TARGET] !== cpu) return `was sent to CPU ${rows[sent + TARGET]} but handled by CPU ${cpu}`;
    if (rows[sent + KIND] !== kind) return `was sent as kind ${rows[sent + KIND]} but handled as kind ${kind}`;
    if (t < rows[sent + DUE]) return `was handled at ${t} ns, before it was due at ${rows[sent + DUE]} ns`;
    return undefined;
  }
}
