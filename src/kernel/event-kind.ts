/**
 * What a CPU's next event may touch, told before it runs: its own records only, other CPUs' records
 * by loads, or anything. Told too generously it costs parallelism, told too narrowly the guards of
 * memory throw.
 */
import { HRTIMER_INTERRUPT_PASSES } from '../../shared/limits.ts';
import { EventKind } from '../../shared/memory/guards.ts';
import { TickHandler } from '../../shared/structs/cpu.ts';
import { TimerBaseKind } from '../../shared/structs/timer.ts';
import { TICK_DO_TIMER_NONE } from '../../shared/structs/global.ts';
import { NONE, type Ns } from '../../shared/units.ts';
import { Path } from './arch.ts';
import { schedTimerOf } from './image.ts';
import { RegsMode } from './irq/entry.ts';
import type { KernelCpu } from './kernel-cpu.ts';
import { isHousekeeping, mayMigrateTimers } from './sched/nohz-target.ts';
import { SchedClass, classOf } from './sched/prio.ts';
import { NOT_STARTED } from './syscalls/fork.ts';
import { isUserWork } from './syscalls/step.ts';
import { DeviceId, isGlobal } from './time/clockevents.ts';
import { hrtimerMayExpire } from './time/hrtimer-base.ts';
import { baseIndex } from './time/timer-base.ts';
import { OpKind } from './user.ts';

/** More than an interrupt waits for locks before its last look at the timers. */
const LOCK_WAITS_NS: Ns = 50_000;

/** A step of the running task at its `stepDue`. @dynticks what the step entry declares */
export function kindOfStep(cpu: KernelCpu): EventKind {
  if (!cpu.booted || isGlobal(cpu.tick.device as DeviceId) || cpu.signalDue || cpu.workDue) return EventKind.Interacting;
  // on its way back to user mode it may stand still, and move a stop of the machine on
  if (cpu.stopPending || cpu.stopRequest !== undefined) return EventKind.Interacting;
  const regs = cpu.image.regs[cpu.curr]!;
  if (regs.mode === RegsMode.User && isUserWork(regs.kind)) return EventKind.Local;
  switch (regs.kind) {
    case OpKind.Syscall: case OpKind.SetSlack: case OpKind.Yield: case OpKind.Guest: return kindOfCall(cpu);
    case NOT_STARTED: return EventKind.Reading;
    case OpKind.Sleep: return kindOfSleep(cpu);
    case OpKind.Timer: return regs.argA >= 0 ? kindOfSleep(cpu) : EventKind.Interacting;
    case OpKind.ReadCputime:
      return cpu.config.workload.reads[regs.argA]!.locks ? EventKind.Interacting : EventKind.Reading;
    default: return EventKind.Interacting;
  }
}

/** A call that comes back to its task, unless that has no budget left. */
function kindOfCall(cpu: KernelCpu): EventKind {
  if (!mayThrottle(cpu)) return EventKind.Local;
  return mayStopTick(cpu) ? EventKind.Interacting : EventKind.Reading;
}

/** A CPU that does housekeeping and is awake keeps the timers that it starts; any other may put them elsewhere. */
function kindOfSleep(cpu: KernelCpu): EventKind {
  if (mayStopTick(cpu)) return EventKind.Interacting;
  // a sleep that a signal may have ended takes its timer out, wherever that is
  if (cpu.image.signals[cpu.curr]!.hasTimers !== 0) return EventKind.Interacting;
  return isHousekeeping(cpu, cpu.id) || !mayMigrateTimers(cpu) ? EventKind.Reading : EventKind.Interacting;
}

/**
 * Whether the way back from a call may put the running task to rest until its next period: that timer asks what time it is.
 * @dynticks what a step declares
 */
export function mayThrottle(cpu: KernelCpu): boolean {
  return classOf(cpu.image, cpu.curr) === SchedClass.Dl;
}

/** Whether a CPU that goes idle may stop its tick at once: a governor may think that it pays, or the tick is stopped already. */
function mayStopTick({ config, id }: KernelCpu): boolean {
  return config.nohz && (config.cpuidle !== null || config.tickOff[id] === true);
}

/** An interrupt of the CPU's own device at `at`. @dynticks what the timer entry declares */
export function kindOfTimerInterrupt(cpu: KernelCpu, at: Ns): EventKind {
  const { tick, image, config } = cpu;
  // a tick that may stop, start again or kick an idle CPU touches what all share; and if the clock may be ahead, so may timers be due;
  // and so does a CPU that owes RCU a look
  if (config.nohz || config.clocksWander || cpu.stopPending || cpu.rcu.gpThread !== NONE) return EventKind.Interacting;
  const owner = image.jiffies.tickDoTimerCpu;
  const hasDuty = owner === cpu.id || owner === TICK_DO_TIMER_NONE;
  const rescues = tick.stalledJiffies + 1 >= config.version.maxStalledJiffies;
  if (!cpu.booted || hasDuty || rescues || isGlobal(tick.device as DeviceId)) return EventKind.Interacting;
  if (wheelMayBeDue(cpu, at) || countsLoad(cpu)) return EventKind.Interacting;
  // the periodic tick is no timer, so there any that is due may be a sleeper's
  const lastLook = at + untilLastLook(cpu);
  const wakes = cpu.lapic.handler === TickHandler.Hrtimer ? mayFindSleeper(cpu, lastLook) : hrtimerMayExpire(cpu, lastLook, NONE);
  return wakes ? EventKind.Interacting : EventKind.Reading;
}

/** Whether the tick may have to count this CPU’s tasks for the load average: no tick moves jiffies by more. */
function countsLoad({ rq, image }: KernelCpu): boolean {
  return image.jiffies.jiffies + 2 >= rq.calcLoadUpdate;
}

/** Whether the tick may find a timer of this CPU's wheels due: jiffies do not go further than this while it looks. */
function wheelMayBeDue({ id, image, config }: KernelCpu, at: Ns): boolean {
  const latest = Math.floor(at / config.tickNs) + 1;
  const { Std, Def } = TimerBaseKind;
  return image.timerBases[baseIndex(id, Std)]!.nextExpiry <= latest || image.timerBases[baseIndex(id, Def)]!.nextExpiry <= latest;
}

/** In high resolution: whether any timer but the tick's own may be due. */
function mayFindSleeper(cpu: KernelCpu, lastLook: Ns): boolean {
  const tick = schedTimerOf(cpu.id);
  return cpu.hrtimers.nextTimer !== tick || hrtimerMayExpire(cpu, lastLook, tick);
}

/** How long an interrupt that finds nothing but the tick goes on looking: it may run it, and fail to arm the device, in each pass. */
function untilLastLook({ arch }: KernelCpu): Ns {
  const pass = arch.costOf(Path.HrtimerExpire) + arch.costOf(Path.Tick) + arch.costOf(Path.ProgramEvent);
  return LOCK_WAITS_NS + arch.costOf(Path.IrqEntry) + HRTIMER_INTERRUPT_PASSES * pass;
}
