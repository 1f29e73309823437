/** The flavours of CPU-time accounting, by their names. */
import type { CputimeFlavour } from '../../../shared/cputime-flavour.ts';
import { ctUserEnter, ctUserExit, leaveGuest } from '../context-tracking.ts';
import { accountIdleTicks, accountProcessTick } from './cputime.ts';
import { NO_ACCOUNTING, type CputimeAccounting } from './cputime-accounting.ts';
import {
  irqtimeAccountIdleTicks, irqtimeAccountTick, irqtimeHardirqEnter, irqtimeInit, irqtimeIrqExit, irqtimeSoftirqEnter,
} from './irqtime.ts';
import {
  vtimeNativeGuestEnter, vtimeNativeGuestExit, vtimeNativeHardirqEnter, vtimeNativeInit, vtimeNativeIrqExit, vtimeNativeSettle,
  vtimeNativeSoftirqEnter, vtimeNativeTaskSwitch, vtimeNativeTick, vtimeNativeUserEnter, vtimeNativeUserExit,
} from './vtime-native.ts';
import {
  vtime2013GuestEnter, vtime2013GuestExit, vtime2013InitIdle, vtime2013IrqEnter, vtime2013IrqExit, vtime2013SoftirqEnter,
  vtime2013TaskSwitch, vtime2013Theft,
} from './vtime-2013.ts';
import { vtimeGuestEnter, vtimeGuestExit, vtimeInitIdle, vtimeTaskSwitch, vtimeTheft } from './vtime.ts';

const tick: CputimeAccounting = { ...NO_ACCOUNTING, samples: true, tick: accountProcessTick, idleTicks: accountIdleTicks };

const tickIrqtime: CputimeAccounting = {
  ...tick,
  timesIrqs: true,
  initIdle: irqtimeInit,
  irqEnter: irqtimeHardirqEnter,
  irqExit: irqtimeIrqExit,
  softirqEnter: irqtimeSoftirqEnter,
  softirqExit: irqtimeIrqExit,
  tick: irqtimeAccountTick,
  idleTicks: irqtimeAccountIdleTicks,
};

const native: CputimeAccounting = {
  ...NO_ACCOUNTING,
  scales: false,
  initIdle: vtimeNativeInit,
  userEnter: vtimeNativeUserEnter,
  userExit: vtimeNativeUserExit,
  guestEnter: vtimeNativeGuestEnter,
  guestExit: vtimeNativeGuestExit,
  irqEnter: vtimeNativeHardirqEnter,
  irqExit: vtimeNativeIrqExit,
  softirqEnter: vtimeNativeSoftirqEnter,
  softirqExit: vtimeNativeIrqExit,
  taskSwitch: vtimeNativeTaskSwitch,
  tick: vtimeNativeTick,
  settle: vtimeNativeSettle,
};

const gen: CputimeAccounting = {
  ...NO_ACCOUNTING,
  initIdle: vtimeInitIdle,
  userEnter: ctUserEnter,
  userExit: ctUserExit,
  guestEnter: vtimeGuestEnter,
  guestExit: vtimeGuestExit,
  taskSwitch: vtimeTaskSwitch,
  theft: vtimeTheft,
};

const gen2013: CputimeAccounting = {
  ...NO_ACCOUNTING,
  initIdle: vtime2013InitIdle,
  userEnter: ctUserEnter,
  userExit: ctUserExit,
  guestEnter: vtime2013GuestEnter,
  guestExit: vtime2013GuestExit,
  irqEnter: vtime2013IrqEnter,
  irqExit: vtime2013IrqExit,
  softirqEnter: vtime2013SoftirqEnter,
  softirqExit: vtime2013IrqExit,
  taskSwitch: vtime2013TaskSwitch,
  theft: vtime2013Theft,
};

/** What interrupts a guest is none of its time. */
const genExact: CputimeAccounting = { ...gen, irqEnter: leaveGuest };

export const CPUTIME_ACCOUNTING: Readonly<Record<CputimeFlavour, CputimeAccounting>> = {
  tick, 'tick+irqtime': tickIrqtime, native, gen, 'gen-2013': gen2013, 'gen-exact': genExact,
};
