/**
 * /proc/timer_list as Linux prints it: each CPU's timers and tick, then the devices. A pointer is a number
 * that Linux has scrambled so that nobody learns where its memory lies; here it is made of the timer's.
 * @linux kernel/time/timer_list.c
 */
import { HrtimerFunction } from '../../shared/structs/hrtimer.ts';
import { NSEC_PER_SEC, type Jiffies, type Ns } from '../../shared/units.ts';
import type { KernelVersion } from '../kernel/versions.ts';
import { jiffiesText } from './jiffies-text.ts';
import { ktimeText } from './ktime-text.ts';
import type {
  ClockOffsets, CpuSnapshot, HrtimerBaseSnapshot, HrtimerSnapshot, MachineSnapshot, TickSnapshot,
} from './machine-snapshot.ts';
import { timerListDevices } from './timer-list-devices.ts';

/** What the lines of a file need beside the machine. */
interface Context {
  readonly snapshot: MachineSnapshot;
  readonly version: KernelVersion;
  readonly tickNs: Ns;
}

/** Clock bases 0 to 3; 4 to 7 are their twins that expire in the softirq. */
const CLOCKS = ['ktime_get', 'ktime_get_real', 'ktime_get_boottime', 'ktime_get_clocktai'] as const;

/** The whole file, with its final newline. */
export function timerList(snapshot: MachineSnapshot, version: KernelVersion, tickNs: Ns): string {
  const context: Context = { snapshot, version, tickNs };
  const online = snapshot.cpus.filter((cpu) => cpu.online);
  return [
    `Timer List Version: ${version.timerList.version}`,
    'HRTIMER_MAX_CLOCK_BASES: 8',
    `now at ${snapshot.monotonicNs} nsecs`,
    '',
    ...online.flatMap((cpu) => [...cpuLines(context, cpu), '']),
    ...timerListDevices(snapshot, version),
    '',
  ].join('\n');
}

function cpuLines(context: Context, { cpu, hrtimers, tick }: CpuSnapshot): string[] {
  return [
    `cpu: ${cpu}`,
    ...hrtimers.bases.flatMap((timers, index) => baseLines(context, cpu, hrtimers.offsets, index, timers)),
    ...hrtimerFields(hrtimers),
    ...tickFields(context, tick),
    `jiffies: ${jiffiesOrZero(context, tick.jiffies)}`,
  ];
}

/** @linux kernel/time/timer_list.c print_base */
function baseLines(context: Context, cpu: number, offsets: ClockOffsets, index: number, timers: readonly HrtimerSnapshot[]): string[] {
  const offset = offsetOf(context.snapshot.epochS, offsets, index);
  return [
    ` clock ${index}:`,
    `  .base:       ${pointer(BASE_POINTERS + cpu * 8 + index)}`,
    `  .index:      ${index}`,
    `  .resolution: ${resolutionOf(context)} nsecs`,
    ...(context.version.timerList.getTime ? [`  .get_time:   ${CLOCKS[index % 4]}`] : []),
    `  .offset:     ${offset} nsecs`,
    'active timers:',
    ...timers.flatMap((timer, i) => timerLines(context, epochOf(context.snapshot.epochS, index), timer, i)),
  ];
}

/** Numbers of clock bases are not those of timers. */
const BASE_POINTERS = 1 << 20;

/** Eight digits behind eight zeros, different for each number. @linux lib/vsprintf.c ptr_to_hashval */
const pointer = (number: number): string => (Math.imul(number + 1, 0x9e3779b1) >>> 0).toString(16).padStart(16, '0');

/** One tick until some CPU has gone to high resolution. @linux kernel/time/hrtimer.c hrtimer_resolution */
const resolutionOf = ({ snapshot, tickNs }: Context): Ns => (snapshot.cpus.some(({ hrtimers }) => hrtimers.hresActive) ? 1 : tickNs);

