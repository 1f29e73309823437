/** Words for the numbers of `code` fields, so that a trace reads like Linux's own. */
import { EventClass, Mode, type EventName } from '../../shared/events.ts';
import { LOCK_NAMES } from '../../shared/lock-order.ts';
import { Printk } from '../../shared/printk.ts';
import {
  ClockEventFeature, ClockEventName, ClockEventState, Cpustat, IrqWork, MessageKind, NohzFlag, SoftirqVec, TickFlag, TickHandler,
} from '../../shared/structs/cpu.ts';
import { Signal } from '../../shared/structs/signal.ts';
import { HrtimerBase, HrtimerFunction, HrtimerMode } from '../../shared/structs/hrtimer.ts';
import { TaskState, VtimeState } from '../../shared/structs/task.ts';
import { ClockId, ClocksourceFlag, CLOCKSOURCE_NAMES, TimekeepingAction } from '../../shared/structs/timekeeper.ts';
import { MultiStopState } from '../../shared/structs/smp.ts';
import { TimerFunction, WheelOp } from '../../shared/structs/timer.ts';
import { SmpFunction } from '../kernel/smp.ts';
import { StopFunction } from '../kernel/stop-machine.ts';
import { CpuClock } from '../kernel/time/posix-cpu-clock.ts';
import { OpKind } from '../kernel/user.ts';
import { DeviceId } from '../kernel/time/clockevents.ts';
import { WatchdogVerdict } from '../kernel/time/clocksource-watchdog.ts';

/** Words for codes: a map from each, or whoever puts them together. */
interface Names {
  get(code: number): string | undefined;
}

const namesOf = (codes: Readonly<Record<string, number>>): Names =>
  new Map(Object.entries(codes).map(([name, code]) => [code, name]));

/** A set of bits by their names, `Nohz|Highres`; 0 when it is empty. */
const flagsOf = (bits: Readonly<Record<string, number>>): Names => ({
  get: (code) => Object.entries(bits).filter(([, bit]) => (code & bit) !== 0).map(([name]) => name).join('|') || '0',
});

/** `ABS|PINNED|HARD`. @linux include/trace/events/timer.h decode_hrtimer_mode */
const HRTIMER_MODES: Names = {
  get: (mode) => {
    const bits = HRTIMER_BITS.filter(([, bit]) => (mode & bit) !== 0).map(([name]) => name);
    return [(mode & HrtimerMode.Rel) !== 0 ? 'REL' : 'ABS', ...bits].join('|');
  },
};
const HRTIMER_BITS = [['PINNED', HrtimerMode.Pinned], ['SOFT', HrtimerMode.Soft], ['HARD', HrtimerMode.Hard]] as const;

const TICK_FLAGS = flagsOf(TickFlag);
const WHEEL_FUNCTIONS = namesOf(TimerFunction);
const READERS = namesOf({ linux: 0, complete: 1 });
const CPUSTATS = namesOf(Cpustat);
const CPU_CLOCKS = namesOf(CpuClock);
const VTIME = namesOf(VtimeState);
const SOFTIRQS = namesOf(SoftirqVec);
const SMP_FUNCTIONS = namesOf(SmpFunction);
const FUNCTIONS = namesOf(HrtimerFunction);
const DEVICES = namesOf(DeviceId);
const CLOCKS = namesOf(ClockId);
const SIGNALS = namesOf(Signal);
/** As sysfs and the log name them. */
const DEVICE_NAMES = namesOf(ClockEventName);
const CLOCKSOURCES: Names = new Map(CLOCKSOURCE_NAMES.map((name, code) => [code, name]));
const LOCKS: Names = new Map(LOCK_NAMES.map((name, code) => [code, name]));

