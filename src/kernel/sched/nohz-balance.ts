/**
 * Balancing for CPUs that have stopped their tick: they cannot look for work themselves, so a busy CPU
 * whose tick finds that there may be some kicks one of them, which looks for all.
 *
 *      CPU 1 (busy, its tick)                 CPU 0 (idle, no tick)
 *      nohz.nrCpus is 1
 *      flags of 0: 0 -> kick, by `or`
 *      they were 0: message  ---------------> interrupt
 *                                             flags -> 0, by `and`: the next kick may be sent
 *      CPU 2 (its tick)                       SCHED softirq: balances for 0
 *      flags of 0: were set: no message
 *
 * Whoever sets the first flag sends the message; whoever clears them does so before it looks, so that a
 * kick that comes later is never taken for one that is under way.
 */
import { Event } from '../../../shared/events.ts';
import { LockClass } from '../../../shared/lock-order.ts';
import { NohzFlag, Rq, SoftirqVec } from '../../../shared/structs/cpu.ts';
import { NohzPage } from '../../../shared/structs/global.ts';
import { NOBODY, NSEC_PER_MSEC, type CpuId, type Ns } from '../../../shared/units.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { raiseSoftirq } from '../irq/softirq.ts';
import { spinLock, spinUnlock } from '../locking/lock.ts';
import { SmpFunction, smpCallFunctionSingleAsync } from '../smp.ts';
import { schedBalanceDomains } from './balance.ts';
import { LOAD_AVG_PERIOD, hasBlockedLoad, updateLoadSum } from './pelt.ts';
import { isHousekeeping } from './nohz-target.ts';
import { idleCpu } from './select-task-rq.ts';

/** Whoever idles for less than that has no time for anything else. @linux kernel/sched/fair.c sysctl_sched_migration_cost */
export const SCHED_MIGRATION_COST: Ns = 500_000;
/** No balance is due for so long, in seconds, if no idle CPU wants one sooner. */
const FAR_SECONDS = 60;

/** The tick of this CPU has been stopped. @linux kernel/sched/fair.c nohz_balance_enter_idle */
export function nohzBalanceEnterIdle(cpu: KernelCpu): void {
  const { rq, image, memory, id, config } = cpu;
  const { nohz } = image;
  rq.hasBlockedLoad = 1;
  if (config.isolated[id]!) return;
  if (rq.nohzTickStopped === 0) {
    rq.nohzTickStopped = 1;
    memory.or(wordOf(nohz, id), bitOf(id));
    memory.add(nohz.base + NohzPage.at.nrCpus, 1);
    nohz.needsUpdate = 1;
  }
  nohz.hasBlocked = 1;
}

/** Its first tick after that. @linux kernel/sched/fair.c nohz_balance_exit_idle */
function nohzBalanceExitIdle(cpu: KernelCpu): void {
  const { rq, image, memory, id } = cpu;
  if (rq.nohzTickStopped === 0) return;
  rq.nohzTickStopped = 0;
  memory.and(wordOf(image.nohz, id), ~bitOf(id));
  memory.add(image.nohz.base + NohzPage.at.nrCpus, -1);
}

/** In the tick of a CPU that is not idle. @linux kernel/sched/fair.c nohz_balancer_kick */
export function nohzBalancerKick(cpu: KernelCpu): void {
  if (cpu.idleBalance) return;
  nohzBalanceExitIdle(cpu);
  const { nohz } = cpu.image;
  if (nohz.nrCpus === 0) return;
  const flags = kickFlags(cpu) | (nohz.needsUpdate !== 0 ? NohzFlag.Next : 0);
  if (flags !== 0) kickIlb(cpu, flags);
}

/** What an idle CPU could do now. */
function kickFlags(cpu: KernelCpu): number {
  const { nohz, jiffies, map } = cpu.image;
  const now = jiffies.jiffies;
  const stats = nohz.hasBlocked !== 0 && now > nohz.nextBlocked ? NohzFlag.Stats : 0;
  if (now < nohz.nextBalance) return stats;
  // all CPUs share one cache: if more than one of them is busy, an idle one may take something over
  const busy = map.shape.cpus - nohz.nrCpus;
  return cpu.rq.nrRunning >= 2 || busy > 1 ? NohzFlag.Stats | NohzFlag.Balance : stats;
}

/** @linux kernel/sched/fair.c kick_ilb */
export function kickIlb(cpu: KernelCpu, flags: number): void {
  const { image, memory } = cpu;
  if ((flags & NohzFlag.Balance) !== 0) image.nohz.nextBalance = image.jiffies.jiffies + 1;
  const target = findNewIlb(cpu);
  if (target === NOBODY) return;
  const before = memory.or(image.rqs[target]!.base + Rq.at.nohzFlags, flags);
  if (before !== 0) return;
  cpu.arch.trace(Event.nohz_kick, target, flags);
  smpCallFunctionSingleAsync(cpu, target, SmpFunction.NohzCsd, 0);
}

