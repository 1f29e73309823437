/** The kernel's command line of a scenario: the block's and the flag's, read as one, and what it amounts to here. */
import { BadParameter, parseCmdline, type CommandLine } from '../kernel/cmdline.ts';
import { CLOCKSOURCE_NAMES } from '../../shared/structs/timekeeper.ts';
import { BadInput } from './bad-input.ts';
import type { Source } from './rtapp/source.ts';
import type { MachineSpec } from './scenario.ts';

/** `--cmdline` is appended to the block's, so it wins. Throws BadInput. */
export function readCmdline(text: string, cpus?: number): CommandLine {
  try {
    return parseCmdline(text, cpus);
  } catch (error) {
    if (!(error instanceof BadParameter)) throw error;
    const { parameter, found, expected } = error;
    throw new BadInput({ file: 'kernel command line', path: parameter, found, expected, hint: `It reads: ${text.trim()}` });
  }
}

/** Says what the machine makes of the parameters that it does not follow to the letter. */
export function noteParameters(source: Source, cmdline: CommandLine): void {
  const { approximations, warnings } = source;
  if (cmdline.nohzFull !== null) {
    approximations.add('CPUs of nohz_full= get context tracking and account CPU time exactly (gen), but tick while a task runs.');
  }
  if (cmdline.maxcpus !== null) approximations.add('CPUs beyond maxcpus= are not there at all; they cannot be brought up later.');
  if (cmdline.nolapicTimer) {
    approximations.add(
      'nolapic_timer leaves the boot CPU to the global device; the others tick as if it were passed on to them: no tick is broadcast yet.',
    );
  }
  for (const name of withoutEffect(cmdline)) approximations.add(`${name} is read and has no effect yet.`);
  if (cmdline.ignored.length > 0) warnings.push(`command line: ignored: ${cmdline.ignored.join(', ')}`);
}

function withoutEffect(cmdline: CommandLine): string[] {
  const names: string[] = [];
  if (cmdline.tsc === 'recalibrate') names.push('tsc=recalibrate');
  if (cmdline.rcuNocbs !== null) names.push('rcu_nocbs=');
  if (cmdline.threadirqs) names.push('threadirqs');
  if (cmdline.isolcpus?.nohz === true) names.push('isolcpus=nohz');
  if (cmdline.isolcpus?.managedIrq === true) names.push('isolcpus=managed_irq');
  return names;
}

/** Linux takes any name, and keeps the best source while nothing of that name registers. */
export function noteClocksource({ warnings }: Source, { clocksource }: CommandLine, machine: MachineSpec): void {
  const names = ['jiffies', ...machine.clocksources.map(({ id }) => CLOCKSOURCE_NAMES[id]!)];
  if (clocksource === null || names.includes(clocksource)) return;
  warnings.push(`command line: there is no clock source ${clocksource} here (${names.join(', ')}); the best one stays.`);
}
