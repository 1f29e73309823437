/** What there is to choose from, for `dynticks list` and for `--require`. */
import { join } from 'node:path';
import { EVENTS } from '../../shared/events.ts';
import { oracleCatalog } from '../check/all-oracles.ts';
import { HOST_FAULTS } from '../engine/threads/host-faults.ts';
import { packageRoot } from '../host/package-root.ts';
import { shippedScenarios } from '../host/scenario-file.ts';
import { KERNEL_VERSIONS, type KernelVersion } from '../kernel/versions.ts';
import { FAULTS } from '../machine/faults.ts';
import { CATALOGUE } from '../models/catalogue.ts';

/** One thing of a kind: its name, what it is, and what else a program may want to know. */
export interface Entry {
  readonly id: string;
  readonly says: string;
  readonly [more: string]: unknown;
}

export const LIST_KINDS = ['scenarios', 'faults', 'oracles', 'tracepoints', 'devices', 'kernels', 'models'] as const;
export type ListKind = (typeof LIST_KINDS)[number];

/** Where the scenarios are that come with the package. */
export function shippedDir(): string {
  return join(packageRoot(), 'scenarios');
}

export function entriesOf(kind: ListKind): readonly Entry[] {
  switch (kind) {
    case 'scenarios': return shippedScenarios(shippedDir()).map(({ name, says }) => ({ id: name, says }));
    case 'faults': return faults();
    case 'oracles': return oracleCatalog.map(({ id, says, reference, blindTo }) => ({ id, says, reference, blindTo }));
    case 'tracepoints': return tracepoints();
    case 'devices': return DEVICES;
    case 'kernels': return KERNEL_VERSIONS.map(aboutKernel);
    case 'models': return models();
  }
}

/** A fault of the host breaks no property of the machine: the host itself reports it. */
function faults(): readonly Entry[] {
  return [
    ...FAULTS.map(({ id, says, caughtBy }) => ({ id, says, caughtBy })),
    ...HOST_FAULTS.map(({ id, says }) => ({ id, says, caughtBy: ['host'] })),
  ];
}

/** Each with the bugs that can be planted in it. */
function models(): readonly Entry[] {
  return CATALOGUE.map(({ id, says, mutants }) => ({ id, says, mutants: mutants.map((mutant) => ({ id: mutant.id, says: mutant.says })) }));
}

function tracepoints(): readonly Entry[] {
  return EVENTS.map((event) => ({
    id: `${event.system}:${event.name}`,
    says: event.fields.map((field) => field.name).join(' '),
    fields: event.fields,
  }));
}

/** Names are Linux's, as /sys/devices/system shows them. */
export const DEVICES: readonly Entry[] = [
  { id: 'tsc', says: 'clock source, a counter of every CPU, rated 300; frequency: machine.tsc', type: 'clocksource' },
  { id: 'hpet', says: 'clock source of 32 bits, rated 250, slow to read', type: 'clocksource' },
  { id: 'acpi_pm', says: 'clock source of 24 bits, rated 200, slower to read; starts anew each 4.7 s', type: 'clocksource' },
  { id: 'kvm-clock', says: 'clock source that a host keeps in ns, rated 400', type: 'clocksource' },
  { id: 'arch_sys_counter', says: 'clock source of 56 bits of Arm machines, rated 400', type: 'clocksource' },
  { id: 'jiffies', says: 'clock source of last resort, rated 1; moves with the tick', type: 'clocksource' },
  { id: 'lapic', says: 'clock event device of each CPU, periodic or one-shot; frequency: machine.lapic', type: 'clockevent' },
  { id: 'pit', says: 'global clock event device, periodic until the boot CPU’s own takes over', type: 'clockevent' },
];

function aboutKernel({ name, fairClass }: KernelVersion, i: number): { id: string; says: string } {
  return { id: name, says: `${i === 0 ? 'the default; ' : ''}fair class ${fairClass}` };
}
