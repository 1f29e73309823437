/** A machine by chance: CPUs, kernel, command line, devices, and what happens to its clocks. Rows of the `dynticks` block. */
import { CPUTIME_FLAVOURS } from '../../shared/cputime-flavour.ts';
import { LOCKLESS_VIEWS, READ_VIEW_NAMES } from '../../src/workload/read-views.ts';
import type { Draws } from './draws.ts';

type Block = Record<string, unknown>;

const DISTURBED_MS = 1_500;

export function randomMachine(draws: Draws): { readonly cpus: number; readonly block: Block } {
  const cpus = draws.pick([1, 2, 2, 3, 4, 4, 5, 6, 8]);
  const machine = {
    ...(draws.chance(0.35) ? { clockevents: randomDevices(draws) } : {}),
    ...(draws.chance(0.35) ? { clocksources: randomSources(draws) } : {}),
    ...(draws.chance(0.15) ? { cpuidle: IDLE_STATES } : {}),
    ...(draws.chance(0.3) ? { ipiDelay: draws.pick(['300ns', '2us', '9us']) } : {}),
    ...(draws.chance(0.1) ? { messageSlots: draws.int(1, 4) } : {}),
  };
  const isolated = cpus > 1 && draws.chance(0.3) ? draws.int(1, cpus - 1) : null;
  const cmdline = randomCmdline(draws, isolated);
  const block: Block = {
    cpus,
    hz: draws.pick([100, 250, 250, 1000]),
    kernel: draws.pick(['6.1', '6.12', '6.12', '7.0']),
    cmdline,
    ties: draws.pick(['fixed', 'shuffled']),
    ...(draws.chance(0.6) ? { cputime: draws.pick(CPUTIME_FLAVOURS) } : {}),
    ...(Object.keys(machine).length > 0 ? { machine } : {}),
    ...(draws.chance(0.5) ? { events: randomEvents(draws, cpus).filter((event) => !runsAway(event, cmdline, machine)) } : {}),
    ...(draws.chance(0.4) ? { kthreads: 'linux' } : {}),
    ...(isolated === null || draws.chance(0.5) ? {} : { tickOff: [isolated] }),
    ...(draws.chance(0.25) ? { steal: randomThefts(draws, cpus) } : {}),
    ...(draws.chance(0.6) ? { readers: randomReaders(draws, cpus) } : {}),
  };
  return { cpus, block };
}

/**
 * A frequency for jiffies as the clock: a periodic tick that is made of single events by that clock comes sooner and
 * sooner then, in Linux too.
 */
function runsAway(event: Block, cmdline: string, { clocksources }: { readonly clocksources?: Block }): boolean {
  const others = clocksources === undefined || 'hpet' in clocksources || 'acpi_pm' in clocksources;
  const tsc = !cmdline.includes('tsc=unstable') && (clocksources === undefined || 'tsc' in clocksources);
  return 'frequency' in event && (cmdline.includes('clocksource=jiffies') || (!others && !tsc));
}

function randomCmdline(draws: Draws, isolated: number | null): string {
  const words = [
    draws.chance(0.25) && 'nohz=off',
    draws.chance(0.25) && 'highres=off',
    draws.chance(0.3) && 'skew_tick=1',
    draws.chance(0.15) && `clocksource=${draws.pick(['jiffies', 'tsc', 'hpet', 'acpi_pm'])}`,
    draws.chance(0.2) && `tsc=${draws.pick(['reliable', 'unstable', 'nowatchdog'])}`,
    draws.chance(0.1) && 'timer_migration=0',
    isolated !== null && `nohz_full=${isolated}`,
    draws.chance(0.08) && 'nolapic_timer',
  ];
  return words.filter((word) => word !== false).join(' ');
}

function randomDevices(draws: Draws): Block {
  return {
    local: draws.pick(['lapic', 'lapic-deadline', 'arch_sys_timer']),
    ...(draws.chance(0.3) ? { oneshot: draws.chance(0.3) } : {}),
    global: draws.pick([['pit'], ['hpet'], ['pit', 'hpet'], ['hpet', 'pit']]),
  };
}

