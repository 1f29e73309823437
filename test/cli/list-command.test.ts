import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { EVENTS } from '../../shared/events.ts';
import { DEVICES, entriesOf, LIST_KINDS, shippedDir } from '../../src/cli/catalogue.ts';
import { HOST_FAULTS } from '../../src/engine/threads/host-faults.ts';
import { CLOCKSOURCE_NAMES } from '../../shared/structs/timekeeper.ts';
import { commandUnderTest } from './call.ts';

const command = commandUnderTest();

describe('dynticks list', () => {
  it.each(LIST_KINDS)('%s has a line for each entry, and what a command does with it', async (kind) => {
    const { code, out } = await command.call(['list', kind]);
    expect(code).toBe(0);
    for (const { id } of entriesOf(kind)) expect(out).toMatch(new RegExp(`^ {2}${id.replace('.', '\\.')}( |$)`, 'm'));
    expect(out).toMatch(/engine none: no machine runs/);
  });

  it('without a kind lists everything', async () => {
    const { out } = await command.call(['list']);
    expect(out.match(/^\w+:$/gm)).toEqual(LIST_KINDS.map((kind) => `${kind}:`));
  });

  it('as JSON is one document', async () => {
    const all = JSON.parse((await command.call(['list', '--json'])).out) as Record<string, unknown>;
    expect(Object.keys(all)).toEqual(['engine', ...LIST_KINDS]);
    const faults = JSON.parse((await command.call(['list', 'faults', '--json'])).out) as Record<string, unknown>;
    expect(faults.faults).toContainEqual(expect.objectContaining({ id: 'B-01', caughtBy: expect.any(Array) }));
  });

  it('names the mutants of each model', async () => {
    const mutants = entriesOf('models').flatMap((entry) => (entry.mutants as readonly { readonly id: string }[]).map(({ id }) => id));
    const { out } = await command.call(['list', 'models']);
    for (const id of mutants) expect(out).toMatch(new RegExp(`\\[(?:.*, )?${id}(?:, .*)?\\]$`, 'm'));
    expect(mutants).not.toEqual([]);
  });

  it('refuses a kind that is none, with the one that was meant', async () => {
    const { code, err } = await command.call(['list', 'fault']);
    expect([code, err]).toEqual([2, expect.stringMatching(/found "fault".*Did you mean "faults"\?/)]);
  });
});

describe('the catalogue', () => {
  it('has every shipped scenario and says what each is for', () => {
    const files = readdirSync(shippedDir()).filter((name) => name.endsWith('.json'));
    expect(entriesOf('scenarios')).toHaveLength(files.length);
    for (const { id, says } of entriesOf('scenarios')) expect(says, id).not.toBe('');
  });

  it('has every tracepoint', () => {
    expect(entriesOf('tracepoints')).toHaveLength(EVENTS.length);
  });

  it('knows the clock sources that the kernel has', () => {
    const known = DEVICES.filter(({ type }) => type === 'clocksource').map(({ id }) => id);
    expect(known.sort()).toEqual([...CLOCKSOURCE_NAMES].filter((name) => name !== 'tsc-early').sort());
  });

  it('names for each fault oracles that exist, or the host', () => {
    const reporters = [...entriesOf('oracles').map(({ id }) => id), 'host'];
    for (const { caughtBy } of entriesOf('faults')) expect(reporters).toEqual(expect.arrayContaining(caughtBy as string[]));
    const byTheHost = entriesOf('faults').filter(({ caughtBy }) => (caughtBy as string[]).includes('host'));
    expect(byTheHost.map(({ id }) => id)).toEqual(HOST_FAULTS.map(({ id }) => id));
  });
});

describe('help', () => {
  it.each([
    ['--help'], ['run', '--help'], ['list', '--help'], ['explore', '--help'], ['replay', '--help'], ['help', 'run'],
  ])('%s %s has an example', async (...argv) => {
    const { code, out } = await command.call(argv.filter((word) => typeof word === 'string'));
    expect(code).toBe(0);
    expect(out).toMatch(/Examples?:\n {2}\$ dynticks /);
  });

  it('--version is the package’s', async () => {
    expect(await command.call(['--version'])).toMatchObject({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
  });
});
