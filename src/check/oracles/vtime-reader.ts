/**
 * Legal remote read, the reader's side. The reader brackets its look by loads of sequence and
 * promise; the look is legal if some version inside the bracket explains all of it.
 *
 *      writer (CPU 1)                      reader (CPU 0, at its time t)
 *      version 6, at s6                    loads (k0, p0)
 *                                          copies the tuple, loads the promise p: says "version k"
 *      version 7, at s7                    loads (k1, p1)
 *
 * Legal: k0 <= k <= k1; the tuple is version k's; min(t, p) is not before min(t, p0), not after p1,
 * and not after the stamp of version k + 1, when there is one; and what the reader made of it is the
 * tuple's worth at tau = max(s_k, min(t, p)). No tolerance. p0 and p1 bound only where they are
 * promises of the CPU that published version k: a task may have moved meanwhile. Where CPUs race,
 * version k + 1 must not be stamped before p either: a promise that is broken.
 *
 * A version may stand later in the stream than a read of it (the writer was ahead): such a read
 * waits until the newest version of its bracket has come. And a read may come long after the version
 * that it found (the reader was ahead), by Q at most:
 *
 *      stream, by keys              version 7 at 300 | read at 300 + Q - 1, found version 6
 *      waits for version 8          read at 300, found version 8 | version 8 at 300 + Q - 1
 *
 * So a version is kept until its successor is 2 Q older than the event that the stream has come to:
 * every read can be judged.
 */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event } from '../../../shared/events.ts';
import { VtimeState } from '../../../shared/structs/task.ts';
import { KTIME_MAX, type CpuId, type Ns, type TaskId } from '../../../shared/units.ts';
import { CUT_SPAN_NS } from '../cut-span.ts';
import { KeptEvents, namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription, Verdict, WitnessEvent } from '../oracle.ts';
import { isRunning, liveAt, pendingSystem, pendingUser, READER_NAMES } from '../vtime-formula.ts';
import { UNKNOWN_VERSION, VersionRing } from '../version-ring.ts';
import { WaitingReads } from '../waiting-reads.ts';

const [
  BY, TASK, READER, T, K0, P0, K1, P1, K, P, STATE, STARTTIME, RAW_UTIME, RAW_STIME, VTIME_UTIME, VTIME_STIME, VTIME_GTIME, UTIME, STIME,
  P0_CPU, P1_CPU, STOLEN, STOLEN_SINCE,
] = places(
  'task_cputime', 'by', 'task', 'reader', 't', 'k0', 'p0', 'k1', 'p1', 'k', 'p', 'state', 'starttime', 'raw_utime', 'raw_stime',
  'vtime_utime', 'vtime_stime', 'vtime_gtime', 'utime', 'stime', 'p0_cpu', 'p1_cpu', 'stolen', 'stolen_since',
);
const [
  V_TASK, V_K, V_STATE, V_CPU, V_STARTTIME, V_UTIME, V_STIME, V_GTIME, V_VTIME_UTIME, V_VTIME_STIME, V_VTIME_GTIME, V_STOLEN, V_SINCE,
] = places(
  'vtime_publish', 'task', 'k', 'state', 'cpu', 'starttime', 'utime', 'stime', 'gtime', 'vtime_utime', 'vtime_stime', 'vtime_gtime',
  'stolen', 'stolen_since',
);
const [CHILD] = places('sched_process_fork', 'child');
const [EVENT_TIME] = places('event', 'time');

