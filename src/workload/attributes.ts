/**
 * Scheduling attributes along a task's phases. A phase that names none inherits what is in force,
 * and that depends on how one comes to it: from the phase before it, or, when all phases start
 * again, from the last one. So each phase has two answers.
 *
 *      task SCHED_OTHER        first pass        later passes
 *      phase "light"           SCHED_OTHER       SCHED_FIFO: left over from "heavy"
 *      phase "heavy" (FIFO)    SCHED_FIFO        SCHED_FIFO
 */
import { Policy } from '../../shared/structs/task.ts';
import type { Attributes } from '../kernel/user.ts';
import type { PhaseDeclaration, SchedKeys, TaskDeclaration } from './rtapp/model.ts';
import { checkSched } from './rtapp/parse-sched.ts';
import type { Source } from './rtapp/source.ts';

/** What is in force: policy and keys, without affinity. */
interface Sched {
  readonly policy: number;
  readonly priority: number;
  readonly keys: Pick<SchedKeys, 'dlRuntime' | 'dlDeadline' | 'dlPeriod'>;
}

/** What one phase sets on the first pass over all phases, and later; null: nothing changes. */
export interface PhaseAttributes {
  readonly first: Attributes | null;
  readonly later: Attributes | null;
}

/** `everywhere`: the CPUs of a task that names none; null: all. */
export function attributesOfTask(task: TaskDeclaration, everywhere: readonly number[] | null): Attributes {
  return attributesOf(startOf(task), task.cpus?.cpus ?? everywhere);
}

export function attributesOfPhases(
  source: Source, task: TaskDeclaration, everywhere: readonly number[] | null,
): readonly PhaseAttributes[] {
  const bound: (number | null)[] = task.phases.map((phase) => phase.sched?.policy ?? null);
  const first = walk(source, task, startOf(task), bound, everywhere);
  const later = walk(source, task, first.end, bound, everywhere);
  const before = attributesOfTask(task, everywhere);
  return task.phases.map((_, i) => ({
    first: unlessSame(first.phases[i]!, i === 0 ? before : first.phases[i - 1]!),
    later: unlessSame(later.phases[i]!, i === 0 ? first.phases.at(-1)! : later.phases[i - 1]!),
  }));
}

const startOf = ({ sched }: TaskDeclaration): Sched => ({ policy: sched.policy!, priority: sched.priority!, keys: sched });

/** One pass over all phases. `bound`: a phase without a policy keeps the one that it met first, as in rt-app. */
function walk(
  source: Source, task: TaskDeclaration, start: Sched, bound: (number | null)[], everywhere: readonly number[] | null,
): { readonly phases: readonly Attributes[]; readonly end: Sched } {
  let now = start;
  const phases = task.phases.map((phase, i) => {
    if (phase.sched !== null) {
      bound[i] ??= now.policy;
      now = after(source, phase, phase.sched, bound[i]!, now);
    }
    return attributesOf(now, phase.cpus?.cpus ?? task.cpus?.cpus ?? everywhere);
  });
  return { phases, end: now };
}

function after(source: Source, phase: PhaseDeclaration, keys: SchedKeys, policy: number, before: Sched): Sched {
  checkSched(source, { ...keys, path: phase.path }, policy);
  return { policy, priority: keys.priority ?? before.priority, keys };
}

function attributesOf({ policy, priority, keys }: Sched, cpus: readonly number[] | null): Attributes {
  const realTime = policy === Policy.Fifo || policy === Policy.Rr;
  const fair = !realTime && policy !== Policy.Deadline;
  return {
    policy,
    nice: fair ? priority : 0,
    rtPriority: realTime ? priority : 0,
    dlRuntime: realTime ? 0 : keys.dlRuntime,
    dlDeadline: realTime ? 0 : keys.dlDeadline,
    dlPeriod: realTime ? 0 : keys.dlPeriod,
    cpus,
  };
}

const unlessSame = (now: Attributes, before: Attributes): Attributes | null =>
  JSON.stringify(now) === JSON.stringify(before) ? null : now;

/** Numbers for attributes; equal ones share one. */
export class AttributeTable {
  readonly #numbers = new Map<string, number>();
  readonly #list: Attributes[] = [];

  /** -1 for null. */
  numberOf(attributes: Attributes | null): number {
    if (attributes === null) return -1;
    const key = JSON.stringify(attributes);
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    this.#numbers.set(key, this.#list.length);
    this.#list.push(attributes);
    return this.#list.length - 1;
  }

  get list(): readonly Attributes[] {
    return this.#list;
  }
}
