/**
 * Which tasks are threads of one process. Without a word each task is a process of its own; the `processes` of the
 * `dynticks` block put declarations together, all instances and forks of them.
 */
import { NONE, type ProcessId, type TaskId } from '../../shared/units.ts';
import { OpKind, type ProcessSpec, type TaskSpec } from '../kernel/user.ts';
import { meantHint } from './did-you-mean.ts';
import type { DynticksBlock } from './dynticks-block.ts';
import type { Program } from './program.ts';
import { nodeAt, type JsonNode } from './rtapp/document.ts';
import type { TaskDeclaration } from './rtapp/model.ts';
import type { Source } from './rtapp/source.ts';

/** A process of several declarations. */
export interface ProcessDeclaration {
  readonly name: string;
  readonly declarations: readonly number[];
  readonly age: ProcessSpec['age'];
}

export interface Processes {
  readonly processes: readonly ProcessSpec[];
  readonly processOf: readonly ProcessId[];
}

const NO_AGE = { utime: 0, stime: 0 };

/** Throws BadInput where a name is no task, a task is in two processes, or none of a process is there at boot. */
export function processesOf(
  source: Source, { processes }: DynticksBlock, block: JsonNode | null, tasks: readonly TaskDeclaration[],
): readonly ProcessDeclaration[] {
  if (processes === undefined || block === null) return [];
  const taken = new Map<number, string>();
  return Object.entries(processes).map(([name, value]) => {
    const names = Array.isArray(value) ? value : value.tasks;
    const where = Array.isArray(value) ? ['processes', name] : ['processes', name, 'tasks'];
    const declarations = names.flatMap((task, i) => {
      const found = tasks.flatMap((each, declaration) => (each.name === task ? [declaration] : []));
      const bad = (text: string, expected: string, hint?: string): Error =>
        source.bad(nodeAt(block, [...where, i]).at, `dynticks.${where.join('.')}[${i}]`, text, expected, hint);
      if (found.length === 0) throw bad(`"${task}"`, 'a task of this file', meantHint(task, tasks.map((each) => each.name)));
      const other = found.map((declaration) => taken.get(declaration)).find((process) => process !== undefined);
      if (other !== undefined) throw bad(`"${task}", a thread of "${other}" already`, 'each task in one process');
      for (const declaration of found) taken.set(declaration, name);
      return found;
    });
    if (!declarations.some((declaration) => tasks[declaration]!.instances > 0)) {
      const { at } = nodeAt(block, where);
      throw source.bad(at, `dynticks.${where.join('.')}`, 'no task that starts at boot', 'at least one: only a thread starts further ones');
    }
    return { name, declarations, age: ageOf(value) };
  });
}

function ageOf(value: NonNullable<DynticksBlock['processes']>[string]): ProcessSpec['age'] {
  if (Array.isArray(value) || value.age === undefined) return NO_AGE;
  return { utime: value.age.user ?? 0, stime: value.age.system ?? 0 };
}

/** Every task in its process; a process's threads in the order of their records, its leader first. */
export function groupThreads(
  specs: readonly TaskSpec[], firstTask: TaskId, declared: readonly ProcessDeclaration[], programs: readonly Program[],
): Processes {
  const processOf = new Array<ProcessId>(specs.length).fill(NONE);
  const processes: ProcessSpec[] = [];
  const add = (name: string, members: readonly number[], age: ProcessSpec['age']): void => {
    for (const i of members) processOf[i] = processes.length;
    const waits = members.some((i) => reaps(programs[specs[i]!.declaration]));
    processes.push({ name, threads: members.map((i) => firstTask + i), waits, age });
  };
  for (const { name, declarations, age } of declared) {
    add(name, specs.flatMap((spec, i) => (declarations.includes(spec.declaration) ? [i] : [])), age);
  }
  specs.forEach(({ name }, i) => {
    if (processOf[i] === NONE) add(name, [i], NO_AGE);
  });
  return { processes, processOf };
}

/** Whether a program waits for children. */
function reaps(program: Program | undefined): boolean {
  return program !== undefined && program.kinds.includes(OpKind.Reap);
}