function randomSources(draws: Draws): Block {
  const drift = (): Block => (draws.chance(0.4) ? { drift: `${draws.int(-200, 200)}ppm` } : {});
  const named = ['hpet', 'acpi_pm'].filter(() => draws.chance(0.6));
  return {
    ...(draws.chance(0.8) ? { tsc: { ...drift(), ...(draws.chance(0.4) ? { verify: true } : {}) } } : {}),
    ...Object.fromEntries(named.map((source) => [source, drift()])),
  };
}

const IDLE_STATES = {
  governor: 'menu',
  states: [
    { name: 'C1', exitLatency: '2us', targetResidency: '2us' },
    { name: 'C3', exitLatency: '50us', targetResidency: '150us' },
  ],
};

function randomEvents(draws: Draws, cpus: number): Block[] {
  return Array.from({ length: draws.int(1, 5) }, () => {
    const at = `${draws.int(40, DISTURBED_MS)}ms`;
    return { at, ...randomEvent(draws, cpus) };
  });
}

function randomEvent(draws: Draws, cpus: number): Block {
  switch (draws.int(0, 7)) {
    case 0: return { settime: draws.pick(['2s', '-300ms', '7us', '-5us', '3600s']) };
    case 1: return { setoffset: draws.pick(['1ms', '-2ms']) };
    case 2: return { frequency: `${draws.int(-400, 400)}ppm` };
    case 3: return { tai: draws.int(30, 40) };
    case 4: return { drift: { source: 'tsc', by: `${draws.int(-3_000, 3_000)}ppm` } };
    case 5: return { skew: { cpu: draws.int(0, cpus - 1), by: draws.pick(['400us', '-400us', '30ms']) } };
    case 6: return { stall: { ...(draws.chance(0.7) ? { cpu: draws.int(0, cpus - 1) } : {}), for: draws.pick(['80us', '3ms', '40ms']) } };
    default: return { clocksource: draws.pick(['tsc', 'hpet', 'acpi_pm', '']) };
  }
}

/** The hypervisor takes processors away, once or again and again, and may begin a new record of that. */
function randomThefts(draws: Draws, cpus: number): Block[] {
  const thefts = Array.from({ length: draws.int(1, 2) }, () => ({
    cpu: draws.int(0, cpus - 1), at: `${draws.int(30, 900)}ms`, for: `${draws.int(20, 9_000)}us`,
    ...(draws.chance(0.7) ? { every: `${draws.int(11, 90)}ms` } : {}),
  }));
  const restarts = thefts.filter(() => draws.chance(0.4))
    .map(({ cpu }) => ({ cpu, at: `${draws.int(30, DISTURBED_MS)}ms`, restarts: true }));
  return [...thefts, ...restarts];
}

function randomReaders(draws: Draws, cpus: number): Block[] {
  return Array.from({ length: draws.int(1, 3) }, (_, i) =>
    (draws.chance(0.15) ? locklessReader(draws, cpus, i) : taskReader(draws, cpus, i)));
}

/** Who looks is a timer's interrupt, or the coordinator. */
function locklessReader(draws: Draws, cpus: number, i: number): Block {
  return {
    name: `reader${i}`, ...(draws.chance(0.5) ? { from: 'timer', cpu: draws.int(0, cpus - 1) } : { from: 'coordinator' }),
    every: draws.pick(['700us', '3ms', '11ms']),
    what: draws.some(LOCKLESS_VIEWS), tasks: 'all', cpus: 'all', reader: draws.pick(['linux', 'complete']),
  };
}

function taskReader(draws: Draws, cpus: number, i: number): Block {
  return {
    name: `reader${i}`,
    every: draws.pick(['3ms', '7ms', '13ms', '50ms']),
    ...(draws.chance(0.6) ? { cpu: draws.int(0, cpus - 1) } : {}),
    ...(draws.chance(0.8) ? { what: draws.some(READ_VIEW_NAMES) } : {}),
    tasks: 'all', processes: 'all', cpus: 'all',
    ...(draws.chance(0.5) ? { clocks: 'all' } : {}),
    ...(draws.chance(0.5) ? { adjusted: true } : {}),
    reader: draws.pick(['linux', 'complete']),
  };
}
