/**
 * Boot. The first CPU does it in four parts and waits for jiffies in between, as Linux does when it
 * measures its hardware; the others come up when it asks them to.
 *
 *     startKernel            jiffies clock source, a global device for the tick, task records
 *     (jiffy 2)  bring up    the CPU’s own device in its place; the other CPUs
 *     (jiffy 4)  clocks      the best clock source; every CPU may go to high resolution
 *     (jiffy 6)  user space  the workload's tasks
 */
import { Mode } from '../../shared/events.ts';
import { Printk } from '../../shared/printk.ts';
import { MessageKind } from '../../shared/structs/cpu.ts';
import { SystemState, TICK_DO_TIMER_BOOT } from '../../shared/structs/global.ts';
import { TaskState } from '../../shared/structs/task.ts';
import { ClocksourceId } from '../../shared/structs/timekeeper.ts';
import { NONE } from '../../shared/units.ts';
import { Path } from './arch.ts';
import { handOverTask } from './image.ts';
import { returnToTask } from './irq/entry.ts';
import { startBackground } from './kthread.ts';
import { workqueueInit } from './workqueue.ts';
import type { KernelCpu } from './kernel-cpu.ts';
import { printk } from './printk.ts';
import { balanceInit } from './sched/balance.ts';
import { schedInit } from './sched/core.ts';
import { enableSchedClockIrqtime } from './sched/irqtime.ts';
import { loadInit } from './sched/loadavg.ts';
import { wakeUpNewTask } from './sched/wakeup.ts';
import { copyProcess } from './syscalls/fork.ts';
import { sleepUntil } from './syscalls/sleep.ts';
import { lockObject, unlockObject } from './syscalls/wait-queue.ts';
import { globalSpec, localIsDummy, localSpec } from './time/clockevent-devices.ts';
import { DeviceId } from './time/clockevents.ts';
import { clockeventsRegisterDevice } from './time/clockevents-register.ts';
import { clocksourceInit } from './time/clocksource-list.ts';
import { clocksourceDoneBooting, clocksourceRegister } from './time/clocksource-register.ts';
import { posixTimersInit } from './time/posix-timers.ts';
import { timerfdInit } from './time/timerfd.ts';
import { watchdogEnable } from './watchdog.ts';
import { hrtimersCpuStarting } from './time/hrtimer.ts';
import { initTimers } from './time/timer-base.ts';
import { tickClockNotify } from './time/tick-oneshot.ts';
import { ktimeGet, timekeepingValidForHres } from './time/timekeeping.ts';
import { timekeepingInit } from './time/timekeeping-update.ts';

/** The boot CPU's step while it boots: one part, then it waits. @linux init/main.c start_kernel */
export function bootStep(cpu: KernelCpu): void {
  cpu.arch.setMode(Mode.System);
  cpu.arch.spend(Path.BringUp);
  BOOT_PARTS[cpu.bootStage]!(cpu);
  cpu.bootStage += 1;
  cpu.bootWaitsFor = cpu.image.jiffies.jiffies + 2;
  cpu.booted = cpu.bootStage === BOOT_PARTS.length;
  returnToTask(cpu);
}

const BOOT_PARTS: readonly ((cpu: KernelCpu) => void)[] = [startKernel, bringUpCpus, startClocks, startUserSpace];

function startKernel(cpu: KernelCpu): void {
  cpu.image.jiffies.tickDoTimerCpu = TICK_DO_TIMER_BOOT;
  enableSchedClockIrqtime(cpu);
  startCpu(cpu);
  clocksourceInit(cpu);
  timekeepingInit(cpu);
  initTimers(cpu);
  workqueueInit(cpu);
  initTasks(cpu);
  initSyncObjects(cpu);
  posixTimersInit(cpu);
  timerfdInit(cpu);
  timeInit(cpu);
}

/** @linux kernel/smp.c smp_init */
function bringUpCpus(cpu: KernelCpu): void {
  if (cpu.config.clockevents.global.length > 0) setupLocalTimer(cpu);
  for (let other = 1; other < cpu.image.map.shape.cpus; other++) cpu.arch.send(other, MessageKind.BringUp, 0, 0);
}