export class VtimeReader extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'V-02',
    says: 'every remote read of a task’s CPU time is explained by one published version inside its bracket, and has that version’s ' +
      'exact worth at the reader’s instant',
    reference: 'kernel/sched/cputime.c task_cputime; docs/CHECKING.md, legal remote read',
    blindTo: 'whether the version itself is right (V-01), and how many ticks a sampled task had when it was read (C-05)',
    listens: ['vtime_publish', 'task_cputime', 'sched_process_fork', 'cut'],
  };

  readonly #versions: VersionRing;
  readonly #waiting = new WaitingReads((_id, cpu, t, fields, at) => this.#judge(cpu, t, fields, at), 'task_cputime');
  /** Start of the event that the stream has come to, where CPUs race. */
  #now: Ns = 0;
  /** All versions are kept until then. */
  #keepAllUntil: Ns = -1;
  /** The latest instant for which a task's newest version was used, and that read. */
  readonly #usedUntil: Float64Array;
  readonly #usedBy: KeptEvents;
  /** Whether some CPU charges other than whole ticks without publishing. */
  readonly #chargesParts: boolean;

  constructor(facts: RunFacts, firstLength?: number) {
    super(VtimeReader.about, facts, ['event']);
    this.#versions = new VersionRing(facts.tasks.length, firstLength);
    this.#usedUntil = new Float64Array(facts.tasks.length).fill(-1);
    this.#chargesParts = facts.steals || facts.cputime.some((flavour) => flavour === 'tick+irqtime' || flavour === 'native');
    this.#usedBy = new KeptEvents(facts.tasks.length, 'task_cputime');
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    switch (id) {
      case Event.vtime_publish: return this.#onPublish(cpu, t, fields, at);
      case Event.task_cputime: return this.#onRead(cpu, t, fields, at);
      case Event.sched_process_fork: return this.#onFork(fields[at + CHILD]);
      case Event.event: this.#now = fields[at + EVENT_TIME]; return;
      case Event.cut: this.#keepAllUntil = t + CUT_SPAN_NS;
    }
  }

  /** Reads whose version never came are violations too: a read that nobody can judge is not legal. */
  override finish(): Verdict {
    this.#waiting.flush();
    return this.verdict();
  }

  #onPublish(cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const task = fields[at + V_TASK];
    if (this.#usedUntil[task] > t) {
      const { rows } = this.#usedBy;
      const read = this.#usedBy.at(task);
      this.broken(() => ({
        says: `${this.#readerName(rows, read)}, reading ${this.nameOf(task)} at ${rows[read + T]} ns, ` +
          this.#contradicts(fields[at + V_K] - 1, t, rows, read),
        events: [this.#usedBy.named(task), namedEvent(Event.vtime_publish, cpu, t, fields, at)],
      }));
    }
    this.#usedUntil[task] = -1;
    this.#versions.put(task, fields[at + V_K], this.#neededFrom(t), cpu, t, fields, at);
    this.#waiting.release(task, fields[at + V_K]);
  }

  /** Earliest instant of a read that is still to be judged. */
  #neededFrom(t: Ns): Ns {
    if (this.facts.racing) return this.#now - 2 * this.facts.skewNs;
    return t > this.#keepAllUntil ? t : -1;
  }

  #onRead(cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const task = fields[at + TASK];
    if (fields[at + K1] <= this.#versions.newest(task)) return this.#judge(cpu, t, fields, at);
    this.#waiting.add(task, fields[at + K1], Event.task_cputime, cpu, t, fields, at);
  }

  /** A record of a fork pool begins a new life: its accounts are empty, whatever its last version says. */
  #onFork(child: TaskId): void {
    const ring = this.#versions.of(child);
    const slot = this.#versions.find(child, this.#versions.newest(child));
    if (slot === UNKNOWN_VERSION) return;
    const at = ring.at(slot);
    for (const field of [V_UTIME, V_STIME, V_GTIME, V_VTIME_UTIME, V_VTIME_STIME, V_VTIME_GTIME]) ring.rows[at + field] = 0;
  }

  #judge(cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const task = fields[at + TASK];
    const k = fields[at + K];
    if (k < fields[at + K0] || k > fields[at + K1]) {
      this.checked++;
      const bracket = `${fields[at + K0]} .. ${fields[at + K1]}`;
      return this.#illegal(`accepted version ${k} outside its bracket ${bracket}`, UNKNOWN_VERSION, cpu, t, fields, at);
    }
    const slot = this.#versions.find(task, k);
    if (slot === UNKNOWN_VERSION) {
      const newest = this.#versions.newest(task);
      const why = k > newest ? 'nobody has published' : 'was no longer in memory, however far apart CPUs may be';
      return this.#illegal(`accepted version ${k}, which ${why} (the newest is ${newest})`, UNKNOWN_VERSION, cpu, t, fields, at);
    }
    this.checked++;
    const ring = this.#versions.of(task);
    const wrong = this.#tupleOf(ring.rows, ring.at(slot), fields, at)
      ?? this.#instantOf(task, k, ring, slot, fields, at)
      ?? valueOf(ring.t(slot), fields, at);
    if (wrong !== undefined) return this.#illegal(wrong, slot, cpu, t, fields, at);
    this.#remember(task, k, cpu, t, fields, at);
  }

  /** The accepted tuple must be the version's, field by field. */
  #tupleOf(version: Float64Array, v: number, fields: Float64Array, at: number): string | undefined {
    const state = version[v + V_STATE];
    if (fields[at + STATE] !== state) return differs('state', fields[at + STATE], state);
    if (state !== VtimeState.Inactive && fields[at + STARTTIME] !== version[v + V_STARTTIME]) {
      return differs('starttime', fields[at + STARTTIME], version[v + V_STARTTIME]);
    }
    if (fields[at + VTIME_UTIME] !== version[v + V_VTIME_UTIME]) {
      return differs('vtime_utime', fields[at + VTIME_UTIME], version[v + V_VTIME_UTIME]);
    }
    if (fields[at + VTIME_STIME] !== version[v + V_VTIME_STIME]) {
      return differs('vtime_stime', fields[at + VTIME_STIME], version[v + V_VTIME_STIME]);
    }
    if (fields[at + VTIME_GTIME] !== version[v + V_VTIME_GTIME]) {
      return differs('vtime_gtime', fields[at + VTIME_GTIME], version[v + V_VTIME_GTIME]);
    }
    if (state !== VtimeState.Inactive && fields[at + STOLEN] !== version[v + V_STOLEN]) {
      return differs('stolen', fields[at + STOLEN], version[v + V_STOLEN]);
    }
    if (state !== VtimeState.Inactive && fields[at + STOLEN_SINCE] !== version[v + V_SINCE]) {
      return differs('stolen_since', fields[at + STOLEN_SINCE], version[v + V_SINCE]);
    }
    if (!this.#charged(state, fields[at + RAW_UTIME], version[v + V_UTIME])) {
      return differs('utime', fields[at + RAW_UTIME], version[v + V_UTIME]);
    }
    if (!this.#charged(state, fields[at + RAW_STIME], version[v + V_STIME])) {
      return differs('stime', fields[at + RAW_STIME], version[v + V_STIME]);
    }
    return undefined;
  }

  /** While no vtime is active, a CPU that does not track contexts may have charged more since the version: `tick` whole ticks. */
  #charged(state: number, read: Ns, published: Ns): boolean {
    if (read === published) return true;
    return state === VtimeState.Inactive && read > published && (this.#chargesParts || (read - published) % this.facts.tickNs === 0);
  }

  /** min(t, p) must lie where the version was the truth. Where time does not run, every instant has the same worth. */
  #instantOf(task: TaskId, k: number, ring: KeptEvents, slot: number, fields: Float64Array, at: number): string | undefined {
    if (!isRunning(fields[at + STATE])) return undefined;
    const t = fields[at + T];
    const instant = Math.min(t, fields[at + P]);
    const cpu = ring.rows[ring.at(slot) + V_CPU];
    const earliest = Math.min(t, fields[at + P0]);
    if (instant < earliest && fields[at + P0_CPU] === cpu) {
      return `looked at ${instant} ns, before its bracket began at ${earliest} ns`;
    }
    if (instant > fields[at + P1] && fields[at + P1_CPU] === cpu) {
      return `looked at ${instant} ns, beyond the promise ${fields[at + P1]} ns that ended its bracket`;
    }
    const next = this.#versions.find(task, k + 1);
    const contradicted = next !== UNKNOWN_VERSION && this.#usedAt(fields, at) > ring.t(next);
    return contradicted ? this.#contradicts(k, ring.t(next), fields, at) : undefined;
  }

  /**
   * The instant until which a read rules out a successor of the version that it accepted. Where CPUs race that is
   * all of the promise: it was loaded while there was no successor, and its CPU stores nothing stamped earlier.
   */
  #usedAt(fields: Float64Array, at: number): Ns {
    const promise = fields[at + P];
    return this.facts.racing && promise !== KTIME_MAX ? promise : Math.min(fields[at + T], promise);
  }

  /** What such a read has done, with a successor that holds from `stamp` on. */
  #contradicts(k: number, stamp: Ns, fields: Float64Array, at: number): string {
    const instant = Math.min(fields[at + T], fields[at + P]);
    return instant > stamp
      ? `took version ${k} for the truth at ${instant} ns, but version ${k + 1} holds from ${stamp} ns`
      : `found version ${k} with the promise of ${fields[at + P]} ns, but version ${k + 1} is stamped ${stamp} ns: that promise was broken`;
  }

  /** Keeps the read that trusts the newest version longest, in case its successor turns out to be older. */
  #remember(task: TaskId, k: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    if (!isRunning(fields[at + STATE]) || k !== this.#versions.newest(task)) return;
    const until = this.#usedAt(fields, at);
    if (until <= this.#usedUntil[task]) return;
    this.#usedUntil[task] = until;
    this.#usedBy.keep(task, Event.task_cputime, cpu, t, fields, at);
  }

  #illegal(what: string, slot: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const task = fields[at + TASK];
    this.broken(() => {
      const version: WitnessEvent[] = slot === UNKNOWN_VERSION ? [] : [this.#versions.of(task).named(slot)];
      return {
        says: `${this.#readerName(fields, at)}, reading ${this.nameOf(task)} at ${fields[at + T]} ns, ${what}`,
        events: [...version, namedEvent(Event.task_cputime, cpu, t, fields, at)],
      };
    });
  }

  #readerName(fields: Float64Array, at: number): string {
    return `${this.nameOf(fields[at + BY])} (${READER_NAMES[fields[at + READER]]} reader)`;
  }
}

function differs(field: string, read: number, published: number): string {
  return `accepted ${field} ${read} where the version it names has ${published}: a torn or stale tuple`;
}

/** The value must be the tuple's worth at tau; `stamp` is s_k. */
function valueOf(stamp: Ns, fields: Float64Array, at: number): string | undefined {
  const state = fields[at + STATE];
  const reader = fields[at + READER];
  const tau = Math.max(stamp, Math.min(fields[at + T], fields[at + P]));
  const live = liveAt(reader, state, fields[at + STARTTIME], fields[at + STOLEN], fields[at + STOLEN_SINCE], tau);
  const user = fields[at + RAW_UTIME] + pendingUser(reader, state, fields[at + VTIME_UTIME], fields[at + VTIME_GTIME], live);
  const system = fields[at + RAW_STIME] + pendingSystem(reader, state, fields[at + VTIME_STIME], live);
  if (fields[at + UTIME] !== user) {
    return `made utime ${fields[at + UTIME]} of version ${fields[at + K]}, which is worth ${user} at ${tau} ns`;
  }
  if (fields[at + STIME] !== system) {
    return `made stime ${fields[at + STIME]} of version ${fields[at + K]}, which is worth ${system} at ${tau} ns`;
  }
  return undefined;
}
