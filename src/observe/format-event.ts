/** One record as a line of text, in the manner of Linux's `trace` file: for witnesses and for `inspect`. */
import { Event, EVENTS, type FieldType } from '../../shared/events.ts';
import type { RunFacts } from '../../shared/event-consumer.ts';
import { KTIME_MAX, KTIME_MAX_TEXT, NONE, NSEC_PER_SEC, type CpuId, type Ns, type TaskId } from '../../shared/units.ts';
import { codeName } from './code-names.ts';
import { printkText } from './printk-text.ts';

/** `4.000000123`: seconds with all nine digits. KTIME_MAX is printed as the ns that Linux prints. */
export function formatSeconds(t: Ns): string {
  if (t === KTIME_MAX) return KTIME_MAX_TEXT;
  const seconds = Math.floor(t / NSEC_PER_SEC);
  return `${seconds}.${String(t - seconds * NSEC_PER_SEC).padStart(9, '0')}`;
}

/** `thread0-0-1000`, as the column of Linux's trace; a task that nobody knows is its number. */
export function formatTask(facts: RunFacts, task: TaskId): string {
  const known = facts.tasks[task];
  if (known !== undefined) return `${known.name}-${known.pid}`;
  return task === NONE ? 'none' : `task ${task}`;
}

/** A field's value: tasks and codes by name, "no event" as Linux prints it, all else as its number. */
function formatField(facts: RunFacts, event: string, field: string, type: FieldType, value: number): string {
  if (type === 'task') return formatTask(facts, value);
  if (type === 'ns' && value === KTIME_MAX) return KTIME_MAX_TEXT;
  if (type === 'code') return codeName(event, field, value) ?? String(value);
  return String(value);
}

/** `    4.000000123 [001] sched_wakeup: task=thread0-0-1000 prio=120 target_cpu=1`. */
export function formatEvent(facts: RunFacts, id: number, cpu: CpuId, t: Ns, fields: ArrayLike<number>, at = 0): string {
  const schema = EVENTS[id];
  const head = `${formatSeconds(t).padStart(15)} ${formatCpu(facts, cpu)} `;
  if (schema === undefined) return `${head}event ${id} of another version`;
  const values = schema.fields.map(({ name, type }, i) => ` ${name}=${formatField(facts, schema.name, name, type, fields[at + i]!)}`);
  const says = id === Event.printk ? `: ${printkText(fields[at]!, fields[at + 1]!, fields[at + 2]!)}` : '';
  return `${head}${schema.name}:${values.join('')}${says}`;
}

/** The same for a record whose fields have names already, as in a witness. */
export function formatNamedEvent(facts: RunFacts, event: string, cpu: CpuId, t: Ns, named: Readonly<Record<string, number>>): string {
  const types = new Map(EVENTS.find((schema) => schema.name === event)?.fields.map((f) => [f.name, f.type]));
  const values = Object.entries(named).map(([name, value]) =>
    ` ${name}=${formatField(facts, event, name, types.get(name) ?? 'count', value)}`);
  return `${formatSeconds(t).padStart(15)} ${formatCpu(facts, cpu)} ${event}:${values.join('')}`;
}

/** The coordinator, the last participant, is no CPU. */
const formatCpu = (facts: RunFacts, cpu: CpuId): string =>
  cpu === facts.cpus ? '[dev]' : `[${String(cpu).padStart(3, '0')}]`;
