/**
 * The periodic tick, and which device gives it to a CPU.
 *
 * The boot CPU starts on the global PIT. When its own lapic appears that one takes over and the PIT
 * is shut down; the other CPUs come up with a lapic. Each tick then looks whether it may switch to
 * one-shot (`tick-oneshot.ts`).
 */
import { ClockEventState, TickHandler } from '../../../shared/structs/cpu.ts';
import { TICK_DO_TIMER_BOOT } from '../../../shared/structs/global.ts';
import { writeSeqcountBegin, writeSeqcountEnd } from '../../../shared/sync/seqcount.ts';
import { LockClass } from '../../../shared/lock-order.ts';
import { Event } from '../../../shared/events.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { spinLock, spinUnlock } from '../locking/lock.ts';
import { Path } from '../arch.ts';
import { accountProcessTick } from '../sched/cputime.ts';
import { schedTick } from '../sched/core.ts';
import { schedBalanceTrigger } from '../sched/balance.ts';
import { clockeventsShutdown, clockeventsSwitchState, deviceOf, type DeviceId } from './clockevents.ts';
import { doTimer, setTickDoTimerCpu, tickDoTimerCpu } from './jiffies.ts';
import { ktimeGet } from './timekeeping.ts';
import { runLocalTimers } from './timer.ts';
import { tickCheckOneshotChange } from './tick-oneshot.ts';

export const TickMode = { Periodic: 0, Oneshot: 1 } as const;
export type TickMode = (typeof TickMode)[keyof typeof TickMode];

/**
 * A device appears on this CPU. It becomes the tick device, in the place of the one that was; the
 * first of the whole machine brings the do_timer duty along.
 * @linux kernel/time/tick-common.c tick_check_new_device
 */
export function tickCheckNewDevice(cpu: KernelCpu, id: DeviceId): void {
  const { tick } = cpu;
  const old = tick.device as DeviceId;
  if (old !== 0) {
    deviceOf(cpu, old).handler = TickHandler.Noop;
    clockeventsShutdown(cpu, old);
  }
  tick.device = id;
  clockeventsSwitchState(cpu, id, ClockEventState.Shutdown);
  if (old === 0) tickSetupFirstDevice(cpu);
  tickSetupPeriodic(cpu, id);
  tick.checkClocks = 1;
}

/** @linux kernel/time/tick-common.c tick_setup_device */
function tickSetupFirstDevice(cpu: KernelCpu): void {
  cpu.tick.mode = TickMode.Periodic;
  if (tickDoTimerCpu(cpu) !== TICK_DO_TIMER_BOOT) return;
  setTickDoTimerCpu(cpu, cpu.id);
  startJiffyGrid(cpu);
}

/** The first jiffy boundary: the next multiple of the tick, where the version aligns it. */
function startJiffyGrid(cpu: KernelCpu): void {
  const page = cpu.image.jiffies;
  const { tickNs, version } = cpu.config;
  const now = ktimeGet(cpu);
  const last = version.alignedFirstTick ? now - (now % tickNs) : now;
  spinLock(cpu, page.lock, LockClass.Jiffies, 0);
  writeSeqcountBegin(cpu.memory, page.seq);
  page.lastJiffiesUpdate = last;
  page.tickNextPeriod = last + tickNs;
  writeSeqcountEnd(cpu.memory, page.seq);
  spinUnlock(cpu, page.lock, LockClass.Jiffies, 0);
}

/** @linux kernel/time/tick-common.c tick_setup_periodic */
function tickSetupPeriodic(cpu: KernelCpu, id: DeviceId): void {
  deviceOf(cpu, id).handler = TickHandler.Periodic;
  clockeventsSwitchState(cpu, id, ClockEventState.Periodic);
}

/** The tick device's interrupt while it is periodic. @linux kernel/time/tick-common.c tick_handle_periodic */
export function tickHandlePeriodic(cpu: KernelCpu): void {
  if (tickDoTimerCpu(cpu) === cpu.id) doTimer(cpu);
  updateProcessTimes(cpu, TickMode.Periodic);
}

/**
 * What every tick does, however it came: charge the running task, look for timers, let the scheduler
 * decide. @linux kernel/time/timer.c update_process_times
 */
export function updateProcessTimes(cpu: KernelCpu, mode: TickMode): void {
  const user = cpu.interruptedUser;
  cpu.arch.spend(Path.Tick);
  cpu.tick.ticks += 1;
  cpu.arch.trace6(Event.tick, mode, cpu.image.jiffies.jiffies, cpu.curr, user ? 1 : 0);
  accountProcessTick(cpu, user);
  if (mode === TickMode.Periodic) tickCheckOneshotChange(cpu);
  runLocalTimers(cpu);
  schedTick(cpu);
  schedBalanceTrigger(cpu);
}
