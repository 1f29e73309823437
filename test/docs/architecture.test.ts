/**
 * The journey of `docs/ARCHITECTURE.md` is a real one: its scenario is run here, and each line of its
 * trace must be in that run, in that order. A line that ends in `…` is compared up to there.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { formatEvent } from '../../src/observe/format-event.ts';
import { factsOf, simulate } from '../../src/sim.ts';
import { resolveScenario } from '../../src/workload/resolve.ts';

const text = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'ARCHITECTURE.md'), 'utf8');

function blocksOf(language: string): string[] {
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map((match) => match[1]!);
}

const shown = blocksOf('trace').flatMap((block) => block.split('\n').filter((line) => line !== ''));

/** Every record of the scenario's run as a line. */
async function linesOfRun(scenarioText: string): Promise<string[]> {
  const scenario = resolveScenario(scenarioText, 'journey.json');
  const facts = factsOf(scenario);
  const lines: string[] = [];
  const onEvent = (id: number, cpu: number, t: number, fields: Float64Array, at: number): void => {
    lines.push(formatEvent(facts, id, cpu, t, fields, at));
  };
  await simulate(scenario, { consumers: [{ onEvent }] });
  return lines;
}

/** The lines of the document that the run does not have behind the line before. */
function missingFrom(run: readonly string[]): string[] {
  let at = 0;
  return shown.filter((line) => {
    const cut = line.endsWith('…') ? line.slice(0, -1) : undefined;
    const found = run.findIndex((row, i) => i >= at && (cut === undefined ? row === line : row.startsWith(cut)));
    if (found >= 0) at = found + 1;
    return found < 0;
  });
}

describe('the journey in docs/ARCHITECTURE.md', () => {
  it('is what the machine does, line by line', async () => {
    const [scenario] = blocksOf('json journey');
    const run = await linesOfRun(scenario!);
    const events = new Set(shown.map((line) => line.split(' ').filter(Boolean)[2]));
    const now = run.filter((line) => line.includes('sleeper') || events.has(line.split(' ').filter(Boolean)[2]));
    expect(missingFrom(run), `the document is out of date; candidates of this run:\n${now.slice(-60).join('\n')}`).toEqual([]);
  });

  it('has more than a handful of lines to compare', () => {
    expect(shown.length).toBeGreaterThan(20);
  });
});
