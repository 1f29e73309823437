/**
 * What sysfs shows of clock sources and clock event devices. Files that only take orders, as
 * `unbind_device`, do not exist here.
 */
import { TickMode } from '../kernel/time/tick-common.ts';
import type { MachineFile } from './machine-file.ts';
import type { MachineSnapshot } from './machine-snapshot.ts';

const CLOCKSOURCE = 'sys/devices/system/clocksource/clocksource0';
const CLOCKEVENTS = 'sys/devices/system/clockevents';

export function sysfsClockFiles(snapshot: MachineSnapshot): MachineFile[] {
  const { cpus, broadcastDevice } = snapshot;
  return [
    { path: `${CLOCKSOURCE}/available_clocksource`, text: availableClocksource(snapshot) },
    { path: `${CLOCKSOURCE}/current_clocksource`, text: currentClocksource(snapshot) },
    ...cpus.flatMap(({ cpu, online, device }) => (online ? [currentDevice(`clockevent${cpu}`, device)] : [])),
    currentDevice('broadcast', broadcastDevice),
  ];
}

/**
 * Best first. While ticks are one-shot, those that could not carry them are left out.
 * @linux kernel/time/clocksource.c available_clocksource_show
 */
function availableClocksource({ clocksources, cpus }: MachineSnapshot): string {
  const oneshot = cpus[0]!.device?.tickMode === TickMode.Oneshot;
  const shown = clocksources.filter(({ validForHres }) => validForHres || !oneshot);
  return `${shown.map(({ name }) => `${name} `).join('')}\n`;
}

/** @linux kernel/time/clocksource.c current_clocksource_show */
function currentClocksource({ clocksources }: MachineSnapshot): string {
  return `${clocksources.find(({ current }) => current)?.name ?? ''}\n`;
}

/** A place without a device is an empty file. @linux kernel/time/clockevents.c current_device_show */
function currentDevice(folder: string, device: { readonly name: string } | null): MachineFile {
  return { path: `${CLOCKEVENTS}/${folder}/current_device`, text: device === null ? '' : `${device.name}\n` };
}
