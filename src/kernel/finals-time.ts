/** What clocks, ticks, timers and devices come to when a run ends: what timer_list and sysfs show. */
import { Event } from '../../shared/events.ts';
import { HRTIMER_MAX_CLOCK_BASES, HrtimerBase } from '../../shared/structs/hrtimer.ts';
import { ClocksourceFlag } from '../../shared/structs/timekeeper.ts';
import { NONE } from '../../shared/units.ts';
import type { KernelCpu } from './kernel-cpu.ts';
import { deviceOf, DeviceId } from './time/clockevents.ts';
import { clocksourcesInOrder } from './time/clocksource-list.ts';
import { timerqueueInOrder } from './time/hrtimer-queue.ts';
import { TickMode } from './time/tick-common.ts';
import { tickNohzActive } from './time/tick-sched.ts';
import { ktimeGet } from './time/timekeeping.ts';

/** One CPU's clocks; the boot CPU adds what the machine has once. @dynticks end of a run */
export function traceTimeFinals(cpu: KernelCpu): void {
  traceTickSched(cpu);
  traceHrtimers(cpu);
  const { device, mode } = cpu.tick;
  if (device !== DeviceId.None) traceDevice(cpu, cpu.id, device as DeviceId, mode);
  if (cpu.id === 0) traceMachine(cpu);
}

function traceTickSched(cpu: KernelCpu): void {
  const { fields, tick, idleSleep } = cpu;
  fields[0] = cpu.id;
  fields[1] = ktimeGet(cpu);
  fields[2] = tick.flags;
  fields[3] = tick.lastTick;
  fields[4] = idleSleep.active;
  fields[5] = tick.idleJiffies;
  fields[6] = tick.idleCalls;
  fields[7] = tick.idleSleeps;
  fields[8] = idleSleep.entrytime;
  fields[9] = tick.idleWaketime;
  fields[10] = tick.idleExittime;
  fields[11] = idleSleep.sleeptime;
  fields[12] = idleSleep.iowaitSleeptime;
  fields[13] = tick.lastJiffies;
  fields[14] = tick.nextTimer;
  fields[15] = tick.idleExpires;
  fields[16] = cpu.image.jiffies.jiffies;
  cpu.arch.traceFields(Event.tick_sched_final, fields);
}

function traceHrtimers(cpu: KernelCpu): void {
  const { fields, hrtimers } = cpu;
  fields[0] = cpu.id;
  fields[1] = hrtimers.expiresNext;
  fields[2] = hrtimers.hresActive;
  fields[3] = hrtimers.nrEvents;
  fields[4] = hrtimers.nrRetries;
  fields[5] = hrtimers.nrHangs;
  fields[6] = hrtimers.maxHangTime;
  fields[7] = hrtimers.offset(HrtimerBase.Realtime);
  fields[8] = hrtimers.offset(HrtimerBase.Boottime);
  fields[9] = hrtimers.offset(HrtimerBase.Tai);
  cpu.arch.traceFields(Event.hrtimer_cpu_base_final, fields);
  for (let base = 0; base < HRTIMER_MAX_CLOCK_BASES; base++) {
    for (const timer of timerqueueInOrder(cpu.image, cpu.id * HRTIMER_MAX_CLOCK_BASES + base)) traceTimer(cpu, timer, base);
  }
}

function traceTimer(cpu: KernelCpu, timer: number, base: number): void {
  const { fields } = cpu;
  const record = cpu.image.timers[timer]!;
  fields[0] = timer;
  fields[1] = cpu.id;
  fields[2] = base;
  fields[3] = record.function;
  fields[4] = record.softexpires;
  fields[5] = record.expires;
  fields[6] = record.order;
  cpu.arch.traceFields(Event.hrtimer_final, fields);
}

function traceDevice(cpu: KernelCpu, owner: number, id: DeviceId, tickMode: number): void {
  const { fields } = cpu;
  const device = deviceOf(cpu, id);
  fields[0] = owner;
  fields[1] = device.name;
  fields[2] = tickMode;
  fields[3] = device.state;
  fields[4] = device.handler;
  fields[5] = device.mult >>> 0;
  fields[6] = device.shift;
  fields[7] = device.minDeltaNs;
  fields[8] = device.maxDeltaNs;
  fields[9] = device.nextEvent;
  fields[10] = device.retries;
  cpu.arch.traceFields(Event.clock_event_device_final, fields);
}

function traceMachine(cpu: KernelCpu): void {
  const { fields, image } = cpu;
  fields.fill(0);
  fields[0] = ktimeGet(cpu);
  fields[1] = image.timekeeper.offsReal;
  fields[2] = image.timekeeper.offsBoot;
  fields[3] = image.timekeeper.offsTai;
  fields[4] = image.jiffies.jiffies;
  fields[5] = tickNohzActive(cpu) ? 1 : 0;
  for (let i = 0; i < 3; i++) fields[6 + i] = image.load.avenrun(i);
  cpu.arch.traceFields(Event.system_final, fields);
  for (const id of clocksourcesInOrder(cpu)) {
    const { rating, flags } = image.clocksources[id]!;
    const valid = (flags & ClocksourceFlag.ValidForHres) !== 0;
    cpu.arch.trace6(Event.clocksource_final, id, rating, image.clocksourcePage.current === id ? 1 : 0, valid ? 1 : 0);
  }
  traceUnused(cpu);
}

/** The best of the global devices that drives no CPU's tick. */
function traceUnused(cpu: KernelCpu): void {
  const { image } = cpu;
  const unused = [DeviceId.Pit, DeviceId.Hpet].filter((id) =>
    deviceOf(cpu, id).name !== 0 && image.tickScheds.every(({ device }) => device !== id));
  const best = unused.sort((a, b) => deviceOf(cpu, b).rating - deviceOf(cpu, a).rating)[0];
  if (best !== undefined) traceDevice(cpu, NONE, best, TickMode.Periodic);
}
