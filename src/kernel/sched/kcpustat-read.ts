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
import { NOBODY, NONE, type CpuId, type Ns, type TaskId } from '../../../shared/units.ts';
import { readAgain } from '../locking/read-passes.ts';
import type { Looker } from '../reads/looker.ts';
import { copyStolen, liveTime, promiseOfRunner, type ReaderKind } from './cputime-read.ts';
import { vtimeClock, vtimeStateOf } from './vtime-record.ts';

/** What a look at a CPU's accounts went through: the record of the task that ran there, and what that adds. */
export interface KcpustatSample {
  /** `NONE` where nothing is pending: accounts are copied as they stand. */
  task: TaskId;
  /** Number of the accepted version of its record. */
  version: number;
  state: VtimeState;
  starttime: Ns;
  /** Promise of the CPU, as loaded inside the section. */
  promise: Ns;
  /** The reader's own clock. */
  clock: Ns;
  /** Whether its user time goes to the nice slots. */
  nice: boolean;
  // what is pending, and seen by this reader
  user: Ns;
  system: Ns;
  guest: Ns;
  idle: Ns;
  steal: Ns;
  /** Of the time since `starttime`: what was stolen in thefts that are over, and since when one goes on (0: none does). */
  stolen: Ns;
  stolenSince: Ns;
}

/**
 * All slots of `target`'s accounts with pending time added, in ns, into `out[at ...]`. `complete`
 * adds all accumulators of the running task and its idle time, `linux` only the one in use. How it
 * came to them is in `cpu.kcpustatSample` then.
 * @linux kernel/sched/cputime.c kcpustat_cpu_fetch
 */
export function kcpustatCpuFetch(cpu: Looker, target: CpuId, reader: ReaderKind, out: Float64Array, at: number): void {
  const { kcpustatSample: sample } = cpu;
  fetchSlots(cpu, target, reader, out, at, 0, NR_CPUSTAT);
  const user = at + (sample.nice ? Cpustat.Nice : Cpustat.User);
  const guest = at + (sample.nice ? Cpustat.GuestNice : Cpustat.Guest);
  out[user] = out[user]! + sample.user;
  out[guest] = out[guest]! + sample.guest;
  out[at + Cpustat.System] = out[at + Cpustat.System]! + sample.system;
  out[at + Cpustat.Idle] = out[at + Cpustat.Idle]! + sample.idle;
  out[at + Cpustat.Steal] = out[at + Cpustat.Steal]! + sample.steal;
}

/** One slot of `target`'s accounts with pending time added. @linux kernel/sched/cputime.c kcpustat_field */
export function kcpustatField(cpu: Looker, target: CpuId, slot: number, reader: ReaderKind): Ns {
  const { kcpustatSample: sample, kcpustatSlot: out } = cpu;
  fetchSlots(cpu, target, reader, out, 0, slot, 1);
  return out[0]! + pendingOf(sample, slot);
}

/** `count` slots from `first` on as they are charged, and in the sample what is pending. */
function fetchSlots(cpu: Looker, target: CpuId, reader: ReaderKind, out: Float64Array, at: number, first: number, count: number): void {
  if (addsPending(cpu, target, reader)) fetchTracked(cpu, target, reader, out, at, first, count);
  else copyUntracked(cpu, target, out, at, first, count);
}

function pendingOf({ nice, user, guest, system, idle, steal }: KcpustatSample, slot: number): Ns {
  switch (slot) {
    case Cpustat.User: return nice ? 0 : user;
    case Cpustat.Nice: return nice ? user : 0;
    case Cpustat.Guest: return nice ? 0 : guest;
    case Cpustat.GuestNice: return nice ? guest : 0;
    case Cpustat.System: return system;
    case Cpustat.Idle: return idle;
    case Cpustat.Steal: return steal;
    default: return 0;
  }
}

/** Whether what runs there has more than is charged, and the reader looks: in 2013 nobody did. */
function addsPending(cpu: Looker, target: CpuId, reader: ReaderKind): boolean {
  const flavour = cpu.config.cputime[target]!;
  return tracksContexts(flavour) && (flavour !== 'gen-2013' || reader === 'complete');
}

