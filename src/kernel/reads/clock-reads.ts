/** A reader's look at one of the machine's clocks. */
import { Event } from '../../../shared/events.ts';
import type { ClockId } from '../../../shared/structs/timekeeper.ts';
import type { TaskId } from '../../../shared/units.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { clockGettime } from '../time/clock-gettime.ts';

/** What it shows, beside what this CPU's own clock showed when the look began. @dynticks a reader's look */
export function readClock(cpu: KernelCpu, by: TaskId, clock: ClockId): void {
  const t = cpu.arch.schedClock();
  const value = clockGettime(cpu, clock);
  cpu.arch.trace6(Event.clock_gettime, by, clock, t, value);
}
