/**
 * Who keeps a machine from going on, as far as shared memory tells. Of those who have not come out of
 * their window most only wait: for a section that somebody else does not close, for a slot that
 * somebody does not free. Who is in there and does not wait is the cause.
 *
 *      CPU 0   in an event, spins         waits for the lock
 *      CPU 1   done with its window       waits for the next one
 *      CPU 2   in an event, does not spin, holds the lock: the cause
 */
import { NOBODY, type CpuId } from '../../../shared/units.ts';
import type { Control } from '../../engine/threads/control.ts';
import { milliseconds } from '../texts.ts';
import { openSections, type OpenSection } from './open-sections.ts';

export interface HangWitness {
  /** `CPU 3`, `the coordinator`, `CPU 0 and CPU 2` */
  readonly thread: string;
  /** What it is at, what it holds, and who waits for it. */
  readonly says: string;
}

const USUAL_CAUSE = 'usual cause: an endless loop, or a lock or sequence count that is never released';

export function whoHangs(control: Control): HangWitness {
  const ids = control.standings.map((_, id) => id);
  const absent = ids.filter((id) => control.standings[id]!.left === -1);
  if (absent.length > 0) return { thread: names(absent, control), says: 'did not come up' };
  const inside = ids.filter((id) => isInside(control, id));
  if (inside.length === 0) return { thread: names(ids.slice(-1), control), says: 'does not let the machine go on' };
  const waiting = inside.filter((id) => waits(control, id));
  const running = inside.filter((id) => !waiting.includes(id));
  // where all of them wait, each is as guilty as the others
  const guilty = running.length > 0 ? running : waiting;
  const others = running.length > 0 ? waiting : [];
  const sections = openSections(control.memory, control.map.map);
  const odd = sections.filter(({ holder }) => holder === NOBODY).map(({ name }) => name);
  const says = [
    ...guilty.map((id) => whatItDoes(control, id, sections)),
    ...(odd.length === 0 ? [] : [`${list(odd)} ${odd.length > 1 ? 'are' : 'is'} odd`]),
    ...(others.length === 0 ? [] : [`${names(others, control)} ${others.length > 1 ? 'wait' : 'waits'} in vain`]),
    USUAL_CAUSE,
  ];
  return { thread: names(guilty, control), says: says.join('; ') };
}

/** It has a window and is not done with it, or it does what a cut asks of it. */
function isInside({ standings, window, baton }: Control, id: CpuId): boolean {
  const { turn, left } = standings[id]!;
  return (turn === window.number && left !== turn) || baton.to === id;
}

/** For a section's end, for a free slot, or for what it has asked of another CPU. */
function waits({ standings, queues, baton }: Control, id: CpuId): boolean {
  const { spunIn, lastStart } = standings[id]!;
  return spunIn === lastStart || queues[id]!.starved !== 0 || (baton.to !== NOBODY && baton.from === id);
}

/** `CPU 3 is in an event since 20.000 ms and holds timekeeper.lock` */
function whatItDoes(control: Control, id: CpuId, sections: readonly OpenSection[]): string {
  const { lastStart } = control.standings[id]!;
  const begun = lastStart >= control.window.reached;
  const where = begun ? `is in an event since ${milliseconds(lastStart)} ms` : 'has not begun an event of its window';
  const held = sections.filter(({ holder }) => holder === id).map(({ name }) => name);
  return `${nameOf(id, control)} ${where}${held.length === 0 ? '' : ` and holds ${list(held)}`}`;
}

function names(ids: readonly CpuId[], control: Control): string {
  return list(ids.map((id) => nameOf(id, control)));
}

function nameOf(id: CpuId, { standings }: Control): string {
  return id === standings.length - 1 ? 'the coordinator' : `CPU ${id}`;
}

/** `a, b and c` */
function list(words: readonly string[]): string {
  return words.length < 2 ? words.join() : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}
