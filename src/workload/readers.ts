/** The readers of the `dynticks` block, with names turned into declarations. */
import { CLOCK_IDS } from './clock-names.ts';
import { meantHint } from './did-you-mean.ts';
import type { ReaderDeclaration } from './compile.ts';
import type { ProcessDeclaration } from './processes.ts';
import type { DynticksBlock } from './dynticks-block.ts';
import { LOCKLESS_VIEWS, READ_VIEWS, type ReadViewName } from './read-views.ts';
import { nodeAt, type JsonNode } from './rtapp/document.ts';
import { POLICIES } from './rtapp/grammar.ts';
import type { TaskDeclaration } from './rtapp/model.ts';
import { checkSched } from './rtapp/parse-sched.ts';
import type { Source } from './rtapp/source.ts';

type ReaderBlock = NonNullable<DynticksBlock['readers']>[number];

/** Where a reader's complaints point. */
interface ReaderPlace {
  readonly source: Source;
  readonly block: JsonNode;
  readonly index: number;
}

const SUBJECTS = ['tasks', 'processes', 'cpus', 'clocks'] as const;

/** What a reader may name. */
interface Known {
  readonly tasks: readonly TaskDeclaration[];
  readonly processes: readonly ProcessDeclaration[];
  /** whose declarations come after those of tasks */
  readonly readers: readonly string[];
}

/** `forced`: how all readers read, whatever they say (the flag); null: as they say, else `otherwise`. */
export function readersOf(
  source: Source, { readers }: DynticksBlock, block: JsonNode | null, tasks: readonly TaskDeclaration[], cpus: number,
  processes: readonly ProcessDeclaration[], forced: 'linux' | 'complete' | null, otherwise: 'linux' | 'complete',
): readonly ReaderDeclaration[] {
  if (readers === undefined || block === null) return [];
  const names = new Set(tasks.map(({ name }) => name));
  return readers.map((reader, index) => {
    const place: ReaderPlace = { source, block, index };
    if (names.has(reader.name)) {
      throw bad(place, ['name'], `the name "${reader.name}" again`, 'a name that no task and no other reader has');
    }
    names.add(reader.name);
    return {
      name: reader.name,
      cpu: reader.cpu ?? null,
      everyNs: reader.every ?? 0,
      from: reader.from ?? 'task',
      delayNs: reader.delay ?? 0,
      grid: reader.grid ?? false,
      what: reader.what ?? [],
      ...targets(place, reader, { tasks, processes, readers: readers.map(({ name }) => name) }, cpus),
      adjusted: reader.adjusted ?? false,
      reader: forced ?? reader.reader ?? otherwise,
      ...schedOf(place, reader),
    };
  });
}

function targets(
  place: ReaderPlace, reader: ReaderBlock, known: Known, cpus: number,
): Pick<ReaderDeclaration, 'declarations' | 'processes' | 'cpus' | 'clocks'> {
  const { what = [] } = reader;
  if (!SUBJECTS.some((key) => reader[key] !== undefined) && !what.some((view) => READ_VIEWS[view].of === 'machine')) {
    throw bad(place, [], 'neither "tasks" nor "processes" nor "cpus" nor "clocks"', 'something to read');
  }
  what.forEach((view, i) => checkSubject(place, reader, view, i));
  if (reader.from === 'timer' || reader.from === 'coordinator') checkLockless(place, reader, reader.from);
  const all = Array.from({ length: cpus }, (_, cpu) => cpu);
  return {
    declarations: declarationsOf(place, 'tasks', reader.tasks, known),
    processes: declarationsOf(place, 'processes', reader.processes, known),
    cpus: reader.cpus === 'all' ? all : [...new Set(reader.cpus ?? [])].sort((a, b) => a - b),
    clocks: reader.clocks === 'all' ? Object.values(CLOCK_IDS) : (reader.clocks ?? []).map((clock) => CLOCK_IDS[clock]),
  };
}

