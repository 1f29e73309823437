/** Every clock by its number, as system calls name them. */
import { KernelBug } from '../../../shared/assert.ts';
import { ClockId } from '../../../shared/structs/timekeeper.ts';
import type { Ns } from '../../../shared/units.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import {
  ktimeGet, ktimeGetBoottime, ktimeGetClocktai, ktimeGetCoarse, ktimeGetCoarseReal, ktimeGetRaw, ktimeGetReal,
} from './timekeeping.ts';
import { ktimeGetMonoFastNs, ktimeGetRawFastNs } from './timekeeping-fast.ts';

/** ns; realtime and TAI since the machine's epoch. @linux kernel/time/posix-timers.c clock_gettime */
export function clockGettime(cpu: KernelCpu, clock: ClockId): Ns {
  switch (clock) {
    case ClockId.Realtime: return ktimeGetReal(cpu);
    case ClockId.Monotonic: return ktimeGet(cpu);
    case ClockId.MonotonicRaw: return ktimeGetRaw(cpu);
    case ClockId.RealtimeCoarse: return ktimeGetCoarseReal(cpu);
    case ClockId.MonotonicCoarse: return ktimeGetCoarse(cpu);
    case ClockId.Boottime: return ktimeGetBoottime(cpu);
    case ClockId.Tai: return ktimeGetClocktai(cpu);
    case ClockId.MonotonicFast: return ktimeGetMonoFastNs(cpu);
    case ClockId.RawFast: return ktimeGetRawFastNs(cpu);
    default: throw new KernelBug(`clock ${clock as number} is none`);
  }
}
