/**
 * Who takes each step of an execution, as a line of text. A digit (base 36) is one step of that strand:
 * the threads in their order, then the interrupts. A dash stands where another strand goes on.
 *
 *      0000-1-00-11        thread 0 takes four steps, thread 1 one, ...
 *      0.2                 a step that chooses: option 2
 *      s3-0000             the model's fourth way to begin
 *      0x12-1              twelve steps of thread 0
 */
import { BadModel } from './bad-model.ts';

export interface Turn {
  readonly strand: number;
  /** Which way it goes, where its step chooses; else 0. */
  readonly way: number;
}

export interface Schedule {
  /** Number of the model's start. */
  readonly start: number;
  readonly turns: readonly Turn[];
}

const RUN_FROM = 5;

export function printSchedule({ start, turns }: Schedule): string {
  const groups = start === 0 ? [] : [`s${start}`];
  for (let i = 0; i < turns.length; ) {
    let end = i;
    while (end < turns.length && turns[end]!.strand === turns[i]!.strand) end++;
    groups.push(printGroup(turns.slice(i, end)));
    i = end;
  }
  return groups.join('-');
}

function printGroup(turns: readonly Turn[]): string {
  const digit = turns[0]!.strand.toString(36);
  if (turns.length >= RUN_FROM && turns.every(({ way }) => way === 0)) return `${digit}x${turns.length}`;
  return turns.map(({ way }) => (way === 0 ? digit : `${digit}.${way}.`)).join('');
}

/** Throws `BadModel` if it is none. */
export function parseSchedule(text: string): Schedule {
  const groups = text.split('-');
  const start = /^s(\d+)$/.exec(groups[0]!);
  const turns = (start === null ? groups : groups.slice(1)).flatMap((group) => parseGroup(group, text));
  return { start: start === null ? 0 : Number(start[1]), turns };
}

function parseGroup(group: string, text: string): Turn[] {
  const run = /^([0-9a-z])x(\d+)$/.exec(group);
  if (run !== null) return Array.from({ length: Number(run[2]) }, () => ({ strand: parseInt(run[1]!, 36), way: 0 }));
  if (!/^(?:([0-9a-w])(?:\.\d+\.)?)+$/.test(group)) throw new BadModel(`'${group}' in '${text}' is no part of a schedule`);
  return [...group.matchAll(/([0-9a-w])(?:\.(\d+)\.)?/g)].map(([, strand, way = '0']) =>
    ({ strand: parseInt(strand!, 36), way: Number(way) }));
}
