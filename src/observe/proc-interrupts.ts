/**
 * /proc/interrupts as Linux prints it. Rows of devices that this machine does not have are left
 * out, but the processor's own rows all stand, as they do on a real one: programs look for them by name.
 * @linux arch/x86/kernel/irq.c arch_show_interrupts
 */
import type { KernelVersion } from '../kernel/versions.ts';
import { isArm64 } from './interrupt-lines.ts';
import type { InterruptCounts, MachineSnapshot } from './machine-snapshot.ts';

/** Rows of numbered lines: chip, pin, trigger and the driver's name. @linux kernel/irq/proc.c show_interrupts */
const LINES: ReadonlyMap<number, string> = new Map([[0, 'IO-APIC   2-edge      timer']]);

type Row = readonly [label: string, text: string, count?: (counts: InterruptCounts) => number];

// table: rows in Linux's order; one without a count has no such interrupts here, so it is 0
const FIRST_ROWS: readonly Row[] = [
  ['NMI', 'Non-maskable interrupts'],
  ['LOC', 'Local timer interrupts', ({ localTimer }) => localTimer],
  ['SPU', 'Spurious interrupts'],
  ['PMI', 'Performance monitoring interrupts'],
  ['IWI', 'IRQ work interrupts', ({ irqWork }) => irqWork],
  ['RTR', 'APIC ICR read retries'],
  ['RES', 'Rescheduling interrupts', ({ reschedule }) => reschedule],
  ['CAL', 'Function call interrupts', ({ callFunction }) => callFunction],
  ['TLB', 'TLB shootdowns'],
  ['TRM', 'Thermal event interrupts'],
];
const MACHINE_CHECK_ROWS: readonly Row[] = [
  ['THR', 'Threshold APIC interrupts'],
  ['DFR', 'Deferred Error APIC interrupts'],
  ['MCE', 'Machine check exceptions'],
  ['MCP', 'Machine check polls'],
];
const LAST_ROWS: readonly Row[] = [
  ['PIN', 'Posted-interrupt notification event'],
  ['NPI', 'Nested posted-interrupt event'],
  ['PIW', 'Posted-interrupt wakeup event'],
];
/** Counted for the machine, not for each CPU. */
const ERROR_ROWS = ['ERR', 'MIS'];

// table: arm64's rows in its order; IPI<n> is the n-th kind of message between CPUs
const ARM64_ROWS: readonly Row[] = [
  ['IPI0', 'Rescheduling interrupts', ({ reschedule }) => reschedule],
  ['IPI1', 'Function call interrupts', ({ callFunction }) => callFunction],
  ['IPI2', 'CPU stop interrupts'],
  ['IPI3', 'CPU stop (for crash dump) interrupts'],
  ['IPI4', 'Timer broadcast interrupts'],
  ['IPI5', 'IRQ work interrupts', ({ irqWork }) => irqWork],
  ['IPI6', 'CPU wake-up interrupts'],
];

/** The whole file, with its final newline. */
export function procInterrupts(snapshot: MachineSnapshot, version: KernelVersion): string {
  const cpus = snapshot.cpus.filter(({ online }) => online);
  const counts = cpus.map(({ interrupts }) => interrupts);
  const head = `${' '.repeat(LABEL_WIDTH + 8)}${cpus.map(({ cpu }) => `CPU${String(cpu).padEnd(8)}`).join('')}`;
  return [head, ...(isArm64(snapshot) ? arm64Rows(counts) : pcRows(counts, version)), ''].join('\n');
}

function pcRows(counts: readonly InterruptCounts[], version: KernelVersion): string[] {
  const row = ([label, text, count = () => 0]: Row): string => rowOf(label, counts.map(count), `  ${text}`);
  return [
    ...[...LINES].map(([line, text]) => rowOf(String(line), counts.map(({ lines }) => lines.get(line) ?? 0), `  ${text}`)),
    ...FIRST_ROWS.map(row),
    ...(version.machineCheckRows ? MACHINE_CHECK_ROWS.map(row) : []),
    ...ERROR_ROWS.map((label) => rowOf(label, [0], '').trimEnd()),
    ...LAST_ROWS.map(row),
  ];
}

/** @linux arch/arm64/kernel/smp.c arch_show_interrupts */
function arm64Rows(counts: readonly InterruptCounts[]): string[] {
  return [
    rowOf('11', counts.map(({ localTimer }) => localTimer), 'GIC-0  27 Level     arch_timer'),
    // a label of four letters leaves no blank behind its colon
    ...ARM64_ROWS.map(([label, text, count = () => 0]) => `${label}:${columnsOf(counts.map(count))}      ${text}`),
    rowOf('Err', [0], '').trimEnd(),
  ];
}

/** Digits of the highest line's number, at least 3. */
const LABEL_WIDTH = 3;

const rowOf = (label: string, counts: readonly number[], text: string): string =>
  `${label.padStart(LABEL_WIDTH)}: ${columnsOf(counts)}${text}`;

const columnsOf = (counts: readonly number[]): string => counts.map((n) => `${String(n).padStart(10)} `).join('');
