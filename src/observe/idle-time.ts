/** Idle and iowait time of a CPU as /proc tells it: by sleeps where ticks may stop, by ticks where they may not. */
import { NSEC_PER_USEC, type Ns } from '../../shared/units.ts';
import type { CpuSnapshot, MachineSnapshot } from './machine-snapshot.ts';

/** The counters of sleeps are asked for in us. @linux kernel/time/tick-sched.c get_cpu_idle_time_us */
const wholeMicroseconds = (ns: Ns): Ns => ns - (ns % NSEC_PER_USEC);

const bySleeps = ({ nohzActive }: MachineSnapshot, { online }: CpuSnapshot): boolean => nohzActive && online;

/** @linux fs/proc/stat.c get_idle_time */
export function idleTimeNs(snapshot: MachineSnapshot, cpu: CpuSnapshot): Ns {
  return bySleeps(snapshot, cpu) ? wholeMicroseconds(cpu.idleSleepNs) : cpu.kcpustat.idle;
}

/** @linux fs/proc/stat.c get_iowait_time */
export function iowaitTimeNs(snapshot: MachineSnapshot, cpu: CpuSnapshot): Ns {
  return bySleeps(snapshot, cpu) ? wholeMicroseconds(cpu.iowaitSleepNs) : cpu.kcpustat.iowait;
}
