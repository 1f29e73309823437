/**
 * A reader begins again only because a writer has published: each pass that it throws away is owed to one version, and one more
 * to a section that was under way when it began. A look at a thread is bracketed by versions; of all other looks, which may go
 * through many records, the event itself says how many versions went by.
 */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event, type EventName } from '../../../shared/events.ts';
import type { CpuId, Ns } from '../../../shared/units.ts';
import { namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription } from '../oracle.ts';

/** Looks with a bracket, and looks that count. */
const BRACKETED = ['task_cputime', 'task_gtime'] as const;
const COUNTED = ['kcpustat_cpu_fetch', 'kcpustat_field', 'cpu_idle_time', 'thread_group_cputime', 'proc_uptime'] as const;

/** Where a look's event has its fields. */
interface Look {
  readonly by: number;
  readonly retries: number;
  /** Versions by the end, and by the beginning (-1: the other one is their number already). */
  readonly after: number;
  readonly before: number;
}

const LOOKS = new Map<number, Look>([
  ...BRACKETED.map((event) => lookOf(event, 'k1', 'k0')), ...COUNTED.map((event) => lookOf(event, 'published')),
]);

function lookOf(event: EventName, after: string, before?: string): [number, Look] {
  const [by, retries, last] = places(event, 'by', 'retries', after);
  return [Event[event], { by, retries, after: last, before: before === undefined ? -1 : places(event, before)[0] }];
}

export class ReadRetries extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'R-09',
    says: 'a look at CPU time of a task, a process, a CPU or the machine throws away no more passes than versions were published ' +
      'meanwhile, and one',
    reference: 'kernel/sched/cputime.c task_cputime, thread_group_cputime, kcpustat_cpu_fetch_vtime; kernel/time/tick-sched.c ' +
      'get_cpu_sleep_time_us',
    blindTo: 'turns of a reader that waits for the end of a section or for who runs there next, and readers that do not look whether ' +
      'the sequence moved (V-02)',
    listens: [...BRACKETED, ...COUNTED],
  };

  constructor(facts: RunFacts) {
    super(ReadRetries.about, facts);
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const { by, retries, after, before } = LOOKS.get(id)!;
    this.checked++;
    const published = fields[at + after] - (before < 0 ? 0 : fields[at + before]);
    if (fields[at + retries] <= published + 1) return;
    this.broken(() => ({
      says: `${this.nameOf(fields[at + by])} at ${t} ns threw away ${fields[at + retries]} passes of a look while ${published} versions ` +
        'were published',
      events: [namedEvent(id, cpu, t, fields, at)],
    }));
  }
}