/** The first idle CPU without a tick that is there for such work. @linux kernel/sched/fair.c find_new_ilb */
function findNewIlb(cpu: KernelCpu): CpuId {
  const { image } = cpu;
  for (let other = 0; other < image.map.shape.cpus; other++) {
    if (other === cpu.id || !isHousekeeping(cpu, other) || !isStopped(cpu, other)) continue;
    if (idleCpu(image, other)) return other;
  }
  return NOBODY;
}

/**
 * A kick has arrived. Whether this CPU idles is known here without asking for wake-ups under way: they will arrive later, so
 * they count as sent later, though whoever sends both does so in one event.
 * @linux kernel/sched/core.c nohz_csd_func
 */
export function nohzCsdFunc(cpu: KernelCpu): void {
  const flags = cpu.memory.and(cpu.rq.base + Rq.at.nohzFlags, 0);
  cpu.idleBalance = cpu.rq.curr === cpu.idle && cpu.rq.nrRunning === 0;
  if (!cpu.idleBalance || cpu.state.needResched !== 0) return;
  cpu.nohzIdleBalance = flags;
  raiseSoftirq(cpu, SoftirqVec.Sched);
}

/** The softirq after a kick: true, that was what it was for. @linux kernel/sched/fair.c nohz_idle_balance */
export function nohzIdleBalance(cpu: KernelCpu): boolean {
  const flags = cpu.nohzIdleBalance;
  if (flags === 0) return false;
  cpu.nohzIdleBalance = 0;
  if (!cpu.idleBalance) return false;
  balanceIdleCpus(cpu, flags);
  return true;
}

/**
 * This CPU has nothing to run any more, and is awake: it saves a busy one the kick that lets blocked load decay, unless it is
 * woken again at once, as a rule. Linux does it on the way into idle. A switch may touch no other CPU's records here,
 * so it is done in the tick that comes next.
 * @linux kernel/sched/fair.c nohz_newidle_balance
 */
export function nohzNewidleBalance(cpu: KernelCpu): void {
  const { nohz, jiffies } = cpu.image;
  if (!cpu.config.nohz || cpu.avgIdle < SCHED_MIGRATION_COST) return;
  if (nohz.hasBlocked !== 0 && jiffies.jiffies >= nohz.nextBlocked) cpu.newIdleKick = true;
}

/** The tick of an idle CPU. @linux kernel/sched/fair.c nohz_run_idle_balance */
export function nohzRunIdleBalance(cpu: KernelCpu): void {
  if (!cpu.newIdleKick) return;
  cpu.newIdleKick = false;
  balanceIdleCpus(cpu, NohzFlag.Stats);
}

/** For all idle CPUs without a tick, this one last. @linux kernel/sched/fair.c _nohz_idle_balance */
function balanceIdleCpus(cpu: KernelCpu, flags: number): void {
  const { image, config } = cpu;
  const { nohz } = image;
  const now = image.jiffies.jiffies;
  const { cpus } = image.map.shape;
  // cleared first: a CPU that goes idle meanwhile sets it again
  if ((flags & NohzFlag.Stats) !== 0) nohz.hasBlocked = 0;
  if ((flags & NohzFlag.Next) !== 0) nohz.needsUpdate = 0;
  let blocked = false;
  let next = now + FAR_SECONDS * config.hz;
  for (let i = 1; i <= cpus; i++) {
    const target = (cpu.id + i) % cpus;
    if (!isStopped(cpu, target) || !idleCpu(image, target)) continue;
    if ((flags & NohzFlag.Stats) !== 0 && updateNohzStats(cpu, target)) blocked = true;
    const rq = image.rqs[target]!;
    if (now >= rq.nextBalance && (flags & NohzFlag.Balance) !== 0) schedBalanceDomains(cpu, target, true);
    next = Math.min(next, rq.nextBalance);
  }
  nohz.nextBalance = next;
  if ((flags & NohzFlag.Stats) !== 0) nohz.nextBlocked = now + Math.ceil((LOAD_AVG_PERIOD * NSEC_PER_MSEC) / config.tickNs);
  if (blocked) nohz.hasBlocked = 1;
}

/** Lets an idle CPU's load decay: whether some is left. @linux kernel/sched/fair.c update_nohz_stats */
function updateNohzStats(cpu: KernelCpu, target: CpuId): boolean {
  const rq = cpu.image.rqs[target]!;
  if (rq.hasBlockedLoad === 0) return false;
  spinLock(cpu, rq.lock, LockClass.Rq, target);
  if (rq.nrRunning === 0) updateLoadSum(rq, cpu.arch.schedClock(), false);
  const left = hasBlockedLoad(rq);
  if (!left) rq.hasBlockedLoad = 0;
  spinUnlock(cpu, rq.lock, LockClass.Rq, target);
  return left;
}

function isStopped(cpu: KernelCpu, target: CpuId): boolean {
  return (cpu.memory.load(wordOf(cpu.image.nohz, target)) & bitOf(target)) !== 0;
}

const wordOf = (nohz: NohzPage, cpu: CpuId) => nohz.base + NohzPage.at.idleCpus + 4 * (cpu >>> 5);
const bitOf = (cpu: CpuId) => 1 << (cpu & 31);
