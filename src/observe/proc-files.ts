/** The procfs tree of a run, as files. */
import { procPidStat } from './proc-pid-stat.ts';
import type { ProcSnapshot } from './proc-snapshot.ts';
import { procStat } from './proc-stat.ts';

export interface ProcFile {
  /** Below the run's folder: `proc/stat`, `proc/1000/stat`. */
  readonly path: string;
  readonly text: string;
}

export function procFiles(snapshot: ProcSnapshot): ProcFile[] {
  const tasks = snapshot.tasks.map((task) => ({ path: `proc/${task.pid}/stat`, text: procPidStat(task) }));
  return [{ path: 'proc/stat', text: procStat(snapshot) }, ...tasks];
}
