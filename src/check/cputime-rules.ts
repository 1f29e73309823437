/**
 * To which slot of a CPU each flavour of accounting books what a CPU does, by the machine's own names for it. Written
 * once more, apart from the kernel's code and without its means: no state, no sequence, no accumulator.
 *
 * | flavour | idle task | user, guest | system | irq | softirq |
 * | --- | --- | --- | --- | --- | --- |
 * | `tick` | ticks | ticks | ticks | - | ticks |
 * | `tick+irqtime` | what ticks leave | what ticks leave | what ticks leave | irq | softirq; of ksoftirqd what ticks leave |
 * | `native` | idle | user, guest | system | irq | softirq |
 * | `gen-2013` | idle | user, guest | system | system | irq (sic) |
 * | `gen`, `gen-exact` | idle, whatever it does | user, guest | system | system | system |
 *
 * What is stolen is nobody's, and so are irq and softirq under `tick+irqtime`; elsewhere both are the task's stime.
 */
import { Mode } from '../../shared/events.ts';
import { Cpustat } from '../../shared/structs/cpu.ts';

/** The clock books nothing; a tick does, if one hits it. */
export const SAMPLED = -1;

export interface CputimeRule {
  /** Ticks charge what they hit. */
  readonly ticks: boolean;
  /** Slot of a stretch of a task in each mode. */
  readonly task: readonly number[];
  /** The same of the idle task. */
  readonly idle: readonly number[];
  /** The same of ksoftirqd. */
  readonly ksoftirqd: readonly number[];
  /** Whether what is booked to irq and softirq is the task's, too. */
  readonly chargesIrqs: boolean;
  /** An interrupt in a task that bears the mark of a guest is guest; what else it does in the kernel with it is so everywhere. */
  readonly guestIncludesIrq: boolean;
}

const { User, Guest, System, Softirq, Irq, Idle, Steal } = Cpustat;

/** Slots in the order of `Mode`. */
function byMode(user: number, system: number, softirq: number, irq: number, idle: number, guest: number): readonly number[] {
  const slots: number[] = [];
  slots[Mode.User] = user;
  slots[Mode.System] = system;
  slots[Mode.Softirq] = softirq;
  slots[Mode.Irq] = irq;
  slots[Mode.Idle] = idle;
  slots[Mode.Guest] = guest;
  slots[Mode.Steal] = Steal;
  return slots;
}

const SAMPLES = byMode(SAMPLED, SAMPLED, SAMPLED, SAMPLED, SAMPLED, SAMPLED);
const IRQS_TIMED = byMode(SAMPLED, SAMPLED, Softirq, Irq, SAMPLED, SAMPLED);
const EDGES = byMode(User, System, System, System, Idle, Guest);
const EDGES_IDLE = byMode(Idle, Idle, Idle, Idle, Idle, Idle);
const EDGES_2013 = byMode(User, System, Irq, System, Idle, Guest);
const NATIVE = byMode(User, System, Softirq, Irq, Idle, Guest);

const tick: CputimeRule = {
  ticks: true, task: SAMPLES, idle: SAMPLES, ksoftirqd: SAMPLES, chargesIrqs: true, guestIncludesIrq: false,
};
const gen: CputimeRule = {
  ticks: false, task: EDGES, idle: EDGES_IDLE, ksoftirqd: EDGES, chargesIrqs: true, guestIncludesIrq: true,
};

export const CPUTIME_RULES: Readonly<Record<string, CputimeRule>> = {
  tick,
  'tick+irqtime': {
    ...tick, task: IRQS_TIMED, idle: IRQS_TIMED, ksoftirqd: byMode(SAMPLED, SAMPLED, SAMPLED, Irq, SAMPLED, SAMPLED), chargesIrqs: false,
  },
  native: {
    ...gen, task: NATIVE, idle: byMode(User, Idle, Softirq, Irq, Idle, Guest), ksoftirqd: NATIVE, guestIncludesIrq: false,
  },
  'gen-2013': {
    ...gen, task: EDGES_2013, idle: byMode(User, Idle, Irq, System, Idle, Guest), ksoftirqd: EDGES_2013,
  },
  gen,
  'gen-exact': { ...gen, guestIncludesIrq: false },
};
