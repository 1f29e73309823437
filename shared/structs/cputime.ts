import { long, struct, type ViewOf } from '../memory/struct.ts';
import type { Ns } from '../units.ts';

/** How long interrupts and softirqs have taken on one CPU. @linux kernel/sched/sched.h struct irqtime */
export const Irqtime = struct(
  'irqtime',
  {
    irqStartTime: long<Ns>('sched_clock() at the last edge of an interrupt or softirq'),
    total: long<Ns>('all that went to interrupts and softirqs, but for those that ksoftirqd served; any CPU reads it'),
    tickDelta: long<Ns>('the part of it that no tick has left out yet'),
  },
  { writer: 'owning cpu' },
);
export type Irqtime = ViewOf<typeof Irqtime>;

/** What one CPU has measured at edges and not charged yet. @linux arch/powerpc/include/asm/accounting.h struct cpu_accounting_data */
export const CpuAccountingData = struct(
  'cpu_accounting_data',
  {
    starttime: long<Ns>('sched_clock() at the last edge'),
    utime: long<Ns>('in user mode'),
    gtime: long<Ns>('in a guest'),
    stime: long<Ns>('in the kernel, in the name of the running task'),
    hardirqTime: long<Ns>('in interrupts'),
    softirqTime: long<Ns>('in softirqs'),
    idleTime: long<Ns>('in the idle task'),
    stealTime: long<Ns>('taken by the hypervisor'),
  },
  { writer: 'owning cpu' },
);
export type CpuAccountingData = ViewOf<typeof CpuAccountingData>;

/**
 * What the hypervisor says of the time that it took from one CPU; it writes while that CPU stands still. On a CPU whose contexts
 * are tracked it does so inside the running task's vtime section.
 * @linux arch/x86/include/uapi/asm/kvm_para.h struct kvm_steal_time
 */
export const StealTime = struct(
  'steal_time',
  {
    steal: long<Ns>('taken so far, in thefts that are over'),
    since: long<Ns>('when the theft under way began; 0: the CPU has its processor'),
    changed: long<Ns>('when this record was changed last'),
  },
  { writer: 'owning cpu' },
);
export type StealTime = ViewOf<typeof StealTime>;
