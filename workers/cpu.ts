/** The thread of one simulated CPU. The pool calls `run` once for each run of a machine. */
import { MachineThread } from '../src/engine/threads/thread.ts';
import type { MachineBoot } from '../src/host/threads/machine-boot.ts';
import { threadEntry } from '../src/host/threads/thread-entry.ts';
import { logLife } from '../src/host/threads/worker-log.ts';
import { machineSetupOf } from '../src/setup.ts';

export const run = threadEntry((boot: MachineBoot) => {
  const thread = new MachineThread(machineSetupOf(boot.scenario, boot.limitNs), boot.seat);
  return logLife(boot, thread, () => thread.runToStop());
});
