/** `dynticks list`: what there is to choose from. */
import { BadInput } from '../workload/bad-input.ts';
import { meantHint } from '../workload/did-you-mean.ts';
import { entriesOf, LIST_KINDS, type Entry, type ListKind } from './catalogue.ts';
import { engineLine, NO_ENGINE } from './engines.ts';
import { ExitCode } from './exit-codes.ts';
import type { Terminal } from './terminal.ts';

/** What stands after a list, where its second column or its emptiness needs a word. */
const NOTES: Partial<Readonly<Record<ListKind, string>>> = {
  scenarios: 'Run one by its name: dynticks run first-light',
  faults: 'Switch one on with --fault; where its race happens, at least one of the oracles named catches it. [host]: the run ends with 3.',
  tracepoints: 'After each name its fields, in the order of trace.bin.',
  models: 'Explore one: dynticks explore NAME; with a bug planted in it: --mutant with a name from its brackets.',
};

/** `kind` undefined: everything. @throws BadInput for a kind that is none */
export function listCommand(kind: string | undefined, json: boolean, terminal: Terminal): ExitCode {
  const kinds = kind === undefined ? LIST_KINDS : [checkedKind(kind)];
  if (json) terminal.out(`${JSON.stringify(document(kinds), null, 1)}\n`);
  else terminal.out(`${kinds.map(listText).join('\n')}\n${engineLine(NO_ENGINE)}\n`);
  return ExitCode.Held;
}

function document(kinds: readonly ListKind[]): object {
  const lists = kinds.map((kind) => [kind, entriesOf(kind)] as const);
  return { engine: NO_ENGINE, ...Object.fromEntries(lists) };
}

/** A list as indented lines under its heading. */
function listText(kind: ListKind): string {
  const entries = entriesOf(kind);
  const wide = Math.max(0, ...entries.map(({ id }) => id.length));
  const lines = entries.map((entry) => `  ${entry.id.padEnd(wide)}  ${saying(entry)}`.trimEnd());
  const note = NOTES[kind];
  return `${[`${kind}:`, ...lines, ...(note === undefined ? [] : [`  ${note}`])].join('\n')}\n`;
}

function saying({ says, caughtBy, mutants }: Entry): string {
  const names = Array.isArray(caughtBy) ? caughtBy : Array.isArray(mutants) ? mutants.map(({ id }: Entry) => id) : [];
  return names.length === 0 ? says : `${says} [${names.join(', ')}]`;
}

function checkedKind(kind: string): ListKind {
  const known = LIST_KINDS.find((name) => name === kind);
  if (known !== undefined) return known;
  throw new BadInput({
    file: 'command line', path: 'list', found: `"${kind}"`, expected: LIST_KINDS.join(', '), hint: meantHint(kind, LIST_KINDS),
  });
}
