import { anyWriter, long, spinlock, struct, word, type ViewOf } from '../memory/struct.ts';
import type { Ns, TaskId } from '../units.ts';
import type { ClockId } from './timekeeper.ts';

/** Signals that timers send. @linux arch/x86/include/uapi/asm/signal.h SIGALRM, SIGVTALRM, SIGPROF, SIGRTMIN */
export const Signal = { Alarm: 14, Vtalrm: 26, Prof: 27, RtMin: 34 } as const;

/** Bits of `Signals.pending` and `Signals.blocked`: the signals of the three interval timers, and that of POSIX timers. */
export const SignalBit = { Alarm: 1, PosixTimer: 2, Prof: 4, Vtalrm: 8 } as const;

/**
 * What others have for a task. Any CPU may set a bit; only the CPU where the task runs takes it back. `notified` is that
 * CPU's own note that there are bits: it is made by the interrupt, the switch or the wake-up that brings the news, so
 * that an event which touches nobody else's records need not look at the bits themselves.
 * @linux include/linux/sched.h task_struct.pending, include/linux/sched/signal.h signal_struct
 */
export const Signals = struct(
  'signals',
  {
    pending: anyWriter(word('one bit for each signal that has not been delivered')),
    interruptible: anyWriter(word('1 while it sleeps so that a signal ends the sleep')),
    notified: word('1: there are bits to be looked at before the task goes on in user mode'),
    blocked: word('bits that it does not want now'),
    hasTimers: word('1 once it has started a timer that sends it signals'),
    realIncr: long<Ns>('period of ITIMER_REAL, 0: it fires once'),
    delivered: long('signals that it was given'),
    cputimerWork: word('1: a tick has found CPU timers due, which the task expires on its way to user mode'),
    nextevt: long<Ns>('when the first timer on its own CPU clock is due; KTIME_MAX: there is none'),
  },
  { writer: 'task cpu' },
);
export type Signals = ViewOf<typeof Signals>;

/**
 * A POSIX timer. Its lock is held by the task that sets it, and by its callback on whichever CPU.
 * @linux include/linux/posix-timers.h struct k_itimer
 */
export const PosixTimer = struct(
  'k_itimer',
  {
    lock: spinlock('guards the record'),
    owner: word<TaskId>('who gets the signal; -1 while there is no such timer'),
    clock: word<ClockId>('the clock it counts by'),
    active: word('1 while its hrtimer is queued'),
    expires: long<Ns>('on a CPU clock: when it is due; 0: it has no date'),
    armed: anyWriter(word('on a CPU clock: 1 while ticks look for it; under the process’s siglock')),
    firing: anyWriter(word('on a CPU clock: 1 + the task that found it due and will fire it; 0: none will; under that lock')),
    queued: word('1 while its signal waits for delivery'),
    requeues: word('counts settings and expiries: a signal of an older setting does not start the timer again'),
    signalled: word('the count when its signal was queued'),
    interval: long<Ns>('its period, 0: it fires once'),
    overrun: long('periods that have passed without a signal of their own, since the last delivery; begins at -1'),
    overrunLast: long('the same as of the last delivery: what timer_getoverrun says'),
  },
  { writer: 'any cpu', lock: 'lock' },
);
export type PosixTimer = ViewOf<typeof PosixTimer>;

/** A timer that is a file. @linux fs/timerfd.c struct timerfd_ctx */
export const TimerFd = struct(
  'timerfd_ctx',
  {
    lock: spinlock('guards the record, as its wait queue’s lock does'),
    expired: word('1: it has fired since it was last started'),
    mayCancel: word('1: a step of the wall clock ends a read'),
    interval: long<Ns>('its period, 0: it fires once'),
    ticks: long('expiries since the last read'),
    moffs: long<Ns>('what the wall clock was ahead of CLOCK_MONOTONIC when it was set; KTIME_MAX: it has been stepped since'),
    waitHead: word('first waiting task, -1 when none'),
    waitTail: word('last waiting task'),
  },
  { writer: 'any cpu', lock: 'lock' },
);
export type TimerFd = ViewOf<typeof TimerFd>;
