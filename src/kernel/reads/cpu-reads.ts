/** A reader's looks at a CPU's accounts, and at how long it has slept. */
import { Event } from '../../../shared/events.ts';
import { Cpustat, NR_CPUSTAT } from '../../../shared/structs/cpu.ts';
import { KTIME_MAX, type CpuId, type Ns, type TaskId } from '../../../shared/units.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { beginLook, sayPasses } from '../locking/read-passes.ts';
import type { ReaderKind } from '../sched/cputime-read.ts';
import { kcpustatCpuFetch, kcpustatField } from '../sched/kcpustat-read.ts';
import { getCpuSleepTime } from '../time/idle-sleep.ts';
import { tickNohzActive } from '../time/tick-sched.ts';
import type { Looker } from './looker.ts';
import { codeOf } from './task-reads.ts';

/** Place of the first account in `kcpustat_cpu_fetch`. */
const SLOTS_AT = 4;

/** All its accounts, and how long it has slept, as /proc/stat has them. @linux fs/proc/stat.c show_stat */
export function readCpuLine(cpu: KernelCpu, by: TaskId, target: CpuId, reader: ReaderKind): void {
  readKcpustat(cpu, by, target, reader);
  // an interrupt looks as of when it came; how long a CPU has slept is asked as of now
  if (tickNohzActive(cpu) && cpu.looksUntil === KTIME_MAX) readIdleTime(cpu, by, target);
}

/** All its accounts. @linux kernel/sched/cputime.c kcpustat_cpu_fetch */
export function readKcpustat(cpu: Looker, by: TaskId, target: CpuId, reader: ReaderKind): void {
  const { arch, fields, kcpustatSample: sample } = cpu;
  beginLook(cpu);
  const p0 = arch.promiseOf(target);
  kcpustatCpuFetch(cpu, target, reader, fields, SLOTS_AT);
  if (cpu.decisions.showsUserAsGuestNice) fields[SLOTS_AT + Cpustat.GuestNice] = fields[SLOTS_AT + Cpustat.User]!;
  fields[0] = by;
  fields[1] = target;
  fields[2] = codeOf(reader);
  fields[3] = sample.clock;
  sayWhere(cpu, target, p0, SLOTS_AT + NR_CPUSTAT);
  arch.traceFields(Event.kcpustat_cpu_fetch, fields);
}

/** One of its accounts. @linux kernel/sched/cputime.c kcpustat_field */
export function readKcpustatField(cpu: Looker, by: TaskId, target: CpuId, slot: number, reader: ReaderKind): void {
  const { arch, fields, kcpustatSample: sample } = cpu;
  beginLook(cpu);
  const p0 = arch.promiseOf(target);
  const value = kcpustatField(cpu, target, slot, reader);
  fields[0] = by;
  fields[1] = target;
  fields[2] = codeOf(reader);
  fields[3] = sample.clock;
  fields[4] = slot;
  fields[5] = value;
  sayWhere(cpu, target, p0, 6);
  arch.traceFields(Event.kcpustat_field, fields);
}

/** How long it has slept; where ticks never stop only its accounts tell. @linux fs/proc/stat.c get_idle_time */
export function readCpuIdle(cpu: KernelCpu, by: TaskId, target: CpuId, reader: ReaderKind): void {
  if (tickNohzActive(cpu)) readIdleTime(cpu, by, target);
  else readKcpustat(cpu, by, target, reader);
}

/** Which task's record the accounts were completed by, its version, between which promises, what was stolen, and the passes it took. */
function sayWhere(cpu: Looker, target: CpuId, p0: Ns, at: number): void {
  const { arch, fields, kcpustatSample: sample } = cpu;
  fields[at] = sample.task;
  fields[at + 1] = sample.version;
  fields[at + 2] = sample.state;
  fields[at + 3] = sample.starttime;
  fields[at + 4] = sample.promise;
  fields[at + 5] = p0;
  fields[at + 6] = arch.promiseOf(target);
  fields[at + 7] = sample.stolen;
  fields[at + 8] = sample.stolenSince;
  sayPasses(cpu, at + 9);
}

/** Where ticks may stop, /proc/stat shows how long the CPU has slept instead. */
function readIdleTime(cpu: KernelCpu, by: TaskId, target: CpuId): void {
  const { arch, fields, idleTimes: times } = cpu;
  beginLook(cpu);
  getCpuSleepTime(cpu, target, times);
  fields[0] = by;
  fields[1] = target;
  fields[2] = times.version;
  fields[3] = times.now;
  fields[4] = times.idle;
  fields[5] = times.iowait;
  sayPasses(cpu, 6);
  arch.traceFields(Event.cpu_idle_time, fields);
}
