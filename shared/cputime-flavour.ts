/** How a CPU accounts CPU time. */

// table: sampling first, then native, then by context tracking; what each is stands beside it
export const CPUTIME_FLAVOURS = [
  /** each tick charges whatever it hit a whole tick. @linux init/Kconfig TICK_CPU_ACCOUNTING */
  'tick',
  /**
   * as `tick`, but interrupts and softirqs are timed, and a tick charges what they have left of it.
   * @linux init/Kconfig IRQ_TIME_ACCOUNTING
   */
  'tick+irqtime',
  /**
   * each edge between user mode, kernel, interrupts and idle measures what has passed; ticks and task switches
   * charge it. @linux arch/Kconfig VIRT_CPU_ACCOUNTING_NATIVE
   */
  'native',
  /**
   * each edge between user mode, kernel and idle charges what has passed; a remainder below a tick
   * travels with its task. @linux init/Kconfig VIRT_CPU_ACCOUNTING_GEN
   */
  'gen',
  /**
   * `gen` as it was merged in 2013: interrupts are edges, too, and every edge charges what has passed.
   * @linux init/Kconfig VIRT_CPU_ACCOUNTING_GEN (3.9)
   */
  'gen-2013',
  /**
   * as `gen`, but a task that leaves a CPU is charged its remainders there, so that each CPU's sum is
   * exact at its own clock. @dynticks no kernel does this
   */
  'gen-exact',
] as const;
export type CputimeFlavour = (typeof CPUTIME_FLAVOURS)[number];

const TRACKING: readonly CputimeFlavour[] = ['gen', 'gen-2013', 'gen-exact'];

/** Whether context tracking drives the accounts of tasks, and readers add what is pending. */
export const tracksContexts = (flavour: CputimeFlavour): boolean => TRACKING.includes(flavour);

/** Whether ticks charge whatever they hit. */
export const samples = (flavour: CputimeFlavour): boolean => flavour === 'tick' || flavour === 'tick+irqtime';
