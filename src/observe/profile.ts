/** What ticks have interrupted, most often first: in the manner of readprofile, with tasks and operations for addresses. */
import type { EventConsumer, RunFacts } from '../../shared/event-consumer.ts';
import { Event } from '../../shared/events.ts';
import type { CpuId, Ns, TaskId } from '../../shared/units.ts';
import { codeName } from './code-names.ts';
import { fieldIndex } from './event-handlers.ts';
import type { MachineFile } from './machine-file.ts';

const TASK = fieldIndex('profile_hit', 'task');
const USER = fieldIndex('profile_hit', 'user');
const TYPE = fieldIndex('profile_hit', 'type');

export class ProfileCollector implements EventConsumer {
  readonly interests = [Event.profile_hit];
  private readonly facts: RunFacts;
  private readonly hits = new Map<string, number>();

  constructor(facts: RunFacts) {
    this.facts = facts;
  }

  onEvent(id: number, _cpu: CpuId, _t: Ns, fields: Float64Array, at: number): void {
    if (id !== Event.profile_hit) return;
    const what = this.nameOf(fields[at + TASK]!, fields[at + USER] === 1, fields[at + TYPE]!);
    this.hits.set(what, (this.hits.get(what) ?? 0) + 1);
  }

  /** A file, if anything was noted: a count and what it counts on each line, their sum last. */
  files(): MachineFile[] {
    const rows = [...this.hits].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
    if (rows.length === 0) return [];
    const total = rows.reduce((sum, [, count]) => sum + count, 0);
    const text = [...rows, ['total', total] as const].map(([what, count]) => `${String(count).padStart(6)} ${what}\n`).join('');
    return [{ path: 'profile', text }];
  }

  private nameOf(task: TaskId, user: boolean, type: number): string {
    const { name } = this.facts.tasks[task]!;
    if (task < this.facts.cpus) return `${name} idle`;
    return `${name} ${user ? 'user' : 'kernel'} ${codeName('profile_hit', 'type', type) ?? type}`;
  }
}
