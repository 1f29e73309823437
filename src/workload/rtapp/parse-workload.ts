/** A whole rt-app file, from text to declarations. */
import { parseDocument } from './parse-document.ts';
import { lastEntry, type JsonNode, type ObjectNode } from './document.ts';
import { ROOT_KEYS } from './grammar.ts';
import type { RtAppWorkload, TaskDeclaration } from './model.ts';
import { parseGlobal } from './parse-global.ts';
import { parseTask, type TaskContext } from './parse-task.ts';
import type { Source } from './source.ts';
import { didYouMean } from '../did-you-mean.ts';

/** Throws BadInput; warnings and approximations are left in `source`. */
export function parseWorkload(source: Source, text: string): RtAppWorkload {
  const root = source.object(parseDocument(source.file, text), '', 'an rt-app workload');
  checkRoot(source, root);
  const global = parseGlobal(source, source.optional(root, '', 'global'));
  const tasks = parseTasks({ source, global, groups: new Set() }, source.optional(root, '', 'tasks'), root);
  checkResources(source, root);
  return { global, tasks, dynticks: source.optional(root, '', 'dynticks') };
}

function checkRoot(source: Source, root: ObjectNode): void {
  for (const { key, at } of root.entries) {
    if (!(ROOT_KEYS as readonly string[]).includes(key)) source.warnUnknownKey(at, 'the file', key, ROOT_KEYS);
  }
}

/** Resources come into being at their first use; the object is read and not needed, the number is older. */
function checkResources(source: Source, root: ObjectNode): void {
  const node = lastEntry(root, 'resources')?.value;
  if (node === undefined) return;
  if (node.kind === 'number') {
    throw source.badNode(
      node, 'resources', 'an object of resources, or nothing',
      'A number of resources is the grammar before rt-app 1.0.',
    );
  }
  source.object(node, 'resources', 'resources');
}

/** An empty `tasks` is legal beside a dynticks block: an idle machine. */
function parseTasks(context: TaskContext, node: JsonNode | null, root: ObjectNode): TaskDeclaration[] {
  const { source } = context;
  if (node === null) throw noTasks(source, root);
  const tasks = source.object(node, 'tasks', 'tasks');
  if (tasks.entries.length === 0 && lastEntry(root, 'dynticks') === null) {
    throw source.badNode(tasks, 'tasks', 'at least one task');
  }
  return tasks.entries.map((entry) => parseTask(context, entry));
}

function noTasks(source: Source, root: ObjectNode): Error {
  const unknown = root.entries.map(({ key }) => key).filter((key) => !(ROOT_KEYS as readonly string[]).includes(key));
  const meant = unknown.find((key) => didYouMean(key, ['tasks']) !== null);
  const hint = meant === undefined ? undefined : `Did you mean "tasks" instead of "${meant}"?`;
  return source.bad(root.at, 'tasks', 'none', 'an object "tasks" with a task for each key', hint);
}
