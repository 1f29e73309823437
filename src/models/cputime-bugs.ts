/** Bugs of those who write a task's CPU time, and of those who read it: planted, and historic ones of Linux. */
import { cellOfT, type Parts } from './cputime-life.ts';
import { heldBack, isOdd } from './tampered-memory.ts';

export type CputimeBug = keyof typeof BUGS;

const BUGS = {
  'torn-vtime': { says: 'the section is closed between the clock and what it measured', decisions: { tearVtimeWrite: true } },
  'missing-retry': { says: 'the reader does not look whether the sequence moved', decisions: { skipReadRetry: true } },
  'promise-outside': { says: 'the promise is loaded when the section is over', decisions: { promiseAfterSection: true } },
  'own-clock': { says: 'the reader goes by its own clock', decisions: { ignorePromise: true } },
  'promise-first': { says: 'the promise is raised before the stores of its event', promiseFirst: true },
  'delta-outside': { says: 'B-01: the clock is moved before the section is entered', decisions: { vtimeDeltaOutsideSection: true } },
  'raw-clock': {
    says: 'B-02: each CPU goes by a clock of its own, and compares it with the others’', decisions: { vtimeByRawClock: true },
  },
  'state-first': { says: 'B-04: the state changes before the time is charged', decisions: { vtimeStateFirst: true } },
  'state-outside': {
    says: 'B-04: the state changes before the section is entered',
    writing: (memory) => heldBack(memory, cellOfT('seq'), cellOfT('state'), isOdd),
  },
  'guest-of-next': {
    says: 'B-05: at a switch the mark of a guest is looked for on the task that comes', decisions: { guestTestOnCurrent: true },
  },
  'in-jiffies': { says: 'B-06: the clock stands still between ticks', decisions: { vtimeInJiffies: true } },
  'without-snapshot': {
    says: 'B-07: whoever bears the mark of a guest is taken for one that runs', decisions: { gtimeWithoutVtime: true },
  },
} as const satisfies Readonly<Record<string, Parts & { readonly says: string }>>;

export const CPUTIME_BUGS: Readonly<Record<CputimeBug, Parts & { readonly says: string }>> = BUGS;
