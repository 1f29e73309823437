/** How scripts are called: `--help`, and a sentence with exit code 2 for what they do not understand. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Prints what the script is and ends it, if that is asked for. */
export function helpIfAsked(help: string): void {
  if (!process.argv.slice(2).includes('--help')) return;
  console.log(help);
  process.exit();
}

/** What `read` makes of the arguments; whatever it does not understand ends the script. */
export function argumentsOr<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    console.error(`${name}: ${error instanceof Error ? error.message.split('\n')[0] : error} (--help)`);
    process.exit(2);
  }
}

/** A whole number that is at least `least`. */
export function integerOf(option: string, text: string, least: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < least) throw new RangeError(`${option} ${text}: expected a whole number, at least ${least}`);
  return value;
}

/** The file itself, or all .json files below the folder, by name. */
export function jsonFilesOf(path: string): string[] {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) throw new RangeError(`${path}: found nothing there, expected a folder or a file`);
  if (!found.isDirectory()) return [path];
  const names = readdirSync(path, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => name.endsWith('.json')).sort().map((name) => join(path, name));
}
