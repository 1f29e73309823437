/** Gathers the kernel's log from the event stream. */
import type { EventConsumer } from '../../shared/event-consumer.ts';
import { Event } from '../../shared/events.ts';
import { PRINTK } from '../../shared/printk.ts';
import { NSEC_PER_SEC, NSEC_PER_USEC, type CpuId, type Ns } from '../../shared/units.ts';
import { fieldIndex } from './event-handlers.ts';
import { printkText } from './printk-text.ts';

const LINE = fieldIndex('printk', 'line');
const A = fieldIndex('printk', 'a');
const B = fieldIndex('printk', 'b');
/** @linux include/linux/kern_levels.h KERN_INFO */
const INFO = 6;

export interface KernelLogLine {
  /** the speaker's sched clock */
  readonly t: Ns;
  readonly cpu: CpuId;
  /** 3 error, 4 warning, 5 notice, 6 information */
  readonly level: number;
  readonly text: string;
}

export class KernelLogCollector implements EventConsumer {
  readonly interests = [Event.printk];
  readonly lines: KernelLogLine[] = [];
  private readonly onLine: (line: KernelLogLine) => void;

  /** `onLine` is told of each line at once. */
  constructor(onLine: (line: KernelLogLine) => void = () => {}) {
    this.onLine = onLine;
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    if (id !== Event.printk) return;
    const number = fields[at + LINE]!;
    const text = printkText(number, fields[at + A]!, fields[at + B]!);
    const line = { t, cpu, level: PRINTK[number]?.level ?? INFO, text };
    this.lines.push(line);
    this.onLine(line);
  }
}

/** As `dmesg` shows it: `[    0.004000] clocksource: ...`. @linux kernel/printk/printk.c print_time */
export const dmesg = (lines: readonly KernelLogLine[]): string => lines.map(({ t, text }) => `[${timestamp(t)}] ${text}\n`).join('');

function timestamp(t: Ns): string {
  const seconds = Math.floor(t / NSEC_PER_SEC);
  const us = Math.floor((t - seconds * NSEC_PER_SEC) / NSEC_PER_USEC);
  return `${String(seconds).padStart(5)}.${String(us).padStart(6, '0')}`;
}
