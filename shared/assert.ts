/** Our own mistake, as against a broken property or bad input: the run stops, exit code 3. */
export class KernelBug extends Error {
  override readonly name = 'KernelBug';
}

/**
 * Asserts stay on in every build. `why` says what the usual cause of a failure is; it is made even if
 * all is well, so where it has numbers in it and the path is hot, throw the `KernelBug` yourself.
 */
export function assert(holds: boolean, why: string): asserts holds {
  if (!holds) throw new KernelBug(why);
}

/** A named limit of `limits.ts` was reached before the run had its answer: exit code 4. */
export class LimitReached extends Error {
  override readonly name = 'LimitReached';
}
