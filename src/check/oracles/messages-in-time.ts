/**
 * A message is handled as soon as it is due and its receiver is free: neither does the receiver begin
 * anything else before it, nor does it begin the message later than it could.
 *
 *      CPU 1   | its tick ........|message, due in the meantime: at once
 *      CPU 2   (idle)        |message, when it is due
 *      CPU 3   (idle)          :          | its tick ...      a lost doorbell: due, and a tick began first
 *
 * Of several that wait, the first by class, sender and number comes first. It names the event; if it is a
 * call, one interrupt serves all calls that have come by then, in an order of their own. A CPU that stands
 * still in a stop of the machine hears of nothing but that. A look that a cut forces upon a reader's CPU,
 * and the event that a cut runs ahead of its turn, are not judged.
 */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event, EventClass } from '../../../shared/events.ts';
import { MessageKind } from '../../../shared/structs/cpu.ts';
import { MultiStopState, isCall } from '../../../shared/structs/smp.ts';
import { NONE, type CpuId, type Ns } from '../../../shared/units.ts';
import { EventPool, KeptEvents, namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription } from '../oracle.ts';

const [START, CLASS, EVENT_ORIGIN, EVENT_N, CAUSE_ORIGIN] = places('event', 'time', 'class', 'origin', 'n', 'cause_origin');
const [STATE] = places('multi_stop_state', 'state');
const [TARGET, KIND, N, DUE] = places('csd_queue_cpu', 'cpu', 'kind', 'n', 'due');
const [ORIGIN, HANDLED_N, SINCE] = places('csd_function_entry', 'origin', 'n', 'since');
/** `cause_origin` of an event that the machine has not come to by itself: its first one, a cut's look, the finals. */
const NO_CAUSE = -1;

