/** The kernel's log. It takes no simulated time; a console is not simulated. */
import { Event } from '../../shared/events.ts';
import type { KernelCpu } from './kernel-cpu.ts';

/** One line, by its number in `shared/printk.ts`. @linux kernel/printk/printk.c _printk */
export function printk(cpu: KernelCpu, line: number, a = 0, b = 0): void {
  cpu.arch.trace6(Event.printk, line, a, b);
}
