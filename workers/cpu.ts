/** The thread of one simulated CPU. The pool calls `run` once for each run of a machine. */
import { MachineThread } from '../src/engine/threads/thread.ts';
import type { MachineBoot } from '../src/host/threads/machine-boot.ts';
import { threadEntry } from '../src/host/threads/thread-entry.ts';
import { machineSetupOf } from '../src/setup.ts';

export const run = threadEntry(({ scenario, limitNs, seat }: MachineBoot) =>
  new MachineThread(machineSetupOf(scenario, limitNs), seat).runToStop());
