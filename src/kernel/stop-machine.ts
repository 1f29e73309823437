/**
 * Everybody stops, one function runs, everybody goes on.
 *
 * One page for the whole machine: a state, and how many CPUs have still to acknowledge it. Each CPU
 * does what the state says and acknowledges; the last one moves the state on and tells the others.
 *
 *      CPU 0 (caller)                         CPU 1                        CPU 2 (in a system call)
 *      Prepare, 3 to acknowledge
 *      message to 1 and 2
 *      parks: 3 -> 2                          parks: 2 -> 1                the call goes on
 *        (interrupts are served)                (interrupts are served)
 *                                                                          back to user mode: parks
 *                                                                          1 -> 0: it is the last
 *                                             <--------------------------- DisableIrq, 3 again; tells 0 and 1
 *      hears of nothing else from now on      hears of nothing else        hears of nothing else
 *      ...
 *      Run: the function                      Run: nothing                 Run: nothing
 *      ...
 *      Exit: its interrupts, long due, come   Exit                         Exit
 *
 * Without the first state a CPU that waits for a call by one that stands still already would never come.
 * Linux runs this in a thread of the highest priority on each CPU (migration/N). Here a CPU stands still
 * where that thread would take over from the running task: on its way back to user mode, or in idle.
 * To be woken for it counts as what it is in Linux: CAL if the CPU idles, else RES.
 */
import { assert } from '../../shared/assert.ts';
import { Event, Mode } from '../../shared/events.ts';
import { CPUMASK_WORDS } from '../../shared/limits.ts';
import type { Memory } from '../../shared/memory/memory.ts';
import { MessageKind, TickFlag } from '../../shared/structs/cpu.ts';
import { MultiStopState, StopPage } from '../../shared/structs/smp.ts';
import { KTIME_MAX } from '../../shared/units.ts';
import { Path } from './arch.ts';
import { tickNohzIdleExit } from './time/tick-sched-idle.ts';
import { ALL_EARS, type KernelCpu, type StopRequest } from './kernel-cpu.ts';

/** What can run while all CPUs stand still. */
export const StopFunction = {
  /** arg = the clock source. @linux kernel/time/timekeeping.c change_clocksource */
  ChangeClocksource: 0,
} as const;
export type StopFunction = (typeof StopFunction)[keyof typeof StopFunction];

export type StopFunctions = StopRequest['functions'];

const { Prepare, DisableIrq, Run, Exit, None } = MultiStopState;
const { busy: BUSY, state: STATE, threadAck: THREAD_ACK, threads: THREADS } = StopPage.at;

/**
 * Runs `fn(arg)` on this CPU while all others stand still with interrupts off. Caller: a task in the kernel
 * or the boot, no lock held. Its step is over with it: what comes after belongs into the function, or into
 * the caller's next step, which comes when everybody goes on.
 * @linux kernel/stop_machine.c stop_machine
 */
export function stopMachine(cpu: KernelCpu, functions: StopFunctions, fn: StopFunction, arg: number): void {
  assert(cpu.state.preemptCount === 0, `CPU ${cpu.id} stops the machine from inside an interrupt`);
  // nobody else to stop: as before the stoppers exist
  if (onlineCpus(cpu) === 1) return functions[fn]!(cpu, arg);
  cpu.stopRequest = { functions, fn, arg };
  tryToStop(cpu);
}

/** The request is made, unless another stop is under way: the caller's next step tries again. @linux kernel/stop_machine.c stop_cpus */
export function tryToStop(cpu: KernelCpu): void {
  const { image, memory, arch } = cpu;
  const { stop } = image;
  if (memory.cas(stop.base + BUSY, 0, 1) !== 0) return;
  cpu.stopPending = true;
  const threads = chooseCpus(cpu);
  stop.threads = threads;
  stop.threadAck = threads;
  stop.active = cpu.id;
  stop.fn = cpu.stopRequest!.fn;
  stop.arg = cpu.stopRequest!.arg;
  arch.trace(Event.stop_machine, stop.fn, threads);
  stop.state = Prepare;
  tellOthers(cpu, Prepare);
}