/** Whoever runs there has nothing pending. */
function copyUntracked(cpu: Looker, target: CpuId, out: Float64Array, at: number, first: number, count: number): void {
  const { arch, kcpustatSample: sample } = cpu;
  sample.task = NONE;
  sample.version = 0;
  sample.state = VtimeState.Inactive;
  sample.starttime = 0;
  sample.stolen = sample.stolenSince = 0;
  sample.promise = arch.promiseOf(target);
  sample.clock = Math.min(arch.schedClock(), cpu.looksUntil);
  nothingPending(sample);
  copyCpustat(cpu, target, out, at, first, count);
}

function fetchTracked(
  cpu: Looker, target: CpuId, reader: ReaderKind, out: Float64Array, at: number, first: number, count: number,
): void {
  const rq = cpu.image.rqs[target]!;
  for (let task = rq.curr; !fetchThrough(cpu, target, task, out, at, first, count); task = rq.curr) {
    // its successor may be there already: only where it is not is there anything to wait for
    if (rq.curr === task) cpu.memory.relax();
  }
  evaluate(cpu.kcpustatSample, reader);
  if (cpu.decisions.leavesOutPending) nothingPending(cpu.kcpustatSample);
}

/** False (EAGAIN): `task` is not what runs there, or not yet. @linux kernel/sched/cputime.c kcpustat_cpu_fetch_vtime */
function fetchThrough(
  cpu: Looker, target: CpuId, task: TaskId, out: Float64Array, at: number, first: number, count: number,
): boolean {
  const vtime = cpu.image.vtimes[task]!;
  const { kcpustatSample: sample, decisions: { trustsCurr } } = cpu;
  if (trustsCurr) cpu.arch.linger();
  for (let start = readSeqcountBegin(cpu.memory, vtime.seq); ; start = readAgain(cpu, vtime.seq, start)) {
    const runner = vtime.cpu;
    sample.state = vtimeStateOf(cpu, task, vtime);
    const isThere = (runner === target || runner === NOBODY) && sample.state !== VtimeState.Inactive;
    const sane = isThere || trustsCurr;
    if (sane) {
      copyCpustat(cpu, target, out, at, first, count);
      copyPending(cpu, target, task, sample);
      sample.version = start >>> 1;
    }
    if (!readSeqcountRetry(cpu.memory, vtime.seq, start)) return sane;
  }
}

/** What the record says is pending; only meaningful if the sequence stood still meanwhile. */
function copyPending(cpu: Looker, target: CpuId, task: TaskId, sample: KcpustatSample): void {
  const vtime = cpu.image.vtimes[task]!;
  sample.task = task;
  sample.starttime = vtime.starttime;
  sample.nice = cpu.image.tasks[task]!.nice > 0;
  sample.promise = promiseOfRunner(cpu, target);
  sample.clock = Math.min(vtimeClock(cpu), cpu.looksUntil);
  copyStolen(cpu, target, sample);
  sample.user = vtime.utime;
  sample.system = vtime.stime;
  sample.guest = vtime.gtime;
}

function nothingPending(sample: KcpustatSample): void {
  sample.user = 0;
  sample.guest = 0;
  sample.system = 0;
  sample.idle = 0;
  sample.steal = 0;
}

/** From what the record says to what the reader adds. */
function evaluate(sample: KcpustatSample, reader: ReaderKind): void {
  const { state } = sample;
  const delta = liveTime(sample, reader);
  const { user, system, guest } = sample;
  const others = reader === 'complete' ? 1 : 0;
  const inUser = state === VtimeState.User ? user + delta : others * user;
  sample.guest = state === VtimeState.Guest ? guest + delta : others * guest;
  sample.user = inUser + sample.guest;
  sample.system = state === VtimeState.Sys ? system + delta : others * system;
  sample.idle = state === VtimeState.Idle ? others * delta : 0;
  sample.steal = others * (Math.max(0, Math.min(sample.clock, sample.promise) - sample.starttime) - delta);
}

function copyCpustat(cpu: Looker, target: CpuId, out: Float64Array, at: number, first: number, count: number): void {
  const stat = cpu.image.kcpustats[target]!;
  for (let slot = 0; slot < count; slot++) out[at + slot] = stat.cpustat(first + slot);
}

/** Room for one look. @dynticks Linux has it on the stack */
export function newKcpustatSample(): KcpustatSample {
  return {
    task: NONE, version: 0, state: VtimeState.Inactive, starttime: 0, promise: 0, clock: 0, nice: false,
    user: 0, system: 0, guest: 0, idle: 0, steal: 0, stolen: 0, stolenSince: 0,
  };
}
