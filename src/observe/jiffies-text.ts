/** Jiffies as the kernel prints them. */
import { initialJiffies } from '../kernel/time/timer-wheel.ts';
import { NSEC_PER_SEC, type Jiffies } from '../../shared/units.ts';

/** They begin 300 s before 2^32. @linux include/linux/jiffies.h INITIAL_JIFFIES */
export const jiffiesText = (jiffies: Jiffies, tickNs: number): number => initialJiffies(Math.round(NSEC_PER_SEC / tickNs)) + jiffies;
