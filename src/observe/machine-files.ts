/** The procfs and sysfs trees of a run, as files. */
import type { KernelVersion } from '../kernel/versions.ts';
import type { MachineFile } from './machine-file.ts';
import type { MachineSnapshot } from './machine-snapshot.ts';
import { procInterrupts } from './proc-interrupts.ts';
import { procLoadavg } from './proc-loadavg.ts';
import { procPidStat } from './proc-pid-stat.ts';
import { procSoftirqs } from './proc-softirqs.ts';
import { procStat } from './proc-stat.ts';
import { procUptime } from './proc-uptime.ts';
import { sysfsClockFiles } from './sysfs-clock.ts';
import { timerList } from './timer-list.ts';

export function machineFiles(snapshot: MachineSnapshot, version: KernelVersion, tickNs: number): MachineFile[] {
  return [
    { path: 'proc/stat', text: procStat(snapshot) },
    { path: 'proc/interrupts', text: procInterrupts(snapshot, version) },
    { path: 'proc/softirqs', text: procSoftirqs(snapshot) },
    { path: 'proc/uptime', text: procUptime(snapshot) },
    { path: 'proc/loadavg', text: procLoadavg(snapshot) },
    { path: 'proc/timer_list', text: timerList(snapshot, version, tickNs) },
    ...snapshot.tasks.map((task) => ({ path: `proc/${task.pid}/stat`, text: procPidStat(task) })),
    ...sysfsClockFiles(snapshot),
  ];
}
