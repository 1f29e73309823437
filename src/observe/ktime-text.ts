/** A point of time as the kernel prints it. */
import { KTIME_MAX, KTIME_MAX_TEXT, type Ns } from '../../shared/units.ts';

/** ns; "no event" at the width that Linux gives it. */
export const ktimeText = (ns: Ns): string => (ns === KTIME_MAX ? KTIME_MAX_TEXT : String(ns));
