/**
 * Linux's boot parameters, as far as they concern time. What Linux would take silently or drop with
 * a line in its log is reported; what it could not make sense of is refused, because a run under a
 * misunderstood command line answers a question that nobody asked.
 */
import { CPULIST_MAX } from './cpulist.ts';
import { CMDLINE_PARAMETERS, UNMODELLED_PARAMETERS, type CommandLineDraft } from './cmdline-parameters.ts';

export interface CommandLine {
  /** As given, whitespace normalised. */
  readonly text: string;
  /** `highres=`, on unless switched off. */
  readonly highres: boolean;
  /** `nohz=`, as asked for. */
  readonly nohz: boolean;
  /** `skew_tick=` */
  readonly skewTick: boolean;
  /** `clocksource=`, null when absent. */
  readonly clocksource: string | null;
  /** `tsc=`, null when absent: reliable, unstable, noirqtime, nowatchdog, recalibrate, watchdog. */
  readonly tsc: string | null;
  readonly nolapicTimer: boolean;
  /** CPUs of nohz_full=, null when absent. They get context tracking (VIRT_CPU_ACCOUNTING_GEN). */
  readonly nohzFull: readonly number[] | null;
  /** `isolcpus=`, null when absent. Without flags it isolates from scheduling domains. */
  readonly isolcpus: IsolatedCpus | null;
  readonly rcuNocbs: readonly number[] | null;
  readonly maxcpus: number | null;
  readonly nrCpus: number | null;
  readonly possibleCpus: number | null;
  readonly timerMigration: boolean;
  readonly threadirqs: boolean;
  /** `profile=`: each tick notes what it interrupts; null when absent. The number, which scales addresses, means nothing here. */
  readonly profile: number | null;
  /** Parameters that Linux has and this machine ignores, and unknown ones: reported. */
  readonly ignored: readonly string[];
}

/** @linux kernel/sched/isolation.c housekeeping_isolcpus_setup */
export interface IsolatedCpus {
  readonly domain: boolean;
  readonly nohz: boolean;
  readonly managedIrq: boolean;
  readonly cpus: readonly number[];
}

/** A boot parameter that cannot be understood: which, what was found, what is expected. */
export class BadParameter extends Error {
  override readonly name = 'BadParameter';
  readonly parameter: string;
  readonly found: string;
  readonly expected: string;

  constructor(parameter: string, found: string, expected: string) {
    super(`${parameter}: found ${found}, expected ${expected}`);
    this.parameter = parameter;
    this.found = found;
    this.expected = expected;
  }
}

/**
 * Reads a command line; a line pasted from a real /proc/cmdline works. Of a repeated parameter the
 * last counts. `cpus` gives a meaning to `N` and `all` in CPU lists. Throws BadParameter.
 * @linux kernel/params.c parse_args
 */
export function parseCmdline(text: string, cpus: number = CPULIST_MAX): CommandLine {
  const draft: CommandLineDraft = {
    highres: true, nohz: true, skewTick: false, clocksource: null, tsc: null, nolapicTimer: false, nohzFull: null,
    isolcpus: null, rcuNocbs: null, maxcpus: null, nrCpus: null, possibleCpus: null, timerMigration: true, profile: null,
    threadirqs: false,
  };
  const ignored: string[] = [];
  const words = splitParameters(text);
  for (const word of words) {
    // what stands behind -- is for init
    if (word === '--') break;
    if (!apply(draft, word, cpus)) ignored.push(remark(word));
  }
  return { text: text.trim().split(/\s+/).join(' '), ...draft, ignored };
}

/** Whether the machine knows the parameter. Linux takes - and _ in a name for the same. */
function apply(draft: CommandLineDraft, word: string, cpus: number): boolean {
  const { name, value } = nameAndValue(word);
  const parameter = CMDLINE_PARAMETERS.get(name);
  if (parameter === undefined) return false;
  const problem = parameter(draft, value, cpus);
  if (problem !== null) throw new BadParameter(name, value === null ? 'no value' : problem.found ?? `"${value}"`, problem.expected);
  return true;
}

function remark(word: string): string {
  const reason = UNMODELLED_PARAMETERS.get(nameAndValue(word).name);
  return reason === undefined ? word : `${word} (${reason})`;
}

function nameAndValue(word: string): { name: string; value: string | null } {
  const split = word.indexOf('=');
  const name = (split < 0 ? word : word.slice(0, split)).replaceAll('-', '_');
  return { name, value: split < 0 ? null : word.slice(split + 1) };
}

/** Words between spaces; double quotes keep spaces together and disappear. @linux lib/cmdline.c next_arg */
export function splitParameters(text: string): string[] {
  const words: string[] = [];
  for (const [word] of text.matchAll(/(?:"[^"]*"?|[^\s"])+/g)) words.push(word.replaceAll('"', ''));
  return words;
}
