import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { escapeHtml, reportHtml, witnessLine } from '../../src/host/report-html.ts';
import { broken, runRecord, taskFigures } from './run-record.ts';

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
