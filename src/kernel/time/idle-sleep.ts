/**
 * How long each CPU has slept, which is what /proc/stat shows as idle and iowait where ticks may stop.
 *
 * Writer: the CPU itself, when a sleep begins and when it ends. Readers: any CPU, at any time. A sleep under
 * way is counted up to the reader's clock, so a reader must not see the new sum with the old entry:
 *
 *      CPU 1 (wakes)                          CPU 0 (reads)
 *                                             seq is 4; active, entry 100, sum 50
 *      seq 4 -> 5
 *        sum 50 -> 80
 *        active 0
 *      seq 5 -> 6
 *                                             seq is 6: once more
 *                                             seq is 6; not active; sum 80
 *
 * A sleep belongs to iowait if a task that slept here waits for I/O when somebody asks. That count is
 * changed by wakers on other CPUs, under no protection: Linux lives with iowait that goes back
 * while idle goes ahead by as much.
 */
import { Event } from '../../../shared/events.ts';
import type { IdleSleep } from '../../../shared/structs/cpu.ts';
import {
  readSeqcountBegin, readSeqcountRetry, writeSeqcountBegin, writeSeqcountEnd,
} from '../../../shared/sync/seqcount.ts';
import type { CpuId, Ns } from '../../../shared/units.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { readAgain } from '../locking/read-passes.ts';
import { tickNohzActive } from './tick-sched.ts';
import { ktimeGet, ktimeGetUntil, spendKtime } from './timekeeping.ts';

/** A sleep begins. @linux kernel/time/tick-sched.c tick_nohz_start_idle */
export function tickNohzStartIdle(cpu: KernelCpu): void {
  const { idleSleep, memory } = cpu;
  const now = ktimeGet(cpu);
  writeSeqcountBegin(memory, idleSleep.seq);
  idleSleep.entrytime = now;
  idleSleep.active = 1;
  writeSeqcountEnd(memory, idleSleep.seq);
  traceSleep(cpu);
}

/** It is over at `now`. @linux kernel/time/tick-sched.c tick_nohz_stop_idle */
export function tickNohzStopIdle(cpu: KernelCpu, now: Ns): void {
  const { idleSleep, memory, rq } = cpu;
  const slept = now - idleSleep.entrytime;
  writeSeqcountBegin(memory, idleSleep.seq);
  if (rq.nrIowait > 0) idleSleep.iowaitSleeptime += slept;
  else idleSleep.sleeptime += slept;
  idleSleep.entrytime = now;
  idleSleep.active = 0;
  writeSeqcountEnd(memory, idleSleep.seq);
  traceSleep(cpu);
}

function traceSleep(cpu: KernelCpu): void {
  const { idleSleep, memory } = cpu;
  cpu.arch.trace6(
    Event.idle_sleep, memory.load(idleSleep.seq), idleSleep.active, idleSleep.entrytime,
    idleSleep.sleeptime, idleSleep.iowaitSleeptime, cpu.tick.flags,
  );
}

/** A look at another CPU's sleep: what was accepted. */
export interface IdleTimes {
  version: number;
  now: Ns;
  idle: Ns;
  iowait: Ns;
}

/** @dynticks readers bring their own record, so that a look allocates nothing */
export const newIdleTimes = (): IdleTimes => ({ version: 0, now: 0, idle: 0, iowait: 0 });

/**
 * How long `target` has slept, the sleep under way included, as far as its CPU has come. Both categories at one reading;
 * Linux's readers ask for one after the other.
 * @linux kernel/time/tick-sched.c get_cpu_sleep_time_us
 */
export function getCpuSleepTime(cpu: KernelCpu, target: CpuId, into: IdleTimes): void {
  const { memory, image, decisions } = cpu;
  const record = image.idleSleeps[target]!;
  if (decisions.readerMovesSleep) {
    moveSleep(cpu, record, into);
    return;
  }
  const waits = image.rqs[target]!.nrIowait > 0;
  let seq = decisions.skipIdleRetry ? memory.load(record.seq) : readSeqcountBegin(memory, record.seq);
  for (; ; seq = readAgain(cpu, record.seq, seq)) {
    const { entrytime } = record;
    // an event that takes long ends a sleep later than some of its readers' clocks stand; and what its CPU has not come to yet,
    // it may yet spend otherwise
    into.now = Math.max(entrytime, ktimeGetUntil(cpu, cpu.arch.promiseOf(target)));
    const running = record.active !== 0 ? into.now - entrytime : 0;
    into.idle = record.sleeptime + (waits ? 0 : running);
    into.iowait = record.iowaitSleeptime + (waits ? running : 0);
    into.version = seq;
    if (decisions.skipIdleRetry || !readSeqcountRetry(memory, record.seq, seq)) break;
  }
  spendKtime(cpu);
}

/** Before 6.4 a reader ended the sleep under way and began the next, in another CPU's record: the fault that brings this back. */
function moveSleep(cpu: KernelCpu, record: IdleSleep, into: IdleTimes): void {
  into.now = ktimeGet(cpu);
  if (record.active !== 0) {
    const running = Math.max(0, into.now - record.entrytime);
    record.sleeptime += running;
    record.entrytime = into.now;
  }
  into.version = cpu.memory.load(record.seq);
  into.idle = record.sleeptime;
  into.iowait = record.iowaitSleeptime;
}

/** In us, as Linux's own readers have it; -1 where ticks never stop. @linux kernel/time/tick-sched.c get_cpu_idle_time_us */
export function getCpuIdleTimeUs(cpu: KernelCpu, target: CpuId, times: IdleTimes): number {
  if (!tickNohzActive(cpu)) return -1;
  getCpuSleepTime(cpu, target, times);
  return Math.floor(times.idle / 1_000);
}

/** @linux kernel/time/tick-sched.c get_cpu_iowait_time_us */
export function getCpuIowaitTimeUs(cpu: KernelCpu, target: CpuId, times: IdleTimes): number {
  if (!tickNohzActive(cpu)) return -1;
  getCpuSleepTime(cpu, target, times);
  return Math.floor(times.iowait / 1_000);
}