/** CLOCK_REALTIME and CLOCK_TAI count from 1970; the machine counts them from its epoch, so that they fit a double. */
const epochOf = (epochS: number, index: number): bigint =>
  (index % 4 === 1 || index % 4 === 3 ? BigInt(epochS) * BigInt(NSEC_PER_SEC) : 0n);

function offsetOf(epochS: number, { realNs, bootNs, taiNs }: ClockOffsets, index: number): bigint {
  return epochOf(epochS, index) + BigInt([0, realNs, bootNs, taiNs][index % 4]!);
}

/** @linux kernel/time/timer_list.c print_timer */
function timerLines({ snapshot, version }: Context, epoch: bigint, timer: HrtimerSnapshot, i: number): string[] {
  const soft = epoch + BigInt(timer.softexpires);
  const hard = epoch + BigInt(timer.expires);
  const now = BigInt(snapshot.monotonicNs);
  return [
    ` #${i}: <${pointer(timer.timer)}>, ${functionName(version, timer.function)}, S:01`,
    ` # expires at ${soft}-${hard} nsecs [in ${soft - now} to ${hard - now} nsecs]`,
  ];
}

function functionName(version: KernelVersion, code: HrtimerFunction): string {
  if (code === HrtimerFunction.TickNohzHandler) return version.timerList.tickFunction;
  return FUNCTION_NAMES.get(code) ?? String(code);
}

/** Ours are Linux's names in camelCase. */
const FUNCTION_NAMES: ReadonlyMap<HrtimerFunction, string> = new Map(
  Object.entries(HrtimerFunction).map(([name, code]) => [code, name.replaceAll(/(?<!^)[A-Z]/g, '_$&').toLowerCase()]),
);

/** `  .name           : value`, the name padded to 15. @linux kernel/time/timer_list.c P, P_ns */
const field = (name: string, value: number | string): string => `  .${name.padEnd(15)}: ${value}`;
const nsField = (name: string, value: Ns): string => `  .${name.padEnd(15)}: ${ktimeText(value)} nsecs`;

const hrtimerFields = (base: HrtimerBaseSnapshot): string[] => [
  nsField('expires_next', base.expiresNext),
  field('hres_active', base.hresActive ? 1 : 0),
  field('nr_events', base.nrEvents),
  field('nr_retries', base.nrRetries),
  field('nr_hangs', base.nrHangs),
  field('max_hang_time', base.maxHangTime),
];

const tickFields = (context: Context, tick: TickSnapshot): string[] => [
  ...nohzFields(context.version, tick),
  nsField('last_tick', tick.lastTick),
  field('tick_stopped', tick.tickStopped ? 1 : 0),
  field('idle_jiffies', jiffiesOrZero(context, tick.idleJiffies)),
  field('idle_calls', tick.idleCalls),
  field('idle_sleeps', tick.idleSleeps),
  nsField('idle_entrytime', tick.idleEntrytime),
  nsField('idle_waketime', tick.idleWaketime),
  nsField('idle_exittime', tick.idleExittime),
  nsField('idle_sleeptime', tick.idleSleeptime),
  nsField('iowait_sleeptime', tick.iowaitSleeptime),
  field('last_jiffies', jiffiesOrZero(context, tick.lastJiffies)),
  field('next_timer', ktimeText(tick.nextTimer)),
  nsField('idle_expires', tick.idleExpires),
];

function nohzFields({ timerList: { nohzMode: asOneMode } }: KernelVersion, tick: TickSnapshot): string[] {
  if (asOneMode) return [field('nohz_mode', nohzMode(tick))];
  return [field('nohz', tick.nohz ? 1 : 0), field('highres', tick.highres ? 1 : 0)];
}

/** 0 inactive, 1 low resolution, 2 high. @linux kernel/time/tick-sched.h enum tick_nohz_mode */
const nohzMode = ({ nohz, highres }: TickSnapshot): number => (!nohz ? 0 : highres ? 2 : 1);

/** A field that was never stored is 0 in Linux too. */
const jiffiesOrZero = ({ tickNs }: Context, jiffies: Jiffies): number => (jiffies === 0 ? 0 : jiffiesText(jiffies, tickNs));
