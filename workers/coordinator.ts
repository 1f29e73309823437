/** The thread of the coordinator: the global event devices, and what the main thread asks of the machine. */
import { parentPort, workerData } from 'node:worker_threads';
import { MachineThread } from '../src/engine/threads/thread.ts';
import { exposeControl } from '../src/host/threads/control-link.ts';
import type { MachineBoot } from '../src/host/threads/machine-boot.ts';
import { checkBuild } from '../src/host/threads/build-stamp.ts';
import { machineSetupOf } from '../src/setup.ts';

const { buildId, scenario, limitNs, seat } = workerData as MachineBoot;
checkBuild(buildId);
const thread = new MachineThread(machineSetupOf(scenario, limitNs), seat);
const conductor = thread.conductor();
exposeControl(parentPort!, conductor);
thread.member.join();
await conductor.conduct(() => new Promise((resolve) => setImmediate(resolve)));
