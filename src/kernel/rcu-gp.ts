/** The thread that begins and ends grace periods, and looks each jiffy which of the CPUs that owe a look idle. */
import { Event } from '../../shared/events.ts';
import { TaskState, VtimeState, type UserRegs } from '../../shared/structs/task.ts';
import type { CpuId, TaskId } from '../../shared/units.ts';
import type { KernelCpu } from './kernel-cpu.ts';
import { vtimeStateOf } from './sched/vtime-record.ts';
import { timeoutIsOver } from './kthread.ts';
import { clearOwed, lockRcu, nobodyOwes, noteGpChanges, owesQs, unlockRcu } from './rcu.ts';
import { idleCpu } from './sched/select-task-rq.ts';
import { Outcome } from './syscalls/outcome.ts';
import { scheduleTimeout } from './time/timer.ts';

/** From one look at those that owe one to the next. @linux kernel/rcu/tree.c jiffies_till_next_fqs */
const FQS_JIFFIES = 1;
/** `gpevent` of the trace. */
const GP_START = 0;
const GP_END = 1;

/** One turn: `stage` 1, it slept until the next look. @linux kernel/rcu/tree.c rcu_gp_kthread */
export function rcuGpKthread(cpu: KernelCpu, task: TaskId, regs: UserRegs): Outcome {
  if (regs.stage !== 0 && !timeoutIsOver(cpu, task, regs)) return Outcome.Working;
  regs.stage = 0;
  lockRcu(cpu);
  endGp(cpu);
  const begun = beginGp(cpu);
  // whoever asks for a period, or reports last in one, does so under this lock: before this look, or when the thread is asleep
  cpu.image.tasks[task]!.state = TaskState.Sleeping;
  unlockRcu(cpu);
  if (begun) {
    scheduleTimeout(cpu, task, FQS_JIFFIES);
    regs.stage = 1;
  }
  return Outcome.Blocked;
}

/** @linux kernel/rcu/tree.c rcu_gp_fqs, rcu_gp_cleanup */
function endGp(cpu: KernelCpu): void {
  const page = cpu.image.rcu;
  if (page.started === page.completed) return;
  const { cpus } = cpu.image.map.shape;
  for (let other = 0; other < cpus; other++) {
    if (owesQs(page, other) && (idleCpu(cpu.image, other) || runsTickless(cpu, other) || hasSwitched(cpu, other))) clearOwed(page, other);
  }
  if (!nobodyOwes(page) && !cpu.decisions.endsGracePeriodEarly) return;
  page.completed = page.started;
  cpu.arch.trace(Event.rcu_grace_period, page.started, GP_END);
}

/**
 * Whether it is the thread's own CPU, which has switched since the period began and has not come to say so.
 * @linux kernel/rcu/tree.c rcu_implicit_dynticks_qs
 */
function hasSwitched({ id, rcu }: KernelCpu, other: CpuId): boolean {
  return other === id && rcu.owes && rcu.seen;
}

/**
 * Whether a CPU without a tick is in user mode or a guest, as its accounts say: nobody else would report it.
 * @linux kernel/rcu/tree.c rcu_dynticks_in_eqs
 */
function runsTickless(cpu: KernelCpu, other: CpuId): boolean {
  const { config, image } = cpu;
  const { curr } = image.rqs[other]!;
  return config.tickOff[other] === true && vtimeStateOf(cpu, curr, image.vtimes[curr]!) >= VtimeState.User;
}

/** Whether a period is under way; one that was asked for begins. @linux kernel/rcu/tree.c rcu_gp_init */
function beginGp(cpu: KernelCpu): boolean {
  const page = cpu.image.rcu;
  if (page.started !== page.completed) return true;
  if (page.requested <= page.started) return false;
  page.started += 1;
  const { cpus } = cpu.image.map.shape;
  for (let other = 0; other < cpus; other++) {
    if (cpu.image.cpus[other]!.online !== 0) page.setQsMask(other >>> 5, page.qsMask(other >>> 5) | (1 << (other & 31)));
  }
  cpu.arch.trace(Event.rcu_grace_period, page.started, GP_START);
  // this CPU knows at once; its switch away from the thread will do
  noteGpChanges(cpu, page);
  return true;
}
