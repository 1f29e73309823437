/**
 * Whether a thread that waits for another one looks for a while before it sleeps, or sleeps at once.
 *
 * With a core for each thread, looking is many times faster than being woken. With fewer cores it
 * keeps the one that is waited for from running, and a measurement does not show it: two threads that
 * do nothing but hand over to each other always find a core. So threads are counted first, and only
 * where they have cores is the host asked: its cores may be busy with something else, or two threads
 * may have been put on one. Little looking has the cost of both, so it is much or none.
 */
import type { Memory } from '../../../shared/memory/memory.ts';
import type { Ns, Word } from '../../../shared/units.ts';
import { awaitTurn, giveTurn } from './hand-off.ts';

/** Loads of one wait where looking pays: some 100 us, more than waking a thread takes. */
export const SPIN_LOADS = 20_000;
/** Looking must be this many times as fast, since in a run the other thread is not always about to answer. */
const GAIN = 3;

/** What it takes to hand over to a thread that looks, and to one that sleeps: medians, in host ns. */
export interface HandOff {
  readonly spinningNs: Ns;
  readonly sleepingNs: Ns;
}

/** Whether a machine of that many CPUs leaves it to the measurement. The coordinator has little to do and needs no core. */
export function mayHaveCores(cpus: number, cores: number): boolean {
  return cpus <= cores;
}

/** Loads before a thread sleeps: `SPIN_LOADS` or none. */
export function spinLoads(cpus: number, cores: number, measured: HandOff | undefined): number {
  if (measured === undefined || !mayHaveCores(cpus, cores)) return 0;
  return GAIN * measured.spinningNs < measured.sleepingNs ? SPIN_LOADS : 0;
}

const ROUNDS = 200;
/** Longest time for the rounds of one kind. Rounds of a busy host take milliseconds each. */
const PHASE_MS = 4;

/**
 * Two threads call this at one time, with sides 0 and 1, each with the word that it waits on and the
 * one that the other waits on. Both words begin as 0, and are of no use afterwards. Takes some 5 ms;
 * on a host that is busy, little more than 10.
 */
export function measureHandOff(memory: Memory, side: 0 | 1, mine: Word, theirs: Word): HandOff {
  const play = side === 0 ? lead : follow;
  const spinningNs = play(memory, mine, theirs, 0, SPIN_LOADS);
  const sleepingNs = play(memory, mine, theirs, ROUNDS + 1, 0);
  return { spinningNs, sleepingNs };
}

/**
 * Rounds are numbered from `base` + 1 on; the number after the last one says that there are no more. It
 * is answered like any other: given unseen, it would be overwritten by the next kind's first round.
 */
function lead(memory: Memory, mine: Word, theirs: Word, base: number, loads: number): Ns {
  const stamps = [performance.now()];
  const end = stamps[0]! + PHASE_MS;
  for (let [round, seen] = [1, base]; seen !== base + ROUNDS + 1; round++) {
    const last = round > ROUNDS || stamps.at(-1)! > end;
    giveTurn(memory, theirs, last ? base + ROUNDS + 1 : base + round);
    seen = awaitTurn(memory, mine, seen, loads);
    stamps.push(performance.now());
  }
  return medianHandOff(stamps);
}

function follow(memory: Memory, mine: Word, theirs: Word, base: number, loads: number): Ns {
  const stamps = [performance.now()];
  for (let seen = base; seen !== base + ROUNDS + 1; ) {
    seen = awaitTurn(memory, mine, seen, loads);
    giveTurn(memory, theirs, seen);
    stamps.push(performance.now());
  }
  return medianHandOff(stamps);
}

/** A round is two hand-offs. */
function medianHandOff(stamps: readonly number[]): Ns {
  const rounds = stamps.slice(1).map((stamp, i) => stamp - stamps[i]!).sort((a, b) => a - b);
  return Math.round((rounds[rounds.length >> 1]! * 1e6) / 2);
}
