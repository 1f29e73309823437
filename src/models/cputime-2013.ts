/**
 * A task's CPU time as Linux 3.9 kept it (`src/kernel/sched/vtime-2013.ts`), read from another CPU while its own writes it. Each section
 * takes a lock as well, a switch has three of them, and nothing waits in an accumulator: so `linux` is as exact as `complete`.
 *
 *      CPU 0 (T is switched away)             CPU 1
 *      900: stime += 100, snapshot 900
 *                                             whence is still the kernel: what has passed since 900, and no more than was promised
 *      sleeping
 *      the idle task begins
 */
import type { Catalogued } from './catalogued.ts';
import { GUEST, MIGRATION, PREEMPTED_GUEST, SWITCH } from './cputime-life.ts';
import { cputimeModel } from './cputime-read.ts';

const flavour = 'gen-2013';

export const CPUTIME_2013: Catalogued = cputimeModel(
  'cputime-2013', 'A CPU of 2013 has two edges while another reads its task twice: the truth for its instant, by either reader.',
  { flavour, reader: 'linux' }, ['delta-outside', 'raw-clock', 'state-outside', 'in-jiffies', 'missing-retry', 'own-clock'],
);

export const CPUTIME_2013_SWITCH: Catalogued = cputimeModel(
  'cputime-2013-switch', 'The same where the second edge is a switch, in three sections of two records.',
  { flavour, life: SWITCH }, ['own-clock', 'missing-retry'],
);

export const CPUTIME_2013_GUEST: Catalogued = cputimeModel(
  'cputime-2013-guest', 'The same where the task enters its guest and leaves it: a mark of the task says so, and no state.',
  { flavour, life: GUEST }, ['own-clock', 'missing-retry'],
);

export const CPUTIME_2013_PREEMPTED: Catalogued = cputimeModel(
  'cputime-2013-preempted', 'The same where it is switched away in its guest, by the reader of guest time.',
  { flavour, life: PREEMPTED_GUEST, gtime: true }, ['guest-of-next', 'without-snapshot', 'own-clock'],
);

export const CPUTIME_2013_MIGRATION: Catalogued = cputimeModel(
  'cputime-2013-migration', 'The same where it leaves one CPU and goes on on a second.',
  { flavour, life: MIGRATION, reader: 'linux' }, ['own-clock', 'raw-clock', 'missing-retry'],
);
