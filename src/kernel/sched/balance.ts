/**
 * The balancing softirq: the tick raises it once an interval, and an idle CPU without a tick is kicked
 * to do it for all of its kind (`nohz-balance.ts`). Nothing is moved yet: placement at wake-up is the only
 * balancing of this version of the machine. How often it is tried is Linux's.
 */
import { SoftirqVec, type Rq } from '../../../shared/structs/cpu.ts';
import type { CpuId, Jiffies } from '../../../shared/units.ts';
import { KTIME_MAX, NSEC_PER_MSEC } from '../../../shared/units.ts';
import { MAX_AVG_IDLE, type KernelCpu } from '../kernel-cpu.ts';
import { raiseSoftirq } from '../irq/softirq.ts';
import { nohzBalancerKick, nohzIdleBalance, nohzNewidleBalance, nohzRunIdleBalance } from './nohz-balance.ts';
import { idleCpu } from './select-task-rq.ts';

/** A busy CPU looks this much more rarely. @linux kernel/sched/topology.c busy_factor */
const BUSY_FACTOR = 16;
/** Where an interval stops to double while whatever could be moved may run nowhere else. @linux kernel/sched/fair.c MAX_PINNED_INTERVAL */
const MAX_PINNED_INTERVAL = 512;

/** Boot: one domain of all CPUs. @linux kernel/sched/topology.c sd_init */
export function balanceInit(cpu: KernelCpu): void {
  cpu.rq.balanceInterval = domainWeight(cpu);
}

/** The tick, interrupts off. @linux kernel/sched/fair.c sched_balance_trigger */
export function schedBalanceTrigger(cpu: KernelCpu): void {
  if (cpu.config.isolated[cpu.id]!) return;
  // whether the CPU is idle is asked here, since a softirq may wake somebody before it comes to balancing
  cpu.idleBalance = idleCpu(cpu.image, cpu.id);
  if (cpu.idleBalance) nohzRunIdleBalance(cpu);
  if (cpu.image.jiffies.jiffies >= cpu.rq.nextBalance) raiseSoftirq(cpu, SoftirqVec.Sched);
  nohzBalancerKick(cpu);
}

/** @linux kernel/sched/fair.c sched_balance_softirq */
export function schedBalanceSoftirq(cpu: KernelCpu): void {
  if (!nohzIdleBalance(cpu)) schedBalanceDomains(cpu, cpu.id, cpu.idleBalance);
}

/** Balances for `target`, which may be another, idle CPU. @linux kernel/sched/fair.c sched_balance_domains */
export function schedBalanceDomains(cpu: KernelCpu, target: CpuId, idle: boolean): void {
  const rq = cpu.image.rqs[target]!;
  const { jiffies } = cpu.image.jiffies;
  if (jiffies >= rq.lastBalance + intervalOf(cpu, rq, idle)) {
    growInterval(cpu, rq, target);
    rq.lastBalance = jiffies;
  }
  rq.nextBalance = rq.lastBalance + intervalOf(cpu, rq, idle);
}

/**
 * This CPU has nothing to run any more. It looks for work sooner than it did while it was busy: at its next
 * tick, if that has been long ago. rq.lock held.
 * @linux kernel/sched/fair.c sched_balance_newidle
 */
export function schedBalanceNewidle(cpu: KernelCpu): void {
  const { rq } = cpu;
  cpu.idleStamp = rq.clock;
  const due = rq.lastBalance + intervalOf(cpu, rq, true);
  if (due < rq.nextBalance) rq.nextBalance = due;
  nohzNewidleBalance(cpu);
}

/** It has something to run again: the average moves by an eighth of the difference. @linux kernel/sched/core.c update_avg */
export function updateAvgIdle(cpu: KernelCpu): void {
  if (cpu.idleStamp === KTIME_MAX) return;
  const idled = cpu.rq.clock - cpu.idleStamp;
  cpu.idleStamp = KTIME_MAX;
  cpu.avgIdle = Math.min(MAX_AVG_IDLE, cpu.avgIdle + Math.floor((idled - cpu.avgIdle) / 8));
  cpu.newIdleKick = false;
}

/** @linux kernel/sched/fair.c get_sd_balance_interval */
function intervalOf(cpu: KernelCpu, rq: Rq, idle: boolean): Jiffies {
  const { hz, tickNs } = cpu.config;
  const ms = rq.balanceInterval * (idle ? 1 : BUSY_FACTOR);
  const ticks = Math.ceil((ms * NSEC_PER_MSEC) / tickNs) - (idle ? 0 : 1);
  return Math.min(Math.max(ticks, 1), Math.floor((hz * cpu.image.map.shape.cpus) / 10));
}

/** Nothing was moved: the next look may wait longer. @linux kernel/sched/fair.c sched_balance_rq */
function growInterval(cpu: KernelCpu, rq: Rq, target: CpuId): void {
  const most = hasOverloaded(cpu, target) ? MAX_PINNED_INTERVAL : 2 * domainWeight(cpu);
  if (rq.balanceInterval < most) rq.balanceInterval *= 2;
}

/** Whether another CPU has tasks to give, all of which are taken for pinned, since nothing is moved. */
function hasOverloaded(cpu: KernelCpu, target: CpuId): boolean {
  const { rqs } = cpu.image;
  for (let other = 0; other < rqs.length; other++) if (other !== target && rqs[other]!.nrRunning >= 2) return true;
  return false;
}

function domainWeight(cpu: KernelCpu): number {
  const { config, image } = cpu;
  return image.map.shape.cpus - config.isolated.filter((isolated) => isolated).length;
}
