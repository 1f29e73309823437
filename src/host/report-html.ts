/**
 * `report.html`: a run on one page, to be mailed or archived. Self-contained: no script, no font, no
 * picture from elsewhere. Everything that came from a scenario is escaped. It says nothing of the
 * host, so that two runs of one seed give the same page.
 */
import { CPUTIME_FLAVOURS, type CputimeFlavour } from '../../shared/cputime-flavour.ts';
import { formatCpuList } from '../kernel/cpulist.ts';
import { isStolenFrom, type CpuFigures, type TaskFigures } from '../observe/run-figures.ts';
import { cpuName, type Judgement, type OracleVerdict, type WitnessEvent } from './judged-run.ts';
import { REPORT_STYLE } from './report-style.ts';
import type { RunRecord } from './run-json.ts';
import { count, engineName, milliseconds, seconds } from './texts.ts';

/** Rows of the task table; run.json has all of them. */
const TASK_ROWS_MAX = 500;

/** Markup that is already escaped; a plain string never is. */
class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

type Content = Html | string | number | readonly Content[];

/** Template tag: what is put in is escaped unless it is `Html`. */
function html(parts: TemplateStringsArray, ...contents: readonly Content[]): Html {
  return new Html(parts.reduce((text, part, i) => text + render(contents[i - 1]!) + part));
}

function render(content: Content): string {
  if (content instanceof Html) return content.text;
  if (typeof content === 'object') return content.map(render).join('');
  return escapeHtml(String(content));
}

/** For text and quoted attribute values. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

export function reportHtml(record: RunRecord): string {
  const { scenario } = record;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>dynticks: ${scenario.name}, seed ${scenario.seed}</title>
<style>${new Html(REPORT_STYLE)}</style>
</head>
<body>
<main>
<h1>${scenario.name} ${verdictWord(record.outcome)}</h1>
${summary(record)}
${oracleSection(record)}
${cpuSection(record)}
${taskSection(record)}
${listSection('Warnings', scenario.warnings)}
${listSection('Modelled by approximation', scenario.approximations)}
<h2>The same run again</h2>
<pre>${record.reproduce}</pre>
<footer>dynticks ${record.version} · engine ${engineName(record.engine)}: ${record.engine.determinism}</footer>
</main>
</body>
</html>
`;
  return page.text;
}

type SummaryRow = readonly [name: string, value: string];

function summary(record: RunRecord): Html {
  const { scenario, run } = record;
  const { reads } = run.figures;
  const rows: readonly SummaryRow[] = [
    ['Ended', `${run.reason}, at ${seconds(run.endNs)} s of simulated time`],
    ['Machine', `${scenario.cpus} CPUs, HZ ${scenario.hz}, Linux ${scenario.kernel}`],
    ['Command line', scenario.cmdline.text || '(empty)'],
    ['Accounting', accountingText(run.facts.cputime)],
    ['Faults', scenario.faults.join(', ') || 'none'],
    ...rowIfAny('Nothing can wake', run.stuckTasks),
    ...rowIfAny('Cuts never reached', run.missedCuts.map((i) => `cuts[${i}]`)),
    ['Seed, ties', `${scenario.seed}, ${scenario.ties}`],
    ['Events', `${count(run.figures.events)}, records ${count(run.records)}`],
    ['CPU time read', `${count(reads.taskReads)} of tasks, ${count(reads.cpuReads)} of CPUs, ${count(reads.ofRunning)} while running`],
    ['Digest', run.digest],
  ];
  return html`<dl>${rows.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`;
}

const rowIfAny = (name: string, values: readonly string[]): readonly SummaryRow[] =>
  (values.length === 0 ? [] : [[name, values.join(', ')]]);

/** Which CPUs account in which way: `tick: 0; gen: 1-3`. */
function accountingText(cputime: readonly CputimeFlavour[]): string {
  return CPUTIME_FLAVOURS
    .map((flavour) => [flavour, cputime.flatMap((own, cpu) => (own === flavour ? [cpu] : []))] as const)
    .filter(([, cpus]) => cpus.length > 0)
    .map(([flavour, cpus]) => `${flavour}: ${formatCpuList(cpus)}`)
    .join('; ');
}

function oracleSection(record: RunRecord): Html {
  const { verdicts, facts } = record.run;
  if (verdicts.length === 0) return html`<h2>Oracles</h2><p>Nobody judged this run.</p>`;
  const broken = verdicts.filter(isBroken);
  const rows = [...broken, ...verdicts.filter((oracle) => !isBroken(oracle))];
  return html`<h2>Oracles</h2>
<table><thead><tr><th>id</th><th>verdict</th><th class="n">checked</th><th>property</th></tr></thead>
<tbody>${rows.map((oracle) => oracleRow(oracle, facts.cpus))}</tbody></table>`;
}

const isBroken = ({ verdict }: OracleVerdict): boolean => verdict.verdict === 'broken';

function oracleRow(oracle: OracleVerdict, cpus: number): Html {
  const { verdict } = oracle;
  const cells = [oracle.id, verdictWord(verdict.verdict)].map((cell) => html`<td class="whole">${cell}</td>`);
  const row = html`<tr>${cells}<td class="n whole">${checkedText(verdict)}</td><td>${oracle.says}</td></tr>\n`;
  if (verdict.verdict !== 'broken') return row;
  const events = verdict.witness.events.map((event) => `${witnessLine(event, cpus)}\n`);
  return html`${row}<tr><td></td><td colspan="3"><p>${verdict.witness.says}</p>\n<pre>${events}</pre></td></tr>\n`;
}

