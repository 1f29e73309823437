/** A line of the kernel's log as text. */
import { PRINTK } from '../../shared/printk.ts';
import { clocksourceName, deviceName } from './code-names.ts';

/** `{0}`, `{1:device}`: which argument, and what it names. */
const PLACEHOLDER = /\{([01])(?::(\w+))?\}/g;

/** The text of line `line` with its two arguments; a line of another version is its number. */
export function printkText(line: number, a: number, b: number): string {
  const format = PRINTK[line]?.format ?? `line ${line} of another version: {0}, {1}`;
  return format.replace(PLACEHOLDER, (_all, index: string, kind: string | undefined) => argumentText(kind, index === '0' ? a : b));
}

function argumentText(kind: string | undefined, value: number): string {
  if (kind === 'source') return clocksourceName(value);
  if (kind === 'hex') return value.toString(16).padStart(2, '0');
  return kind === 'device' ? deviceName(value) : String(value);
}
