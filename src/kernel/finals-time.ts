/** What clocks, ticks, timers and devices come to when a run ends: what timer_list and sysfs show. */
import { Event } from '../../shared/events.ts';
import { NONE } from '../../shared/units.ts';
import type { KernelCpu } from './kernel-cpu.ts';
import { deviceOf, DeviceId } from './time/clockevents.ts';
import { clocksourcesOf } from './time/clocksource.ts';
import { timerqueueAt } from './time/hrtimer-queue.ts';
import { TickMode } from './time/tick-common.ts';
import { ktimeGet } from './time/timekeeping.ts';

/** Linux's hrtimers of CLOCK_MONOTONIC that expire in hard interrupt context. @linux include/linux/hrtimer_defs.h HRTIMER_BASE_MONOTONIC */
const BASE_MONOTONIC = 0;

/** One CPU's clocks; the boot CPU adds what the machine has once. @dynticks end of a run */
export function traceTimeFinals(cpu: KernelCpu): void {
  traceTickSched(cpu);
  traceHrtimers(cpu);
  const { device, mode } = cpu.tick;
  if (device !== DeviceId.None) traceDevice(cpu, cpu.id, device as DeviceId, mode);
  if (cpu.id === 0) traceMachine(cpu);
}

/** As Linux tells it. @linux kernel/time/tick-sched.h enum tick_nohz_mode */
function nohzModeOf(cpu: KernelCpu): number {
  return cpu.tick.highres === 1 ? 2 : 0;
}

function traceTickSched(cpu: KernelCpu): void {
  const { fields, tick } = cpu;
  fields.fill(0);
  fields[0] = cpu.id;
  fields[1] = ktimeGet(cpu);
  fields[2] = tick.mode;
  fields[3] = nohzModeOf(cpu);
  fields[18] = cpu.image.jiffies.jiffies;
  cpu.arch.traceFields(Event.tick_sched_final, fields);
}

function traceHrtimers(cpu: KernelCpu): void {
  const { fields, hrtimers } = cpu;
  fields.fill(0);
  fields[0] = cpu.id;
  fields[1] = hrtimers.expiresNext;
  fields[2] = hrtimers.hresActive;
  fields[3] = hrtimers.nrEvents;
  fields[4] = hrtimers.nrRetries;
  fields[5] = hrtimers.nrHangs;
  cpu.arch.traceFields(Event.hrtimer_cpu_base_final, fields);
  for (let place = 0; timerqueueAt(cpu, place) !== NONE; place++) traceTimer(cpu, timerqueueAt(cpu, place), BASE_MONOTONIC);
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
  fields[1] = id;
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
  fields[4] = image.jiffies.jiffies;
  cpu.arch.traceFields(Event.system_final, fields);
  for (const source of [...clocksourcesOf(cpu.config)].sort((a, b) => b.rating - a.rating)) {
    const current = image.timekeeper.clocksource === source.id ? 1 : 0;
    cpu.arch.trace6(Event.clocksource_final, source.id, source.rating, current, source.validForHres ? 1 : 0);
  }
  if (image.tickScheds.every(({ device }) => device !== DeviceId.Pit)) traceDevice(cpu, NONE, DeviceId.Pit, TickMode.Periodic);
}
