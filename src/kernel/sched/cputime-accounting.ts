/**
 * What a flavour of CPU-time accounting does at each edge. Whoever crosses an edge calls here and
 * knows nothing of flavours; a CPU has one, chosen when it boots (`cputime-flavours.ts`).
 *
 *      user work | userExit, irqEnter | handler | softirqEnter .. softirqExit | irqExit, userEnter | user work
 *      guest     |            irqEnter | handler |                            | irqExit, guestExit | kernel
 *
 * Interrupts are off at each of them but `softirqEnter`, whose softirqs run with interrupts on.
 */
import type { TaskId } from '../../../shared/units.ts';
import type { KernelCpu } from '../kernel-cpu.ts';

type Edge = (cpu: KernelCpu) => void;

export interface CputimeAccounting {
  /** Ticks charge what they hit, and those that an idle CPU did without are charged when it goes on. */
  readonly samples: boolean;
  /** Whether what readers are given is scaled to the run time; if not, the accounts are exact enough. */
  readonly scales: boolean;
  /** Interrupts are timed, and tasks’ run time leaves them out. */
  readonly timesIrqs: boolean;
  /** Boot: the idle task's time begins. @linux kernel/sched/cputime.c vtime_init_idle */
  readonly initIdle: Edge;
  /** The kernel is left for user mode. @linux include/linux/context_tracking.h user_enter_irqoff */
  readonly userEnter: Edge;
  /** User mode is left for the kernel. @linux include/linux/context_tracking.h user_exit_irqoff */
  readonly userExit: Edge;
  /** The kernel is left for a guest; marks the task (`Task.vcpu`). @linux include/linux/context_tracking.h guest_enter_irqoff */
  readonly guestEnter: Edge;
  /** The guest is left; takes the mark off. @linux include/linux/context_tracking.h guest_exit_irqoff */
  readonly guestExit: Edge;
  /** The preempt count says that it is in an interrupt. @linux include/linux/vtime.h account_hardirq_enter */
  readonly irqEnter: Edge;
  /** The preempt count still says so. @linux include/linux/vtime.h account_hardirq_exit */
  readonly irqExit: Edge;
  /** The preempt count says that it serves softirqs. @linux include/linux/vtime.h account_softirq_enter */
  readonly softirqEnter: Edge;
  /** The preempt count still says so. @linux include/linux/vtime.h account_softirq_exit */
  readonly softirqExit: Edge;
  /** `next` has the CPU, which was `prev`'s. @linux include/linux/vtime.h vtime_task_switch */
  readonly taskSwitch: (cpu: KernelCpu, prev: TaskId, next: TaskId) => void;
  /** A tick came, in user mode or not. @linux kernel/sched/cputime.c account_process_tick */
  readonly tick: (cpu: KernelCpu, user: boolean) => void;
  /** The hypervisor's record of stolen time changes, by `store`. @dynticks the hypervisor's part */
  readonly theft: (cpu: KernelCpu, store: Edge) => void;
  /** The run is over, in user mode or not: what has been measured and not charged is charged. @dynticks a run has an end */
  readonly settle: (cpu: KernelCpu, user: boolean) => void;
  /** So many ticks did not come while the CPU was idle. @linux kernel/sched/cputime.c account_idle_ticks */
  readonly idleTicks: (cpu: KernelCpu, ticks: number) => void;
}

function nothing(): void {}

/** From now on the running task's kernel time is its guest's. @linux include/linux/sched.h PF_VCPU */
export function markGuest(cpu: KernelCpu): void {
  cpu.image.tasks[cpu.curr]!.vcpu = 1;
}

/** @linux include/linux/sched.h PF_VCPU */
export function unmarkGuest(cpu: KernelCpu): void {
  cpu.image.tasks[cpu.curr]!.vcpu = 0;
}

/** An accounting that no edge interests. @dynticks flavours say only what they do */
export const NO_ACCOUNTING: CputimeAccounting = {
  samples: false,
  scales: true,
  timesIrqs: false,
  initIdle: nothing,
  userEnter: nothing,
  userExit: nothing,
  guestEnter: markGuest,
  guestExit: unmarkGuest,
  irqEnter: nothing,
  irqExit: nothing,
  softirqEnter: nothing,
  softirqExit: nothing,
  taskSwitch: nothing,
  tick: nothing,
  theft: (cpu, store) => store(cpu),
  settle: nothing,
  idleTicks: nothing,
};
