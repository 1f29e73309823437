/** How long an idle CPU would sleep, for the governor that chooses its idle state. */
import { KTIME_MAX, NONE, type Ns, type TimerId } from '../../../shared/units.ts';
import { schedTimerOf } from '../image.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { deviceOf, type DeviceId } from './clockevents.ts';
import { lockCpuBase, unlockCpuBase } from './hrtimer-base.ts';
import { mayLookAhead } from './tick-sched-idle.ts';

/**
 * From the entry into idle to the next event if the tick is stopped; and in `untilNextEvent` if it is not. The look is
 * kept for whoever then stops the tick.
 * @linux kernel/time/tick-sched.c tick_nohz_get_sleep_length
 */
export function tickNohzGetSleepLength(cpu: KernelCpu): Ns {
  const { tick, idleSleep } = cpu;
  const now = idleSleep.entrytime;
  cpu.untilNextEvent = Math.max(0, deviceOf(cpu, tick.device as DeviceId).nextEvent - now);
  if (!mayLookAhead(cpu) || tick.timerExpires === 0) return cpu.untilNextEvent;
  return Math.max(0, Math.min(tick.timerExpires, hrtimerNextEventWithout(cpu)) - now);
}

/** The first timer that is not the tick. @linux kernel/time/hrtimer.c hrtimer_next_event_without */
function hrtimerNextEventWithout(cpu: KernelCpu): Ns {
  const base = cpu.hrtimers;
  let next = KTIME_MAX;
  lockCpuBase(cpu, cpu.id);
  for (let active = base.activeBases; active !== 0; active &= active - 1) {
    const index = 31 - Math.clz32(active & -active);
    next = Math.min(next, firstWithout(cpu, base.root(index)) - base.offset(index));
  }
  unlockCpuBase(cpu, cpu.id);
  return next;
}

/** Of one base: if the tick is the first, the next is one of the two below it. */
function firstWithout(cpu: KernelCpu, root: TimerId): Ns {
  if (root !== schedTimerOf(cpu.id)) return expiryOf(cpu, root);
  const { left, right } = cpu.image.timers[root]!;
  return Math.min(expiryOf(cpu, left), expiryOf(cpu, right));
}

function expiryOf(cpu: KernelCpu, timer: TimerId): Ns {
  return timer === NONE ? KTIME_MAX : cpu.image.timers[timer]!.expires;
}
