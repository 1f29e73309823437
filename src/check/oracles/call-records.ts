/**
 * The record of a call is locked from the call until it may be used again: after the function, where
 * somebody waits for it; before it, where nobody does. Who waits goes on when all have run.
 *
 *      awaited        lock ... | function | unlock
 *      not awaited    lock ... | unlock | function
 */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event } from '../../../shared/events.ts';
import { MessageKind } from '../../../shared/structs/cpu.ts';
import { NSEC_PER_MSEC, type CpuId, type Ns } from '../../../shared/units.ts';
import { namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription, Verdict } from '../oracle.ts';

const [OWNER, TARGET, FUNCTION, KIND] = places('csd_lock', 'owner', 'cpu', 'function', 'kind');
const [ORIGIN, , CALL_KIND] = places('csd_function_entry', 'origin', 'n', 'kind');

/** A receiver may be busy with interrupts off; or it has no processor. */
const LATENESS_NS: Ns = NSEC_PER_MSEC;

/** One record: of an owner and a target, or of a function and a target. */
interface CallRecord {
  /** Times locked and not unlocked: 1, or where CPUs race 2 for a moment, since the next caller's clock may be behind. */
  locked: number;
  since: Ns;
  lockedBy: CpuId;
  /** Unlocked, and the function has still to run; run, and still to be unlocked. */
  mayRun: number;
  mayUnlock: number;
}

export class CallRecords extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'S-01',
    says: 'the record of a call is locked once, until its function has run if somebody waits and until just before if not; who waits ' +
      'goes on when all have run; none stays locked',
    reference: 'kernel/smp.c csd_lock, csd_unlock, __flush_smp_call_function_queue',
    blindTo: 'what the functions do',
    listens: ['csd_lock', 'csd_unlock', 'csd_function_entry', 'csd_function_exit', 'smp_call_function_done'],
  };

  readonly #records = new Map<number, CallRecord>();
  /** By CPU: records of calls that it waits for whose function has not run. */
  readonly #awaited: Int32Array;

  constructor(facts: RunFacts) {
    super(CallRecords.about, facts);
    this.#awaited = new Int32Array(facts.cpus);
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const wrong = this.#wrong(id, cpu, t, fields, at);
    if (wrong === undefined) return;
    this.broken(() => ({ says: `CPU ${cpu} at ${t} ns: ${wrong}`, events: [namedEvent(id, cpu, t, fields, at)] }));
  }

  override finish(end: Ns): Verdict {
    for (const [key, { locked, since, lockedBy }] of this.#records) {
      const target = key % this.facts.cpus;
      if (locked === 0 || since + LATENESS_NS + this.facts.stalledNs[target] >= end) continue;
      this.broken(() => ({
        says: `the record by which CPU ${lockedBy} calls CPU ${target} is locked since ${since} ns; the run ended ` +
          `at ${end} ns`,
        events: [],
      }));
    }
    return this.verdict();
  }

  #wrong(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): string | undefined {
    switch (id) {
      case Event.csd_lock: return this.#onLock(cpu, t, fields, at);
      case Event.csd_unlock: return this.#onUnlock(fields, at);
      case Event.csd_function_entry: return this.#onEntry(cpu, fields, at);
      case Event.csd_function_exit: return this.#onExit(cpu, fields, at);
      default: return this.#onDone(cpu);
    }
  }

  #onLock(cpu: CpuId, t: Ns, fields: Float64Array, at: number): string | undefined {
    const kind = fields[at + KIND];
    const record = this.#record(kind, fields[at + OWNER], fields[at + TARGET], fields[at + FUNCTION]);
    this.checked++;
    const most = this.facts.racing ? 1 : 0;
    if (record.locked > most) return `locks a record that CPU ${record.lockedBy} locked at ${record.since} ns and nobody has unlocked`;
    record.locked++;
    record.since = t;
    record.lockedBy = cpu;
    if (kind === MessageKind.CallFunctionSync) this.#awaited[fields[at + OWNER]]++;
    return undefined;
  }

  #onUnlock(fields: Float64Array, at: number): string | undefined {
    const kind = fields[at + KIND];
    const owner = fields[at + OWNER];
    const record = this.#record(kind, owner, fields[at + TARGET], fields[at + FUNCTION]);
    this.checked++;
    if (record.locked === 0) return `unlocks a record of CPU ${owner} that is not locked`;
    record.locked--;
    if (kind !== MessageKind.CallFunctionSync) this.#record(kind, owner, fields[at + TARGET]).mayRun++;
    else if (record.mayUnlock === 0) {
      return `unlocks the record by which CPU ${owner} waits for function ${fields[at + FUNCTION]} before that has run`;
    } else record.mayUnlock--;
    return undefined;
  }

  /** Of a call that nobody waits for: its record is free by now. */
  #onEntry(cpu: CpuId, fields: Float64Array, at: number): string | undefined {
    const kind = fields[at + CALL_KIND];
    if (kind !== MessageKind.CallFunctionMany && kind !== MessageKind.CallFunctionAsync) return undefined;
    const record = this.#record(kind, fields[at + ORIGIN], cpu);
    this.checked++;
    if (record.mayRun === 0) return `runs a function of CPU ${fields[at + ORIGIN]}, which waits for nothing, with its record still locked`;
    record.mayRun--;
    return undefined;
  }

  #onExit(cpu: CpuId, fields: Float64Array, at: number): string | undefined {
    const origin = fields[at + ORIGIN];
    if (fields[at + CALL_KIND] !== MessageKind.CallFunctionSync) return undefined;
    this.#record(MessageKind.CallFunctionSync, origin, cpu).mayUnlock++;
    this.#awaited[origin]--;
    return undefined;
  }

  #onDone(cpu: CpuId): string | undefined {
    this.checked++;
    return this.#awaited[cpu] > 0 ? `goes on while ${this.#awaited[cpu]} of the calls that it waits for have not been made` : undefined;
  }

  /** Of a single call: one for each function and target, whoever calls; without a function what all those of a target have in common. */
  #record(kind: number, owner: CpuId, target: CpuId, fn = -1): CallRecord {
    const { cpus } = this.facts;
    const key = (kind === MessageKind.CallFunctionAsync ? cpus + 1 + fn : owner) * cpus + target;
    let record = this.#records.get(key);
    if (record === undefined) {
      record = { locked: 0, since: 0, lockedBy: owner, mayRun: 0, mayUnlock: 0 };
      this.#records.set(key, record);
    }
    return record;
  }
}
