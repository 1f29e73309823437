/** Which of the compared configurations a recording is: by its kernel and its parameters, whatever its folder is called. */
import { readCmdline } from '../../src/workload/boot-parameters.ts';
import type { Recording } from './recordings.ts';
import { versionOf } from './qemu-machine.ts';
import { COMPARED, workersElsewhere } from './workloads.ts';

/** Parameters that the compared configurations are made of. */
const COMPARED_PARAMETERS = ['nohz', 'highres'];

/** Parameters that change nothing of what is compared. */
const WITHOUT_EFFECT = ['tsc'];

/**
 * a periodic, b high resolution, c dynamic ticks, e dynamic ticks without high resolution; null: of
 * another kernel or machine, or with parameters whose mechanisms are for later.
 */
export function letterOf(recording: Recording): 'a' | 'b' | 'c' | 'e' | null {
  if (machineLater(recording) !== null) return null;
  const { cmdline } = recording.configuration;
  const { highres } = readCmdline(cmdline);
  const nohz = !/\bnohz=(off|0)\b/.test(cmdline);
  if (nohz) return highres ? 'c' : 'e';
  return highres ? 'b' : 'a';
}

/** Why a recording is not compared yet, in a sentence; null: it is. */
export function laterBecause(recording: Recording): string | null {
  const { workload, figures } = recording;
  if (!(workload in COMPARED)) return `there is no workload of the name ${workload} here`;
  return machineLater(recording) ?? workersElsewhere(workload, figures);
}

function machineLater({ configuration: { release, cmdline } }: Recording): string | null {
  const known = versionOf(release) === '6.1' && release.endsWith('-amd64') && !release.includes('-rt-');
  if (!known) return `its kernel is ${release}, not a 6.1-amd64`;
  const given = cmdline.split(/\s+/).map((word) => word.split('=')[0]!).filter((name) => name !== '' && !WITHOUT_EFFECT.includes(name));
  const other = given.find((name) => !COMPARED_PARAMETERS.includes(name));
  return other === undefined ? null : `what ${other} does is for later`;
}

/** Where a compared recording stands, as the tolerances name it: `c/busy/notrace`. */
export const placeOf = (recording: Recording): string =>
  `${letterOf(recording)}/${recording.workload}${recording.traced ? '' : '/notrace'}`;
