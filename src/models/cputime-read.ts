/**
 * A task's CPU time is read from another CPU while its own writes it (`src/kernel/sched/vtime.ts`, `cputime-read.ts`): at edges between
 * user mode, kernel and guest, at a switch, and when it goes on elsewhere.
 */
import type { Ns } from '../../shared/units.ts';
import { exhaustive } from '../explore/source-sets.ts';
import { everyStateWithin } from '../explore/state-walk.ts';
import type { Catalogued } from './catalogued.ts';
import { CPUTIME_BUGS, type CputimeBug } from './cputime-bugs.ts';
import { cputimeRead, GUEST, GUEST_MIGRATION, MIGRATION, PREEMPTED_GUEST, SWITCH, type Parts } from './cputime-life.ts';

/** Before the last edge and after it, and far ahead of it. */
const READS: readonly (readonly Ns[])[] = [[850, 1_000], [1_000, 2_500]];

/** A life and a reader, and the bugs that show there. */
export function cputimeModel(id: string, says: string, parts: Parts, bugs: readonly CputimeBug[]): Catalogued {
  const whole: Parts = { reads: READS, ...parts };
  return {
    id, says, model: cputimeRead(id, whole),
    mutants: bugs.map((bug) => {
      const { says: what, ...wrong } = CPUTIME_BUGS[bug];
      return { id: bug, says: what, model: cputimeRead(id, { ...whole, reads: [[1_000, 2_500]], ...wrong }) };
    }),
    quick: () => everyStateWithin(2),
    // the sections of 2013 take a lock, too, and a theft is two edges more: too many classes
    thorough: whole.flavour === 'gen-2013' || whole.life?.steals ? () => everyStateWithin(3) : exhaustive,
  };
}

export const CPUTIME_READ: Catalogued = cputimeModel(
  'cputime-read',
  'A CPU has two edges, and promises after each; another reads its task twice: the truth for its instant, never less than before.',
  { reads: [[850, 1_000], [700, 850], [1_000, 2_500]] },
  ['torn-vtime', 'missing-retry', 'delta-outside', 'promise-outside', 'own-clock', 'promise-first', 'raw-clock', 'in-jiffies'],
);

export const CPUTIME_LINUX: Catalogued = cputimeModel(
  'cputime-linux', 'The same by the reader that Linux has: the truth but for what its rule hides.',
  { reader: 'linux' }, ['own-clock', 'torn-vtime', 'missing-retry', 'delta-outside', 'state-first'],
);

export const CPUTIME_LINUX_SWITCH: Catalogued = cputimeModel(
  'cputime-linux-switch', 'The same where the second edge is a switch: what waits for its account is out of sight then.',
  { reader: 'linux', life: SWITCH }, ['own-clock', 'torn-vtime'],
);

export const CPUTIME_LINUX_GUEST: Catalogued = cputimeModel(
  'cputime-linux-guest', 'The same where the edges are those of a guest.', { reader: 'linux', life: GUEST }, ['own-clock', 'torn-vtime'],
);

export const CPUTIME_LINUX_MIGRATION: Catalogued = cputimeModel(
  'cputime-linux-migration', 'The same where the task leaves one CPU and goes on on a second.',
  { reader: 'linux', life: MIGRATION }, ['own-clock'],
);

export const CPUTIME_SWITCH: Catalogued = cputimeModel(
  'cputime-switch', 'The same where the second edge is a switch to another task, in two sections of two records.',
  { life: SWITCH }, ['own-clock', 'torn-vtime', 'missing-retry'],
);

export const CPUTIME_GUEST: Catalogued = cputimeModel(
  'cputime-guest', 'A task enters its guest and leaves it while another CPU reads its user and system time.',
  { life: GUEST }, ['own-clock', 'torn-vtime', 'missing-retry'],
);

export const CPUTIME_GTIME: Catalogued = cputimeModel(
  'cputime-gtime', 'The same while another CPU reads its time as guest.',
  { life: GUEST, gtime: true }, ['own-clock', 'torn-vtime'],
);

export const CPUTIME_PREEMPTED: Catalogued = cputimeModel(
  'cputime-preempted', 'A task is switched away in its guest while another CPU reads its time as guest.',
  { life: PREEMPTED_GUEST, gtime: true }, ['own-clock', 'torn-vtime', 'guest-of-next', 'without-snapshot'],
);

export const CPUTIME_MIGRATION: Catalogued = cputimeModel(
  'cputime-migration', 'A task leaves one CPU and goes on on a second, while a third reads it: by the promise of the one that had it.',
  { life: MIGRATION }, ['own-clock', 'torn-vtime', 'missing-retry'],
);

export const CPUTIME_GTIME_MIGRATION: Catalogued = cputimeModel(
  'cputime-gtime-migration', 'The same where it is in its guest, before and after, and is read for its time as guest.',
  { life: GUEST_MIGRATION, gtime: true }, ['own-clock', 'torn-vtime'],
);
