/** Linux's bit fields of the preempt count. @linux include/linux/preempt.h */

/** One level of hard interrupt. */
export const HARDIRQ_OFFSET = 0x1_0000;
/** Serving softirqs. */
export const SOFTIRQ_OFFSET = 0x100;
/** All levels of hard interrupts. */
export const HARDIRQ_MASK = 0xf_0000;
/** All levels of softirqs. */
export const SOFTIRQ_MASK = 0xff00;
