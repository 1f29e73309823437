/** Numbers as people read them. The same text on every host: no locale. */
import { NSEC_PER_SEC, type Ns } from '../../shared/units.ts';
import type { EngineFacts } from './run-json.ts';

/** `1,234,567` */
export function count(n: number): string {
  return String(Math.round(n)).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** `1 read`, `2,046 reads` */
export function plural(n: number, what: string): string {
  return `${count(n)} ${what}${n === 1 ? '' : 's'}`;
}

/** `threads, sync free, memory wasm`; of an engine that knows neither, its name. */
export function engineName({ name, sync, memory }: EngineFacts): string {
  return [name, ...(sync === undefined ? [] : [`sync ${sync}`]), ...(memory === undefined ? [] : [`memory ${memory}`])].join(', ');
}

/** All nine digits: `6.004000001`. */
export function seconds(ns: Ns): string {
  const whole = Math.floor(ns / NSEC_PER_SEC);
  return `${whole}.${String(ns - whole * NSEC_PER_SEC).padStart(9, '0')}`;
}

/** Down to the microsecond, cut as /proc cuts: `1,234.567`. */
export function milliseconds(ns: Ns): string {
  const us = Math.floor(ns / 1_000);
  return `${count(Math.floor(us / 1_000))}.${String(us % 1_000).padStart(3, '0')}`;
}
