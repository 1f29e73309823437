/**
 * What oracles have in common that judge which timer is first in a CPU's queue. A task whose sleep was cut short takes its timer out
 * wherever it runs then; where CPUs race the stream may have that after what the queue's CPU did without the timer:
 *
 *      by the lock      CPU 5: takes timer 18 out of CPU 2's queue | CPU 2: timer 17 is first, and expires
 *      in the stream    CPU 2: timer 17 expires, though 18 is before it | CPU 5: takes 18 out
 *
 * So where CPUs race a violation waits until events can no longer have taken effect in the other order.
 */
import type { RunFacts } from '../../shared/event-consumer.ts';
import type { EventName } from '../../shared/events.ts';
import type { CpuId, Ns, TimerId } from '../../shared/units.ts';
import { OracleBase } from './oracle-base.ts';
import type { OracleDescription, Verdict, Witness } from './oracle.ts';
import { LONGEST_EVENT_NS } from './race-bound.ts';

interface Suspicion {
  /** The timer that should have been first, and whose queue it is in. */
  readonly timer: TimerId;
  readonly cpu: CpuId;
  readonly at: Ns;
  readonly witness: Witness;
}

export abstract class TimerOracle extends OracleBase {
  readonly #patienceNs: Ns;
  #suspicions: Suspicion[] = [];

  constructor(about: OracleDescription, facts: RunFacts, whereRacing: readonly EventName[] = []) {
    super(about, facts, whereRacing);
    this.#patienceNs = facts.ipiDelayNs + LONGEST_EVENT_NS;
  }

  override finish(_end: Ns): Verdict {
    this.settle(Infinity);
    return this.verdict();
  }

  /** At `at` a CPU has passed by the timer that is first in its queue. */
  protected passedBy(timer: TimerId, cpu: CpuId, at: Ns, describe: () => Witness): void {
    if (this.facts.racing) this.#suspicions.push({ timer, cpu, at, witness: describe() });
    else this.broken(describe);
  }

  /** A timer is taken out by `by`. */
  protected takenOut(timer: TimerId, by: CpuId): void {
    if (this.#suspicions.length > 0) this.#suspicions = this.#suspicions.filter((each) => each.timer !== timer || each.cpu === by);
  }

  /** Before each event: suspicions that nothing can explain any more at `now`. */
  protected settle(now: Ns): void {
    while (this.#suspicions.length > 0 && now - this.#suspicions[0].at > this.#patienceNs) {
      const { witness } = this.#suspicions.shift()!;
      this.broken(() => witness);
    }
  }
}