/** In the order in which drivers find them. */
const CLOCKSOURCES = [
  ClocksourceId.Hpet, ClocksourceId.KvmClock, ClocksourceId.ArchSysCounter, ClocksourceId.Tsc, ClocksourceId.Jiffies, ClocksourceId.AcpiPm,
];

/** @linux kernel/time/clocksource.c clocksource_done_booting */
function startClocks(cpu: KernelCpu): void {
  if (cpu.config.tsc === 'unstable') printk(cpu, Printk.tscUnstableByUser);
  for (const id of CLOCKSOURCES) clocksourceRegister(cpu, id);
  clocksourceDoneBooting(cpu);
}

/** @linux init/main.c kernel_init */
function startUserSpace(cpu: KernelCpu): void {
  // no better source has come: whoever still waits for one shall say so
  if (!timekeepingValidForHres(cpu)) tickClockNotify(cpu);
  const { cpus } = cpu.image.map.shape;
  cpu.config.workload.tasks.forEach((spec, i) => {
    if (!spec.startsAtBoot) return;
    const task = cpus + i;
    handOverTask(cpu.image, task, cpu.id);
    if (spec.delay > 0) sleepUntil(cpu, task, ktimeGet(cpu) + spec.delay);
    else wakeUpNewTask(cpu, task);
  });
  startBackground(cpu);
  watchdogEnable(cpu);
  cpu.image.system.state = SystemState.Running;
}

/** A CPU other than the first begins. @linux arch/x86/kernel/smpboot.c start_secondary */
export function startSecondary(cpu: KernelCpu): void {
  cpu.arch.setMode(Mode.System);
  cpu.arch.spend(Path.BringUp);
  startCpu(cpu);
  setupLocalTimer(cpu);
  watchdogEnable(cpu);
  cpu.booted = true;
  returnToTask(cpu);
}

/** What every CPU does first: its idle task is current, its queues are empty. */
function startCpu(cpu: KernelCpu): void {
  cpu.arch.switchTo(cpu.idle);
  schedInit(cpu);
  balanceInit(cpu);
  loadInit(cpu);
  cpu.accounting.initIdle(cpu);
  hrtimersCpuStarting(cpu);
  cpu.state.online = 1;
}

/** The first ticks come from a global device; on a machine that has none, from the boot CPU's own. @linux init/main.c time_init */
function timeInit(cpu: KernelCpu): void {
  const { config } = cpu;
  const { global } = config.clockevents;
  for (const name of global) clockeventsRegisterDevice(cpu, name === 'pit' ? DeviceId.Pit : DeviceId.Hpet, globalSpec(config, name));
  if (global.length === 0) setupLocalTimer(cpu);
}

/**
 * The CPU's own device. A dummy needs another to tick in its place; as long as ticks are not broadcast the boot
 * CPU keeps the global device then, and each other dummy's ticks are those that would be passed on to it.
 * @linux arch/x86/kernel/apic/apic.c setup_boot_APIC_clock, setup_secondary_APIC_clock
 */
function setupLocalTimer(cpu: KernelCpu): void {
  if (cpu.id === 0 && localIsDummy(cpu.config)) return;
  clockeventsRegisterDevice(cpu, DeviceId.Lapic, localSpec(cpu.config));
}

/** Records of the workload's tasks; those of fork pools stay free. @linux kernel/fork.c fork_init */
function initTasks(cpu: KernelCpu): void {
  const { image } = cpu;
  // every other task has it from its parent
  image.tasks[cpu.idle]!.timerSlackNs = cpu.config.version.timerSlackNs;
  cpu.config.workload.tasks.forEach((spec, i) => {
    const task = image.map.shape.cpus + i;
    if (spec.startsAtBoot) copyProcess(cpu, cpu.idle, task, spec);
    image.tasks[task]!.state = spec.startsAtBoot ? TaskState.Sleeping : TaskState.Free;
  });
}

function initSyncObjects(cpu: KernelCpu): void {
  cpu.config.workload.syncObjects.forEach((spec, i) => {
    const object = lockObject(cpu, i);
    object.parties = spec.parties;
    object.waitHead = NONE;
    object.waitTail = NONE;
    unlockObject(cpu, i);
  });
}
