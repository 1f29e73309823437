/**
 * Which interrupts have a numbered line, and which are vectors of a CPU without one: a PC's local timer and
 * its IPIs are such vectors, while on arm64 everything is a line of the interrupt controller.
 */
import type { InterruptCounts, MachineSnapshot } from './machine-snapshot.ts';

/** Whether it is an arm64 machine, by the timers of its CPUs. */
export const isArm64 = ({ cpus }: MachineSnapshot): boolean => cpus.some(({ device }) => device?.name === 'arch_sys_timer');

/** arm64: the line of the first IPI, and that of the CPUs' timers, as recorded. */
const FIRST_IPI = 1;
const ARCH_TIMER = 11;
/** IPIs in the order of arm64. @linux arch/arm64/kernel/smp.c enum ipi_msg_type */
export const Arm64Ipi = { Reschedule: 0, CallFunction: 1, IrqWork: 5 } as const;

/** A CPU's interrupts by line. */
export function byLine(snapshot: MachineSnapshot, counts: InterruptCounts): Map<number, number> {
  const { lines, localTimer, reschedule, callFunction, irqWork } = counts;
  if (!isArm64(snapshot)) return new Map(lines);
  return new Map([
    ...lines,
    [FIRST_IPI + Arm64Ipi.Reschedule, reschedule], [FIRST_IPI + Arm64Ipi.CallFunction, callFunction],
    [FIRST_IPI + Arm64Ipi.IrqWork, irqWork], [ARCH_TIMER, localTimer],
  ]);
}

/** A CPU's interrupts that have no line. @linux arch/x86/kernel/irq.c arch_irq_stat_cpu */
export function withoutLine(snapshot: MachineSnapshot, { localTimer, reschedule, callFunction, irqWork }: InterruptCounts): number {
  return isArm64(snapshot) ? 0 : localTimer + reschedule + callFunction + irqWork;
}

/**
 * Interrupt numbers that the machine has room for. A PC with one I/O APIC of 24 pins: pins, 16 legacy lines,
 * 8 a CPU, and 16 a pin for messages; 456 on 4 CPUs, as recorded. arm64: 64, as recorded.
 * @linux arch/x86/kernel/apic/vector.c arch_probe_nr_irqs
 */
export const nrIrqs = (snapshot: MachineSnapshot): number => (isArm64(snapshot) ? 64 : 24 + 16 + 8 * snapshot.cpus.length + 16 * 24);
