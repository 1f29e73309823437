/**
 * Reads /proc/timer_list strictly: any line that is not of its grammar, or not at its place, throws. What
 * comes out is a machine's snapshot, so that our printer can be asked for the same file again.
 */
import { TickHandler, type ClockEventState } from '../../shared/structs/cpu.ts';
import { HrtimerFunction } from '../../shared/structs/hrtimer.ts';
import { KTIME_MAX, KTIME_MAX_TEXT } from '../../shared/units.ts';
import type {
  ClockEventDeviceSnapshot, CpuSnapshot, HrtimerSnapshot, MachineSnapshot, TickSnapshot,
} from '../../src/observe/machine-snapshot.ts';

export interface TimerListForm {
  readonly version: string;
  readonly getTime: boolean;
  readonly nohzMode: boolean;
}

export interface RecordedTimerList {
  readonly form: TimerListForm;
  readonly resolution: number;
  readonly snapshot: Pick<MachineSnapshot, 'monotonicNs' | 'cpus' | 'broadcastDevice' | 'epochS'>;
}

/** The lines of a text, taken one by one. */
class Lines {
  private readonly lines: string[];
  private at = 0;

  constructor(text: string) {
    if (!text.endsWith('\n')) throw new Error('the last line has no end');
    this.lines = text.slice(0, -1).split('\n');
  }

  get done(): boolean {
    return this.at === this.lines.length;
  }

  looksLike(pattern: RegExp): boolean {
    return !this.done && pattern.test(this.lines[this.at]!);
  }

  /** The next line, which must be of this form; its groups. */
  take(pattern: RegExp): string[] {
    const match = pattern.exec(this.lines[this.at] ?? '');
    if (match === null) throw new Error(`line ${this.at + 1}: ${JSON.stringify(this.lines[this.at])} is not ${pattern}`);
    this.at += 1;
    return match.slice(1);
  }

  number(pattern: RegExp): number {
    return ns(this.take(pattern)[0]!);
  }
}

const ns = (text: string): number => (text === KTIME_MAX_TEXT ? KTIME_MAX : Number(text));
const POINTER = /0{8}[0-9a-f]{8}/.source;

export function readTimerList(text: string, initialJiffies: number): RecordedTimerList {
  const lines = new Lines(text);
  const [version] = lines.take(/^Timer List Version: (v0\.\d+)$/);
  lines.take(/^HRTIMER_MAX_CLOCK_BASES: 8$/);
  const monotonicNs = lines.number(/^now at (\d+) nsecs$/);
  lines.take(/^$/);
  const seen = { getTime: false, nohzMode: false, resolution: 0, epochS: 0 };
  const cpus: (Omit<CpuSnapshot, 'device'>)[] = [];
  while (lines.looksLike(/^cpu: /)) cpus.push(readCpu(lines, initialJiffies, seen));
  const broadcastDevice = readDevice(lines, /^Broadcast device$/);
  lines.take(/^tick_broadcast_mask: [0-9a-f,]+$/);
  lines.take(/^tick_broadcast_oneshot_mask: [0-9a-f,]+$/);
  lines.take(/^$/);
  const snapshot = {
    monotonicNs, broadcastDevice, epochS: seen.epochS,
    cpus: cpus.map((cpu) => ({ ...cpu, device: readPerCpuDevice(lines, cpu.cpu) })),
  };
  if (!lines.done) throw new Error('there is more than the devices of all CPUs');
  return { form: { version: version!, getTime: seen.getTime, nohzMode: seen.nohzMode }, resolution: seen.resolution, snapshot };
}

type Seen = { getTime: boolean; nohzMode: boolean; resolution: number; epochS: number };

function readCpu(lines: Lines, initialJiffies: number, seen: Seen): Omit<CpuSnapshot, 'device'> {
  const cpu = lines.number(/^cpu: (\d+)$/);
  const offsets = [0, 0, 0, 0];
  const bases = Array.from({ length: 8 }, (_, index) => readBase(lines, index, offsets, seen));
  const field = (name: string): number => lines.number(new RegExp(`^  \\.${name.padEnd(15)}: (\\d+)$`));
  const nsField = (name: string): number => lines.number(new RegExp(`^  \\.${name.padEnd(15)}: (\\d+) nsecs$`));
  const hrtimers = {
    expiresNext: nsField('expires_next'), hresActive: field('hres_active') === 1,
    nrEvents: field('nr_events'), nrRetries: field('nr_retries'),
    nrHangs: field('nr_hangs'), maxHangTime: field('max_hang_time'),
    offsets: { realNs: offsets[1]!, bootNs: offsets[2]!, taiNs: offsets[3]! }, bases,
  };
  const jiffies = (count: number): number => (count === 0 ? 0 : count - initialJiffies);
  const tick: Omit<TickSnapshot, 'jiffies' | 'idleActive'> = {
    ...readNohz(lines, field, seen), lastTick: nsField('last_tick'), tickStopped: field('tick_stopped') === 1,
    idleJiffies: jiffies(field('idle_jiffies')), idleCalls: field('idle_calls'), idleSleeps: field('idle_sleeps'),
    idleEntrytime: nsField('idle_entrytime'), idleWaketime: nsField('idle_waketime'), idleExittime: nsField('idle_exittime'),
    idleSleeptime: nsField('idle_sleeptime'), iowaitSleeptime: nsField('iowait_sleeptime'),
    lastJiffies: jiffies(field('last_jiffies')), nextTimer: field('next_timer'), idleExpires: nsField('idle_expires'),
  };
  const atJiffies = jiffies(lines.number(/^jiffies: (\d+)$/));
  lines.take(/^$/);
  return { ...NOTHING, cpu, hrtimers, tick: { ...tick, idleActive: false, jiffies: atJiffies } };
}

