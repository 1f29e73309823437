/**
 * Reading a task's CPU time from any CPU, while it changes.
 *
 * Two readers. `linux` adds to what was charged only the accumulator of what the task is doing now,
 * as Linux does: a remainder of another kind becomes invisible until it is charged, so the value may
 * step back by less than a tick. `complete` adds all accumulators: exact, and never backwards.
 *
 * The writer's promise (how far its CPU has done everything) is loaded *inside* the section: then
 * version and promise belong together, and min(own clock, promise) is an instant for which the
 * version was true. Loaded outside, an edge in between would be extrapolated over.
 */
import { VtimeState } from '../../../shared/structs/task.ts';
import { readSeqcountBegin, readSeqcountRetry } from '../../../shared/sync/seqcount.ts';
import { KTIME_MAX, NOBODY, type CpuId, type Ns, type TaskId } from '../../../shared/units.ts';
import { readAgain } from '../locking/read-passes.ts';
import type { Looker } from '../reads/looker.ts';
import { vtimeClock, vtimeStateOf } from './vtime-record.ts';

export type ReaderKind = 'linux' | 'complete';

/** One accepted look at a task: a version of its record, whole, and what a reader makes of it. */
export interface TaskCputime {
  /** Number of the accepted version: sequence / 2. */
  version: number;
  /** Promise of the CPU that runs the task, as loaded inside the section. */
  promise: Ns;
  /** The reader's own clock; where a hypervisor steals, no earlier than the last edge of a theft. */
  clock: Ns;
  state: VtimeState;
  starttime: Ns;
  rawUtime: Ns;
  rawStime: Ns;
  rawGtime: Ns;
  vtimeUtime: Ns;
  vtimeStime: Ns;
  vtimeGtime: Ns;
  /** Of the time since `starttime`: what was stolen in thefts that are over, and since when one goes on (0: none does). */
  stolen: Ns;
  stolenSince: Ns;
  utime: Ns;
  stime: Ns;
}

/**
 * CPU time of a task at this CPU's clock, in ns. True: the task was running on a tracked CPU, so its
 * `sumExecRuntime` in memory is stale.
 * @linux kernel/sched/cputime.c task_cputime
 */
export function taskCputime(cpu: Looker, task: TaskId, reader: ReaderKind, out: TaskCputime): boolean {
  readVersion(cpu, task, out);
  if (cpu.decisions.promiseAfterSection) loadPromiseLate(cpu, task, out);
  evaluate(out, reader);
  return out.state >= VtimeState.Sys;
}

/**
 * Time of a task as guest at this CPU's clock. Which version that is of is in `out`.
 * @linux kernel/sched/cputime.c task_gtime
 */
export function taskGtime(cpu: Looker, task: TaskId, reader: ReaderKind, out: TaskCputime): Ns {
  readVersion(cpu, task, out);
  const inGuest = out.state === VtimeState.Guest || (cpu.decisions.gtimeWithoutVtime && cpu.image.tasks[task]!.vcpu !== 0);
  const delta = inGuest ? liveTime(out, reader) : 0;
  return out.rawGtime + delta + (inGuest || reader === 'complete' ? out.vtimeGtime : 0);
}

/** Copies the record until a whole version has been found. */
function readVersion(cpu: Looker, task: TaskId, out: TaskCputime): void {
  const { seq } = cpu.image.vtimes[task]!;
  const { skipReadRetry, rereadsForNothing } = cpu.decisions;
  for (let start = readSeqcountBegin(cpu.memory, seq); ; start = readAgain(cpu, seq, start)) {
    copyRecord(cpu, task, out);
    out.version = start >>> 1;
    if (rereadsForNothing && cpu.passes.retries < 2) continue;
    if (skipReadRetry || !readSeqcountRetry(cpu.memory, seq, start)) return;
  }
}

