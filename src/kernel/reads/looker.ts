/** What it takes to look at CPU time without a lock: a CPU has it, and so may somebody who is none. */
import { newTaskCputime } from '../sched/cputime-read.ts';
import { newKcpustatSample } from '../sched/kcpustat-read.ts';
import { KTIME_MAX } from '../../../shared/units.ts';
import type { Arch } from '../arch.ts';
import { FIELDS_MAX, type KernelCpu } from '../kernel-cpu.ts';
import { newReadPasses, RETRY_BUCKETS } from '../locking/read-passes.ts';

/** Its clock, promises and trace. */
type LookerArch = Pick<Arch, 'schedClock' | 'promiseOf' | 'linger' | 'trace6' | 'traceFields'>;

export type Looker = Pick<
  KernelCpu,
  'id' | 'memory' | 'image' | 'decisions' | 'config' | 'vtimeOf2013' | 'fields' | 'cputime' | 'kcpustatSample' | 'kcpustatSlot'
  | 'passes' | 'readRetries' | 'looksUntil'
> & { readonly arch: LookerArch };

/** One that is no CPU. @dynticks the coordinator of the machine may read, too */
export function newLooker(of: Pick<KernelCpu, 'memory' | 'image' | 'decisions' | 'config'>, arch: LookerArch): Looker {
  return {
    ...of, arch,
    id: of.image.map.shape.cpus,
    vtimeOf2013: of.config.cputime.includes('gen-2013'),
    fields: new Float64Array(FIELDS_MAX),
    cputime: newTaskCputime(),
    kcpustatSample: newKcpustatSample(),
    kcpustatSlot: new Float64Array(1),
    passes: newReadPasses(),
    readRetries: new Float64Array(RETRY_BUCKETS),
    looksUntil: KTIME_MAX,
  };
}
