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

/** Where a process's complaints point. */
interface ProcessPlace {
  readonly source: Source;
  readonly block: JsonNode;
  readonly path: readonly string[];
}

/** Throws BadInput where a name is no task, a task is in two processes, or a process cannot begin or grow as Linux's do. */
export function processesOf(
  source: Source, block: DynticksBlock, node: JsonNode | null, tasks: readonly TaskDeclaration[],
): readonly ProcessDeclaration[] {
  if (block.processes === undefined || node === null) return [];
  const names = [...tasks.map(({ name }) => name), ...(block.readers ?? []).map(({ name }) => name)];
  const starts = (declaration: number): boolean => tasks[declaration] === undefined || tasks[declaration].instances > 0;
  const taken = new Map<number, string>();
  const processes = Object.entries(block.processes).map(([name, value]) => {
    const place = { source, block: node, path: Array.isArray(value) ? ['processes', name] : ['processes', name, 'tasks'] };
    const asked = Array.isArray(value) ? value : value.tasks;
    const declarations = asked.flatMap((task, i) => threadsNamed(place, task, i, names, taken));
    for (const declaration of declarations) taken.set(declaration, name);
    if (!declarations.some(starts)) throw bad(place, [], 'no task that starts at boot', 'at least one, which may start the others');
    return { name, declarations, age: ageOf(value) };
  });
  checkForks(source, tasks, taken);
  return processes;
}

function threadsNamed(
  place: ProcessPlace, task: string, i: number, names: readonly string[], taken: ReadonlyMap<number, string>,
): number[] {
  const found = names.flatMap((name, declaration) => (name === task ? [declaration] : []));
  if (found.length === 0) throw bad(place, [i], `"${task}"`, 'a task or reader of this file', meantHint(task, names));
  const other = found.map((declaration) => taken.get(declaration)).find((process) => process !== undefined);
  if (other !== undefined) throw bad(place, [i], `"${task}", a thread of "${other}"`, 'each task in one process');
  return found;
}

/** Nobody starts a thread in another process. */
function checkForks(source: Source, tasks: readonly TaskDeclaration[], taken: ReadonlyMap<number, string>): void {
  tasks.forEach((task, declaration) => {
    for (const event of task.phases.flatMap(({ events }) => events)) {
      if (event.name !== 'fork') continue;
      const process = taken.get(tasks.findIndex(({ name }) => name === event.ref));
      if (process === undefined || process === taken.get(declaration)) continue;
      throw source.bad(event.at, event.path, `"${event.ref}", a thread of "${process}"`, 'a thread of its own process, or another process');
    }
  });
}

function bad({ source, block, path }: ProcessPlace, rest: readonly number[], found: string, expected: string, hint?: string): Error {
  const { at } = nodeAt(block, [...path, ...rest]);
  return source.bad(at, `dynticks.${path.join('.')}${rest.map((i) => `[${i}]`).join('')}`, found, expected, hint);
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

/** Of each process that has one of these threads, its leader. */
export function leadersOf(
  threads: readonly TaskId[], specs: readonly TaskSpec[], firstTask: TaskId, declared: readonly ProcessDeclaration[],
): TaskId[] {
  const leaderOf = (thread: TaskId): TaskId => {
    const { declaration } = specs[thread - firstTask]!;
    const process = declared.find(({ declarations }) => declarations.includes(declaration));
    return process === undefined ? thread : firstTask + specs.findIndex((spec) => process.declarations.includes(spec.declaration));
  };
  return [...new Set(threads.map(leaderOf))];
}

/** Whether a program waits for children. */
function reaps(program: Program | undefined): boolean {
  return program !== undefined && program.kinds.includes(OpKind.Reap);
}
