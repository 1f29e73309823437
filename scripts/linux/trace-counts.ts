/** How often each trace point was hit between two instants, CPU by CPU, by the names that the recordings use. */
import type { EventConsumer } from '../../shared/event-consumer.ts';
import { EVENTS, Event } from '../../shared/events.ts';
import { HrtimerFunction } from '../../shared/structs/hrtimer.ts';
import type { CpuId, Ns } from '../../shared/units.ts';
import type { Leaf, Leaves } from './leaves.ts';

/** Names that Linux gives the functions of hrtimers. */
const HRTIMER_FUNCTIONS: Readonly<Record<string, string>> = {
  TickNohzHandler: 'tick_sched_timer', HrtimerWakeup: 'hrtimer_wakeup', WatchdogTimerFn: 'watchdog_timer_fn',
};
/** Events of which Linux has a trace point of the same name. */
const TRACED = EVENTS.filter(({ system }) => system !== 'dynticks' && system !== 'rtapp' && system !== 'lock' && system !== 'csd');

const fieldOf = (event: string, field: string): number =>
  EVENTS.find(({ name }) => name === event)!.fields.findIndex(({ name }) => name === field);
const EXPIRE_FUNCTION = fieldOf('hrtimer_expire_entry', 'function');
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
  private readonly fromNs: Ns;
  private readonly toNs: Ns;
  private readonly cpus: number;
  private readonly tickNs: Ns;

  constructor(cpus: number, tickNs: Ns, fromNs: Ns, toNs: Ns) {
    this.cpus = cpus;
    this.tickNs = tickNs;
    this.fromNs = fromNs;
    this.toNs = toNs;
    for (const { name } of TRACED) this.declare(`events.${name}`);
    for (const name of Object.values(HRTIMER_FUNCTIONS)) this.declare(`hrtimer_expire.${name}`);
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    if (t < this.fromNs || t >= this.toNs || cpu >= this.cpus) return;
    this.count(`events.${EVENTS[id]!.name}.${cpu}`);
    if (id === Event.hrtimer_expire_entry) this.onExpiry(cpu, t, fields[at + EXPIRE_FUNCTION]!);
    else if (id === Event.tick_stop) {
      const dependency = DEPENDENCIES[fields[at + STOP_DEPENDENCY]!] ?? 'MIX';
      this.count(`tick_stop.cpu${cpu} success=${fields[at + STOP_SUCCESS]} dep=${dependency}`);
    }
  }

  /** As leaves of a recording: `trace.events.sched_switch.0`. Lines are those of the events that the recording has. */
  finish(recorded: Leaves): Map<string, Leaf> {
    const spanS = Math.round((this.toNs - this.fromNs) / 1e3) / 1e6;
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

  private declare(key: string): void {
    for (let cpu = 0; cpu < this.cpus; cpu++) this.counts.set(`${key}.${cpu}`, 0);
  }

  private count(key: string): void {
    this.counts.set(key, (this.counts.get(key) ?? 0) + 1);
  }
}
