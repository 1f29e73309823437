/** The boot parameters that the machine understands, one row each, and what Linux makes of their values. */
import type { CommandLine, IsolatedCpus } from './cmdline.ts';
import { BadCpuList, parseCpuList } from './cpulist.ts';

/** A command line while it is read. */
export type CommandLineDraft = { -readonly [K in keyof Omit<CommandLine, 'text' | 'ignored'>]: CommandLine[K] };

/** What is wrong with a value; `found` only where the value itself says too little. */
export interface ParameterProblem {
  readonly found?: string;
  readonly expected: string;
}

type Parameter = (draft: CommandLineDraft, value: string | null, cpus: number) => ParameterProblem | null;

/** @linux lib/kstrtox.c kstrtobool */
export function kstrtobool(text: string): boolean | null {
  if (/^[yY1tT]/.test(text) || /^[oO][nN]/.test(text)) return true;
  if (/^[nN0fF]/.test(text) || /^[oO][fF]/.test(text)) return false;
  return null;
}

/** Members of the draft whose type is exactly T. */
type KeysOf<T> = {
  [K in keyof CommandLineDraft]: CommandLineDraft[K] extends T ? (T extends CommandLineDraft[K] ? K : never) : never;
}[keyof CommandLineDraft];

const bool = (key: KeysOf<boolean>): Parameter => (draft, value) => {
  const parsed = value === null ? null : kstrtobool(value);
  if (parsed === null) return { expected: 'on or off (1 or 0, y or n)' };
  draft[key] = parsed;
  return null;
};

const flag = (key: KeysOf<boolean>): Parameter => (draft) => {
  draft[key] = true;
  return null;
};

const count = (key: KeysOf<number | null>, least: number): Parameter => (draft, value) => {
  if (value === null || !/^[0-9]{1,6}$/.test(value) || Number(value) < least) return { expected: `an integer from ${least}` };
  draft[key] = Number(value);
  return null;
};

const cpuList = (key: 'nohzFull' | 'rcuNocbs'): Parameter => (draft, value, cpus) => {
  const list = value === null ? { expected: CPU_LIST } : listOf(value, cpus);
  if (!Array.isArray(list)) return list;
  draft[key] = list;
  return null;
};

const CPU_LIST = 'a CPU list such as 1-3,5 or all';

function listOf(text: string, cpus: number): number[] | ParameterProblem {
  try {
    return parseCpuList(text, cpus - 1);
  } catch (error) {
    if (error instanceof BadCpuList) return { found: error.message, expected: CPU_LIST };
    throw error;
  }
}

const TSC_VALUES = ['reliable', 'unstable', 'noirqtime', 'nowatchdog', 'recalibrate', 'watchdog'];

const tsc: Parameter = (draft, value) => {
  if (value === null || !TSC_VALUES.includes(value)) return { expected: `one of ${TSC_VALUES.join(', ')}` };
  draft.tsc = value;
  return null;
};

const clocksource: Parameter = (draft, value) => {
  if (value === null || !/^[\w-]+$/.test(value)) return { expected: 'the name of a clock source, such as tsc or jiffies' };
  draft.clocksource = value;
  return null;
};

const skewTick: Parameter = (draft, value) => {
  if (value !== '0' && value !== '1') return { expected: '0 or 1' };
  draft.skewTick = value === '1';
  return null;
};

const ISOLATION_FLAGS = ['domain', 'nohz', 'managed_irq'];

/** Flags in front of the list; without any of them, `domain`. */
const isolcpus: Parameter = (draft, value, cpus) => {
  if (value === null) return { expected: `flags (${ISOLATION_FLAGS.join(', ')}) and ${CPU_LIST}` };
  const words = value.split(',');
  const flags: string[] = [];
  while (words.length > 0 && ISOLATION_FLAGS.includes(words[0]!)) flags.push(words.shift()!);
  const list = listOf(words.join(','), cpus);
  if (!Array.isArray(list)) return { ...list, expected: `flags (${ISOLATION_FLAGS.join(', ')}) and ${CPU_LIST}` };
  draft.isolcpus = isolation(flags, list);
  return null;
};

const isolation = (flags: readonly string[], cpus: readonly number[]): IsolatedCpus => ({
  domain: flags.length === 0 || flags.includes('domain'),
  nohz: flags.includes('nohz'),
  managedIrq: flags.includes('managed_irq'),
  cpus,
});

/** `nosmp` is `maxcpus=0`: one CPU. */
const nosmp: Parameter = (draft) => {
  draft.maxcpus = 0;
  return null;
};

export const CMDLINE_PARAMETERS: ReadonlyMap<string, Parameter> = new Map<string, Parameter>([
  ['nohz', bool('nohz')],
  ['highres', bool('highres')],
  ['skew_tick', skewTick],
  ['clocksource', clocksource],
  ['tsc', tsc],
  ['notsc', (draft) => tsc(draft, 'unstable', 0)],
  ['nolapic_timer', flag('nolapicTimer')],
  ['nohz_full', cpuList('nohzFull')],
  ['isolcpus', isolcpus],
  ['rcu_nocbs', cpuList('rcuNocbs')],
  ['maxcpus', count('maxcpus', 0)],
  ['nosmp', nosmp],
  ['nr_cpus', count('nrCpus', 1)],
  ['possible_cpus', count('possibleCpus', 1)],
  ['timer_migration', bool('timerMigration')],
  ['threadirqs', flag('threadirqs')],
  ['profile', count('profile', 0)],
]);

/** Parameters that a reader may expect to matter, each with why it does not. */
export const UNMODELLED_PARAMETERS: ReadonlyMap<string, string> = new Map([
  ['hz', 'not a parameter of Linux; use --hz'],
  ['HZ', 'not a parameter of Linux; use --hz'],
  ['idle', 'idle states are those of the machine (machine.cpuidle)'],
  ['hpet', 'whether there is an HPET says the machine (machine.clockevents)'],
  ['irqaffinity', 'there are no device interrupts to place'],
  ['nowatchdog', 'the watchdog of CPUs comes with kthreads'],
  ['nmi_watchdog', 'there are no NMIs'],
  ['rcu_nocb_poll', 'RCU callbacks stay with their CPUs'],
  ['rcutree.use_softirq', 'RCU works in the softirq'],
  ['preempt', 'the kernel is never preempted inside an event'],
  ['workqueue.power_efficient', 'works run where the list of kthreads says'],
]);
