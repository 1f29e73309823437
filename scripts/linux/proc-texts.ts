/**
 * The recorder's figures from two looks at /proc: what it read before the run and at the end of it, as
 * text. Written for the files of a real kernel; the simulated machine prints the same.
 */
import { interruptLine, type Leaf } from './leaves.ts';

/** A look: files by their name below /proc. */
export type ProcTexts = Readonly<Record<'stat' | 'interrupts' | 'softirqs' | 'timer_list', string>>;

/** Columns of /proc/stat that the recorder keeps, in the file's order. */
const STAT_COLUMNS = ['user', 'nice', 'sys', 'idle', 'iowait', 'irq', 'softirq', 'steal', 'guest'];
const INTERRUPT_ROWS = ['LOC', 'RES', 'CAL', 'IWI', 'TLB'];
const SOFTIRQ_ROWS = ['TIMER', 'HRTIMER', 'SCHED', 'RCU'];
/** Lines of a CPU in timer_list: how far each got, and how each stands. */
const COUNTED = ['idle_calls', 'idle_sleeps', 'idle_sleeptime', 'jiffies', 'last_jiffies', 'idle_jiffies', 'nr_events'];
const STANDING = ['tick_stopped', 'nohz_mode'];
/** Interrupt lines of the timers of the board. */
const TIMER_LINE = /^\s*(\d+):((?:\s+\d+)+)\s+(.*(?:timer|rtc0|hpet).*)$/;

/** How far each counter of /proc got from one look to the next, by the recorder's names. */
export function procFigures(before: ProcTexts, live: ProcTexts): Map<string, Leaf> {
  const from = countersOf(before);
  const to = countersOf(live);
  const figures = new Map<string, Leaf>();
  for (const [key, value] of to) {
    const stands = STANDING.some((name) => key.endsWith(`.${name}`));
    figures.set(key, stands ? value : value - (from.get(key) ?? 0));
  }
  return figures;
}

function countersOf(texts: ProcTexts): Map<string, number> {
  const counters = new Map<string, number>();
  interrupts(texts.interrupts, counters);
  stat(texts.stat, counters);
  softirqs(texts.softirqs, counters);
  timerList(texts.timer_list, counters);
  return counters;
}

function interrupts(text: string, counters: Map<string, number>): void {
  for (const line of text.split('\n')) {
    const [label, ...words] = line.trim().split(/\s+/);
    const row = label!.replace(':', '');
    if (INTERRUPT_ROWS.includes(row)) {
      words.filter((word) => /^\d+$/.test(word)).forEach((word, cpu) => counters.set(`${row}.${cpu}`, Number(word)));
    }
    const timer = TIMER_LINE.exec(line);
    if (timer !== null) {
      const [, number, counts, name] = timer;
      const key = `timer_irqs.${interruptLine(`${number} ${name}`)}`;
      counts!.trim().split(/\s+/).forEach((word, cpu) => counters.set(`${key}.${cpu}`, Number(word)));
    }
  }
}

function stat(text: string, counters: Map<string, number>): void {
  for (const line of text.split('\n')) {
    const [label, ...words] = line.split(/\s+/);
    const cpu = /^cpu(\d+)$/.exec(label!)?.[1];
    if (cpu !== undefined) STAT_COLUMNS.forEach((name, i) => counters.set(`stat.${cpu}.${name}`, Number(words[i])));
    if (label === 'ctxt') counters.set('ctxt', Number(words[0]));
  }
}

function softirqs(text: string, counters: Map<string, number>): void {
  for (const line of text.split('\n')) {
    const [label, ...words] = line.trim().split(/\s+/);
    const row = label!.replace(':', '');
    if (SOFTIRQ_ROWS.includes(row)) words.forEach((word, cpu) => counters.set(`softirq.${row}.${cpu}`, Number(word)));
  }
}

function timerList(text: string, counters: Map<string, number>): void {
  let cpu = '';
  for (const line of text.split('\n')) {
    cpu = /^cpu: (\d+)$/.exec(line)?.[1] ?? cpu;
    const [, name, value] = /^\s*\.?(\w+)\s*: (\d+)/.exec(line) ?? [];
    if (name !== undefined && (COUNTED.includes(name) || STANDING.includes(name))) {
      counters.set(`timer_list.${cpu}.${name}`, Number(value));
    }
  }
}
