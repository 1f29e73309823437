/** The thread of the coordinator: the global event devices, and what the main thread asks of the machine. */
import { parentPort, workerData } from 'node:worker_threads';
import { MachineThread } from '../src/engine/threads/thread.ts';
import { exposeControl } from '../src/host/threads/control-link.ts';
import type { MachineBoot } from '../src/host/threads/machine-boot.ts';
import { checkBuild } from '../src/host/threads/build-stamp.ts';
import { logLife } from '../src/host/threads/worker-log.ts';
import { machineSetupOf } from '../src/setup.ts';

const boot = workerData as MachineBoot;
checkBuild(boot.buildId);
const thread = new MachineThread(machineSetupOf(boot.scenario, boot.limitNs), boot.seat);
const conductor = thread.conductor();
exposeControl(parentPort!, conductor);
await logLife(boot, thread, () => {
  thread.member.join();
  return conductor.conduct(() => new Promise((resolve) => setImmediate(resolve)));
});