/** Of a broken property also how often it was: `176 of 708`. */
function checkedText(verdict: Judgement): string {
  switch (verdict.verdict) {
    case 'held': return count(verdict.checked);
    case 'broken': return `${count(verdict.violations)} of ${count(verdict.checked)}`;
    case 'not exercised': return '';
  }
}

function verdictWord(word: string): Html {
  return html`<span class="verdict ${word.replace(' ', '-')}">${word}</span>`;
}

/** One event of a witness as text: `CPU 1  0.004000000  vtime_publish  task=5 k=12`. */
export function witnessLine(event: WitnessEvent, cpus: number): string {
  const fields = Object.entries(event.fields).map(([name, value]) => `${name}=${value}`);
  return `${cpuName(event.cpu, cpus)}  ${seconds(event.t)}  ${event.event}  ${fields.join(' ')}`.trimEnd();
}

const CPU_COUNTS = ['ticks', 'timer irqs', 'RES', 'CAL', 'wake-ups', 'switches'];

function cpuSection(record: RunRecord): Html {
  const { figures } = record.run;
  const kinds = isStolenFrom(figures) ? [...TIME_KINDS, 'steal'] : TIME_KINDS;
  const key = kinds.map((kind) => html`<i class="${kind}"></i>${kind}`);
  return html`<h2>CPUs</h2>
<p class="key">${key}; times in ms</p>
<table><thead><tr><th>CPU</th><th></th>${heads([...kinds, ...CPU_COUNTS])}</tr></thead>
<tbody>${figures.cpus.map((cpu) => cpuRow(cpu, kinds))}</tbody></table>`;
}

const TIME_KINDS: readonly string[] = ['user', 'system', 'softirq', 'irq', 'idle'];

/** What the CPU really did, by kind; stolen time comes last, and is left out where no CPU has any. */
function timesOf(cpu: CpuFigures, kinds: readonly string[]): readonly number[] {
  return [cpu.userNs, cpu.systemNs, cpu.softirqNs, cpu.irqNs, cpu.idleNs, cpu.stealNs].slice(0, kinds.length);
}

function cpuRow(cpu: CpuFigures, kinds: readonly string[]): Html {
  const { reschedule, callFunction } = cpu.ipis;
  const numbers = [cpu.ticks, cpu.timerInterrupts, reschedule, callFunction, cpu.wakeups, cpu.contextSwitches];
  return html`<tr><td>${cpu.cpu}</td><td>${shareBar(cpu, kinds)}</td>${times(timesOf(cpu, kinds))}${counts(numbers)}</tr>\n`;
}

/** What the CPU's time went to, as a bar. */
function shareBar(cpu: CpuFigures, kinds: readonly string[]): Html {
  const spent = timesOf(cpu, kinds);
  const total = Math.max(1, spent.reduce((sum, ns) => sum + ns, 0));
  const parts = kinds.map((kind, i) => html`<i class="${kind}" style="width:${((100 * spent[i]!) / total).toFixed(2)}%"></i>`);
  return html`<div class="bar">${parts}</div>`;
}

const TASK_TIMES = ['user', 'system', 'irq', 'utime', 'stime'];
const TASK_COUNTS = ['wake-ups', 'migrations', 'iterations', 'events'];

function taskSection(record: RunRecord): Html {
  const tasks = record.run.figures.tasks.filter((task) => task.pid > 0 && task.state !== 'unused');
  const left = tasks.length - TASK_ROWS_MAX;
  return html`<h2>Tasks</h2>
<p class="key">user, system and irq are what really was; utime and stime are what the kernel accounts; times in ms</p>
<table><thead><tr><th>task</th>${heads(['pid', 'CPU'])}<th>state</th>${heads([...TASK_TIMES, ...TASK_COUNTS])}</tr></thead>
<tbody>${tasks.slice(0, TASK_ROWS_MAX).map(taskRow)}</tbody></table>
${left > 0 ? html`<p>${left} more in run.json.</p>` : ''}`;
}

function taskRow(task: TaskFigures): Html {
  const spent = [task.userNs, task.systemNs, task.irqNs, task.utimeNs, task.stimeNs];
  const numbers = [task.wakeups, task.migrations, task.iterations, task.events];
  const place = [task.pid, task.cpu].map((n) => html`<td class="n">${n}</td>`);
  return html`<tr><td>${task.name}</td>${place}<td>${task.state}</td>${times(spent)}${counts(numbers)}</tr>\n`;
}

function listSection(title: string, sentences: readonly string[]): Html | string {
  if (sentences.length === 0) return '';
  return html`<h2>${title}</h2><ul>${sentences.map((s) => html`<li>${s}</li>`)}</ul>`;
}

function heads(names: readonly string[]): readonly Html[] {
  return names.map((name) => html`<th class="n">${name}</th>`);
}

function times(ns: readonly number[]): readonly Html[] {
  return ns.map((t) => html`<td class="n">${milliseconds(t)}</td>`);
}

function counts(ns: readonly number[]): readonly Html[] {
  return ns.map((n) => html`<td class="n">${count(n)}</td>`);
}
