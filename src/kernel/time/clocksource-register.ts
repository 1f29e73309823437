/** Clock sources come and go: the list, the watch list, and who is chosen then. */
import { ClocksourceFlag, ClocksourceId } from '../../../shared/structs/timekeeper.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { clocksourceSelect, lockClocksources, traceClocksource, unlockClocksources } from './clocksource-list.ts';
import { clocksourceSelectWatchdog, clocksourceWatchdogKthread } from './clocksource-watchdog.ts';

const { IsContinuous, MustVerify, ValidForHres } = ClocksourceFlag;

/** What a call returns that would leave the machine without. @linux include/uapi/asm-generic/errno-base.h EBUSY */
export const EBUSY = -16;

/**
 * Puts a clock source on the list, if the machine has it. One that nobody needs to verify may carry one-shot
 * ticks from the start. The caller's step is over with it.
 * @linux kernel/time/clocksource.c __clocksource_register_scale
 */
export function clocksourceRegister(cpu: KernelCpu, id: ClocksourceId): void {
  const source = cpu.config.clocksources[id]!;
  if (!source.present) return;
  const page = lockClocksources(cpu);
  const state = cpu.image.clocksources[id]!;
  const verified = (source.flags & (MustVerify | IsContinuous)) === IsContinuous;
  state.order = page.nextOrder++;
  state.rating = source.rating;
  state.flags = verified ? source.flags | ValidForHres : source.flags;
  traceClocksource(cpu, id);
  clocksourceSelectWatchdog(cpu, false);
  unlockClocksources(cpu);
  clocksourceSelect(cpu, false);
}

/**
 * From now on sources are selected; before there is only jiffies. The caller's step is over with it.
 * @linux kernel/time/clocksource.c clocksource_done_booting
 */
export function clocksourceDoneBooting(cpu: KernelCpu): void {
  const page = lockClocksources(cpu);
  page.current = ClocksourceId.Jiffies;
  page.finishedBooting = 1;
  unlockClocksources(cpu);
  clocksourceWatchdogKthread(cpu);
  clocksourceSelect(cpu, false);
}

/**
 * A clock source is to go: another one watches, another one is read. False: there is no other. The caller's
 * step is over with it, and what is left to do is `clocksourceUnregister`.
 * @linux kernel/time/clocksource.c clocksource_unbind
 */
export function clocksourceUnbind(cpu: KernelCpu, id: ClocksourceId): boolean {
  const page = lockClocksources(cpu);
  const watched = page.watchdog !== id || clocksourceSelectWatchdog(cpu, true);
  const isCurrent = page.current === id;
  unlockClocksources(cpu);
  return watched && (!isCurrent || clocksourceSelect(cpu, true));
}

/** It goes, if nobody uses it any more. 0 or -EBUSY. @linux kernel/time/clocksource.c clocksource_unregister */
export function clocksourceUnregister(cpu: KernelCpu, id: ClocksourceId): number {
  const page = lockClocksources(cpu);
  const used = page.current === id || page.watchdog === id;
  if (!used) {
    cpu.image.clocksources[id]!.order = 0;
    traceClocksource(cpu, id);
  }
  unlockClocksources(cpu);
  return used ? EBUSY : 0;
}