/** The stopper of this CPU is woken; it begins on the way out. @linux kernel/stop_machine.c cpu_stop_queue_work */
export function wakeStopper(cpu: KernelCpu): void {
  cpu.stopPending = true;
}

/**
 * Does what the state says, and the next one, as far as it has come. True: the stop is over for this CPU.
 * False: it stands still until it is told of the next state.
 * @linux kernel/stop_machine.c multi_cpu_stop
 */
export function multiCpuStop(cpu: KernelCpu): boolean {
  const { image, memory, arch } = cpu;
  // the stopper is a task: for it the idle loop is left
  if ((cpu.tick.flags & TickFlag.Inidle) !== 0) tickNohzIdleExit(cpu);
  arch.setMode(Mode.System);
  for (let state = image.stop.state; state !== cpu.stopState; state = image.stop.state) {
    cpu.stopState = state;
    arch.spend(Path.MultiCpuStop);
    arch.trace(Event.multi_stop_state, state);
    enterState(cpu, state);
    if (ackState(memory, image.stop.base, state) && state !== Exit) tellOthers(cpu, (state + 1) as MultiStopState);
    if (state === Exit) return goOn(cpu);
  }
  cpu.stepDue = KTIME_MAX;
  return false;
}

/**
 * One CPU more has done what `state` says. The last one of all moves it on, and says so: true.
 * @linux kernel/stop_machine.c ack_state
 */
function ackState(memory: Memory, page: number, state: MultiStopState): boolean {
  if (memory.add(page + THREAD_ACK, -1) !== 1) return false;
  // the count first: whoever sees the new state may acknowledge it at once
  memory.store(page + THREAD_ACK, memory.load(page + THREADS));
  memory.store(page + STATE, state === Exit ? None : state + 1);
  if (state === Exit) memory.store(page + BUSY, 0);
  return true;
}

/** Whether the stopper takes over: from what can be preempted, or from the caller, who waits. @dynticks Linux switches to a thread */
export function mayStandStill(cpu: KernelCpu, preemptible: boolean): boolean {
  if (!cpu.stopPending || cpu.state.preemptCount !== 0 || cpu.waitsForCalls !== 0) return false;
  return preemptible || cpu.stopState !== None || cpu.stopRequest !== undefined;
}

function enterState(cpu: KernelCpu, state: MultiStopState): void {
  const { stop } = cpu.image;
  if (state === DisableIrq && !cpu.decisions.ignoresStop(cpu.id)) cpu.hears = MessageKind.StopMachine;
  if (state !== Run || stop.active !== cpu.id) return;
  const { functions, fn, arg } = cpu.stopRequest!;
  cpu.arch.trace(Event.stop_machine_function, fn, arg);
  functions[fn]!(cpu, arg);
  cpu.stopRequest = undefined;
}

function goOn(cpu: KernelCpu): boolean {
  cpu.stopState = None;
  cpu.stopPending = false;
  cpu.hears = ALL_EARS;
  return true;
}

function tellOthers(cpu: KernelCpu, state: MultiStopState): void {
  const { image: { stop, cpus } } = cpu;
  for (let other = 0; other < cpus.length; other++) {
    if (other === cpu.id || (stop.cpus(other >>> 5) & (1 << (other & 31))) === 0) continue;
    if (state === Prepare) cpu.arch.spend(Path.SendIpi);
    cpu.arch.send(other, MessageKind.StopMachine, state, 0);
  }
}

/** One look at who is up: whoever comes up after it has no part in this stop. Returns how many. */
function chooseCpus({ image: { stop, cpus } }: KernelCpu): number {
  let count = 0;
  for (let i = 0; i < CPUMASK_WORDS; i++) stop.setCpus(i, 0);
  for (let cpu = 0; cpu < cpus.length; cpu++) {
    if (cpus[cpu]!.online === 0) continue;
    stop.setCpus(cpu >>> 5, stop.cpus(cpu >>> 5) | (1 << (cpu & 31)));
    count += 1;
  }
  return count;
}

function onlineCpus({ image }: KernelCpu): number {
  return image.cpus.reduce((sum, { online }) => sum + online, 0);
}
