/** What every thread does first and last, so that the files in `workers/` need no logic. */
import { threadId } from 'node:worker_threads';
import { checkBuild } from './build-stamp.ts';
import { toWire } from './wire-error.ts';

/** Part of what each thread is sent. */
export interface ThreadBoot {
  /** `buildId()` of whoever starts it. */
  readonly buildId: string;
}

/** Part of what each thread answers. */
export interface ThreadReport {
  readonly threadId: number;
}

/** `main` as a thread's entry: refuses to run from another build, and what it throws keeps its class. */
export function threadEntry<Boot extends ThreadBoot, Report extends object>(
  main: (boot: Boot) => Report | Promise<Report>,
): (boot: Boot) => Promise<Report & ThreadReport> {
  return async (boot) => {
    try {
      checkBuild(boot.buildId);
      return { ...await main(boot), threadId };
    } catch (thrown) {
      throw toWire(thrown);
    }
  };
}
