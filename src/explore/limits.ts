/** Every limit of the explorer. A message that reports one of them says what the usual cause is. */

/** Strands of one model: threads, and each firing of an interrupt. They are bits of one word. */
export const STRANDS_MAX = 30;
/** Steps of one execution, where a model does not say: more are called a livelock. */
export const STEPS_MAX = 2_000;
/** Accesses that code may still try after it was thrown out, as `finally` and `catch` blocks do. */
export const AFTERLIFE_MAX = 10_000;
/** Replays of a strand that are all run twice, to see whether it is a function of its log; later ones now and then. */
export const PURITY_FIRST = 64;
export const PURITY_EVERY = 64;
/** Steps of one strand's code that are kept; then all are forgotten and learnt again. Some 40 MB. */
export const STEPS_KNOWN_MAX = 200_000;
/** Outcomes of a model that are told apart; all others are counted together. */
export const OUTCOMES_MAX = 1_000;
/** Executions between two reports of progress, and between two looks at the clock. */
export const EXECUTIONS_PER_REPORT = 1_024;
/** Steps that shrinking a failure may cost: so many by changing it, and as many by searching. */
export const SHRINK_STEPS = 500_000;
/** States of a model that a search remembers; then all are forgotten and met again. Some 200 MB where there are few strands. */
export const STATES_KNOWN_MAX = 4_000_000;
