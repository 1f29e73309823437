/** How often each trace point was hit between two instants, CPU by CPU, by the names that the recordings use. */
import type { EventConsumer } from '../../shared/event-consumer.ts';
import { EVENTS, Event } from '../../shared/events.ts';
import { HrtimerFunction } from '../../shared/structs/hrtimer.ts';
import { KERNEL_TIMERS, TimerFunction } from '../../shared/structs/timer.ts';
import type { CpuId, Ns, TaskId } from '../../shared/units.ts';
import { shapeOf } from '../../src/setup.ts';
import type { Scenario } from '../../src/workload/scenario.ts';
import type { Leaf, Leaves } from './leaves.ts';

/** Names that Linux gives the functions of hrtimers. */
const HRTIMER_FUNCTIONS: Readonly<Record<string, string>> = {
  TickNohzHandler: 'tick_sched_timer', HrtimerWakeup: 'hrtimer_wakeup', WatchdogTimerFn: 'watchdog_timer_fn',
};
/** Of the timers of the wheel that have no row of their own. */
const WHEEL_FUNCTIONS = ['process_timeout', 'delayed_work_timer_fn'];
/** Events of which Linux has a trace point of the same name. */
const TRACED = EVENTS.filter(({ system }) => system !== 'dynticks' && system !== 'rtapp' && system !== 'lock' && system !== 'csd');

const fieldOf = (event: string, field: string): number =>
  EVENTS.find(({ name }) => name === event)!.fields.findIndex(({ name }) => name === field);
const EXPIRE_FUNCTION = fieldOf('hrtimer_expire_entry', 'function');
const TIMER = fieldOf('timer_expire_entry', 'timer');
const TIMER_FUNCTION = fieldOf('timer_expire_entry', 'function');
const WORK = fieldOf('workqueue_execute_start', 'work');
const LOOP_TASK = fieldOf('rtapp_loop', 'task');
const LOOP_PHASE = fieldOf('rtapp_loop', 'phase');
const STOP_SUCCESS = fieldOf('tick_stop', 'success');
const STOP_DEPENDENCY = fieldOf('tick_stop', 'dependency');

/** What the recordings call what keeps a tick from being stopped. */
const DEPENDENCIES: Readonly<Record<number, string>> = {
  0: 'NONE', 1: 'POSIX_TIMER', 2: 'PERF_EVENTS', 4: 'SCHED', 8: 'CLOCK_UNSTABLE', 16: 'RCU',
};
/** A tick is a tick after its CPU's last if it comes about one period later. */
const NEAR_TICK = [0.9, 1.1] as const;

export class TraceCounts implements EventConsumer {
  private readonly counts = new Map<string, number>();
  private readonly lastTick = new Map<CpuId, Ns>();
  private readonly spanNs: Ns;
  /** The task of whom that phase begins the trace; -1: it has begun at `fromNs`. */
  private readonly startPhase: number;
  private recorder: TaskId;
  private fromNs: Ns;
  private readonly cpus: number;
  private readonly tickNs: Ns;
  /** What the kernel does by itself, row by row, and the number of the first row's timer. */
  private readonly background: readonly string[];
  private readonly firstTimer: number;

  /** `startPhase`: of the recorder, with which the trace begins; -1: it begins at `fromNs`. */
  constructor(scenario: Scenario, tickNs: Ns, fromNs: Ns, spanNs: Ns, startPhase: number) {
    this.cpus = scenario.cpus;
    this.background = scenario.workload.background.map(({ name }) => name);
    this.firstTimer = shapeOf(scenario).tasks + KERNEL_TIMERS;
    this.tickNs = tickNs;
    this.spanNs = spanNs;
    this.startPhase = startPhase;
    this.fromNs = startPhase < 0 ? fromNs : Infinity;
    this.recorder = startPhase < 0 ? -1 : scenario.cpus;
    for (const { name } of TRACED) this.declare(`events.${name}`);
    for (const name of Object.values(HRTIMER_FUNCTIONS)) this.declare(`hrtimer_expire.${name}`);
    for (const name of [...WHEEL_FUNCTIONS, ...this.background]) this.declare(`timer_expire.${name}`);
    for (const name of this.background) this.declare(`workqueue.${name}`);
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    if (id === Event.rtapp_loop && fields[at + LOOP_TASK] === this.recorder && fields[at + LOOP_PHASE] === this.startPhase) {
      this.recorder = -1;
      this.fromNs = t;
    }
    if (t < this.fromNs || t >= this.fromNs + this.spanNs || cpu >= this.cpus) return;
    this.count(`events.${EVENTS[id]!.name}.${cpu}`);
    switch (id) {
      case Event.hrtimer_expire_entry: return this.onExpiry(cpu, t, fields[at + EXPIRE_FUNCTION]!);
      case Event.timer_expire_entry: return this.count(`timer_expire.${this.wheelFunction(fields, at)}.${cpu}`);
      case Event.workqueue_execute_start: return this.count(`workqueue.${this.background[fields[at + WORK]!]}.${cpu}`);
      case Event.tick_stop: return this.onTickStop(cpu, fields[at + STOP_SUCCESS]!, fields[at + STOP_DEPENDENCY]!);
      default:
    }
  }

  /** As leaves of a recording: `trace.events.sched_switch.0`. Lines are those of the events that the recording has. */
  finish(recorded: Leaves): Map<string, Leaf> {
    const spanS = Math.round(this.spanNs / 1e3) / 1e6;
    const lines = [...this.counts].reduce((sum, [key, n]) => sum + (recorded.has(`trace.${key}`) && key.startsWith('events.') ? n : 0), 0);
    const rest = [['trace.span_s', spanS], ['trace.lost', 0], ['trace.lines', lines]] as const;
    return new Map<string, Leaf>([...[...this.counts].map(([key, n]) => [`trace.${key}`, n] as const), ...rest]);
  }

  private onExpiry(cpu: CpuId, t: Ns, code: number): void {
    const name = Object.entries(HrtimerFunction).find(([, value]) => value === code)?.[0] ?? '';
    const linux = HRTIMER_FUNCTIONS[name] ?? name;
    this.count(`hrtimer_expire.${linux}.${cpu}`);
    if (name !== 'TickNohzHandler') return;
    const last = this.lastTick.get(cpu);
    this.lastTick.set(cpu, t);
    if (last === undefined) return;
    this.count(`tick_gap_ms.${cpu}.n`);
    const ticks = (t - last) / this.tickNs;
    if (ticks > NEAR_TICK[0] && ticks < NEAR_TICK[1]) this.count(`tick_gap_ms.${cpu}.n_4ms`);
  }

  private onTickStop(cpu: CpuId, success: number, dependency: number): void {
    this.count(`tick_stop.cpu${cpu} success=${success} dep=${DEPENDENCIES[dependency] ?? 'MIX'}`);
  }

  private wheelFunction(fields: Float64Array, at: number): string {
    const code = fields[at + TIMER_FUNCTION]!;
    if (code === TimerFunction.ProcessTimeout) return 'process_timeout';
    if (code === TimerFunction.DelayedWork) return 'delayed_work_timer_fn';
    return this.background[fields[at + TIMER]! - this.firstTimer] ?? 'other';
  }

  private declare(key: string): void {
    for (let cpu = 0; cpu < this.cpus; cpu++) this.counts.set(`${key}.${cpu}`, 0);
  }

  private count(key: string): void {
    this.counts.set(key, (this.counts.get(key) ?? 0) + 1);
  }
}
