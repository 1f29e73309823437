/**
 * A reader task's look at CPU time. Beside the value it leaves a bracket in the trace: version and
 * promise of the record before and after, so that an oracle can say which versions it may have seen.
 */
import { Event } from '../../../shared/events.ts';
import type { TaskId } from '../../../shared/units.ts';
import { Path } from '../arch.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { taskSchedRuntime } from '../sched/core.ts';
import { cputimeAdjust } from '../sched/cputime-adjust.ts';
import { promiseOfRunner, taskCputime } from '../sched/cputime-read.ts';
import { kcpustatCpuFetch } from '../sched/kcpustat-read.ts';
import type { ReadTarget } from '../user.ts';

/** Looks at every task and CPU of the target, one after the other. @dynticks a reader's system call */
export function readCputime(cpu: KernelCpu, by: TaskId, target: ReadTarget): void {
  for (let i = 0; i < target.tasks.length; i++) readTask(cpu, by, target.tasks[i]!, target);
  for (let i = 0; i < target.cpus.length; i++) readCpu(cpu, by, target.cpus[i]!, target);
}

function readTask(cpu: KernelCpu, by: TaskId, task: TaskId, target: ReadTarget): void {
  const { arch, fields, memory } = cpu;
  const vtime = cpu.image.vtimes[task]!;
  const sample = cpu.cputime;
  arch.spend(Path.ReadCputime);
  const k0 = memory.load(vtime.seq) >>> 1;
  const p0 = promiseOfRunner(cpu, vtime.cpu);
  const running = taskCputime(cpu, task, target.reader, sample);
  const p1 = promiseOfRunner(cpu, vtime.cpu);
  const k1 = memory.load(vtime.seq) >>> 1;
  fields[0] = by;
  fields[1] = task;
  fields[2] = target.reader === 'complete' ? 1 : 0;
  fields[3] = sample.clock;
  fields[4] = k0;
  fields[5] = p0;
  fields[6] = k1;
  fields[7] = p1;
  fields[8] = sample.version;
  fields[9] = sample.promise;
  fields[10] = sample.state;
  fields[11] = sample.starttime;
  fields[12] = sample.rawUtime;
  fields[13] = sample.rawStime;
  fields[14] = sample.vtimeUtime;
  fields[15] = sample.vtimeStime;
  fields[16] = sample.vtimeGtime;
  fields[17] = sample.utime;
  fields[18] = sample.stime;
  arch.traceFields(Event.task_cputime, fields);
  if (target.adjusted) readAdjusted(cpu, by, task, running);
}

/** As /proc does: a running task's run time is asked for afresh, a sleeping one's stands in its record. */
function readAdjusted(cpu: KernelCpu, by: TaskId, task: TaskId, running: boolean): void {
  const { cputime: sample, adjusted } = cpu;
  const rtime = running ? taskSchedRuntime(cpu, task) : cpu.image.tasks[task]!.sumExecRuntime;
  cputimeAdjust(cpu, task, sample.utime, sample.stime, rtime, adjusted);
  cpu.arch.trace(Event.cputime_adjust, by, task, rtime, adjusted.utime, adjusted.stime);
}

function readCpu(cpu: KernelCpu, by: TaskId, target: number, { reader }: ReadTarget): void {
  const { arch, fields } = cpu;
  arch.spend(Path.ReadCputime);
  kcpustatCpuFetch(cpu, target, reader, fields, 4);
  fields[0] = by;
  fields[1] = target;
  fields[2] = reader === 'complete' ? 1 : 0;
  fields[3] = arch.schedClock();
  arch.traceFields(Event.kcpustat_cpu_fetch, fields);
}
