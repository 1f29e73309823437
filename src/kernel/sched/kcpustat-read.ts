/**
 * Reading a CPU's accounts from any CPU. Where context tracking runs, the running task holds time
 * that nobody has charged yet: the reader finds that task, reads its vtime, and must be sure that it
 * still is the one.
 *
 *      CPU 0 (switch prev -> next)            CPU 1 (kcpustat_cpu_fetch of CPU 0)
 *                                             curr is prev
 *      curr = next
 *      prev: charged, INACTIVE, cpu -1
 *                                             prev's vtime: INACTIVE: not this one, look again
 *                                             curr is next; INACTIVE: not yet, look again
 *      next: SYS, cpu 0
 *                                             curr is next; SYS on CPU 0: charged + pending
 */
import { tracksContexts } from '../../../shared/cputime-flavour.ts';
import { Cpustat, NR_CPUSTAT } from '../../../shared/structs/cpu.ts';
import { VtimeState } from '../../../shared/structs/task.ts';
import { readSeqcountBegin, readSeqcountRetry } from '../../../shared/sync/seqcount.ts';
import { NOBODY, type CpuId, type Ns, type TaskId } from '../../../shared/units.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { promiseOfRunner, type ReaderKind } from './cputime-read.ts';

/**
 * All slots of `target`'s accounts with pending time added, in ns, into `out[at ...]`. `complete`
 * adds all accumulators of the running task and its idle time, `linux` only the one in use.
 * @linux kernel/sched/cputime.c kcpustat_cpu_fetch
 */
export function kcpustatCpuFetch(cpu: KernelCpu, target: CpuId, reader: ReaderKind, out: Float64Array, at: number): void {
  if (!tracksContexts(cpu.config.cputime[target]!)) {
    copyCpustat(cpu, target, out, at);
    return;
  }
  while (!fetchThrough(cpu, target, cpu.image.rqs[target]!.curr, reader, out, at)) cpu.memory.relax();
}

/** False (EAGAIN): `task` is not what runs there, or not yet. @linux kernel/sched/cputime.c kcpustat_cpu_fetch_vtime */
function fetchThrough(
  cpu: KernelCpu, target: CpuId, task: TaskId, reader: ReaderKind, out: Float64Array, at: number,
): boolean {
  const vtime = cpu.image.vtimes[task]!;
  for (;;) {
    const start = readSeqcountBegin(cpu.memory, vtime.seq);
    const runner = vtime.cpu;
    const sane = (runner === target || runner === NOBODY) && vtime.state !== VtimeState.Inactive;
    if (sane) {
      copyCpustat(cpu, target, out, at);
      addPending(cpu, target, task, reader, out, at);
    }
    if (!readSeqcountRetry(cpu.memory, vtime.seq, start)) return sane;
  }
}

function addPending(cpu: KernelCpu, target: CpuId, task: TaskId, reader: ReaderKind, out: Float64Array, at: number): void {
  const vtime = cpu.image.vtimes[task]!;
  const state = vtime.state;
  const clock = Math.min(cpu.arch.schedClock(), promiseOfRunner(cpu, target));
  const delta = Math.max(0, clock - vtime.starttime);
  const userSlot = at + (cpu.image.tasks[task]!.nice > 0 ? Cpustat.Nice : Cpustat.User);
  if (state === VtimeState.Sys) add(out, at + Cpustat.System, vtime.stime + delta);
  else if (state === VtimeState.User) add(out, userSlot, vtime.utime + delta);
  if (reader === 'linux') return;
  if (state === VtimeState.Idle) add(out, at + Cpustat.Idle, delta);
  if (state === VtimeState.Sys) add(out, userSlot, vtime.utime);
  if (state === VtimeState.User) add(out, at + Cpustat.System, vtime.stime);
}

function add(out: Float64Array, at: number, ns: Ns): void {
  out[at] = out[at]! + ns;
}

function copyCpustat(cpu: KernelCpu, target: CpuId, out: Float64Array, at: number): void {
  const stat = cpu.image.kcpustats[target]!;
  for (let slot = 0; slot < NR_CPUSTAT; slot++) out[at + slot] = stat.cpustat(slot);
}
