/** Gathers what /proc and /sys show at the end of a run from its event stream. */
import type { EventConsumer, RunFacts } from '../../shared/event-consumer.ts';
import { NR_SOFTIRQS, TickFlag, type ClockEventState, type TickHandler } from '../../shared/structs/cpu.ts';
import type { HrtimerFunction } from '../../shared/structs/hrtimer.ts';
import { KTIME_MAX, NONE, type CpuId, type Ns, type TaskId } from '../../shared/units.ts';
import { clocksourceName, deviceName } from './code-names.ts';
import { EventHandlers, fieldIndex, type EventHandler } from './event-handlers.ts';
import type {
  ClockEventDeviceSnapshot, ClockOffsets, ClocksourceSnapshot, CpuSnapshot, HrtimerBaseSnapshot, HrtimerSnapshot,
  MachineSnapshot, TickSnapshot,
} from './machine-snapshot.ts';
import { KCPUSTAT_SLOTS, type KcpustatSlot } from './run-figures.ts';
import { TaskCollector, type PendingOfTask } from './task-collector.ts';

/** @linux include/linux/hrtimer_defs.h HRTIMER_MAX_CLOCK_BASES */
export const HRTIMER_MAX_CLOCK_BASES = 8;
/** The global event device's interrupt line. */
const TIMER_IRQ = 0;

/** A record of the stream by the names of its fields. */
type Named = (field: string) => number;

interface QueuedTimer extends HrtimerSnapshot {
  readonly base: number;
  readonly order: number;
}

/** What is kept of a CPU while the stream goes by: its last words, as they come. */
interface CpuRecord {
  online: boolean;
  kcpustat: Record<KcpustatSlot, Ns>;
  counts: Pick<
    CpuSnapshot,
    'interrupts' | 'softirqs' | 'nrRunning' | 'nrSwitches' | 'nrIowait' | 'isolated' | 'cpuTimeNs' | 'runDelayNs' | 'timeslices'
  >;
  /** the task that it runs */
  curr: TaskId;
  tick: TickSnapshot;
  /** CLOCK_MONOTONIC at its last words */
  mono: Ns;
  hrtimers: Omit<HrtimerBaseSnapshot, 'bases'>;
  device: ClockEventDeviceSnapshot | null;
  readonly timers: QueuedTimer[];
}

type SystemRecord = Pick<MachineSnapshot, 'monotonicNs' | 'offsets' | 'jiffies' | 'nohzActive' | 'loads'>;

export class MachineSnapshotCollector implements EventConsumer {
  readonly interests: readonly number[];
  private readonly handlers: EventHandlers;
  private readonly cpus: readonly CpuRecord[];
  private readonly tasks: TaskCollector;
  private system: SystemRecord;
  private broadcastDevice: ClockEventDeviceSnapshot | null = null;
  private readonly epochS: number;
  private readonly clocksources: ClocksourceSnapshot[] = [];

  constructor(facts: RunFacts) {
    this.epochS = facts.epochSec;
    this.cpus = Array.from({ length: facts.cpus }, newCpu);
    this.tasks = new TaskCollector(facts);
    this.system = systemOf(() => 0);
    this.handlers = new EventHandlers({ ...this.tasks.handlers, ...this.register() });
    this.interests = this.handlers.interests;
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    this.handlers.onEvent(id, cpu, t, fields, at);
  }

  /** /proc and /sys as they stand after the last event. */
  finish(): MachineSnapshot {
    const threadGroups = this.tasks.finish();
    const tasks = threadGroups.flatMap(({ threads }) => threads);
    const cpus = this.cpus.map((record, cpu) => cpuSnapshot(record, cpu, this.tasks.pendingOf(record.curr)));
    const total = (of: (cpu: CpuSnapshot) => number): number => cpus.reduce((sum, cpu) => sum + of(cpu), 0);
    return {
      ...this.system,
      epochS: this.epochS,
      clocksources: this.clocksources,
      contextSwitches: total((cpu) => cpu.nrSwitches),
      processes: this.tasks.forks,
      procsRunning: total((cpu) => cpu.nrRunning),
      procsBlocked: total((cpu) => cpu.nrIowait),
      threads: tasks.length,
      lastPid: Math.max(0, ...tasks.map(({ pid }) => pid)),
      cpus,
      broadcastDevice: this.broadcastDevice,
      tasks,
      threadGroups,
    };
  }

