/**
 * /proc/loadavg as Linux prints it: three load averages, runnable and existing tasks, the pid given out last.
 * @linux fs/proc/loadavg.c loadavg_proc_show
 */
import { FIXED_1, FSHIFT } from '../kernel/sched/loadavg.ts';
import type { MachineSnapshot } from './machine-snapshot.ts';

/** Half of the last digit shown, so that it is rounded. */
const ROUND = Math.floor(FIXED_1 / 200);

/** The whole file, with its final newline. */
export function procLoadavg({ loads, procsRunning, threads, lastPid }: MachineSnapshot): string {
  return `${loads.map(loadText).join(' ')} ${procsRunning}/${threads} ${lastPid}\n`;
}

/** @linux include/linux/sched/loadavg.h LOAD_INT, LOAD_FRAC */
function loadText(load: number): string {
  const rounded = load + ROUND;
  const hundredths = ((rounded & (FIXED_1 - 1)) * 100) >> FSHIFT;
  return `${rounded >> FSHIFT}.${String(hundredths).padStart(2, '0')}`;
}
