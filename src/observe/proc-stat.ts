/**
 * /proc/stat as Linux prints it.
 * @linux fs/proc/stat.c show_stat
 */
import { NSEC_PER_SEC, USER_HZ, type Ns } from '../../shared/units.ts';
import { idleTimeNs, iowaitTimeNs } from './idle-time.ts';
import { byLine, nrIrqs, withoutLine } from './interrupt-lines.ts';
import type { CpuSnapshot, MachineSnapshot } from './machine-snapshot.ts';
import type { KcpustatSlot } from './run-figures.ts';

/** The file's own order of columns. */
const COLUMNS: readonly KcpustatSlot[] = [
  'user', 'nice', 'system', 'idle', 'iowait', 'irq', 'softirq', 'steal', 'guest', 'guest_nice',
];

/** Length of a unit of /proc's times. */
const CLOCK_TICK_NS: Ns = NSEC_PER_SEC / USER_HZ;

/** ns in units of 1 / USER_HZ s, rounded down. @linux kernel/time/time.c nsec_to_clock_t */
export const nsecToClockT = (ns: Ns): number => Math.floor(ns / CLOCK_TICK_NS);

const sum = (numbers: Iterable<number>): number => {
  let total = 0;
  for (const n of numbers) total += n;
  return total;
};

/** The whole file, with its final newline. */
export function procStat(snapshot: MachineSnapshot): string {
  const { cpus } = snapshot;
  return [
    // sum first, divide last: a column of this line may exceed the sum of the lines below
    cpuLine('cpu ', (slot) => sum(cpus.map((cpu) => slotNs(snapshot, cpu, slot)))),
    ...cpus.filter((cpu) => cpu.online).map((cpu) => cpuLine(`cpu${cpu.cpu}`, (slot) => slotNs(snapshot, cpu, slot))),
    intrLine(snapshot),
    `ctxt ${snapshot.contextSwitches}`,
    `btime ${bootTimeS(snapshot)}`,
    `processes ${snapshot.processes}`,
    `procs_running ${snapshot.procsRunning}`,
    `procs_blocked ${snapshot.procsBlocked}`,
    softirqLine(cpus),
    '',
  ].join('\n');
}

const cpuLine = (label: string, ns: (slot: KcpustatSlot) => Ns): string =>
  [label, ...COLUMNS.map((slot) => nsecToClockT(ns(slot)))].join(' ');

function slotNs(snapshot: MachineSnapshot, cpu: CpuSnapshot, slot: KcpustatSlot): Ns {
  if (slot === 'idle') return idleTimeNs(snapshot, cpu);
  return slot === 'iowait' ? iowaitTimeNs(snapshot, cpu) : cpu.kcpustat[slot];
}

/** The wall clock's reading at boot, in whole s: it moves when the wall clock is set. @linux kernel/time/timekeeping.c getboottime64 */
const bootTimeS = ({ epochS, offsets }: MachineSnapshot): number =>
  epochS + Math.floor((offsets.realNs - offsets.bootNs) / NSEC_PER_SEC);

/** The total has the interrupts without a line in it; the lines follow, gaps as 0. */
function intrLine(snapshot: MachineSnapshot): string {
  const lines = new Array<number>(nrIrqs(snapshot)).fill(0);
  let total = 0;
  for (const { interrupts } of snapshot.cpus) {
    total += withoutLine(snapshot, interrupts);
    for (const [line, count] of byLine(snapshot, interrupts)) lines[line] = (lines[line] ?? 0) + count;
  }
  return ['intr', total + sum(lines), ...lines].join(' ');
}

function softirqLine(cpus: readonly CpuSnapshot[]): string {
  const byVector = cpus[0]!.softirqs.map((_, vec) => sum(cpus.map((cpu) => cpu.softirqs[vec]!)));
  return ['softirq', sum(byVector), ...byVector].join(' ');
}
