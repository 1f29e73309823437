/** The flavours of CPU-time accounting, by their names. */
import type { CputimeFlavour } from '../../../shared/cputime-flavour.ts';
import { ctUserEnter, ctUserExit } from '../context-tracking.ts';
import { accountIdleTicks, accountProcessTick } from './cputime.ts';
import { NO_ACCOUNTING, type CputimeAccounting } from './cputime-accounting.ts';
import { vtimeInitIdle, vtimeTaskSwitch } from './vtime.ts';

const tick: CputimeAccounting = { ...NO_ACCOUNTING, samples: true, tick: accountProcessTick, idleTicks: accountIdleTicks };

const gen: CputimeAccounting = {
  ...NO_ACCOUNTING,
  initIdle: vtimeInitIdle,
  userEnter: ctUserEnter,
  userExit: ctUserExit,
  taskSwitch: vtimeTaskSwitch,
};

export const CPUTIME_ACCOUNTING: Readonly<Record<CputimeFlavour, CputimeAccounting>> = { tick, gen, 'gen-exact': gen };
