/**
 * Calls of functions on other CPUs that a program asks for: the phase event `call`, and membarrier.
 * Whether the caller waits for them or not, it first waits until its calls before have been made.
 */
import { SystemState } from '../../../shared/structs/global.ts';
import type { UserRegs } from '../../../shared/structs/task.ts';
import type { CpuId } from '../../../shared/units.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { isKthread } from '../kthread.ts';
import { SmpFunction, callHere, callsAreOver, smpCallFunctionMany } from '../smp.ts';
import type { CallSpec } from '../user.ts';
import { Outcome } from './outcome.ts';

/** `regs.argA` says which of the workload's calls. @linux kernel/smp.c on_each_cpu_mask */
export function call(cpu: KernelCpu, regs: UserRegs): Outcome {
  if (regs.stage !== 0) return Outcome.Done;
  const spec = cpu.config.workload.calls[regs.argA]!;
  const fn = spec.membarrier ? SmpFunction.Membarrier : SmpFunction.Nothing;
  // the caller's step comes again, at this stage
  if (!callsAreOver(cpu, fn)) return Outcome.Working;
  if (spec.membarrier) membarrierMask(cpu);
  else namedMask(cpu, spec);
  regs.stage = 1;
  const waits = smpCallFunctionMany(cpu, cpu.callMask, fn, 0, spec.wait);
  if (cpu.callMask[cpu.id] === 1) callHere(cpu, fn, 0);
  return waits ? Outcome.Working : Outcome.Done;
}

function namedMask({ callMask }: KernelCpu, { cpus }: CallSpec): void {
  callMask.fill(cpus === null ? 1 : 0);
  if (cpus !== null) for (let i = 0; i < cpus.length; i++) callMask[cpus[i]!] = 1;
}

/** Other CPUs that run a thread of the caller's process at this moment. @linux kernel/sched/membarrier.c membarrier_private_expedited */
function membarrierMask(cpu: KernelCpu): void {
  const { image, callMask } = cpu;
  for (let other = 0; other < callMask.length; other++) callMask[other] = other !== cpu.id && runsThread(cpu, other) ? 1 : 0;
  if (image.system.state !== SystemState.Running) callMask.fill(0);
}

/** The workload is one process, as rt-app's is: all its tasks are threads of it. */
function runsThread(cpu: KernelCpu, other: CpuId): boolean {
  const { image } = cpu;
  const { curr } = image.rqs[other]!;
  return curr >= image.map.shape.cpus && !isKthread(cpu, curr);
}
