/** A tick charges no more than a tick, and those that did not come no more than as many: whatever they hit, and once. */
import { samples } from '../../../shared/cputime-flavour.ts';
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event } from '../../../shared/events.ts';
import type { CpuId, Ns } from '../../../shared/units.ts';
import { namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription } from '../oracle.ts';

/** Slots that only ticks fill, on any CPU that samples. */
const BY_TICKS = ['user', 'nice', 'system', 'idle', 'iowait'] as const;
const [LOOK_CPU, ...LOOK_SLOTS] = places('kcpustat_cpu_fetch', 'cpu', ...BY_TICKS);
const [FINAL_CPU, ...FINAL_SLOTS] = places('kcpustat_final', 'cpu', ...BY_TICKS);
const [TICKS] = places('account_idle_ticks', 'ticks');

export class TickCharges extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'A-07',
    says: 'where ticks sample, user, nice, system, idle and iowait of a CPU together are at most a tick for each that came, or did not ' +
      'come while it was idle',
    reference: 'kernel/sched/cputime.c account_process_tick, account_idle_ticks',
    blindTo: 'who was charged (C-07), and ticks that charged too little (A-01)',
    listens: ['tick', 'account_idle_ticks', 'kcpustat_cpu_fetch', 'kcpustat_final'],
  };

  readonly #ticks: Float64Array;

  constructor(facts: RunFacts) {
    super(TickCharges.about, facts);
    this.#ticks = new Float64Array(facts.cpus);
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    switch (id) {
      case Event.tick: this.#ticks[cpu] += 1; return;
      case Event.account_idle_ticks: this.#ticks[cpu] += Math.max(0, fields[at + TICKS]); return;
      case Event.kcpustat_final: return this.#judge(fields[at + FINAL_CPU], FINAL_SLOTS, id, cpu, t, fields, at);
      // ticks of a CPU that is ahead may be in memory, and not yet in the stream
      default: if (!this.facts.racing) this.#judge(fields[at + LOOK_CPU], LOOK_SLOTS, id, cpu, t, fields, at);
    }
  }

  #judge(target: CpuId, slots: readonly number[], id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    if (!samples(this.facts.cputime[target])) return;
    let charged = 0;
    for (const slot of slots) charged += fields[at + slot];
    const most = this.#ticks[target] * this.facts.tickNs;
    this.checked++;
    if (charged <= most) return;
    this.broken(() => ({
      says: `${this.#ticks[target]} ticks of CPU ${target} had charged ${charged} ns by ${t} ns: ${charged - most} ns more than they are ` +
        'long',
      events: [namedEvent(id, cpu, t, fields, at)],
    }));
  }
}
