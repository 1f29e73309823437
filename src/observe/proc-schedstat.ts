/**
 * Statistics of the scheduler as Linux prints them where nobody has switched the costly ones on
 * (`kernel.sched_schedstats` is 0): run times, waits and turns are counted, all else is 0.
 * @linux kernel/sched/stats.c show_schedstat
 */
import type { KernelVersion, SchedstatForm } from '../kernel/versions.ts';
import { cpumaskText } from './cpumask-text.ts';
import { jiffiesText } from './jiffies-text.ts';
import type { CpuSnapshot, MachineSnapshot, ProcTask } from './machine-snapshot.ts';

/** /proc/<pid>/schedstat: run time, time spent waiting for a CPU, turns. @linux fs/proc/base.c proc_pid_schedstat */
export const procPidSchedstat = ({ runtimeNs, runDelayNs, timeslices }: ProcTask): string =>
  `${runtimeNs} ${runDelayNs} ${timeslices}\n`;

/** /proc/schedstat, with its final newline: lines of online CPUs, each with its domain. */
export function procSchedstat(snapshot: MachineSnapshot, { schedstat }: KernelVersion, tickNs: number): string {
  const domain = snapshot.cpus.filter(({ isolated }) => !isolated);
  return [
    `version ${schedstat.version}`,
    `timestamp ${jiffiesText(snapshot.jiffies, tickNs)}`,
    ...snapshot.cpus.filter(({ online }) => online).flatMap((cpu) => [
      `cpu${cpu.cpu} 0 0 0 0 0 0 ${cpu.cpuTimeNs} ${cpu.runDelayNs} ${cpu.timeslices}`,
      ...(cpu.isolated || domain.length < 2 ? [] : [domainLine(domain, snapshot.cpus.length, schedstat)]),
    ]),
    '',
  ].join('\n');
}

/** One domain of all CPUs that are not isolated; what balancing did in it. */
function domainLine(cpus: readonly CpuSnapshot[], bits: number, { domainName, domainCounters }: SchedstatForm): string {
  const mask = cpumaskText(cpus.map(({ cpu }) => cpu), bits);
  return ['domain0', ...(domainName === null ? [] : [domainName]), mask, ...Array<number>(domainCounters).fill(0)].join(' ');
}
