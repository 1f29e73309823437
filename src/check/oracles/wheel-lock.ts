/** A wheel is changed by whoever holds its lock; a timer is in it once, and leaves it only if it is in it. */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event } from '../../../shared/events.ts';
import { LockClass } from '../../../shared/lock-order.ts';
import { WheelOp } from '../../../shared/structs/timer.ts';
import { NONE, type CpuId, type Ns } from '../../../shared/units.ts';
import { namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription, Verdict } from '../oracle.ts';
import { WheelLog, type Wheel, type WheelRow } from '../wheel-log.ts';

const [LOCK, INSTANCE] = places('lock_acquire', 'lock', 'instance');
const [BASE] = places('timer_base', 'base');

export class WheelLock extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'W-05',
    says: 'whoever changes a timer wheel holds its lock, and its lists hold a timer at most once: what comes is not in them, '
      + 'what leaves is',
    reference: 'kernel/time/timer.c lock_timer_base',
    blindTo: 'one timer in two wheels',
    listens: ['timer_base', 'lock_acquire', 'lock_release'],
  };

  /** By CPU: the wheel whose lock it holds. Nobody ever holds two. */
  readonly #holds: Int32Array;
  readonly #log: WheelLog;

  constructor(facts: RunFacts) {
    super(WheelLock.about, facts);
    this.#holds = new Int32Array(facts.cpus + 1).fill(NONE);
    this.#log = new WheelLog(facts.cpus, this.#judge.bind(this));
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    if (id === Event.timer_base) {
      this.#checkHeld(id, cpu, t, fields, at);
      this.#log.onEvent(cpu, t, fields, at);
    } else if (fields[at + LOCK] === LockClass.TimerBase) {
      this.#holds[cpu] = id === Event.lock_acquire ? fields[at + INSTANCE]! : NONE;
    }
  }

  override finish(): Verdict {
    this.#log.finish();
    return this.verdict();
  }

  #checkHeld(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const base = fields[at + BASE];
    this.checked++;
    if (this.#holds[cpu] === base) return;
    this.broken(() => ({
      says: `CPU ${cpu} at ${t} ns changes wheel ${base}, whose lock it does not hold`,
      events: [namedEvent(id, cpu, t, fields, at)],
    }));
  }

  #judge(row: WheelRow, { queued, index, last }: Wheel): void {
    const { op, timer } = row;
    const comes = op === WheelOp.Enqueue;
    const leaves = op === WheelOp.Detach || op === WheelOp.Expire;
    if ((!comes && !leaves) || queued.has(timer) === leaves) return;
    this.broken(() => ({
      says: `CPU ${row.cpu} at ${row.t} ns ${comes ? 'puts timer' : 'takes timer'} ${timer} ${comes ? 'into' : 'out of'} wheel ${index}, `
        + `${comes ? 'which holds it already' : 'which does not hold it'}`,
      events: [...(last === null ? [] : [last.event]), row.event],
    }));
  }
}