export class MessagesInTime extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'S-08',
    says: 'a message is handled at the instant at which it is due, or as soon as its receiver is done with what it did then; nothing ' +
      'else begins there before it',
    reference: 'kernel/smp.c __smp_call_single_queue, generic_smp_call_function_single_interrupt',
    blindTo: 'messages that nothing comes after (S-02), and each participant’s first event after a cut',
    listens: ['event', 'csd_queue_cpu', 'csd_function_entry', 'multi_stop_state', 'cut'],
  };

  /** Messages under way to each participant, by slot. */
  readonly #waiting: readonly number[][];
  readonly #sent = new EventPool('csd_queue_cpu');
  /** Start of the event under way, and the event itself where messages wait. */
  readonly #start: Float64Array;
  readonly #running: KeptEvents;
  /** 1 until the first event after a cut; and whether the event under way is that one. */
  readonly #cut: Uint8Array;
  readonly #unjudged: Uint8Array;
  /** The message that names the event under way. */
  readonly #origin: Int32Array;
  readonly #nth: Float64Array;
  /** 1 while the CPU hears of nothing but the stop of the machine. */
  readonly #deaf: Uint8Array;

  constructor(facts: RunFacts) {
    super(MessagesInTime.about, facts);
    const participants = facts.cpus + 1;
    this.#waiting = Array.from({ length: participants }, () => []);
    this.#start = new Float64Array(participants);
    this.#running = new KeptEvents(participants, 'event');
    this.#cut = new Uint8Array(participants);
    this.#unjudged = new Uint8Array(participants);
    this.#origin = new Int32Array(participants);
    this.#nth = new Float64Array(participants);
    this.#deaf = new Uint8Array(participants);
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    switch (id) {
      case Event.event: return this.#onBegin(id, cpu, t, fields, at);
      case Event.csd_queue_cpu:
        this.#waiting[fields[at + TARGET]]?.push(this.#sent.take(id, cpu, t, fields, at));
        return;
      case Event.csd_function_entry: return this.#onHandle(id, cpu, t, fields, at);
      case Event.multi_stop_state: {
        const state = fields[at + STATE];
        this.#deaf[cpu] = state >= MultiStopState.DisableIrq && state < MultiStopState.Exit ? 1 : 0;
        return;
      }
      case Event.cut: this.#cut.fill(1);
    }
  }

  #onBegin(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    this.#start[cpu] = fields[at + START];
    this.#origin[cpu] = fields[at + EVENT_ORIGIN];
    this.#nth[cpu] = fields[at + EVENT_N];
    this.#unjudged[cpu] = this.#cut[cpu];
    this.#cut[cpu] = 0;
    if (this.#waiting[cpu].length === 0) return;
    this.#running.keep(cpu, id, cpu, t, fields, at);
    // whether another message may come first is known when that one says since when its receiver was free
    if (fields[at + CLASS] <= EventClass.Ipi || fields[at + CAUSE_ORIGIN] === NO_CAUSE || this.#unjudged[cpu] === 1) return;
    const waiting = this.#waiting[cpu];
    // from the last to the first: one that is forgotten leaves its place to the last
    for (let i = waiting.length - 1; i >= 0; i--) {
      if (this.#due(waiting[i]) <= this.#start[cpu]) this.#overtaken(waiting[i], cpu, undefined);
    }
  }

  #onHandle(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const slot = this.#find(cpu, fields[at + ORIGIN], fields[at + HANDLED_N]);
    // never sent, or already said to be late
    if (slot === NONE) return;
    const start = this.#start[cpu];
    const since = fields[at + SINCE];
    const could = Math.max(this.#due(slot), since);
    this.checked++;
    if (start !== could) {
      this.broken(() => ({
        says: `${this.#messageName(slot)}, due at ${this.#due(slot)} ns, is handled by CPU ${cpu} in an event that begins at ` +
          `${start} ns; the CPU was free since ${since} ns, so ${could} ns was the time`,
        events: [this.#sent.named(slot), namedEvent(id, cpu, t, fields, at)],
      }));
    }
    const names = this.#sent.cpu(slot) === this.#origin[cpu] && this.#n(slot) === this.#nth[cpu];
    if (this.#unjudged[cpu] === 0 && (names || !isCall(this.#kind(slot)))) this.#judgeOthers(slot, cpu, since);
    this.#forget(slot);
  }

  #find(cpu: CpuId, origin: CpuId, n: number): number {
    const waiting = this.#waiting[cpu];
    for (let i = 0; i < waiting.length; i++) {
      if (this.#sent.cpu(waiting[i]) === origin && this.#n(waiting[i]) === n) return waiting[i];
    }
    return NONE;
  }

  /** Of all messages that could have begun by then, the one that is handled must be the first. */
  #judgeOthers(handled: number, cpu: CpuId, since: Ns): void {
    const start = this.#start[cpu];
    const waiting = this.#waiting[cpu];
    for (let i = waiting.length - 1; i >= 0; i--) {
      const slot = waiting[i];
      if (this.#deaf[cpu] === 1 && this.#kind(slot) !== MessageKind.StopMachine) continue;
      const could = Math.max(this.#due(slot), since);
      const first = could < start || (could === start && this.#comesBefore(slot, handled));
      if (slot !== handled && first) this.#overtaken(slot, cpu, handled);
    }
  }

  /** The message is late whenever it comes: what is said of it now is all that is said. */
  #overtaken(slot: number, cpu: CpuId, handled: number | undefined): void {
    const start = this.#start[cpu];
    this.checked++;
    this.broken(() => ({
      says: `CPU ${cpu} ${handled === undefined ? 'begins another event' : `handles ${this.#messageName(handled)}`} at ${start} ns, ` +
        `while ${this.#messageName(slot)} waits for it, due at ${this.#due(slot)} ns`,
      events: [this.#sent.named(slot), this.#running.named(cpu)],
    }));
    this.#forget(slot);
  }

  #messageName(slot: number): string {
    return `message ${this.#n(slot)} of CPU ${this.#sent.cpu(slot)}`;
  }

  #forget(slot: number): void {
    const waiting = this.#waiting[this.#sent.rows[this.#sent.at(slot) + TARGET]];
    waiting[waiting.indexOf(slot)] = waiting[waiting.length - 1];
    waiting.pop();
    this.#sent.release(slot);
  }

  #due(slot: number): Ns {
    return this.#sent.rows[this.#sent.at(slot) + DUE];
  }

  #n(slot: number): number {
    return this.#sent.rows[this.#sent.at(slot) + N];
  }

  /** In the order of events: class, sender, the sender's number. */
  #comesBefore(a: number, b: number): boolean {
    const byClass = this.#classOf(a) - this.#classOf(b);
    const order = byClass || this.#sent.cpu(a) - this.#sent.cpu(b) || this.#n(a) - this.#n(b);
    return order < 0;
  }

  #kind(slot: number): number {
    return this.#sent.rows[this.#sent.at(slot) + KIND];
  }

  #classOf(slot: number): number {
    return this.#kind(slot) === MessageKind.DeviceIrq ? EventClass.Device : EventClass.Ipi;
  }
}
