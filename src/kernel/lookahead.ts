/**
 * How long a CPU goes on before it does anything that others must know of, told without doing it.
 * Engines that run CPUs side by side let each go so far unasked: told too early it costs them
 * parallelism, told too late an event comes out of its order.
 *
 *      operation under way | run 5us | syscall 2us | run 5us | sem_post
 *      ------------------->|<-- the program says how long -->|
 *           its rest                                          first loud step: not before here
 *
 * Only steps are looked at. An interrupt may switch to another task, whose program nobody has looked
 * into; so what is told holds until the next interrupt, which the caller knows of.
 */
import { EventKind } from '../../shared/memory/guards.ts';
import type { UserRegs } from '../../shared/structs/task.ts';
import { KTIME_MAX, type Ns } from '../../shared/units.ts';
import { Path } from './arch.ts';
import { kindOfStep, mayThrottle } from './event-kind.ts';
import { RegsMode } from './irq/entry.ts';
import type { KernelCpu } from './kernel-cpu.ts';
import { isKthread } from './kthread.ts';
import { isUserWork } from './syscalls/step.ts';
import { OpKind, Quiet } from './user.ts';

/**
 * An instant before which no step of a kind above `quietest` begins, unless an interrupt comes first;
 * later than the next step, if that one is not above. Looks no further than `atMost`; KTIME_MAX if no
 * step is due. Loads records of this CPU only.
 * @dynticks what a CPU's thread may do without asking the others
 */
export function stepsQuietUntil(cpu: KernelCpu, quietest: EventKind, atMost: Ns): Ns {
  const { arch, stepDue } = cpu;
  if (stepDue === KTIME_MAX) return KTIME_MAX;
  const start = Math.max(stepDue, arch.schedClock());
  if (kindOfStep(cpu) > quietest) return start;
  const regs = cpu.image.regs[cpu.curr]!;
  const over = start + restOfOperation(cpu, regs);
  // whoever comes instead comes by a switch, and that takes time; so do the handlers of signals, on the way to user mode
  const { notified, cputimerWork } = cpu.image.signals[cpu.curr]!;
  if (mayLoseCpu(cpu, regs) || notified !== 0 || cputimerWork !== 0) return Math.max(over, start + 1);
  const { declaration } = cpu.image.tasks[cpu.curr]!;
  const more = cpu.config.workload.user.quietFor(declaration, regs, levelOf(cpu, quietest), arch, atMost - over);
  return Math.min(over + more, KTIME_MAX);
}

/** What a program may do without a step above `quietest`. */
function levelOf(cpu: KernelCpu, quietest: EventKind): Quiet {
  if (quietest === EventKind.Reading) return Quiet.Looks;
  return mayThrottle(cpu) ? Quiet.Work : Quiet.Calls;
}

/** From the start of the step to the end of the operation under way, or as much of it as is certain. */
function restOfOperation(cpu: KernelCpu, { mode, kind, stage, argA }: UserRegs): Ns {
  const { arch, config } = cpu;
  const begins = mode === RegsMode.User;
  if (begins && isUserWork(kind)) return 0;
  const entry = begins ? arch.costOf(Path.SyscallEntry) + arch.costOf(Path.Syscall) : 0;
  if (begins && maySleep(kind)) return entry;
  // a kernel thread comes from nowhere and goes nowhere
  const sure = entry + (isKthread(cpu, cpu.curr) ? 0 : arch.costOf(Path.SyscallExit));
  if (kind === OpKind.ReadCputime) return sure + (config.workload.reads[argA]!.looks.length - stage) * arch.costOf(Path.ReadCputime);
  if (!begins) return sure;
  if (kind === OpKind.Guest) return sure + arch.costOf(Path.GuestEntry) + Math.max(1, argA);
  return kind === OpKind.Syscall ? sure + Math.max(1, argA) : sure;
}

/** Whether another task may run after the operation, or in the middle of it. */
function mayLoseCpu({ state }: KernelCpu, { mode, kind }: UserRegs): boolean {
  return state.needResched !== 0 || (mode === RegsMode.User && (maySleep(kind) || kind === OpKind.Yield));
}

/** Of the calls that at most read. */
function maySleep(kind: number): boolean {
  return kind === OpKind.Sleep || kind === OpKind.Timer;
}
