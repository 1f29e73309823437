/**
 * The balancing softirq: the tick raises it once an interval, as Linux does. It has nothing to move
 * yet: placement at wake-up is the only balancing of this version of the machine.
 */
import { SoftirqVec } from '../../../shared/structs/cpu.ts';
import { NSEC_PER_MSEC } from '../../../shared/units.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { raiseSoftirq } from '../irq/softirq.ts';

/** A busy CPU looks this much more rarely. @linux kernel/sched/topology.c busy_factor */
const BUSY_FACTOR = 16;

/** @linux kernel/sched/fair.c sched_balance_trigger */
export function schedBalanceTrigger(cpu: KernelCpu): void {
  if (cpu.image.jiffies.jiffies >= cpu.rq.nextBalance) raiseSoftirq(cpu, SoftirqVec.Sched);
}

/** @linux kernel/sched/fair.c sched_balance_softirq */
export function schedBalanceSoftirq(cpu: KernelCpu): void {
  const { config, image, rq } = cpu;
  const busy = rq.curr === cpu.idle ? 1 : BUSY_FACTOR;
  const intervalNs = image.map.shape.cpus * busy * NSEC_PER_MSEC;
  rq.nextBalance = image.jiffies.jiffies + Math.max(1, Math.round(intervalNs / config.tickNs));
}
