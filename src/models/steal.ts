/**
 * A hypervisor takes a CPU's processor, and another CPU reads the task that runs there (`src/kernel/steal.ts`, `vtimeTheft`,
 * `copyStolen`): both edges of the theft are sections of the task's record, so that `complete` leaves out just what was stolen. `linux`
 * sees it come, and go with the edge that charges it.
 *
 *      CPU 0                                  T
 *      500: the processor is taken            user 300 .. 500
 *      600: it is back                        nothing 500 .. 600
 *      800: T enters the kernel               user 600 .. 800
 *      900: a new record begins at 0          system 800 ..
 */
import type { Memory } from '../../shared/memory/memory.ts';
import { StealTime } from '../../shared/structs/cputime.ts';
import { KTIME_MAX } from '../../shared/units.ts';
import { stealRecordRestarts } from '../kernel/steal.ts';
import type { Catalogued, Mutant } from './catalogued.ts';
import { cputimeRead, ENTERS_KERNEL, MAP, SINCE, type Life, type Parts } from './cputime-life.ts';
import { cputimeModel } from './cputime-read.ts';
import { BACK, TAKEN, unmarked } from './cputime-world.ts';
import { answered } from './tampered-memory.ts';

const STOLEN: Life = {
  edges: [TAKEN, BACK, ENTERS_KERNEL], begins: 'user', steals: true,
  stretches: [
    { from: SINCE, to: 500, kind: 'user' }, { from: 500, to: 600, kind: 'stolen' }, { from: 600, to: 800, kind: 'user' },
    { from: 800, to: KTIME_MAX, kind: 'system' },
  ],
};
const RESTARTED: Life = { ...STOLEN, edges: [...STOLEN.edges, [900, stealRecordRestarts]] };

const UNMARKED: Life = { ...STOLEN, edges: [unmarked(TAKEN), unmarked(BACK), ENTERS_KERNEL] };

/** The reader goes by its own clock even if that is behind the theft's last edge. */
const unaware = (memory: Memory): Memory => answered(memory, MAP.at.stealTime + StealTime.at.changed, () => 0);

/** Before a theft and in it, and behind the edge that charges it. */
const READS = [[450, 550], [550, 850]];
const LATER_READS = [[550, 850]];

function stealModel(id: string, says: string, parts: Parts, more: readonly Mutant[] = []): Catalogued {
  const { mutants, ...made } = cputimeModel(id, says, { life: STOLEN, reads: READS, ...parts }, ['missing-retry', 'own-clock']);
  return { ...made, mutants: [...mutants, ...more] };
}

const broken = (parts: Parts): Mutant['model'] => cputimeRead('steal-read', { life: STOLEN, reads: READS, ...parts });

export const STEAL_READ: Catalogued = stealModel(
  'steal-read', 'A theft begins and ends while another CPU reads the task twice: what was stolen is never in it.', {}, [
    { id: 'unmarked', says: 'a theft’s edges are no sections of the task’s record', model: broken({ life: UNMARKED }) },
    {
      id: 'unaware', says: 'the reader goes by its own clock, though the version that it found is of later',
      model: broken({ reading: unaware }),
    },
  ],
);

export const STEAL_LINUX: Catalogued = stealModel(
  'steal-linux', 'The same by the reader that Linux has: stolen time comes, and goes with the edge that charges it.',
  { reader: 'linux', reads: LATER_READS },
);

export const STEAL_2013: Catalogued = stealModel(
  'steal-2013', 'The same by the records of 2013.', { flavour: 'gen-2013', reads: LATER_READS },
);

export const STEAL_RESTART: Catalogued = stealModel(
  'steal-restart', 'The hypervisor’s record begins anew when a theft of it has been charged: the steal clock goes on.',
  { life: RESTARTED, reads: [[850, 1_000]] }, [
    {
      id: 'keeps-prev', says: 'B-15: the steal clock goes back to 0, and what was seen of it is kept',
      model: broken({ life: RESTARTED, reads: [[850, 1_000]], decisions: { stealClockGoesBack: true } }),
    },
  ],
);
