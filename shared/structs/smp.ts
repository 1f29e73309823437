import { CPUMASK_WORDS } from '../limits.ts';
import { anyWriter, long, struct, word, words, type ViewOf } from '../memory/struct.ts';
import type { CpuId } from '../units.ts';
import { MessageKind } from './cpu.ts';

/**
 * The records by which one CPU calls functions on many: one for each target, all in a line.
 * Function and argument travel in the message itself. @linux kernel/smp.c struct call_function_data
 */
export const callFunctionData = (cpus: number) => struct(
  'call_function_data',
  {
    pending: word('records that are locked, and `CSD_WAITING` while this CPU waits until none is: whoever unlocks the last one says so'),
    locked: words(cpus, 'by target: 1 from the call until it may be made again'),
  },
  { writer: 'any cpu' },
);
export type CallFunctionData = ViewOf<ReturnType<typeof callFunctionData>>;

/** In one word with the count, so that who unlocks the last record learns at that moment whether the caller waits. */
export const CSD_WAITING = 0x1_0000;

/** Added to the function of a call that goes to several CPUs by one write of the interrupt controller. */
export const CALL_BY_MASK = 0x100;

/** Whether a message lies on the receiver's list of calls, which one interrupt drains. */
export function isCall(kind: number): boolean {
  const isFunction = kind >= MessageKind.CallFunctionSync && kind <= MessageKind.CallFunctionAsync;
  return isFunction || kind === MessageKind.CallFunctionSingle || kind === MessageKind.IrqWork;
}

/** Through which every CPU goes while one function runs. @linux kernel/stop_machine.c enum multi_stop_state */
export const MultiStopState = { None: 0, Prepare: 1, DisableIrq: 2, Run: 3, Exit: 4 } as const;
export type MultiStopState = (typeof MultiStopState)[keyof typeof MultiStopState];

/** What stops the machine. @linux kernel/stop_machine.c struct multi_stop_data */
export const StopPage = struct(
  'multi_stop_data',
  {
    busy: anyWriter(word('1 from the call until all have gone on: one stop at a time')),
    state: anyWriter(word<MultiStopState>('moved on by the last CPU that acknowledges it')),
    threadAck: anyWriter(word('CPUs that have not acknowledged the state')),
    threads: anyWriter(word('CPUs that take part')),
    cpus: anyWriter(words(CPUMASK_WORDS, 'which: one bit a CPU')),
    active: anyWriter(word<CpuId>('which of them runs the function')),
    fn: anyWriter(word('the function, a `StopFunction`')),
    arg: anyWriter(long('its argument')),
  },
  { writer: 'any cpu' },
);
export type StopPage = ViewOf<typeof StopPage>;
