/**
 * The inline engine of the toy: the smallest (time, class, CPU) first, and cuts. A cut names an
 * event (entry, n-th of that CPU) and an access in it (struct.field, load or store, n-th); right
 * after that access an interrupt of the same CPU, or a reader of another, runs to its end.
 */
import type { CpuId, Ns } from '../../../shared/units.ts';
import { HookedMemory, type Access } from './hooked-memory.ts';
import { ipiInterrupt, readAcct, step, timerInterrupt, ToyKernel, type ToyFaults, type ToyOp } from './toy-kernel.ts';
import { toyMap } from './toy-records.ts';

export type Entry = 'ipi' | 'timer' | 'step';
const ENTRIES = { ipi: ipiInterrupt, timer: timerInterrupt, step } as const;
const CLASS: Readonly<Record<Entry, number>> = { ipi: 0, timer: 1, step: 2 };
const IPI_DELAY: Ns = 10;

export interface Cut {
  readonly cpu: CpuId;
  readonly event: readonly [entry: Entry, n: number];
  /** By name; or, to show how it rots, by the number of the access alone. */
  readonly access: readonly [field: string, access: Access, n: number] | readonly [ordinal: number];
  readonly run: { readonly irq: 'timer' } | { readonly reader: CpuId };
}
export interface ToyScenario {
  readonly programs: readonly (readonly ToyOp[])[];
  /** Instants at which CPU 0's timer interrupts. */
  readonly timers?: readonly Ns[];
  readonly faults?: ToyFaults;
  readonly cuts?: readonly Cut[];
  /** Guards of the layouts, on by default. */
  readonly guarded?: boolean;
  /** Builds the CPU's object anew for each event: it must not matter. */
  readonly forgetful?: boolean;
}
export interface LogLine { readonly cpu: CpuId; readonly at: Ns; readonly what: string; readonly value: number }
interface Due { readonly at: Ns; readonly cpu: CpuId; readonly entry: Entry }

export class ToyMachine {
  readonly log: LogLine[] = [];
  readonly taken: string[] = [];
  /** Readers that were thrown out of a write section and started again. */
  restarts = 0;
  readonly memory: HookedMemory;
  private readonly scenario: ToyScenario;
  private readonly kernels: ToyKernel[];
  private readonly clock: Ns[];
  private readonly queue: Due[] = [];
  private readonly counts = new Map<string, number>();
  private readonly pending: (() => boolean)[] = [];
  private readonly open: Set<Cut>;

  constructor(scenario: ToyScenario) {
    this.scenario = scenario;
    const cpus = scenario.programs.length;
    this.memory = new HookedMemory(toyMap(cpus).map, scenario.guarded ?? true);
    this.clock = scenario.programs.map(() => 0);
    this.kernels = scenario.programs.map((_, cpu) => this.build(cpu));
    this.open = new Set(scenario.cuts ?? []);
    scenario.programs.forEach((_, cpu) => this.queue.push({ at: 100 + cpu, cpu, entry: 'step' }));
    for (const at of scenario.timers ?? []) this.queue.push({ at, cpu: 0, entry: 'timer' });
  }

  run(): this {
    for (let due = this.takeFirst(); due !== undefined; due = this.takeFirst()) this.runEvent(due);
    if (this.open.size > 0) throw new Error(`cut never reached: ${[...this.open].map((cut) => sayCut(cut)).join(', ')}`);
    return this;
  }

  valuesOf(what: string): number[] {
    return this.log.filter((line) => line.what === what).map(({ value }) => value);
  }

  /** Reads whose value was not the truth: the task is in user mode all the time, so that is the instant. */
  wrongReads(): LogLine[] {
    return this.log.filter((line) => line.what === 'read' && line.value !== line.at);
  }

  private takeFirst(): Due | undefined {
    this.queue.sort((a, b) => a.at - b.at || CLASS[a.entry] - CLASS[b.entry] || a.cpu - b.cpu);
    return this.queue.shift();
  }

