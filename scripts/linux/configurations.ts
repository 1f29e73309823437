/** Which of the compared configurations a recording is: by its kernel and its parameters, whatever its folder is called. */
import { readCmdline } from '../../src/workload/boot-parameters.ts';
import type { Recording } from './recordings.ts';
import { versionOf } from './qemu-machine.ts';

/** Parameters that change nothing of what is compared. */
const WITHOUT_EFFECT = ['tsc'];

/**
 * a periodic, b high resolution, c dynamic ticks, e dynamic ticks without high resolution; null: of
 * another kernel or machine, or with parameters whose mechanisms are for later.
 */
export function letterOf({ configuration: { release, cmdline } }: Recording): 'a' | 'b' | 'c' | 'e' | null {
  if (versionOf(release) !== '6.1' || !release.endsWith('-amd64') || release.includes('-rt-')) return null;
  const given = cmdline.split(/\s+/).map((word) => word.split('=')[0]!).filter((name) => name !== '' && !WITHOUT_EFFECT.includes(name));
  if (given.some((name) => name !== 'nohz' && name !== 'highres')) return null;
  const { highres } = readCmdline(cmdline);
  const nohz = !/\bnohz=(off|0)\b/.test(cmdline);
  if (nohz) return highres ? 'c' : 'e';
  return highres ? 'b' : 'a';
}
