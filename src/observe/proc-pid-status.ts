/**
 * /proc/<pid>/status as Linux prints it: who a task is, where it may run, how often it was switched. What this
 * machine does not have (memory, users, signals, capabilities) has the value that a task of root's has which uses none.
 * @linux fs/proc/array.c proc_pid_status
 */
import type { KernelVersion, PidStatusForm } from '../kernel/versions.ts';
import { cpuListText, cpumaskText } from './cpumask-text.ts';
import { isArm64 } from './interrupt-lines.ts';
import type { MachineSnapshot, ProcTask } from './machine-snapshot.ts';
import { escapeComm, procComm } from './proc-pid-stat.ts';

const STATES = { R: 'R (running)', S: 'S (sleeping)', D: 'D (disk sleep)', Z: 'Z (zombie)' } as const;

/** In kB, in the file's order. */
const MEMORY_LINES = [
  'VmPeak', 'VmSize', 'VmLck', 'VmPin', 'VmHWM', 'VmRSS', 'RssAnon', 'RssFile', 'RssShmem', 'VmData', 'VmStk', 'VmExe', 'VmLib',
  'VmPTE', 'VmSwap', 'HugetlbPages',
];
const SIGNAL_LINES = ['SigPnd', 'ShdPnd', 'SigBlk', 'SigIgn', 'SigCgt'];
const NO_SIGNALS = '0'.repeat(16);
/** A kernel thread wants no signal but those that it must have. */
const EVERY_SIGNAL = 'f'.repeat(16);
const NO_CAPS = '0'.repeat(16);
const EVERY_CAP = '000001ffffffffff';
/** Words of a mask of memory nodes, 32 a word. @linux include/linux/numa.h MAX_NUMNODES */
const NODE_WORDS = 32;

/** The whole file, with its final newline. */
export function procPidStatus(snapshot: MachineSnapshot, version: KernelVersion, task: ProcTask): string {
  const form = version.pidStatus;
  const arm64 = isArm64(snapshot);
  const hasMemory = !task.kernelThread && task.state !== 'Z';
  return [
    ...identity(task, form),
    ...(hasMemory ? memory(form) : []),
    `Threads:\t${task.threads}`,
    'SigQ:\t0/0',
    ...SIGNAL_LINES.map((name) => `${name}:\t${name === 'SigIgn' && task.kernelThread ? EVERY_SIGNAL : NO_SIGNALS}`),
    ...security(arm64),
    `Cpus_allowed:\t${cpumaskText(task.cpusAllowed, snapshot.cpus.length)}`,
    `Cpus_allowed_list:\t${cpuListText(task.cpusAllowed)}`,
    `Mems_allowed:\t${arm64 ? '0001' : [...Array<string>(NODE_WORDS - 1).fill('00000000'), '00000001'].join(',')}`,
    'Mems_allowed_list:\t0',
    `voluntary_ctxt_switches:\t${task.voluntarySwitches}`,
    `nonvoluntary_ctxt_switches:\t${task.involuntarySwitches}`,
    ...(form.threadFeatures && !arm64 ? ['x86_Thread_features:\t', 'x86_Thread_features_locked:\t'] : []),
    '',
  ].join('\n');
}

/** @linux fs/proc/array.c task_state */
function identity(task: ProcTask, form: PidStatusForm): string[] {
  return [
    `Name:\t${escapeComm(procComm(task.name))}`,
    `Umask:\t0022`,
    `State:\t${STATES[task.state]}`,
    `Tgid:\t${task.tgid}`,
    'Ngid:\t0',
    `Pid:\t${task.pid}`,
    `PPid:\t${task.ppid}`,
    'TracerPid:\t0',
    'Uid:\t0\t0\t0\t0',
    'Gid:\t0\t0\t0\t0',
    'FDSize:\t64',
    'Groups:\t ',
    `NStgid:\t${task.tgid}`,
    `NSpid:\t${task.pid}`,
    'NSpgid:\t0',
    'NSsid:\t0',
    ...(form.kthread ? [`Kthread:\t${task.kernelThread ? 1 : 0}`] : []),
  ];
}

/** @linux fs/proc/task_mmu.c task_mem */
function memory(form: PidStatusForm): string[] {
  return [
    ...MEMORY_LINES.map((name) => `${name}:\t${'0'.padStart(8)} kB`),
    'CoreDumping:\t0',
    'THP_enabled:\t1',
    ...(form.untagMask ? ['untag_mask:\t0xffffffffffffffff'] : []),
  ];
}

/** @linux fs/proc/array.c task_cap, task_seccomp */
function security(arm64: boolean): string[] {
  return [
    `CapInh:\t${NO_CAPS}`,
    `CapPrm:\t${EVERY_CAP}`,
    `CapEff:\t${EVERY_CAP}`,
    `CapBnd:\t${EVERY_CAP}`,
    `CapAmb:\t${NO_CAPS}`,
    'NoNewPrivs:\t0',
    'Seccomp:\t0',
    'Seccomp_filters:\t0',
    'Speculation_Store_Bypass:\tvulnerable',
    `SpeculationIndirectBranch:\t${arm64 ? 'unknown' : 'always enabled'}`,
  ];
}
