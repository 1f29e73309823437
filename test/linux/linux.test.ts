/** The comparison with recordings of a real kernel: that its tolerances are what they may be, and a part of it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { compare } from '../../scripts/linux/compare.ts';
import { laterBecause, letterOf, placeOf } from '../../scripts/linux/configurations.ts';
import { numberAt } from '../../scripts/linux/leaves.ts';
import { readRecordings, type Recording } from '../../scripts/linux/recordings.ts';
import { ruleFor, rulesOf, toleranceFile } from '../../scripts/linux/rules.ts';
import { simulatedFigures } from '../../scripts/linux/simulated.ts';
import { COMPARED, workloadNamed } from '../../scripts/linux/workloads.ts';

const SCENARIOS = join(import.meta.dirname, '..', '..', 'scenarios');
const folder = join(import.meta.dirname, 'recordings');
const recordings = readRecordings(folder);
const compared = recordings.filter((recording) => laterBecause(recording) === null);
const rules = rulesOf(toleranceFile.parse(JSON.parse(readFileSync(join(import.meta.dirname, 'tolerances.json'), 'utf8'))));

describe('the tolerances', () => {
  test('have a row for every figure of every compared recording', () => {
    const without = compared.flatMap((recording) =>
      [...recording.figures.keys()].filter((key) => ruleFor(rules, placeOf(recording), key) === undefined));
    expect(without).toEqual([]);
  });

  test('have no row that no figure follows', () => {
    const followed = new Set(compared.flatMap((recording) =>
      [...recording.figures.keys()].map((key) => ruleFor(rules, placeOf(recording), key))));
    expect(rules.filter((rule) => !followed.has(rule)).map(({ keys, where, text }) => `${keys} ${where} ${text}`)).toEqual([]);
  });

  test('are nowhere wider than the line of the README that they name, but in their second list', () => {
    expect(rules.filter(({ allowed }) => !allowed).map(({ keys, text, reason }) => `${keys}: ${text} (${reason})`)).toEqual([]);
  });

  test('are for four configurations, whatever their folders are called', () => {
    const letters = new Map(compared.map((recording) => [recording.configuration.name, letterOf(recording)]));
    expect(Object.fromEntries(letters)).toEqual({ 'a-periodic': 'a', 'b-highres-nonohz': 'b', 'c-nohz-idle': 'c', 'e-lowres-nohz': 'e' });
  });
});

describe('a recording that is not compared', () => {
  const [some] = compared.filter(({ pass }) => pass === 'reader');
  const like = (changes: Partial<Recording>, cmdline = ''): string | null =>
    laterBecause({ ...some!, ...changes, configuration: { ...some!.configuration, cmdline } });

  test('says why: its kernel, a parameter, its workload, or where its workers are', () => {
    const elsewhere = new Map(some!.figures).set('workers.1.cpu', 2);
    expect([like({}), like({}, 'nohz_full=2,3'), like({ workload: workloadNamed('sys3') }), like({ figures: elsewhere })]).toEqual([
      null, 'what nohz_full does is for later', 'there is no workload of the name sys3 here',
      'its workers are on CPUs 3, 2; those of scenarios/reader.json on 3, 0',
    ]);
  });

  test('is none if only its name says more than that of a workload', () => {
    expect(['reader-long', 'readermix_2', 'readermixed'].map(workloadNamed)).toEqual(['reader', 'readermix', 'readermixed']);
  });
});

describe('a CPU that idles where ticks may stop', () => {
  const whole = Object.entries(COMPARED).filter(([, { threads, rtappNs }]) => !threads && rtappNs === null);
  const idle = whole.flatMap(([workload, { cpus }]) =>
    [0, 1, 2, 3].filter((cpu) => !cpus.includes(cpu)).map((cpu) => [workload, cpu] as const));
  const figuresOf = (cpu: number): string[] => [
    `LOC.${cpu}`, `CAL.${cpu}`, `timer_list.${cpu}.idle_calls`, `timer_list.${cpu}.idle_sleeps`, `timer_list.${cpu}.nr_events`,
    `trace.events.cpu_idle.${cpu}`, `trace.events.tick_stop.${cpu}`, `trace.hrtimer_expire.tick_sched_timer.${cpu}`,
  ];

  // in a boot that is not recorded here, another of the idle ones may have the background's timers
  test.each(['c', 'e'])('is held to an order of magnitude in %s, in workloads too of which there is no recording', (letter) => {
    const closer = idle.flatMap(([workload, cpu]) => figuresOf(cpu)
      .filter((key) => ['near', 'exact'].includes(ruleFor(rules, `${letter}/${workload}`, key)!.tolerance.kind))
      .map((key) => `${workload}: ${key}`));
    expect(closer).toEqual([]);
  });
});

describe('beside a real kernel, the machine', () => {
  const some = [
    'a/idle/notrace', 'b/busy', 'b/cputimer', 'c/busy/notrace', 'c/periodic/notrace', 'c/pingpong', 'c/readermix', 'e/busy3',
    'e/readershare',
  ];

  const outOf = async (recording: Recording): Promise<string[]> => {
    const figures = compare(placeOf(recording), recording.figures, await simulatedFigures(recording, SCENARIOS), rules);
    const out = figures.filter(({ verdict }) => verdict === 'OUT');
    return out.map(({ key, real, simulated, tolerance }) => `${key}: ${real}, simulated ${simulated}, ${tolerance}`);
  };

  test.each(some)('holds in %s', async (place) => {
    expect(await outOf(compared.find((of) => placeOf(of) === place)!)).toEqual([]);
  });

  test('holds too where the run begins at another place between two seconds, at a tick as sleeps end there', async () => {
    const recording = compared.find((of) => placeOf(of) === 'e/readershare')!;
    const later = (key: string): [string, number] => [key, numberAt(recording.figures, key) + 136e6];
    expect(await outOf({ ...recording, figures: new Map([...recording.figures, later('workers.T0'), later('workers.T1')]) })).toEqual([]);
  });
});