  private runEvent({ at, cpu, entry }: Due): void {
    const n = this.counts.get(`${cpu} ${entry}`) ?? 0;
    this.counts.set(`${cpu} ${entry}`, n + 1);
    this.clock[cpu] = Math.max(this.clock[cpu]!, at);
    this.taken.push(`${cpu} ${entry} ${n}`);
    const cuts = [...this.open].filter((cut) => cut.cpu === cpu && cut.event[0] === entry && cut.event[1] === n);
    this.memory.observe(cuts.length === 0 ? undefined : this.watch(cuts));
    this.enter(cpu, entry);
    this.memory.observe(undefined);
    while (this.pending.length > 0) this.pending.shift()!();
  }

  /** An interrupt masks interrupts, as hardware does; it may nest into an event of the same CPU. */
  private enter(cpu: CpuId, entry: Entry): void {
    const kernel = this.scenario.forgetful ? this.build(cpu) : this.kernels[cpu]!;
    const isIrq = entry !== 'step';
    if (isIrq) kernel.own.irqsDisabled = 1;
    this.clock[cpu]! += 1;
    ENTRIES[entry](kernel);
    if (isIrq) kernel.own.irqsDisabled = 0;
  }

  private watch(cuts: readonly Cut[]): (name: string, access: Access) => void {
    const seen = new Map<string, number>();
    let ordinal = -1;
    return (name, access) => {
      const key = `${name} ${access}`;
      const n = seen.get(key) ?? 0;
      seen.set(key, n + 1);
      ordinal += 1;
      for (const cut of cuts) {
        const [field, op, nth] = cut.access;
        if (cut.access.length === 1 ? field === ordinal : field === name && op === access && nth === n) this.take(cut);
      }
    };
  }

  private take(cut: Cut): void {
    this.open.delete(cut);
    const observer = this.pauseObserver();
    if ('irq' in cut.run) this.takeIrq(cut);
    else this.takeReader(cut.run.reader, cut.cpu);
    observer();
  }

  private takeIrq(cut: Cut): void {
    const masked = this.kernels[cut.cpu]!.own.irqsDisabled !== 0;
    if (masked) throw new Error(`${sayCut(cut)}: interrupts are masked there, the CPU would take it later`);
    this.clock[cut.cpu]! += 5;
    this.enter(cut.cpu, 'timer');
  }

  /** The reader runs at the cut's time, whatever its own CPU's clock; where it would wait, after the event. */
  private takeReader(reader: CpuId, of: CpuId): void {
    const read = () => {
      const saved = this.clock[reader]!;
      this.clock[reader] = this.clock[of]!;
      const value = this.memory.attempt(() => readAcct(this.kernels[reader]!, of));
      if (value !== undefined) this.archOf(reader).log('read', value);
      this.clock[reader] = saved;
      return value !== undefined;
    };
    if (read()) return;
    this.restarts += 1;
    this.pending.push(read);
  }

  /** What runs inside a cut is not counted among the event's accesses. */
  private pauseObserver(): () => void {
    const { memory } = this;
    const hook = memory.hooked;
    memory.observe(undefined);
    return () => memory.observe(hook);
  }

  private build(cpu: CpuId): ToyKernel {
    const { programs, faults } = this.scenario;
    return new ToyKernel(cpu, programs.length, this.memory, this.archOf(cpu), programs[cpu]!, faults);
  }

  private archOf(cpu: CpuId): ToyKernel['arch'] {
    return {
      now: () => this.clock[cpu]!,
      spend: (ns) => { this.clock[cpu]! += ns; },
      sendIpi: (to) => { this.queue.push({ at: this.clock[cpu]! + IPI_DELAY, cpu: to, entry: 'ipi' }); },
      stepIn: (ns) => { this.queue.push({ at: this.clock[cpu]! + ns, cpu, entry: 'step' }); },
      log: (what, value) => { this.log.push({ cpu, at: this.clock[cpu]!, what, value }); },
    };
  }
}

function sayCut({ cpu, event, access }: Cut): string {
  return `CPU ${cpu} ${event.join(' ')}, ${access.join(' ')}`;
}
