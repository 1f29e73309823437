/** The procfs and sysfs trees of a run, as files. */
import type { KernelVersion } from '../kernel/versions.ts';
import type { MachineFile } from './machine-file.ts';
import type { MachineSnapshot, ProcProcess, ProcTask } from './machine-snapshot.ts';
import { procInterrupts } from './proc-interrupts.ts';
import { procLoadavg } from './proc-loadavg.ts';
import { procPidStat, procTaskStat } from './proc-pid-stat.ts';
import { procPidStatus } from './proc-pid-status.ts';
import { procPidSchedstat, procSchedstat } from './proc-schedstat.ts';
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
    { path: 'proc/schedstat', text: procSchedstat(snapshot, version, tickNs) },
    ...snapshot.threadGroups.flatMap((group) => processFiles(snapshot, version, group)),
    ...sysfsClockFiles(snapshot),
  ];
}

/** What is not summed up is the leader's. */
function processFiles(snapshot: MachineSnapshot, version: KernelVersion, group: ProcProcess): MachineFile[] {
  const { leader, threads } = group;
  const folder = `proc/${leader.pid}`;
  return [
    { path: `${folder}/stat`, text: procPidStat(group) },
    ...commonFiles(folder, leader),
    ...threads.flatMap((task) => [
      { path: `${folder}/task/${task.pid}/stat`, text: procTaskStat(task) },
      ...commonFiles(`${folder}/task/${task.pid}`, task),
    ]),
  ];

  function commonFiles(at: string, task: ProcTask): MachineFile[] {
    return [
      { path: `${at}/status`, text: procPidStatus(snapshot, version, task) },
      { path: `${at}/schedstat`, text: procPidSchedstat(task) },
    ];
  }
}
