/**
 * The second half of /proc/timer_list: the clock event devices, the global one first.
 * @linux kernel/time/timer_list.c print_tickdevice
 */
import { TickHandler } from '../../shared/structs/cpu.ts';
import type { KernelVersion } from '../kernel/versions.ts';
import { ktimeText } from './ktime-text.ts';
import type { ClockEventDeviceSnapshot, MachineSnapshot } from './machine-snapshot.ts';

/** The driver's callbacks as the file names them, in its order; one that a driver does not have has no line. */
interface Callbacks {
  readonly setNextEvent: string;
  readonly states: readonly (readonly [label: string, callback: string])[];
}

const CALLBACKS: Readonly<Record<string, Callbacks>> = {
  lapic: {
    setNextEvent: 'lapic_next_event',
    states: [
      ['shutdown', 'lapic_timer_shutdown'], ['periodic', 'lapic_timer_set_periodic'], ['oneshot', 'lapic_timer_set_oneshot'],
      ['oneshot stopped', 'lapic_timer_shutdown'],
    ],
  },
  'lapic-deadline': {
    setNextEvent: 'lapic_next_deadline',
    states: [
      ['shutdown', 'lapic_timer_shutdown'], ['periodic', 'lapic_timer_set_periodic'], ['oneshot', 'lapic_timer_set_oneshot'],
      ['oneshot stopped', 'lapic_timer_shutdown'],
    ],
  },
  pit: {
    setNextEvent: 'pit_next_event',
    states: [['shutdown', 'pit_shutdown'], ['periodic', 'pit_set_periodic'], ['oneshot', 'pit_set_oneshot']],
  },
  hpet: {
    setNextEvent: 'hpet_clkevt_set_next_event',
    states: [
      ['shutdown', 'hpet_clkevt_set_state_shutdown'], ['periodic', 'hpet_clkevt_set_state_periodic'],
      ['oneshot', 'hpet_clkevt_set_state_oneshot'], ['resume', 'hpet_clkevt_legacy_resume'],
    ],
  },
  arch_sys_timer: {
    setNextEvent: 'arch_timer_set_next_event_virt',
    states: [['shutdown', 'arch_timer_shutdown_virt'], ['oneshot stopped', 'arch_timer_shutdown_virt']],
  },
};
const NO_CALLBACKS: Callbacks = { setNextEvent: '0x0', states: [] };

export function timerListDevices({ broadcastDevice, cpus }: MachineSnapshot, version: KernelVersion): string[] {
  return [
    ...tickDevice('Broadcast device', broadcastDevice, version),
    `tick_broadcast_mask: ${noCpus(cpus.length)}`,
    `tick_broadcast_oneshot_mask: ${noCpus(cpus.length)}`,
    '',
    ...cpus.filter(({ online }) => online).flatMap(({ cpu, device }) => perCpuDevice(cpu, device, version)),
  ];
}

/** An empty mask: a digit for four CPUs, a comma before each eight. @linux lib/vsprintf.c bitmap_string */
function noCpus(cpus: number): string {
  const digits = Math.ceil(cpus / 4);
  const groups = Math.ceil(digits / 8);
  return ['0'.repeat(digits - 8 * (groups - 1)), ...new Array<string>(groups - 1).fill('0'.repeat(8))].join();
}

function perCpuDevice(cpu: number, device: ClockEventDeviceSnapshot | null, version: KernelVersion): string[] {
  const lines = tickDevice(`Per CPU device: ${cpu}`, device, version);
  return device === null ? lines : [...lines.slice(0, -1), 'Wakeup Device: <NULL>', ''];
}

function tickDevice(title: string, device: ClockEventDeviceSnapshot | null, version: KernelVersion): string[] {
  const head = [`Tick Device: mode:     ${device?.tickMode ?? 0}`, title];
  if (device === null) return [...head, 'Clock Event Device: <NULL>'];
  const { setNextEvent, states } = CALLBACKS[device.name] ?? NO_CALLBACKS;
  return [
    ...head,
    `Clock Event Device: ${device.name}`,
    ` max_delta_ns:   ${ktimeText(device.maxDeltaNs)}`,
    ` min_delta_ns:   ${device.minDeltaNs}`,
    ` mult:           ${device.mult}`,
    ` shift:          ${device.shift}`,
    ` mode:           ${device.state}`,
    ` next_event:     ${ktimeText(device.nextEvent)} nsecs`,
    ` set_next_event: ${setNextEvent}`,
    ...states.map(([label, callback]) => ` ${`${label}:`.padEnd(15)} ${callback}`),
    ` event_handler:  ${handlerName(version, device.handler)}`,
    '',
    ` retries:        ${device.retries}`,
    '',
  ];
}

function handlerName(version: KernelVersion, handler: TickHandler): string {
  switch (handler) {
    case TickHandler.Periodic: return 'tick_handle_periodic';
    case TickHandler.Hrtimer: return 'hrtimer_interrupt';
    case TickHandler.NohzLowres: return version.timerList.lowresHandler;
    default: return 'clockevents_handle_noop';
  }
}
