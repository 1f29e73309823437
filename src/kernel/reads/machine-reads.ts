/** A reader's looks at the machine as a whole. */
import { Event } from '../../../shared/events.ts';
import { Cpustat } from '../../../shared/structs/cpu.ts';
import { NSEC_PER_USEC, type CpuId, type Ns, type TaskId } from '../../../shared/units.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { beginLook, sayPasses } from '../locking/read-passes.ts';
import type { ReaderKind } from '../sched/cputime-read.ts';
import { kcpustatField } from '../sched/kcpustat-read.ts';
import { getCpuIdleTimeUs } from '../time/idle-sleep.ts';
import { ktimeGetBoottime } from '../time/timekeeping.ts';
import { codeOf } from './task-reads.ts';

/** What /proc/uptime shows: time since boot, and idle time of all CPUs. @linux fs/proc/uptime.c uptime_proc_show */
export function readUptime(cpu: KernelCpu, by: TaskId, reader: ReaderKind): void {
  const { arch, fields, image } = cpu;
  const t = arch.schedClock();
  beginLook(cpu);
  let idle: Ns = 0;
  for (let target = 0; target < image.map.shape.cpus; target++) idle += getIdleTime(cpu, target, reader);
  fields[0] = by;
  fields[1] = codeOf(reader);
  fields[2] = t;
  fields[3] = ktimeGetBoottime(cpu);
  fields[4] = idle;
  sayPasses(cpu, 5);
  arch.traceFields(Event.proc_uptime, fields);
}

/** Counted by sleeps where ticks may stop, by charges where they may not. @linux fs/proc/stat.c get_idle_time */
function getIdleTime(cpu: KernelCpu, target: CpuId, reader: ReaderKind): Ns {
  const us = cpu.decisions.uptimeByCharges ? -1 : getCpuIdleTimeUs(cpu, target, cpu.idleTimes);
  return us === -1 ? kcpustatField(cpu, target, Cpustat.Idle, reader) : us * NSEC_PER_USEC;
}
