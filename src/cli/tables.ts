/** The figures of a run as tables for a terminal. */
import Table from 'cli-table3';
import { count, milliseconds } from '../host/texts.ts';
import { isStolenFrom, type CpuFigures, type RunFigures, type TaskFigures } from '../observe/run-figures.ts';

/** Rows of the task table; run.json has all of them. */
const TASK_ROWS_MAX = 40;

type Row = readonly string[];

const TIMES_HEAD: Row = ['CPU', 'user', 'system', 'softirq', 'irq', 'idle'];
const COUNTS_HEAD: Row = ['ticks', 'timer irqs', 'RES', 'CAL', 'wake-ups', 'switches'];

/**
 * One row a CPU and their sum; times in ms, as they really were, stolen time where any was. RES and CAL are the IPIs taken, as
 * /proc/interrupts names them.
 */
export function cpuTable(figures: RunFigures): string {
  const stolen = isStolenFrom(figures);
  const times = figures.cpus.map((cpu) => [...cpuTimes(cpu), ...(stolen ? [cpu.stealNs] : [])]);
  const counts = figures.cpus.map(cpuCounts);
  const rows = figures.cpus.map((cpu, i) => cpuRow(String(cpu.cpu), times[i]!, counts[i]!));
  if (rows.length > 1) rows.push(cpuRow('all', columnSums(times), columnSums(counts)));
  return table([...TIMES_HEAD, ...(stolen ? ['steal'] : []), ...COUNTS_HEAD], rows, 1);
}

function cpuRow(name: string, times: readonly number[], counts: readonly number[]): Row {
  return [name, ...times.map(milliseconds), ...counts.map(count)];
}

function cpuTimes(cpu: CpuFigures): readonly number[] {
  return [cpu.userNs, cpu.systemNs, cpu.softirqNs, cpu.irqNs, cpu.idleNs];
}

function cpuCounts(cpu: CpuFigures): readonly number[] {
  return [cpu.ticks, cpu.timerInterrupts, cpu.ipis.reschedule, cpu.ipis.callFunction, cpu.wakeups, cpu.contextSwitches];
}

function columnSums(rows: readonly (readonly number[])[]): readonly number[] {
  return rows[0]!.map((_, i) => rows.reduce((sum, row) => sum + row[i]!, 0));
}

const TASK_HEAD: Row = [
  'task', 'state', 'pid', 'CPU', 'user', 'system', 'irq', 'utime', 'stime', 'wake-ups', 'migrations', 'iterations', 'events',
];

/**
 * One row a task of the workload; user, system and irq (softirqs included) as they really were, utime
 * and stime as the kernel accounts them.
 */
export function taskTable(figures: RunFigures): string {
  const tasks = figures.tasks.filter((task) => task.pid > 0 && task.state !== 'unused');
  if (tasks.length === 0) return 'none: the workload has no tasks';
  const shown = table(TASK_HEAD, tasks.slice(0, TASK_ROWS_MAX).map(taskCells), 2);
  const left = tasks.length - TASK_ROWS_MAX;
  return left > 0 ? `${shown}\n${count(left)} more tasks: in run.json and report.html` : shown;
}

function taskCells(task: TaskFigures): string[] {
  const times = [task.userNs, task.systemNs, task.irqNs, task.utimeNs, task.stimeNs];
  const counts = [task.wakeups, task.migrations, task.iterations, task.events];
  return [task.name, task.state, String(task.pid), String(task.cpu), ...times.map(milliseconds), ...counts.map(count)];
}

/** Plain columns, the first `left` of them aligned left, a rule under the head, no trailing blanks. */
export function table(head: Row, rows: readonly Row[], left: number): string {
  const made = new Table({
    head: [...head],
    colAligns: head.map((_, i) => (i < left ? 'left' : 'right')),
    chars: PLAIN,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0, compact: true },
  });
  for (const row of rows) made.push([...row]);
  return made.toString().replace(/ +$/gm, '');
}

const PLAIN = {
  top: '', 'top-mid': '', 'top-left': '', 'top-right': '',
  bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '',
  left: '', 'left-mid': '', right: '', 'right-mid': '',
  mid: '─', 'mid-mid': '  ', middle: '  ',
};
