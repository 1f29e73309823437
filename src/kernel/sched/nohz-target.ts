/** Which CPU takes timers that are bound to none. */
import type { CpuId } from '../../../shared/units.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { tickNohzActive } from '../time/tick-sched.ts';
import { idleCpu } from './select-task-rq.ts';

/** Whether timers go to other CPUs at all. @linux kernel/time/timer.c timers_migration_enabled */
export function timersMigrate(cpu: KernelCpu): boolean {
  return mayMigrateTimers(cpu) && tickNohzActive(cpu);
}

/** Whether they do once ticks can be stopped. @linux kernel/time/timer.c sysctl_timer_migration */
export function mayMigrateTimers({ config }: KernelCpu): boolean {
  return config.timerMigration && config.nohz;
}

/** CPUs that do the work that can be done anywhere: all but those of `nohz_full=`. @linux kernel/sched/isolation.c housekeeping_test_cpu */
export function isHousekeeping(cpu: KernelCpu, id: CpuId): boolean {
  return cpu.config.tickless[id] !== true;
}

/**
 * This CPU if it does housekeeping and is awake; else the next one that is; else, all being asleep, this one or the
 * first that does housekeeping.
 * @linux kernel/sched/core.c get_nohz_timer_target
 */
export function getNohzTimerTarget(cpu: KernelCpu): CpuId {
  const { image, id, config: { isolated } } = cpu;
  const { cpus } = image.map.shape;
  const here = isHousekeeping(cpu, id);
  if (here && !idleCpu(image, id)) return id;
  let first: CpuId = id;
  for (let other = cpus - 1; other >= 0; other--) if (isHousekeeping(cpu, other)) first = other;
  for (let other = 0; other < cpus; other++) {
    if (other === id || !isHousekeeping(cpu, other) || image.cpus[other]!.online === 0 || idleCpu(image, other)) continue;
    // isolated CPUs are neighbours of nobody
    if (!isolated[other]! && !isolated[id]!) return other;
  }
  return here ? id : first;
}
