/**
 * What the kernel says in its log. A line is a number and two arguments, because text cannot cross
 * threads cheaply. A placeholder names what its argument is: `{0:source}` a clock source, `{0:device}`
 * a clock event device, `{0:hex}` bits, `{1}` a plain number. Whoever knows Linux greps for these lines.
 */
export interface PrintkLine {
  /** 3 error, 4 warning, 5 notice, 6 information. @linux include/linux/kern_levels.h KERN_ERR and friends */
  readonly level: number;
  readonly format: string;
}

// table: one row a line; a new one goes at the end, because the number is the row
const lines = {
  switchedToClocksource: { level: 6, format: 'clocksource: Switched to clocksource {0:source}' },
  noHighRes: { level: 4, format: 'Could not switch to high resolution mode on CPU {0}' },
  noOneShotDevice: { level: 6, format: 'Clockevents: could not switch to one-shot mode: {0:device} is not functional.' },
  noMultiplier: { level: 4, format: 'Invalid mult 0 of clock event device {0:device}, set to 1' },
  minDeltaGrew: { level: 4, format: 'CE: {0:device} increased min_delta_ns to {1} nsec' },
  reprogrammingGaveUp: { level: 4, format: 'CE: Reprogramming failure. Giving up' },
  noTickDevice: { level: 6, format: 'Clockevents: could not switch to one-shot mode: no tick device' },
  noOneShotMode: { level: 6, format: 'Clockevents: could not switch to one-shot mode: {0:device} does not support one-shot mode.' },
  coarseSource: { level: 6, format: 'dynticks: CPU {0} stays periodic: clock source {1:source} is too coarse' },
  noOneShotFeature: { level: 6, format: 'dynticks: CPU {0} stays periodic: its event device knows no single events' },
  stopsInIdle: { level: 6, format: 'dynticks: CPU {0} stays periodic: its event device may stop in idle, and no other could wake it' },
  onlyGlobal: { level: 6, format: 'dynticks: CPU {0} stays periodic: its event device is one for all CPUs' },
  overrideUnstable: {
    level: 4,
    format: 'clocksource: Override clocksource {0:source} is unstable and not HRT compatible - cannot switch while in HRT/NOHZ mode',
  },
  overrideDeferred: { level: 6, format: 'clocksource: Override clocksource {0:source} is not currently HRT compatible - deferring' },
  softirqPending: { level: 4, format: 'NOHZ tick-stop error: local softirq work is pending, handler #{0:hex}!!!' },
  skewTooLarge: {
    level: 4,
    format: "clocksource: timekeeping watchdog on CPU{0}: Marking clocksource '{1:source}' as unstable because the skew is too large:",
  },
  skewOfWatchdog: { level: 4, format: "clocksource:                       '{0:source}' wd_nsec: {1}" },
  skewOfSource: { level: 4, format: "clocksource:                       '{0:source}' cs_nsec: {1}" },
  tscUnstable: { level: 6, format: 'tsc: Marking TSC unstable due to clocksource watchdog' },
  tscUnstableByUser: { level: 6, format: 'tsc: Marking TSC unstable due to boot parameter' },
  longReadout: { level: 4, format: 'clocksource: Long readout interval, skipping watchdog check: cs_nsec: {0} wd_nsec: {1}' },
  skewTestSkipped: { level: 6, format: 'clocksource: wd-{0:source}-wd read-back delay too long, clock-skew test with {1:source} skipped!' },
  slowReadBack: {
    level: 4,
    format: 'clocksource: wd-{0:source}-wd excessive read-back delay, marking {0:source} unstable (watchdog {1:source})',
  },
  deviceUnbound: { level: 6, format: 'dynticks: CPU {0} lets its event device go, and has {1:device} from now on' },
  deviceBusy: { level: 6, format: 'dynticks: CPU {0} keeps its event device {1:device}: nothing can take its place' },
} as const satisfies Record<string, PrintkLine>;

export type PrintkName = keyof typeof lines;

export const PRINTK: readonly PrintkLine[] = Object.values(lines);

/** Numbers of the lines: `Printk.noHighRes`. */
export const Printk = Object.fromEntries(Object.keys(lines).map((name, i) => [name, i])) as { readonly [K in PrintkName]: number };
