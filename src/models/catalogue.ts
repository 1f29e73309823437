/** All models. */
import { ANNOUNCE } from './announce.ts';
import type { Catalogued } from './catalogued.ts';
import {
  CPUTIME_GTIME, CPUTIME_GUEST, CPUTIME_LINUX, CPUTIME_MIGRATION, CPUTIME_READ, CPUTIME_SWITCH,
} from './cputime-read.ts';
import { CSD, CSD_EACH_OTHER, CSD_FULL_POOL, CSD_TWICE } from './csd.ts';
import { CSD_LOCK, CSD_LOCK_ALONE, CSD_LOCK_TWICE } from './csd-lock.ts';
import { JIFFIES_BOOT, JIFFIES_DUTY, JIFFIES_RESCUE } from './duty.ts';
import { DUTY_LAST } from './duty-last.ts';
import { GROUP_EXIT, GROUP_EXITS } from './group-cputime.ts';
import { HAND_OFF } from './hand-off.ts';
import { HRTIMER_ACTIVE, HRTIMER_CANCEL, HRTIMER_REMOTE, HRTIMER_SWITCH } from './hrtimer.ts';
import { IDLE_SLEEP, IDLE_SLEEP_READERS } from './idle-sleep.ts';
import { IDLE_WHEEL, IDLE_WHEEL_TWO } from './idle-wheel.ts';
import { IRQ_WORK } from './irq-work.ts';
import { JIFFIES_READER, JIFFIES_TICKS } from './jiffies.ts';
import { KCPUSTAT_FIELD, KCPUSTAT_MIGRATION, KCPUSTAT_SWITCH, KCPUSTAT_WAKES } from './kcpustat-read.ts';
import { LATCH } from './latch.ts';
import { NOHZ_KICK } from './nohz-kick.ts';
import { RAW_SPINLOCK } from './raw-spinlock.ts';
import { RCU_NEXT, RCU_PERIOD } from './rcu.ts';
import { SEQCOUNT, SEQCOUNT_READERS } from './seqcount.ts';
import { SEQLOCK, SEQLOCK_WRITERS } from './seqlock.ts';
import { STOP_MACHINE, STOP_MACHINE_THREE } from './stop-machine.ts';
import { STREAM_RING } from './stream-ring.ts';
import { TIMEKEEPER, TIMEKEEPER_CHANGE, TIMEKEEPER_FAST, TIMEKEEPER_WRITERS } from './timekeeper.ts';
import { TURN_BELL } from './turn-bell.ts';
import { WINDOWS, WINDOWS_LIMIT, WINDOWS_PARK } from './windows.ts';

export const CATALOGUE: readonly Catalogued[] = [
  SEQCOUNT, SEQCOUNT_READERS, SEQLOCK, SEQLOCK_WRITERS, LATCH, RAW_SPINLOCK, CSD, CSD_TWICE, CSD_FULL_POOL, CSD_EACH_OTHER,
  HAND_OFF, TURN_BELL, STREAM_RING, WINDOWS, WINDOWS_LIMIT, WINDOWS_PARK, ANNOUNCE,
  CPUTIME_READ, CPUTIME_LINUX, CPUTIME_SWITCH, CPUTIME_GUEST, CPUTIME_GTIME, CPUTIME_MIGRATION,
  KCPUSTAT_SWITCH, KCPUSTAT_WAKES, KCPUSTAT_FIELD, KCPUSTAT_MIGRATION, GROUP_EXIT, GROUP_EXITS,
  JIFFIES_TICKS, JIFFIES_READER, JIFFIES_DUTY, JIFFIES_RESCUE, JIFFIES_BOOT, IDLE_WHEEL, IDLE_WHEEL_TWO,
  IDLE_SLEEP, IDLE_SLEEP_READERS, DUTY_LAST, NOHZ_KICK, TIMEKEEPER, TIMEKEEPER_WRITERS, TIMEKEEPER_FAST, TIMEKEEPER_CHANGE,
  CSD_LOCK, CSD_LOCK_ALONE, CSD_LOCK_TWICE, IRQ_WORK, STOP_MACHINE, STOP_MACHINE_THREE,
  HRTIMER_REMOTE, HRTIMER_SWITCH, HRTIMER_ACTIVE, HRTIMER_CANCEL,
  RCU_PERIOD, RCU_NEXT,
];
