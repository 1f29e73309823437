/**
 * The thread of a CPU that promises too much: where nothing of it needs an order now, it says that this
 * is so for ten microseconds longer than it is. Compiled, since threads run `dist/`.
 */
import { EventClass } from '../../shared/events.ts';
import { MachineThread } from '../../src/engine/threads/thread.ts';
import type { MachineBoot } from '../../src/host/threads/machine-boot.ts';
import { threadEntry } from '../../src/host/threads/thread-entry.ts';
import { SimCpu } from '../../src/machine/sim-cpu.ts';
import { machineSetupOf } from '../../src/setup.ts';

const HASTE_NS = 10_000;

const { quietUntil } = SimCpu.prototype;
SimCpu.prototype.quietUntil = function hasty(this: SimCpu, quietest, atMost) {
  const until = quietUntil.call(this, quietest, atMost);
  return this.next.class === EventClass.Step && until > this.next.time ? until + HASTE_NS : until;
};

export const run = threadEntry(({ scenario, limitNs, seat }: MachineBoot) =>
  new MachineThread(machineSetupOf(scenario, limitNs), seat).runToStop());