/** Everything that belongs to one version; only meaningful if the sequence stood still meanwhile. */
function copyRecord(cpu: Looker, task: TaskId, out: TaskCputime): void {
  const vtime = cpu.image.vtimes[task]!;
  const record = cpu.image.tasks[task]!;
  const { skipReadRetry, ignorePromise } = cpu.decisions;
  out.state = vtimeStateOf(cpu, task, vtime);
  out.starttime = vtime.starttime;
  if (skipReadRetry) cpu.arch.linger();
  out.rawUtime = record.utime;
  out.rawStime = record.stime;
  out.rawGtime = record.gtime;
  out.vtimeUtime = vtime.utime;
  out.vtimeStime = vtime.stime;
  out.vtimeGtime = vtime.gtime;
  out.promise = ignorePromise ? KTIME_MAX : promiseOfRunner(cpu, vtime.cpu);
  out.clock = Math.min(vtimeClock(cpu), cpu.looksUntil);
  copyStolen(cpu, vtime.cpu, out);
}

/** What a look at a running task finds of stolen time, and when it looked. */
interface StolenLook {
  readonly starttime: Ns;
  clock: Ns;
  readonly promise: Ns;
  stolen: Ns;
  stolenSince: Ns;
}

/**
 * What the hypervisor has taken from a task's CPU since the task's clock was taken last. A reader whose clock is behind
 * finds a version of a theft's edge that is yet to come for it: what it says holds from then on.
 * @dynticks Linux's readers know nothing of it
 */
export function copyStolen({ image, config }: Looker, runner: CpuId, out: StolenLook): void {
  out.stolen = 0;
  out.stolenSince = 0;
  if (!config.stealClock || runner === NOBODY) return;
  const { steal, since, changed } = image.stealTimes[runner]!;
  out.stolen = steal - image.rqs[runner]!.prevStealTime;
  out.stolenSince = since;
  out.clock = Math.max(out.clock, changed);
}

/** What has passed since its clock was taken last; `complete` leaves out what was stolen. @linux kernel/sched/cputime.c vtime_delta */
export function liveTime({ starttime, clock, promise, stolen, stolenSince }: StolenLook, reader: ReaderKind): Ns {
  const now = Math.min(clock, promise);
  const delta = Math.max(0, now - starttime);
  if (reader === 'linux') return delta;
  return delta - stolen - (stolenSince === 0 ? 0 : Math.max(0, now - stolenSince));
}

/** The planted fault: whatever has happened since the section is over is extrapolated over. */
function loadPromiseLate(cpu: Looker, task: TaskId, out: TaskCputime): void {
  cpu.arch.linger();
  out.promise = promiseOfRunner(cpu, cpu.image.vtimes[task]!.cpu);
}

function evaluate(out: TaskCputime, reader: ReaderKind): void {
  const running = out.state >= VtimeState.Sys;
  const delta = running ? liveTime(out, reader) : 0;
  const inKernel = out.state === VtimeState.Sys;
  const complete = reader === 'complete';
  out.utime = out.rawUtime + (inKernel ? 0 : delta);
  out.stime = out.rawStime + (inKernel ? delta : 0);
  if (complete || (running && !inKernel)) out.utime += out.vtimeUtime;
  if (complete || inKernel) out.stime += out.vtimeStime;
  if (complete) out.utime += out.vtimeGtime;
}

/** The promise of the CPU that runs a task; a task that runs nowhere changes for nobody. @dynticks clocks of CPUs differ here */
export function promiseOfRunner(cpu: Looker, runner: CpuId): Ns {
  return runner === NOBODY ? KTIME_MAX : cpu.arch.promiseOf(runner);
}

/** Room for one look. @dynticks Linux has it on the stack */
export function newTaskCputime(): TaskCputime {
  return {
    version: 0, promise: 0, clock: 0, state: VtimeState.Inactive, starttime: 0, rawUtime: 0, rawStime: 0, rawGtime: 0,
    vtimeUtime: 0, vtimeStime: 0, vtimeGtime: 0, stolen: 0, stolenSince: 0, utime: 0, stime: 0,
  };
}
