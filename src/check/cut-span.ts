/** For so long after a cut a reader’s CPU may be ahead of the one that was cut: no event takes longer. */
import { NSEC_PER_MSEC, type Ns } from '../../shared/units.ts';

export const CUT_SPAN_NS: Ns = 10 * NSEC_PER_MSEC;
