/** How a CPU accounts CPU time. */

// table: sampling first, then by context tracking; what each is stands beside it
export const CPUTIME_FLAVOURS = [
  /** each tick charges whatever it hit a whole tick. @linux init/Kconfig TICK_CPU_ACCOUNTING */
  'tick',
  /**
   * each edge between user mode, kernel and idle charges what has passed; a remainder below a tick
   * travels with its task. @linux init/Kconfig VIRT_CPU_ACCOUNTING_GEN
   */
  'gen',
  /**
   * as `gen`, but a task that leaves a CPU is charged its remainders there, so that each CPU's sum is
   * exact at its own clock. @dynticks no kernel does this
   */
  'gen-exact',
] as const;
export type CputimeFlavour = (typeof CPUTIME_FLAVOURS)[number];

/** Whether context tracking drives the accounts, and no tick charges anything. */
export const tracksContexts = (flavour: CputimeFlavour): boolean => flavour !== 'tick';
