/**
 * A reader's system call: it looks at CPU time, or at clocks, one look after the other, each in an event
 * of its own and at that event's very start. So nothing that another CPU does before the reader's clock
 * is still to come.
 */
import type { UserRegs } from '../../../shared/structs/task.ts';
import type { TaskId } from '../../../shared/units.ts';
import { Path } from '../arch.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { look } from '../reads/look.ts';
import { Outcome } from './outcome.ts';

/** One pass of a reader. @dynticks a reader's system call */
export function readCputime(cpu: KernelCpu, by: TaskId, regs: UserRegs): Outcome {
  const target = cpu.config.workload.reads[regs.argA]!;
  if (regs.stage > 0) look(cpu, by, target, regs.stage - 1);
  if (regs.stage === target.looks.length) return Outcome.Done;
  regs.stage += 1;
  regs.remaining = cpu.arch.costOf(Path.ReadCputime);
  return Outcome.Working;
}
