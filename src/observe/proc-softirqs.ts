/**
 * /proc/softirqs as Linux prints it.
 * @linux fs/proc/softirqs.c show_softirqs
 */
import type { MachineSnapshot } from './machine-snapshot.ts';

/** By vector. @linux kernel/softirq.c softirq_to_name */
const NAMES = ['HI', 'TIMER', 'NET_TX', 'NET_RX', 'BLOCK', 'IRQ_POLL', 'TASKLET', 'SCHED', 'HRTIMER', 'RCU'];

/** The whole file, with its final newline: a column for each possible CPU. */
export function procSoftirqs({ cpus }: MachineSnapshot): string {
  return [
    `${' '.repeat(20)}${cpus.map(({ cpu }) => `CPU${String(cpu).padEnd(8)}`).join('')}`,
    ...NAMES.map((name, vec) => `${name.padStart(12)}:${cpus.map(({ softirqs }) => ` ${String(softirqs[vec]).padStart(10)}`).join('')}`),
    '',
  ].join('\n');
}
