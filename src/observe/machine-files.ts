/** The procfs and sysfs trees of a run, as files. */
import type { MachineSnapshot } from './machine-snapshot.ts';
import { procPidStat } from './proc-pid-stat.ts';
import { procStat } from './proc-stat.ts';

export interface MachineFile {
  /** Below the run's folder: `proc/stat`, `proc/1000/stat`. */
  readonly path: string;
  readonly text: string;
}

export function machineFiles(snapshot: MachineSnapshot): MachineFile[] {
  const tasks = snapshot.tasks.map((task) => ({ path: `proc/${task.pid}/stat`, text: procPidStat(task) }));
  return [{ path: 'proc/stat', text: procStat(snapshot) }, ...tasks];
}
