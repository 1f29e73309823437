/**
 * The coordinator looks at CPU time: no CPU, no lock, and no interrupt of anybody. Each pass is an event of its own, all
 * looks at its very start, as those of a task are.
 */
import { KTIME_MAX, type CpuId, type Ns, type TaskId } from '../../shared/units.ts';
import { lookWithoutLock } from '../kernel/reads/look.ts';
import type { Looker } from '../kernel/reads/looker.ts';

/** One reader: whose, and when it looks next. */
export interface CoordinatorRead {
  readonly by: TaskId;
  readonly read: number;
  readonly periodNs: Ns;
  due: Ns;
  /** The arming as the engine knows it. */
  n: number;
  causeOrigin: CpuId;
  causeN: number;
}

/** What its registers say of a reader that sleeps in its system call. */
export function readerOf({ image }: Looker, by: TaskId): CoordinatorRead {
  const { argA: read, argB: periodNs } = image.regs[by]!;
  return { by, read, periodNs, due: KTIME_MAX, n: -1, causeOrigin: -1, causeN: 0 };
}

/** All looks of a pass. */
export function makePass(looker: Looker, { by, read }: CoordinatorRead): void {
  const target = looker.config.workload.reads[read]!;
  for (let n = 0; n < target.looks.length; n++) lookWithoutLock(looker, by, target, n);
}
