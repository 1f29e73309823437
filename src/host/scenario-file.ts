/** Where a scenario's text comes from: a file, standard input, or the shipped ones by name. */
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { badScenarioFile } from './bad-files.ts';
import { look } from './look.ts';

/** Largest scenario that is read. A workload of a thousand tasks is a few hundred kB. */
const SCENARIO_BYTES_MAX = 16 * 1024 * 1024;

export interface ScenarioText {
  readonly text: string;
  /** What messages call it: the path as given, `stdin`, or the shipped file's path. */
  readonly fileName: string;
  /** What a command line calls it: the argument as given. */
  readonly argument: string;
}

export interface ShippedScenario {
  readonly name: string;
  /** First sentence of the comment that the file begins with; empty if it has none. */
  readonly says: string;
}

/**
 * Reads `argument`: `-` is standard input; a path that exists is that file; else the name of a
 * scenario in `shippedDir`.
 * @throws BadInput if there is no such thing, or it is no text of reasonable size
 */
export function readScenarioFile(argument: string, shippedDir: string): ScenarioText {
  if (argument === '-') return { argument, fileName: 'stdin', text: readText(0, 'stdin') };
  if (look(argument) !== 'nothing') return { argument, fileName: argument, text: readFile(argument) };
  const shipped = join(shippedDir, `${argument}.json`);
  if (basename(argument) === argument && look(shipped) === 'file') {
    return { argument, fileName: `${argument}.json`, text: readFile(shipped) };
  }
  const names = shippedScenarios(shippedDir).map((s) => s.name);
  throw badScenarioFile(argument, 'no such file', 'a file, - for standard input, or a shipped scenario', hintOf(names));
}

/** The scenarios that come with the package, by name. */
export function shippedScenarios(shippedDir: string): readonly ShippedScenario[] {
  if (look(shippedDir) !== 'folder') return [];
  return readdirSync(shippedDir)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => ({
      name: file.slice(0, -'.json'.length),
      says: firstSentence(readFileSync(join(shippedDir, file), 'utf8')),
    }));
}

function hintOf(names: readonly string[]): string {
  return names.length === 0 ? 'Give the path of an rt-app JSON file.' : `Shipped are: ${names.join(', ')}.`;
}

function readFile(path: string): string {
  if (look(path) === 'folder') throw badScenarioFile(path, 'a folder', 'an rt-app JSON file', 'Name a file in it.');
  if (statSync(path).size > SCENARIO_BYTES_MAX) throw tooLarge(path);
  return readText(path, path);
}

function readText(from: string | number, fileName: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(from);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    throw badScenarioFile(fileName, `something that cannot be read (${code})`, 'a readable file');
  }
  if (bytes.length > SCENARIO_BYTES_MAX) throw tooLarge(fileName);
  return decode(bytes, fileName);
}

/** UTF-8 with or without byte order mark; anything else is no scenario. */
function decode(bytes: Uint8Array, fileName: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw badScenarioFile(fileName, 'bytes that are not UTF-8', 'an rt-app JSON file');
  }
}

function tooLarge(fileName: string): Error {
  const expected = `at most ${SCENARIO_BYTES_MAX} bytes`;
  return badScenarioFile(fileName, 'a file that is too large', expected, 'Is it a trace rather than a scenario?');
}

/** What a scenario says of itself: the first sentence of its leading comment. */
function firstSentence(text: string): string {
  const comment = /^\s*\{?\s*(?:\/\*([\s\S]*?)\*\/|((?:\/\/[^\n]*\n\s*)+))/.exec(text);
  if (comment === null) return '';
  const words = (comment[1] ?? comment[2] ?? '').replace(/^\s*(?:\/\/|\*)/gm, '').replace(/\s+/g, ' ').trim();
  return /^.*?[.:](?=\s|$)/.exec(words)?.[0].replace(/:$/, '.') ?? words;
}
