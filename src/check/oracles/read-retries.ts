/**
 * A reader begins again only because a writer has published: each pass that it throws away is owed to one version, and one more
 * to a section that was under way when it began.
 */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import type { CpuId, Ns } from '../../../shared/units.ts';
import { namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription } from '../oracle.ts';

const [BY, TASK, T, K0, K1, RETRIES] = places('task_cputime', 'by', 'task', 't', 'k0', 'k1', 'retries');

export class ReadRetries extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'R-09',
    says: 'a read of a task’s CPU time throws away no more passes than versions were published meanwhile, and one',
    reference: 'kernel/sched/cputime.c task_cputime',
    blindTo: 'turns of a reader that waits for the end of a section, and readers that do not look whether the sequence moved (V-02)',
    listens: ['task_cputime'],
  };

  constructor(facts: RunFacts) {
    super(ReadRetries.about, facts);
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    this.checked++;
    const published = fields[at + K1] - fields[at + K0];
    if (fields[at + RETRIES] <= published + 1) return;
    this.broken(() => ({
      says: `${this.nameOf(fields[at + BY])}, reading ${this.nameOf(fields[at + TASK])} at ${fields[at + T]} ns, threw away ` +
        `${fields[at + RETRIES]} passes while ${published} versions were published`,
      events: [namedEvent(id, cpu, t, fields, at)],
    }));
  }
}
