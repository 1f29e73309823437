/** What both forms of a task's vtime record have in common: its clock, what its state means, and how a version comes out. */
import { Event } from '../../../shared/events.ts';
import { VtimeState, type Task, type Vtime } from '../../../shared/structs/task.ts';
import { writeSeqcountEnd } from '../../../shared/sync/seqcount.ts';
import { NOBODY, type Ns, type TaskId } from '../../../shared/units.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import type { Looker } from '../reads/looker.ts';

/** By how much a CPU's own clock is ahead of that of the CPU before it, where nobody has made up for it. */
const RAW_CLOCK_SKEW_NS: Ns = 30_000;

/** The clock of snapshots, the same on all CPUs. @linux kernel/sched/cputime.c vtime_delta */
export function vtimeClock(cpu: Looker): Ns {
  const now = cpu.arch.schedClock();
  const { vtimeByRawClock, vtimeInJiffies } = cpu.decisions;
  if (vtimeInJiffies) return now - now % cpu.config.tickNs;
  return vtimeByRawClock ? now + cpu.id * RAW_CLOCK_SKEW_NS : now;
}

/**
 * What the task has been doing, by its record. That of 2013 knows neither guests nor idle tasks: whoever reads it looks
 * at the task.
 * @linux kernel/sched/cputime.c fetch_task_cputime
 */
export function vtimeStateOf(cpu: Looker, task: TaskId, vtime: Vtime): VtimeState {
  const { state } = vtime;
  if (!cpu.vtimeOf2013 || state === VtimeState.Inactive) return state;
  if (task < cpu.image.map.shape.cpus) return VtimeState.Idle;
  if (state === VtimeState.User) return state;
  return cpu.image.tasks[task]!.vcpu !== 0 ? VtimeState.Guest : VtimeState.Sys;
}

/** Ends the section and tells the trace what readers find from now on. @dynticks what is published can be judged */
export function publishVtime(cpu: KernelCpu, task: TaskId, vtime: Vtime): void {
  writeSeqcountEnd(cpu.memory, vtime.seq);
  const { fields } = cpu;
  fields[0] = task;
  fields[1] = cpu.memory.load(vtime.seq) >>> 1;
  fields[2] = vtimeStateOf(cpu, task, vtime);
  fields[3] = vtime.cpu;
  fillTimes(fields, cpu.image.tasks[task]!, vtime);
  const steals = cpu.config.stealClock && vtime.cpu !== NOBODY;
  fields[11] = steals ? cpu.stealTime.steal - cpu.rq.prevStealTime : 0;
  fields[12] = steals ? cpu.stealTime.since : 0;
  cpu.arch.traceFields(Event.vtime_publish, fields);
}

/** Fields 4 to 10 of `vtime_publish` and of `task_final`: what is charged, and what is pending since when. @dynticks fields of events */
export function fillTimes(fields: Float64Array, charged: Task, vtime: Vtime): void {
  fields[4] = vtime.starttime;
  fields[5] = charged.utime;
  fields[6] = charged.stime;
  fields[7] = charged.gtime;
  fields[8] = vtime.utime;
  fields[9] = vtime.stime;
  fields[10] = vtime.gtime;
}
