import { expect, it } from 'vitest';
import { cpuTable, taskTable } from '../../src/cli/tables.ts';
import { cpuFigures, runRecord, taskFigures } from '../host/run-record.ts';

const { figures } = runRecord().run;

it('the table of CPUs has a row a CPU and their sum', () => {
  expect(cpuTable(figures)).toBe(`
CPU       user   system  softirq    irq     idle  ticks  timer irqs  RES  CAL  wake-ups   switches
───  ─────────  ───────  ───────  ─────  ───────  ─────  ──────────  ───  ───  ────────  ─────────
0    1,500.000  250.000    0.003  0.040  249.956    500       1,234    7    2        99  1,000,000
1        0.000  250.000    0.003  0.040  249.956      1       1,234    7    2        99  1,000,000
all  1,500.000  500.001    0.006  0.080  499.912    501       2,468   14    4       198  2,000,000`.slice(1));
});

it('stolen time has a column where a hypervisor took any', () => {
  const [first, ...rest] = figures.cpus;
  const lines = cpuTable({ ...figures, cpus: [{ ...first!, stealNs: 2_500_000 }, ...rest] }).split('\n');
  expect(lines[0]).toContain('   idle  steal  ticks');
  expect(lines[2]).toContain('249.956  2.500    500');
  expect(lines.at(-1)).toContain('499.912  2.500    501');
});

it('a machine of one CPU needs no sum', () => {
  expect(cpuTable({ ...figures, cpus: [cpuFigures(0)] }).split('\n')).toHaveLength(3);
});

it('the table of tasks leaves out idle tasks and unused records', () => {
  expect(taskTable(figures)).toBe(`
task    state      pid  CPU   user  system    irq  utime  stime  wake-ups  migrations  iterations  events
──────  ────────  ────  ───  ─────  ──────  ─────  ─────  ─────  ────────  ──────────  ──────────  ──────
a<b>-0  sleeping  1002    1  1.000   0.002  0.000  4.000  0.000        12           3           4   1,024`.slice(1));
});

it('a long table of tasks is cut, and says so', () => {
  const tasks = Array.from({ length: 45 }, (_, i) => taskFigures(i));
  const lines = taskTable({ ...figures, tasks }).split('\n');
  expect([lines.length, lines.at(-1)]).toEqual([43, '5 more tasks: in run.json and report.html']);
});

it('a workload without tasks says so', () => {
  expect(taskTable({ ...figures, tasks: [] })).toBe('none: the workload has no tasks');
});