/** What timer_list does not show. */
const NOTHING = {
  online: true, kcpustat: {} as CpuSnapshot['kcpustat'], softirqs: [],
  nrRunning: 0, nrSwitches: 0, nrIowait: 0, idleSleepNs: 0, iowaitSleepNs: 0,
  isolated: false, cpuTimeNs: 0, runDelayNs: 0, timeslices: 0,
  interrupts: { localTimer: 0, reschedule: 0, callFunction: 0, irqWork: 0, lines: new Map() },
};

function readNohz(lines: Lines, field: (name: string) => number, seen: Seen): Pick<TickSnapshot, 'nohz' | 'highres'> {
  seen.nohzMode = lines.looksLike(/nohz_mode/);
  if (!seen.nohzMode) return { nohz: field('nohz') === 1, highres: field('highres') === 1 };
  const mode = field('nohz_mode');
  return { nohz: mode > 0, highres: mode === 2 };
}

const GET_TIME = ['ktime_get', 'ktime_get_real', 'ktime_get_boottime', 'ktime_get_clocktai'];

function readBase(lines: Lines, index: number, offsets: number[], seen: Seen): HrtimerSnapshot[] {
  lines.take(new RegExp(`^ clock ${index}:$`));
  lines.take(new RegExp(`^  \\.base:       ${POINTER}$`));
  lines.take(new RegExp(`^  \\.index:      ${index}$`));
  seen.resolution = lines.number(/^ {2}\.resolution: (\d+) nsecs$/);
  seen.getTime = lines.looksLike(/^ {2}\.get_time/);
  if (seen.getTime) lines.take(new RegExp(`^  \\.get_time:   ${GET_TIME[index % 4]}$`));
  const offset = BigInt(lines.take(/^ {2}\.offset: {5}(\d+) nsecs$/)[0]!);
  if (index % 2 === 1) seen.epochS = Number(offset / 1_000_000_000n);
  offsets[index % 4] = Number(index % 2 === 1 ? offset % 1_000_000_000n : offset);
  lines.take(/^active timers:$/);
  const timers: HrtimerSnapshot[] = [];
  while (lines.looksLike(/^ #/)) timers.push(readTimer(lines, timers.length));
  return timers;
}

const FUNCTIONS: Readonly<Record<string, HrtimerFunction>> = {
  tick_sched_timer: HrtimerFunction.TickNohzHandler, tick_nohz_handler: HrtimerFunction.TickNohzHandler,
  hrtimer_wakeup: HrtimerFunction.HrtimerWakeup, dl_task_timer: HrtimerFunction.DlTaskTimer, it_real_fn: HrtimerFunction.ItRealFn,
  posix_timer_fn: HrtimerFunction.PosixTimerFn, timerfd_tmrproc: HrtimerFunction.TimerfdTmrproc,
  watchdog_timer_fn: HrtimerFunction.WatchdogTimerFn, reader_timer_fn: HrtimerFunction.ReaderTimerFn,
};

function readTimer(lines: Lines, place: number): HrtimerSnapshot {
  const [name] = lines.take(new RegExp(`^ #${place}: <${POINTER}>, (\\w+), S:01$`));
  const [softexpires, expires] = lines.take(/^ # expires at (\d+)-(\d+) nsecs \[in -?\d+ to -?\d+ nsecs\]$/);
  const fn = FUNCTIONS[name!];
  if (fn === undefined) throw new Error(`no timer here calls ${name}`);
  return { timer: place, function: fn, softexpires: ns(softexpires!), expires: ns(expires!) };
}

function readPerCpuDevice(lines: Lines, cpu: number): ClockEventDeviceSnapshot | null {
  const device = readDevice(lines, new RegExp(`^Per CPU device: ${cpu}$`), true);
  return device;
}

const HANDLERS: Readonly<Record<string, TickHandler>> = {
  tick_handle_periodic: TickHandler.Periodic, hrtimer_interrupt: TickHandler.Hrtimer, clockevents_handle_noop: TickHandler.Noop,
  tick_nohz_handler: TickHandler.NohzLowres, tick_nohz_lowres_handler: TickHandler.NohzLowres,
};

function readDevice(lines: Lines, title: RegExp, perCpu = false): ClockEventDeviceSnapshot | null {
  const tickMode = lines.number(/^Tick Device: mode: {5}([01])$/);
  lines.take(title);
  const [name] = lines.take(/^Clock Event Device: (\S+)$/);
  if (name === '<NULL>') return null;
  const maxDeltaNs = lines.number(/^ max_delta_ns: {3}(\d+)$/);
  const minDeltaNs = lines.number(/^ min_delta_ns: {3}(\d+)$/);
  const mult = lines.number(/^ mult: {11}(\d+)$/);
  const shift = lines.number(/^ shift: {10}(\d+)$/);
  const state = lines.number(/^ mode: {11}([0-4])$/) as ClockEventState;
  const nextEvent = lines.number(/^ next_event: {5}(\d+) nsecs$/);
  lines.take(/^ set_next_event: \w+$/);
  while (lines.looksLike(/^ (shutdown|periodic|oneshot|resume|oneshot stopped):/)) lines.take(/^ [a-z ]+: +\w+$/);
  const [handler] = lines.take(/^ event_handler: {2}(\w+)$/);
  lines.take(/^$/);
  const retries = lines.number(/^ retries: {8}(\d+)$/);
  if (perCpu) lines.take(/^Wakeup Device: <NULL>$/);
  lines.take(/^$/);
  const code = HANDLERS[handler!];
  if (code === undefined) throw new Error(`no device here is handled by ${handler}`);
  return { name: name!, tickMode, state, handler: code, mult, shift, minDeltaNs, maxDeltaNs, nextEvent, retries };
}
