/**
 * Who waits for other CPUs must let their interrupts come meanwhile:
 *
 *      CPU 0 calls CPU 1, irqs off, waits     CPU 1 calls CPU 0, irqs off, waits        for ever
 */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import type { CpuId, Ns } from '../../../shared/units.ts';
import { namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription } from '../oracle.ts';

const [FUNCTION, WAIT, IRQS_OFF] = places('smp_call_function_many', 'function', 'wait', 'irqs_off');

export class CallsWithIrqsOn extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'S-05',
    says: 'no CPU waits for calls of others with its interrupts masked',
    reference: 'kernel/smp.c smp_call_function_many_cond, lockdep_assert_irqs_enabled',
    blindTo: 'other ways to wait for each other',
    listens: ['smp_call_function_many'],
  };

  constructor(facts: RunFacts) {
    super(CallsWithIrqsOn.about, facts);
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    if (fields[at + WAIT] === 0) return;
    this.checked++;
    if (fields[at + IRQS_OFF] === 0) return;
    this.broken(() => ({
      says: `CPU ${cpu} at ${t} ns calls function ${fields[at + FUNCTION]} and waits for it with its interrupts masked`,
      events: [namedEvent(id, cpu, t, fields, at)],
    }));
  }
}
