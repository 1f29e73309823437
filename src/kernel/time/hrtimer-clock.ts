/** The clocks that timers live on, and which base serves which. */
import { KernelBug } from '../../../shared/assert.ts';
import { ClockId } from '../../../shared/structs/timekeeper.ts';
import { HrtimerBase, HrtimerMode } from '../../../shared/structs/hrtimer.ts';
import type { Ns } from '../../../shared/units.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { ktimeGet, ktimeGetBoottime, ktimeGetClocktai, ktimeGetReal } from './timekeeping.ts';

/** The four clocks of the bases, twice. */
const CLOCKS = HrtimerBase.MonotonicSoft;

/** The base of a timer on `clock` that is made with `mode`. @linux kernel/time/hrtimer.c hrtimer_clockid_to_base */
export function baseOfClock(cpu: KernelCpu, clock: ClockId, mode: number): number {
  const soft = (mode & HrtimerMode.Soft) !== 0 ? CLOCKS : 0;
  const follows = (mode & HrtimerMode.Rel) === 0 || cpu.decisions.relativeFollowsWallClock;
  switch (clock) {
    case ClockId.Monotonic: return soft + HrtimerBase.Monotonic;
    case ClockId.Realtime: return soft + (follows ? HrtimerBase.Realtime : HrtimerBase.Monotonic);
    case ClockId.Boottime: return soft + HrtimerBase.Boottime;
    case ClockId.Tai: return soft + HrtimerBase.Tai;
    default: throw new KernelBug(`no timer can be on clock ${clock}; whoever reads programs checks this`);
  }
}

/** What a base's clock shows. @linux include/linux/hrtimer_defs.h hrtimer_clock_base.get_time */
export function hrtimerClockNow(cpu: KernelCpu, index: number): Ns {
  switch (index % CLOCKS) {
    case HrtimerBase.Realtime: return ktimeGetReal(cpu);
    case HrtimerBase.Boottime: return ktimeGetBoottime(cpu);
    case HrtimerBase.Tai: return ktimeGetClocktai(cpu);
    default: return ktimeGet(cpu);
  }
}
