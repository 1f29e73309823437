/** What stands in memory when a run ends, for whoever judges or prints it: accounts here, clocks in `finals-time.ts`. */
import { Event } from '../../shared/events.ts';
import { CPUMASK_WORDS } from '../../shared/limits.ts';
import { NR_CPUSTAT, NR_SOFTIRQS } from '../../shared/structs/cpu.ts';
import { NONE, type ProcessId, type TaskId } from '../../shared/units.ts';
import { traceTimeFinals } from './finals-time.ts';
import { groupFilterOf } from './image.ts';
import { inUserMode } from './irq/entry.ts';
import type { KernelCpu } from './kernel-cpu.ts';
import { processOf, threadGroupLeader } from './process.ts';
import { fillTimes, vtimeStateOf } from './sched/vtime-record.ts';

/** Records a CPU's counters, accounts and clocks, and the accounts of every task that was on it last. @dynticks end of a run */
export function traceFinals(cpu: KernelCpu): void {
  const { fields, image, kcpustat } = cpu;
  cpu.accounting.settle(cpu, inUserMode(cpu));
  fields[0] = cpu.id;
  for (let slot = 0; slot < NR_CPUSTAT; slot++) fields[1 + slot] = kcpustat.cpustat(slot);
  cpu.arch.traceFields(Event.kcpustat_final, fields);
  for (let task = 0; task < image.tasks.length; task++) {
    if (image.tasks[task]!.cpu === cpu.id && (task >= image.map.shape.cpus || task === cpu.idle)) traceTask(cpu, task);
  }
  traceCounters(cpu);
  traceTimeFinals(cpu);
}

function traceTask(cpu: KernelCpu, task: TaskId): void {
  const { fields } = cpu;
  const record = cpu.image.tasks[task]!;
  const vtime = cpu.image.vtimes[task]!;
  const prev = cpu.image.prevCputimes[task]!;
  fields[0] = task;
  fields[1] = record.cpu;
  fields[2] = record.state;
  fields[3] = vtimeStateOf(cpu, task, vtime);
  fillTimes(fields, record, vtime);
  fields[11] = record.sumExecRuntime;
  fields[12] = record.execStart;
  fields[13] = cpu.rq.curr === task ? 1 : 0;
  fields[14] = record.nice;
  fields[15] = record.inIowait;
  fields[16] = record.nvcsw;
  fields[17] = record.nivcsw;
  fields[18] = record.runDelay;
  fields[19] = record.pcount;
  fields[20] = record.lastArrival;
  fields[21] = prev.utime;
  fields[22] = prev.stime;
  fields[23] = record.listed;
  cpu.arch.traceFields(Event.task_final, fields);
  fields[0] = task;
  for (let i = 0; i < CPUMASK_WORDS; i++) fields[1 + i] = record.allowed(i) >>> 0;
  cpu.arch.traceFields(Event.task_cpus_final, fields);
  const process = processOf(cpu, task);
  if (process !== NONE && threadGroupLeader(cpu, process) === task) traceProcess(cpu, task, process);
}

function traceProcess({ arch, fields, image }: KernelCpu, leader: TaskId, process: ProcessId): void {
  const signal = image.signalStructs[process]!;
  const prev = image.prevCputimes[groupFilterOf(image, process)]!;
  fields[0] = leader;
  fields[1] = signal.nrThreads;
  fields[2] = signal.utime;
  fields[3] = signal.stime;
  fields[4] = signal.gtime;
  fields[5] = signal.sumSchedRuntime;
  fields[6] = signal.restUtime;
  fields[7] = signal.restStime;
  fields[8] = signal.restGtime;
  fields[9] = signal.cutime;
  fields[10] = signal.cstime;
  fields[11] = signal.cgtime;
  fields[12] = prev.utime;
  fields[13] = prev.stime;
  arch.traceFields(Event.process_final, fields);
}

function traceCounters(cpu: KernelCpu): void {
  const { fields, state, rq, config } = cpu;
  fields[0] = cpu.id;
  fields[1] = state.online;
  fields[2] = state.localTimerIrqs;
  fields[3] = state.rescheduleIrqs;
  fields[4] = state.callFunctionIrqs;
  fields[5] = state.irqWorkIrqs;
  fields[6] = state.deviceIrqs;
  for (let vec = 0; vec < NR_SOFTIRQS; vec++) fields[7 + vec] = state.softirqs(vec);
  fields[17] = rq.nrRunning;
  fields[18] = rq.nrSwitches;
  fields[19] = rq.nrIowait;
  fields[20] = rq.curr;
  fields[21] = config.isolated[cpu.id]! ? 1 : 0;
  fields[22] = rq.cpuTime;
  fields[23] = rq.runDelay;
  fields[24] = rq.pcount;
  cpu.arch.traceFields(Event.cpu_final, fields);
}
