/** The scenarios that ship, cut short so that tests run all of them. */
import type { Verdict, Witness } from '../../src/check/oracle.ts';
import type { Ns } from '../../shared/units.ts';
import { FAULTS } from '../../src/machine/faults.ts';
import type { RunResult } from '../../src/sim.ts';
import { BadInput } from '../../src/workload/bad-input.ts';
import { resolveScenario, type Overrides } from '../../src/workload/resolve.ts';
import type { Scenario } from '../../src/workload/scenario.ts';
import { jsonFilesUnder, SCENARIOS, type RtAppFile } from './rtapp-files.ts';

/** Long enough for every shipped fault to strike, boot (24 ms) included. */
export const SHORT_NS = 60e6;

/** Readers that never rest, and what they read, fill as much as the others' 60 ms in a few ms after the boot. */
const DENSE = [
  'mutual-reads', 'racing-accounts', 'racing-exits', 'racing-guests', 'racing-reads', 'racing-views', 'reads-everywhere',
  'fault-waiting-wheel',
];
const DENSE_NS = 32e6;
const shortNsOf = ({ name }: RtAppFile): Ns => (DENSE.some((dense) => name === `${dense}.json`) ? DENSE_NS : SHORT_NS);

export const shipped: readonly RtAppFile[] = jsonFilesUnder(SCENARIOS);
export const faultFree = shipped.filter(({ name }) => !name.startsWith('fault-'));
export const withFault = shipped.filter(({ name }) => name.startsWith('fault-'));

export const resolveFile = (file: RtAppFile, overrides: Overrides = {}): Scenario =>
  resolveScenario(file.text, file.name, { durationNs: shortNsOf(file), ...overrides }, FAULTS.map(({ id }) => id));

/** As long as the file says: some clocks and faults take seconds. */
export const resolveWhole = (file: RtAppFile, overrides: Overrides = {}): Scenario =>
  resolveScenario(file.text, file.name, overrides, FAULTS.map(({ id }) => id));

export const fileOf = (name: string): RtAppFile => shipped.find((file) => file.name === `${name}.json`)!;

/** Numbers of CPUs up to four that the affinities of a file allow. */
export function cpuCounts(file: RtAppFile): number[] {
  return [1, 2, 3, 4].filter((cpus) => {
    try {
      resolveFile(file, { cpus });
      return true;
    } catch (error) {
      if (error instanceof BadInput) return false;
      throw error;
    }
  });
}

type Judged = Pick<RunResult, 'verdicts'>;
type Broken = Extract<Verdict, { verdict: 'broken' }>;

/** What each broken oracle says, by its id. */
export function brokenOf({ verdicts }: Judged): Record<string, string> {
  const broken = verdicts.filter((v) => v.verdict.verdict === 'broken');
  return Object.fromEntries(broken.map(({ id, verdict }) => [id, (verdict as Broken).witness.says]));
}

/** The witness of one broken oracle. */
export function witnessOf({ verdicts }: Judged, id: string): Witness {
  return (verdicts.find((v) => v.id === id)!.verdict as Broken).witness;
}