/** What only a task can do. */
function checkLockless(place: ReaderPlace, reader: ReaderBlock, from: 'timer' | 'coordinator'): void {
  const { what = reader.processes === undefined ? [] : ['stat'] } = reader;
  if (reader.every === undefined) throw bad(place, ['from'], `a ${from} without "every"`, 'a period beside it');
  if (from === 'timer' && reader.cpu === undefined) {
    throw bad(place, ['from'], 'a timer without "cpu"', 'the place of its interrupts beside it');
  }
  if (reader.adjusted === true) throw bad(place, ['adjusted'], 'the adjusted pair', 'no lock, but in a task');
  if (reader.clocks !== undefined) throw bad(place, ['clocks'], 'clocks', 'CPU time only, but in a task');
  what.forEach((view, i) => {
    if (!LOCKLESS_VIEWS.includes(view as ReadViewName)) {
      throw bad(place, ['what', i], `"${view}"`, `a view that takes no lock: ${LOCKLESS_VIEWS.join(', ')}`);
    }
  });
}

/** A view of nothing is a mistake. */
function checkSubject(place: ReaderPlace, reader: ReaderBlock, view: ReadViewName, i: number): void {
  const { of } = READ_VIEWS[view];
  if (of === 'machine') return;
  const ofCpus = of === 'cpu';
  if (ofCpus ? reader.cpus !== undefined : reader.tasks !== undefined || reader.processes !== undefined) return;
  const missing = ofCpus ? '"cpus"' : '"tasks" or "processes"';
  throw bad(place, ['what', i], `"${view}"`, `a view of what the reader reads, or ${missing} beside it`);
}

function declarationsOf(
  place: ReaderPlace, key: 'tasks' | 'processes', names: readonly string[] | 'all' | undefined, known: Known,
): number[] {
  const { tasks, readers, processes } = known;
  if (names === 'all') return tasks.map((_, i) => i);
  return (names ?? []).flatMap((name, i) => {
    const process = key === 'processes' ? processes.find((each) => each.name === name) : undefined;
    const reader = tasks.some((task) => task.name === name) ? -1 : readers.indexOf(name);
    return process?.declarations ?? (reader >= 0 ? [tasks.length + reader] : named(place, key, name, i, known));
  });
}

/** All declarations of that name. */
function named(place: ReaderPlace, key: 'tasks' | 'processes', name: string, i: number, { tasks, readers }: Known): number[] {
  const found = tasks.flatMap((task, declaration) => (task.name === name ? [declaration] : []));
  if (found.length === 0) {
    const expected = readers.length > 0 ? 'a task of this file, or a reader' : 'a task of this file';
    throw bad(place, [key, i], `"${name}"`, expected, meantHint(name, [...tasks.map((task) => task.name), ...readers]));
  }
  if (found.every((declaration) => tasks[declaration]!.instances === 0)) {
    const { at } = nodeAt(place.block, ['readers', place.index, key, i]);
    place.source.warn(at, pathOf(place, [key, i]), `"${name}" is started only by fork; such instances are not read.`);
  }
  return found;
}

function schedOf(place: ReaderPlace, reader: ReaderBlock): Pick<ReaderDeclaration, 'policy' | 'priority'> {
  const policy = POLICIES[reader.policy ?? 'SCHED_OTHER']!;
  const realTime = reader.policy === 'SCHED_FIFO' || reader.policy === 'SCHED_RR';
  const priority = reader.priority ?? (realTime ? 10 : 0);
  const { at } = nodeAt(place.block, ['readers', place.index, 'priority']);
  checkSched(place.source, { at, path: pathOf(place, []), policy, priority, dlRuntime: 0, dlDeadline: 0, dlPeriod: 0 }, policy);
  return { policy, priority };
}

function bad(place: ReaderPlace, rest: readonly (string | number)[], found: string, expected: string, hint?: string): Error {
  const { at } = nodeAt(place.block, ['readers', place.index, ...rest]);
  return place.source.bad(at, pathOf(place, rest), found, expected, hint);
}

const pathOf = ({ index }: ReaderPlace, rest: readonly (string | number)[]): string =>
  rest.reduce<string>((text, step) => text + (typeof step === 'number' ? `[${step}]` : `.${step}`), `dynticks.readers[${index}]`);
