import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JudgedRun } from '../../src/host/judged-run.ts';
import { escapeHtml, reportHtml, witnessLine } from '../../src/host/report-html.ts';
import type { RunRecord } from '../../src/host/run-json.ts';
import { broken, runRecord, taskFigures } from './run-record.ts';

const { facts } = runRecord().run;
const withRun = (more: Partial<JudgedRun>): RunRecord => runRecord({ run: { ...runRecord().run, ...more } });

describe('report.html', () => {
  it('shows verdicts, witness, figures and the line that gives the run again', () => {
    const page = reportHtml(runRecord());
    const pieces = ['V-02', 'broken', '31,538', 'csd_queue_cpu', '1,500.000', '1,000,000', 'dynticks run dir/mix.json', 'c2843ec041fd47cd'];
    for (const piece of pieces) expect(page).toContain(piece);
  });

  it('escapes what came from the scenario', () => {
    const page = reportHtml(runRecord());
    expect(page).not.toContain('a<b>');
    expect(page).not.toContain('<took>');
    expect(page).toContain('a&#60;b&#62;-0');
  });

  it('asks for nothing from elsewhere and runs no script', () => {
    const page = reportHtml(runRecord());
    expect(page).not.toMatch(/<script|https?:|src=|href=|@import|url\(/i);
    expect(page).toContain("default-src 'none'");
  });

  it('leaves out idle tasks and unused records, and says how many rows it does not show', () => {
    const { run } = runRecord();
    expect(reportHtml(runRecord())).not.toMatch(/swapper|thread0-3/);
    const tasks = Array.from({ length: 503 }, (_, i) => taskFigures(i));
    expect(reportHtml(runRecord({ run: { ...run, figures: { ...run.figures, tasks } } }))).toContain('3 more in run.json');
  });

  it('shows broken properties first, with how often they were, and breaks no id', () => {
    const page = reportHtml(runRecord());
    const ids = [...page.matchAll(/<tr><td class="whole">([^<]*)</g)].map((match) => match[1]);
    expect(ids).toEqual(['V-02', 'G-01', 'X-S1']);
    expect(page).toContain('<td class="n whole">2 of 1,000</td>');
    expect(page).toMatch(/\.whole \{ white-space: nowrap; \}/);
  });

  it('says which CPUs account in which way', () => {
    expect(reportHtml(withRun({ facts: { ...facts, cputime: ['tick', 'gen', 'gen', 'gen'] } }))).toContain('<dd>tick: 0; gen: 1-3</dd>');
    expect(reportHtml(withRun({ facts: { ...facts, cputime: ['gen', 'gen'] } }))).toContain('<dd>gen: 0-1</dd>');
  });

  it('has a column and a colour for stolen time where there is any', () => {
    const { figures } = runRecord().run;
    const cpus = figures.cpus.map((cpu) => ({ ...cpu, stealNs: 2_500_000 }));
    expect(reportHtml(runRecord())).not.toContain('<i class="steal"');
    const page = reportHtml(withRun({ figures: { ...figures, cpus } }));
    expect(page).toContain('<i class="steal"></i>steal');
    expect(page).toMatch(/<i class="steal" style="width:0\.12%">.*249\.956<\/td><td class="n">2\.500<\/td>/);
  });

  it('speaks of stuck tasks and missed cuts only where there are any', () => {
    expect(reportHtml(withRun({ stuckTasks: [], missedCuts: [] }))).not.toMatch(/Nothing can wake|Cuts never reached/);
    const page = reportHtml(withRun({ stuckTasks: ['t-0', 't-1'], missedCuts: [0, 2] }));
    expect(page).toContain('<dt>Nothing can wake</dt><dd>t-0, t-1</dd>');
    expect(page).toContain('<dt>Cuts never reached</dt><dd>cuts[0], cuts[2]</dd>');
  });

  it('is the same page on every host', () => {
    const elsewhere = runRecord({ host: { ...runRecord().host, seconds: 77, hostname: 'there', folder: 'x' } });
    expect(reportHtml(elsewhere)).toBe(reportHtml(runRecord()));
  });
});

it('escaped text has no character that could end text or a quoted attribute', () => {
  fc.assert(fc.property(fc.string({ unit: fc.constantFrom('<', '>', '&', '"', "'", 'a', '#') }), (text) => {
    const escaped = escapeHtml(text);
    expect(escaped).not.toMatch(/[<>"']/);
    expect(escaped.replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)))).toBe(text);
  }));
});

it('an event of a witness is one line, and the participant after the last CPU is the coordinator', () => {
  expect(broken.witness.events.map((event) => witnessLine(event, 2))).toEqual([
    'CPU 0  0.044088098  task_cputime  task=5 k=3',
    'coordinator  1.000000001  csd_queue_cpu',
  ]);
});
