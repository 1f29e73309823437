import type { ReadTarget } from '../../src/kernel/user.ts';
import { looksAt, takesLock, type ReadViewName, type Subjects } from '../../src/workload/read-views.ts';

/** What a reader of these views looks at. */
export function readTarget(what: readonly ReadViewName[], subjects: Partial<Subjects>, rest: Partial<ReadTarget> = {}): ReadTarget {
  const looks = looksAt(what, { threads: [], processes: [], cpus: [], clocks: [], ...subjects });
  return { looks, adjusted: false, locks: takesLock(looks), reader: 'linux', ...rest };
}
