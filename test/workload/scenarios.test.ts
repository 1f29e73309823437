/** Whole files: each fixture, each shipped scenario, each of rt-app's own examples where they are at hand. */
import { describe, expect, it } from 'vitest';
import { OpKind } from '../../src/kernel/user.ts';
import { FAULTS as FAULT_CATALOGUE } from '../../src/machine/faults.ts';
import { declarationsByName } from '../../src/workload/compile.ts';
import { parseWorkload } from '../../src/workload/rtapp/parse-workload.ts';
import { Source } from '../../src/workload/rtapp/source.ts';
import { resolveScenario } from '../../src/workload/resolve.ts';
import { countEvents } from '../support/count-events.ts';
import { FIXTURES, jsonFilesUnder, REAL_RTAPP, SCENARIOS, type RtAppFile } from '../support/rtapp-files.ts';
import { eventsOfOnePass, userOf } from '../support/walk-program.ts';

const FAULTS = FAULT_CATALOGUE.map(({ id }) => id);

const fixtures = jsonFilesUnder(FIXTURES).filter(({ name }) => name !== 'pre-1.0.json');
const scenarios = jsonFilesUnder(SCENARIOS);
const real = jsonFilesUnder(REAL_RTAPP);

/** Keys of the events that the parser found, by task. */
const parsedEvents = ({ text, name }: RtAppFile): string[][] =>
  parseWorkload(new Source(name), text).tasks.map((task) => task.phases.flatMap((phase) => phase.events.map((event) => event.key)));

function checksFile(file: RtAppFile): void {
  it(`${file.name}: parsed events equal a count of its words`, () => {
    expect(parsedEvents(file)).toEqual(countEvents(file.text));
  });

  it(`${file.name}: one pass over a task runs each of its events once, in file order`, () => {
    const user = userOf(resolveScenario(file.text, file.name, {}, FAULTS));
    countEvents(file.text).forEach((events, declaration) => {
      expect(eventsOfOnePass(user, declaration)).toEqual(events.map((_, i) => i));
    });
  });
}

describe('fixtures', () => fixtures.forEach(checksFile));

describe('shipped scenarios', () => {
  scenarios.forEach(checksFile);

  it.each(scenarios)('$name says nothing that needs a warning', (file) => {
    expect(resolveScenario(file.text, file.path, {}, FAULTS).warnings).toEqual([]);
  });

  it.each(scenarios)('$name ends by itself: it has a duration', (file) => {
    expect(resolveScenario(file.text, file.path, {}, FAULTS).durationNs).toBeGreaterThan(0);
  });

  it('first light has readers, a command line with nohz_full= and work in user and kernel mode', () => {
    const first = scenarios.find(({ name }) => name === 'first-light.json')!;
    const scenario = resolveScenario(first.text, first.path, {}, FAULTS);
    expect(scenario).toMatchObject({ name: 'first-light', cpus: 4, durationNs: 3e9 });
    expect(scenario.cmdline.nohzFull).toEqual([1, 2, 3]);
    expect(scenario.readers.map(({ name }) => name)).toEqual(['top', 'mpstat', 'watch']);
    for (const { name, taskIndex } of scenario.readers) expect(scenario.workload.tasks[taskIndex]!.name).toBe(name);
  });

  it.each(scenarios.filter(({ name }) => name.startsWith('fault-')))('$name runs without its fault too', (file) => {
    expect(resolveScenario(file.text, file.path, {}, FAULTS).faults).toHaveLength(1);
    expect(resolveScenario(file.text, file.path, { faults: ['none'] }, FAULTS).faults).toEqual([]);
  });
});

describe.skipIf(real.length === 0)('rt-app’s own examples (skipped where they do not lie beside the checkout)', () => {
  real.forEach(checksFile);

  it.each(real)('$name needs no warning', (file) => {
    expect(resolveScenario(file.text, file.path).warnings).toEqual([]);
  });

  it('in browser-long BrowserSub1 and BrowserSub2 wait for one and the same resume', () => {
    const browser = real.find(({ name }) => name === 'browser-long.json')!;
    const { tasks } = parseWorkload(new Source('browser-long.json'), browser.text);
    const { workload } = resolveScenario(browser.text, browser.name);
    const conditions = workload.syncObjects.flatMap(({ kind, name }) => (kind === 'condition' ? [name] : []));
    expect(declarationsByName(tasks).has('BrowserSub')).toBe(false);
    expect(conditions).toContain('BrowserSub');
    expect(conditions).not.toContain('BrowserSub1');
  });

  it('in browser-long sync signals and waits under the lock before it, and does not lock again', () => {
    const browser = real.find(({ name }) => name === 'browser-long.json')!;
    const scenario = resolveScenario(browser.text, browser.name);
    const { workload } = scenario;
    const mutex = workload.syncObjects.findIndex(({ kind, name }) => kind === 'mutex' && name === 'mutex11');
    const locks = eventsOfOnePass(userOf(scenario), 3, (op) => op.kind === OpKind.Lock && op.a === mutex);
    expect(locks).toEqual([4]);
  });
});