  private register(): ConstructorParameters<typeof EventHandlers>[0] {
    const cpuOf = (named: Named): CpuRecord => this.cpus[named('cpu')]!;
    return {
      kcpustat_final: reading('kcpustat_final', (n) => { cpuOf(n).kcpustat = kcpustatOf(n); }),
      cpu_final: reading('cpu_final', (n) => {
        cpuOf(n).online = n('online') === 1;
        cpuOf(n).counts = countsOf(n);
        cpuOf(n).curr = n('curr');
      }),
      tick_sched_final: reading('tick_sched_final', (n) => {
        cpuOf(n).tick = tickOf(n);
        cpuOf(n).mono = n('mono');
      }),
      hrtimer_cpu_base_final: reading('hrtimer_cpu_base_final', (n) => { cpuOf(n).hrtimers = hrtimersOf(n); }),
      hrtimer_final: reading('hrtimer_final', (n) => { cpuOf(n).timers.push(timerOf(n)); }),
      clock_event_device_final: reading('clock_event_device_final', (n) => {
        if (n('cpu') === NONE) this.broadcastDevice = deviceOf(n);
        else cpuOf(n).device = deviceOf(n);
      }),
      clocksource_final: reading('clocksource_final', (n) => { this.clocksources.push(clocksourceOf(n)); }),
      system_final: reading('system_final', (n) => { this.system = systemOf(n); }),
    };
  }
}

/** A handler that sees its record by names: for what comes once. */
function reading(event: Parameters<typeof fieldIndex>[0], then: (named: Named) => void): EventHandler {
  return (_cpu, _t, fields, at) => then((field) => fields[at + fieldIndex(event, field)]!);
}

const newCpu = (): CpuRecord => {
  const zero = (): number => 0;
  return {
    online: false, mono: 0, device: null, timers: [], curr: NONE,
    kcpustat: kcpustatOf(zero), counts: countsOf(zero), tick: tickOf(zero),
    hrtimers: { ...hrtimersOf(zero), expiresNext: KTIME_MAX },
  };
};

const kcpustatOf = (named: Named): Record<KcpustatSlot, Ns> =>
  Object.fromEntries(KCPUSTAT_SLOTS.map((slot) => [slot, named(slot)])) as Record<KcpustatSlot, Ns>;

const SOFTIRQ_FIELDS = ['hi', 'timer', 'net_tx', 'net_rx', 'block', 'irq_poll', 'tasklet', 'sched', 'hrtimer', 'rcu'] as const;

const countsOf = (named: Named): CpuRecord['counts'] => ({
  interrupts: {
    localTimer: named('loc'), reschedule: named('res'), callFunction: named('cal'), irqWork: named('iwi'),
    lines: new Map([[TIMER_IRQ, named('line0')]]),
  },
  softirqs: SOFTIRQ_FIELDS.slice(0, NR_SOFTIRQS).map(named),
  nrRunning: named('nr_running'), nrSwitches: named('nr_switches'), nrIowait: named('nr_iowait'),
  isolated: named('isolated') === 1, cpuTimeNs: named('cpu_time'), runDelayNs: named('run_delay'), timeslices: named('pcount'),
});

const hasFlag = (named: Named, flag: number): boolean => (named('flags') & flag) !== 0;

