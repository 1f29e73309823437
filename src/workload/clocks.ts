/** Which counters the machine has and how they really run, from the `dynticks` block and the command line. */
import { CLOCKSOURCE_NAMES, ClocksourceId } from '../../shared/structs/timekeeper.ts';
import { ClockStepKind, type ClockStep } from '../kernel/user.ts';
import type { ClockDeclarations } from './clock-tasks.ts';
import type { CommandLine } from '../kernel/cmdline.ts';
import { CLOCKSOURCE_HZ, DEFAULT_MACHINE, clocksourceHardware, type ClocksourceName } from './defaults.ts';
import type { DynticksBlock } from './dynticks-block.ts';
import type { ClocksourceHardware, MachineSpec } from './scenario.ts';

/** What `tsc=` says to a kernel that would verify it. @linux arch/x86/kernel/tsc.c tsc_setup */
const TRUSTING = ['reliable', 'nowatchdog'];

/** Those that the block names, or those of a PC of today. */
export function clocksourcesOf({ machine, events }: DynticksBlock, { tsc }: CommandLine): readonly ClocksourceHardware[] {
  const named = Object.entries(machine?.clocksources ?? {}) as [ClocksourceName, NonNullable<ClocksourceBlock>][];
  const list = machine?.clocksources === undefined
    ? DEFAULT_MACHINE.clocksources
    : named.map(([name, { frequency, drift, verify }]) => ({
        ...clocksourceHardware(name, frequency ?? CLOCKSOURCE_HZ[name]),
        trusted: verify !== true,
        drifts: drift === undefined ? [] : [{ at: 0, ppb: drift }],
      }));
  return list.map((source) => disturbed(asTold(source, machine?.tsc, tsc), events ?? []));
}

/** What tasks do to the clocks: the steps of the block's events, and the watchdog's thread where something needs watching. */
export function clockDeclarationsOf({ events }: DynticksBlock, sources: readonly ClocksourceHardware[]): ClockDeclarations {
  const steps = inOrder((events ?? []).flatMap(stepOf));
  return { steps, watchdog: sources.some(({ trusted }) => !trusted) };
}

function stepOf({ at, settime, setoffset, tai, frequency, clocksource, unbind, unbindDevice }: Events[number]): ClockStep[] {
  if (settime !== undefined) return [{ at, kind: ClockStepKind.Settime, value: settime }];
  if (setoffset !== undefined) return [{ at, kind: ClockStepKind.Setoffset, value: setoffset }];
  if (tai !== undefined) return [{ at, kind: ClockStepKind.Tai, value: tai }];
  if (frequency !== undefined) return [{ at, kind: ClockStepKind.Frequency, value: frequency }];
  if (clocksource !== undefined) return [{ at, kind: ClockStepKind.Clocksource, value: CLOCKSOURCE_NAMES.indexOf(clocksource) }];
  if (unbindDevice !== undefined) return [{ at, kind: ClockStepKind.UnbindDevice, value: unbindDevice }];
  return unbind === undefined ? [] : [{ at, kind: ClockStepKind.Unbind, value: CLOCKSOURCE_NAMES.indexOf(unbind) }];
}

/** When the firmware takes processors. */
export function stallsOf({ events }: DynticksBlock): MachineSpec['stalls'] {
  return inOrder((events ?? []).flatMap(({ at, stall }) =>
    (stall === undefined ? [] : [{ at, cpu: stall.cpu ?? null, forNs: stall.for }])));
}

/** When a hypervisor takes processors, and when its record of that begins anew. */
export function theftsOf({ steal }: DynticksBlock): MachineSpec['thefts'] {
  const windows = (steal ?? []).flatMap(({ cpu, at, for: forNs, every }) =>
    (forNs === undefined ? [] : [{ cpu, at, forNs, everyNs: every ?? null }]));
  const restarts = inOrder((steal ?? []).flatMap(({ cpu, at, restarts: anew }) => (anew === true ? [{ cpu, at }] : [])));
  return { windows, restarts };
}

type Machine = NonNullable<DynticksBlock['machine']>;
type ClocksourceBlock = NonNullable<Machine['clocksources']>[ClocksourceName];
type Events = NonNullable<DynticksBlock['events']>;

/** The block's frequency of the tsc, and what the command line says of trust in it. */
function asTold(source: ClocksourceHardware, hz: number | undefined, tsc: string | null): ClocksourceHardware {
  if (source.id !== ClocksourceId.Tsc) return source;
  const trusted = tsc === 'watchdog' ? false : source.trusted || TRUSTING.includes(tsc ?? '');
  return { ...source, hz: hz ?? source.hz, trusted };
}

/** With what the events do to it, in the order of time. */
function disturbed(source: ClocksourceHardware, events: Events): ClocksourceHardware {
  const name = CLOCKSOURCE_NAMES[source.id];
  const drifts = events.flatMap(({ at, drift }) => (drift?.source === name ? [{ at, ppb: drift.by }] : []));
  const skews = source.id !== ClocksourceId.Tsc ? [] : events.flatMap(({ at, skew }) =>
    (skew === undefined ? [] : [{ at, cpu: skew.cpu, byNs: skew.by }]));
  return { ...source, drifts: inOrder([...source.drifts, ...drifts]), skews: inOrder(skews) };
}

const inOrder = <T extends { readonly at: number }>(list: readonly T[]): readonly T[] => [...list].sort((a, b) => a.at - b.at);
