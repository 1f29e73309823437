/** What the oracles of the timer wheel share: each is handed one change of a wheel after the other, in the wheel's own order. */
import type { RunFacts } from '../../shared/event-consumer.ts';
import type { CpuId, Ns } from '../../shared/units.ts';
import { OracleBase } from './oracle-base.ts';
import type { OracleDescription, Verdict } from './oracle.ts';
import { WheelLog, type Wheel, type WheelRow } from './wheel-log.ts';

export abstract class WheelOracle extends OracleBase {
  readonly #log: WheelLog;

  constructor(about: OracleDescription, facts: RunFacts) {
    super(about, facts);
    this.#log = new WheelLog(facts.cpus, (row, before) => this.judge(row, before));
  }

  onEvent(_id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    this.#log.onEvent(cpu, t, fields, at);
  }

  override finish(): Verdict {
    this.#log.finish();
    return this.verdict();
  }

  /** One change, and the wheel as it was before. */
  protected abstract judge(row: WheelRow, before: Wheel): void;
}