// table: event -> field -> words; a field that is not here is shown as its number
const CODES: Partial<Record<EventName, Readonly<Record<string, Names>>>> = {
  event: { class: namesOf(EventClass) },
  softirq_raise: { vec: SOFTIRQS },
  softirq_entry: { vec: SOFTIRQS },
  softirq_exit: { vec: SOFTIRQS },
  hrtimer_start: { function: FUNCTIONS, mode: HRTIMER_MODES },
  hrtimer_init: { clockid: CLOCKS, mode: HRTIMER_MODES },
  hrtimer_expire_entry: { function: FUNCTIONS },
  // the letters of /proc/<pid>/stat; 128 is TASK_DEAD
  sched_switch: { prev_state: namesOf({ R: 0, S: 1, D: 2, X: 128 }) },
  lock_acquire: { lock: LOCKS },
  lock_release: { lock: LOCKS },
  csd_queue_cpu: { kind: namesOf(MessageKind) },
  csd_function_entry: { kind: namesOf(MessageKind) },
  csd_function_exit: { kind: namesOf(MessageKind) },
  csd_lock: { function: SMP_FUNCTIONS, kind: namesOf(MessageKind) },
  csd_unlock: { function: SMP_FUNCTIONS, kind: namesOf(MessageKind) },
  smp_call_function_many: { function: SMP_FUNCTIONS },
  smp_call_function_done: { function: SMP_FUNCTIONS },
  multi_stop_state: { state: namesOf(MultiStopState) },
  stop_machine: { function: namesOf(StopFunction) },
  stop_machine_function: { function: namesOf(StopFunction) },
  irq_work_run: { work: namesOf(IrqWork) },
  timekeeping_change: { action: namesOf(TimekeepingAction), source: CLOCKSOURCES },
  clocksource_state: { source: CLOCKSOURCES, flags: flagsOf(ClocksourceFlag) },
  clocksource_select: { best: CLOCKSOURCES, current: CLOCKSOURCES, override: CLOCKSOURCES },
  tick: { mode: namesOf({ periodic: 0, hrtimer: 1 }) },
  clockevents_switch_state: { device: DEVICES, state: namesOf(ClockEventState) },
  clockevents_program_event: { device: DEVICES },
  clockevents_register_device: { device: DEVICES, name: DEVICE_NAMES, features: flagsOf(ClockEventFeature) },
  clockevents_exchange_device: { old: DEVICES, new: DEVICES },
  clockevents_min_delta: { device: DEVICES },
  tick_device: { device: DEVICES, mode: namesOf({ periodic: 0, oneshot: 1 }), handler: namesOf(TickHandler) },
  timer_start: { function: WHEEL_FUNCTIONS },
  timer_base: { op: namesOf(WheelOp) },
  signal_generate: { sig: SIGNALS, result: namesOf({ delivered: 0, ignored: 1, pending: 2 }) },
  signal_deliver: { sig: SIGNALS },
  timer_expire_entry: { function: WHEEL_FUNCTIONS },
  clock_gettime: { clock: CLOCKS },
  timekeeping_set: { action: namesOf(TimekeepingAction) },
  clocksource_watchdog: { source: CLOCKSOURCES, watchdog: CLOCKSOURCES, verdict: namesOf(WatchdogVerdict) },
  idle_sleep: { flags: TICK_FLAGS },
  tick_nohz_idle_stop: { flags: TICK_FLAGS },
  tick_sched_final: { flags: TICK_FLAGS },
  nohz_kick: { flags: flagsOf(NohzFlag) },
  context: { mode: namesOf(Mode) },
  vtime_publish: { state: VTIME },
  task_cputime: { reader: READERS, state: VTIME },
  kcpustat_cpu_fetch: { reader: READERS, state: VTIME },
  kcpustat_field: { reader: READERS, usage: CPUSTATS, state: VTIME },
  task_gtime: { reader: READERS, state: VTIME },
  thread_group_cputime: { reader: READERS },
  cpu_clock_sample: { clock: CPU_CLOCKS },
  task_final: { state: namesOf(TaskState), vtime_state: VTIME },
  hrtimer_final: { base: namesOf(HrtimerBase), function: FUNCTIONS },
  clock_event_device_final: { device: DEVICE_NAMES, state: namesOf(ClockEventState), handler: namesOf(TickHandler) },
  printk: { line: namesOf(Printk) },
  clocksource_final: { source: CLOCKSOURCES },
  rtapp_loop: { edge: namesOf({ start: 0, end: 1 }) },
  rtapp_event: { type: namesOf(OpKind) },
  profile_hit: { type: namesOf(OpKind) },
};

/** The word for `code` in `field` of `event`, undefined where there is none. */
export const codeName = (event: string, field: string, code: number): string | undefined =>
  CODES[event as EventName]?.[field]?.get(code);

/** `tsc`, as sysfs and the log name it. */
export const clocksourceName = (id: number): string => CLOCKSOURCES.get(id) ?? `clock source ${id}`;

/** `lapic`, as sysfs and the log name it. */
export const deviceName = (id: number): string => DEVICE_NAMES.get(id) ?? `device ${id}`;
