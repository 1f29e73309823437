/** Readers of tasks on CPUs that need no tick, beside those of a real kernel. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isTickless, kindsAgree, kindsTable, readerKinds, type ReaderKinds, type StepsBack } from '../../scripts/linux/reader-kinds.ts';
import { readRecordings } from '../../scripts/linux/recordings.ts';

const SCENARIOS = join(import.meta.dirname, '..', '..', 'scenarios');
const recordings = readRecordings(join(import.meta.dirname, 'recordings')).filter(isTickless);
const recordingOf = (name: string): (typeof recordings)[number] =>
  recordings.find(({ configuration, pass }) => `${configuration.name}/${pass}` === name)!;

describe('beside readers of a real kernel', () => {
  test('stand those of machines with nohz_full= and a trusted clock, and no others', () => {
    expect([...new Set(recordings.map(({ configuration }) => configuration.name))]).toEqual(['d-nohz-full', 'd-nohz-full-6.12']);
    expect(recordings.every(({ workload }) => workload.startsWith('reader') && workload !== 'readercpu')).toBe(true);
  });

  test.each(['d-nohz-full/readershare', 'd-nohz-full/readermix', 'd-nohz-full-6.12/readersys/notrace'])(
    'linux steps back in %s as it does, by less than a tick, and complete does not', async (name) => {
      const kinds = await readerKinds(recordingOf(name), SCENARIOS);
      expect([kinds.linux.virt + kinds.linux.prof > 0, kinds.complete.virt + kinds.complete.prof]).toEqual([true, 0]);
      expect(kinds.linux.widestNs).toBeLessThan(4e6);
      expect(kindsAgree(kinds)).toBe(true);
    },
  );

  test('nobody steps back where the task never leaves user mode', async () => {
    const kinds = await readerKinds(recordingOf('d-nohz-full/reader'), SCENARIOS);
    expect([kinds.real, kinds.linux, kinds.complete].map(({ virt, prof }) => virt + prof)).toEqual([0, 0, 0]);
    expect(kindsAgree(kinds)).toBe(true);
  });
});

describe('the kinds agree', () => {
  const steps = (virt: number, widestNs = 1e6): StepsBack => ({ looks: 10, virt, prof: 0, widestNs: virt > 0 ? widestNs : 0 });
  const [recording] = recordings;
  const kinds = (real: StepsBack, linux: StepsBack, complete: StepsBack): ReaderKinds => ({ recording: recording!, real, linux, complete });

  test('if linux steps back where the real one does, and complete nowhere', () => {
    expect(kindsAgree(kinds(steps(3), steps(5), steps(0)))).toBe(true);
    expect(kindsAgree(kinds(steps(3), steps(0), steps(0)))).toBe(false);
    expect(kindsAgree(kinds(steps(0), steps(5), steps(0)))).toBe(false);
    expect(kindsAgree(kinds(steps(3), steps(5), steps(1)))).toBe(false);
    expect(kindsAgree(kinds(steps(3), steps(5, 4e6), steps(0)))).toBe(false);
  });

  test('says the table, one row a recording', () => {
    const table = kindsTable([kinds(steps(3), steps(0), steps(0))]).split('\n');
    expect(table.length).toBe(3);
    expect(table[2]).toContain('10 looks: 3 + 0, 1.00 ms | 10 looks: 0 + 0 | 10 looks: 0 + 0 | NO |');
  });
});