const tickOf = (named: Named): TickSnapshot => ({
  nohz: hasFlag(named, TickFlag.Nohz), highres: hasFlag(named, TickFlag.Highres), tickStopped: hasFlag(named, TickFlag.Stopped),
  lastTick: named('last_tick'), idleActive: named('idle_active') === 1,
  idleJiffies: named('idle_jiffies'), idleCalls: named('idle_calls'), idleSleeps: named('idle_sleeps'),
  idleEntrytime: named('idle_entrytime'), idleWaketime: named('idle_waketime'), idleExittime: named('idle_exittime'),
  idleSleeptime: named('idle_sleeptime'), iowaitSleeptime: named('iowait_sleeptime'),
  lastJiffies: named('last_jiffies'), nextTimer: named('next_timer'), idleExpires: named('idle_expires'), jiffies: named('jiffies'),
});

const offsetsOf = (named: Named): ClockOffsets => ({ realNs: named('offs_real'), bootNs: named('offs_boot'), taiNs: named('offs_tai') });

const hrtimersOf = (named: Named): CpuRecord['hrtimers'] => ({
  expiresNext: named('expires_next'), hresActive: named('hres_active') === 1,
  nrEvents: named('nr_events'), nrRetries: named('nr_retries'), nrHangs: named('nr_hangs'), maxHangTime: named('max_hang_time'),
  offsets: offsetsOf(named),
});

const timerOf = (named: Named): QueuedTimer => ({
  timer: named('hrtimer'), base: named('base'), function: named('function') as HrtimerFunction,
  softexpires: named('softexpires'), expires: named('expires'), order: named('order'),
});

const deviceOf = (named: Named): ClockEventDeviceSnapshot => ({
  name: deviceName(named('device')),
  tickMode: named('tick_mode'), state: named('state') as ClockEventState, handler: named('handler') as TickHandler,
  mult: named('mult'), shift: named('shift'), minDeltaNs: named('min_delta_ns'), maxDeltaNs: named('max_delta_ns'),
  nextEvent: named('next_event'), retries: named('retries'),
});

const clocksourceOf = (named: Named): ClocksourceSnapshot => ({
  name: clocksourceName(named('source')),
  rating: named('rating'), current: named('current') === 1, validForHres: named('valid_for_hres') === 1,
});

const systemOf = (named: Named): SystemRecord => ({
  monotonicNs: named('mono'), offsets: offsetsOf(named), jiffies: named('jiffies'), nohzActive: named('nohz_active') === 1,
  loads: [named('load1'), named('load5'), named('load15')],
});

function cpuSnapshot(
  { online, kcpustat, counts, tick, mono, hrtimers, device, timers }: CpuRecord, cpu: CpuId, pending: PendingOfTask,
): CpuSnapshot {
  // a CPU whose last event ran past the end may have gone to sleep in the others' future
  const asleep = tick.idleActive ? Math.max(0, mono - tick.idleEntrytime) : 0;
  const waitsForIo = counts.nrIowait > 0;
  return {
    cpu, online, kcpustat: withPending(kcpustat, pending), ...counts, tick, device,
    idleSleepNs: tick.idleSleeptime + (waitsForIo ? 0 : asleep),
    iowaitSleepNs: tick.iowaitSleeptime + (waitsForIo ? asleep : 0),
    hrtimers: { ...hrtimers, bases: Array.from({ length: HRTIMER_MAX_CLOCK_BASES }, (_, base) => queueOf(timers, base)) },
  };
}

/** @linux kernel/sched/cputime.c kcpustat_cpu_fetch_vtime */
function withPending(charged: Record<KcpustatSlot, Ns>, { nice, user, guest, system, idle }: PendingOfTask): Record<KcpustatSlot, Ns> {
  const [userSlot, guestSlot] = nice ? ['nice', 'guest_nice'] as const : ['user', 'guest'] as const;
  return {
    ...charged,
    [userSlot]: charged[userSlot] + user, [guestSlot]: charged[guestSlot] + guest,
    system: charged.system + system, idle: charged.idle + idle,
  };
}

const queueOf = (timers: readonly QueuedTimer[], base: number): HrtimerSnapshot[] =>
  timers
    .filter((timer) => timer.base === base)
    .sort((a, b) => a.expires - b.expires || a.order - b.order)
    .map(({ timer, function: fn, softexpires, expires }) => ({ timer, function: fn, softexpires, expires }));
