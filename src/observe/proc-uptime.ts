/**
 * /proc/uptime as Linux prints it: time since boot, and idle time, all CPUs together.
 * @linux fs/proc/uptime.c uptime_proc_show
 */
import { NSEC_PER_SEC, type Ns } from '../../shared/units.ts';
import { idleTimeNs } from './idle-time.ts';
import type { MachineSnapshot } from './machine-snapshot.ts';

/** The whole file, with its final newline. */
export function procUptime(snapshot: MachineSnapshot): string {
  const idle = snapshot.cpus.reduce((sum, cpu) => sum + idleTimeNs(snapshot, cpu), 0);
  return `${centiseconds(snapshot.monotonicNs + snapshot.offsets.bootNs)} ${centiseconds(idle)}\n`;
}

/** `12.05`, rounded down. */
function centiseconds(ns: Ns): string {
  const seconds = Math.floor(ns / NSEC_PER_SEC);
  const rest = Math.floor((ns - seconds * NSEC_PER_SEC) / (NSEC_PER_SEC / 100));
  return `${seconds}.${String(rest).padStart(2, '0')}`;
}
