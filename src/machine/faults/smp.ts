/** Messages between CPUs, softirqs, stop-machine, RCU, locks. */
import { MAX_SOFTIRQ_RESTART } from '../../../shared/limits.ts';
import type { Fault } from './fault.ts';

/** Which of a CPU's messages is lost, or loses its doorbell: one that it sends after the boot. */
const STRUCK_MESSAGE = 20;

export const SMP_FAULTS: readonly Fault[] = [
  {
    id: 'rcu-wakes-locked',
    says: 'the thread of grace periods is woken with their lock held',
    caughtBy: ['G-02'],
    decisions: { wakesUnderRcuLock: true },
  },
  {
    id: 'early-grace-period',
    says: 'a grace period ends at the first look for idle CPUs, whoever has still to be seen',
    caughtBy: ['S-09'],
    decisions: { endsGracePeriodEarly: true },
  },
  {
    id: 'dropped-ipi',
    says: `each CPU’s message number ${STRUCK_MESSAGE} is lost on its way`,
    caughtBy: ['S-02', 'S-08'],
    decisions: { dropsMessage: (_from, _to, n) => n === STRUCK_MESSAGE },
  },
  {
    id: 'lost-doorbell',
    says: `each CPU’s message number ${STRUCK_MESSAGE} is put on its receiver’s list, and nobody is told of it`,
    caughtBy: ['S-08', 'S-02'],
    decisions: { losesDoorbell: (_from, _to, n) => n === STRUCK_MESSAGE },
  },
  {
    id: 'call-unlocked-early',
    says: 'the record of a call that somebody waits for is unlocked before the function has run, so that the caller goes on too early',
    caughtBy: ['S-01'],
    decisions: { unlocksCallFirst: true },
  },
  {
    id: 'call-irqs-off',
    says: 'a CPU that waits for calls of others has its interrupts masked meanwhile, so that two that call each other wait for ever',
    caughtBy: ['S-05'],
    decisions: { callsWithIrqsOff: true },
  },
  {
    id: 'runs-on-in-stop',
    says: 'CPU 1 leaves its interrupts on where the machine is to stand still',
    caughtBy: ['S-04'],
    decisions: { ignoresStop: (cpu) => cpu === 1 },
  },
  {
    id: 'B-31',
    says: 'softirqs run as long as they raise each other, with no limit but the clock, which may stand (Linux until 3.10)',
    caughtBy: ['S-03'],
    decisions: { softirqRounds: 1_000, raisesSoftirqAgain: (_cpu, round) => round < 2 * MAX_SOFTIRQ_RESTART },
  },
];
