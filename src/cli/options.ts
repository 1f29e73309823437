/** What `dynticks run` was told: flags as text in, choices of the right type out. */
import { CPUTIME_FLAVOURS } from '../../shared/cputime-flavour.ts';
import { NR_CPUS_MAX } from '../../shared/limits.ts';
import { KERNEL_VERSIONS } from '../kernel/versions.ts';
import type { Overrides } from '../workload/resolve.ts';
import type { EngineFlags } from './engines.ts';
import { duration, flagError, integer, oneOf, time } from './flags.ts';
import { parseTraceLimit, type TraceLimit } from './trace-limit.ts';

/** Flags as commander hands them over. */
export interface RawRunOptions {
  readonly cmdline?: readonly string[];
  readonly kernel?: string;
  readonly cpus?: string;
  readonly hz?: string;
  readonly duration?: string;
  readonly engine?: string;
  readonly sync?: string;
  readonly memory?: string;
  readonly reads?: string;
  readonly skew?: string;
  readonly widen?: string;
  readonly ties?: string;
  readonly cputime?: string;
  readonly reader?: string;
  readonly seed?: string;
  readonly fault?: readonly string[];
  readonly require?: readonly string[];
  readonly trace?: string;
  readonly out?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export interface RunOptions {
  /** A file, `-`, or a shipped scenario's name. */
  readonly scenario: string;
  /** What the flags say; they win over the scenario. */
  readonly overrides: Overrides;
  /** What runs it, as far as the flags say. */
  readonly engine: EngineFlags;
  /** Oracles that must have had something to judge. */
  readonly require: readonly string[];
  readonly trace: TraceLimit;
  readonly out: string | null;
  readonly json: boolean;
  readonly quiet: boolean;
}

/** @throws BadInput at the first flag that makes no sense */
export function parseRunOptions(scenario: string, raw: RawRunOptions): RunOptions {
  return {
    scenario,
    overrides: overridesOf(raw),
    engine: engineFlagsOf(raw),
    require: raw.require ?? [],
    trace: parseTraceLimit(raw.trace ?? 'full', (wrong) => flagError('--trace', wrong)),
    out: raw.out === undefined ? null : pathOf(raw.out),
    json: raw.json ?? false,
    quiet: raw.quiet ?? false,
  };
}

/** Only what was said; what was not is decided by the scenario and the defaults. */
function overridesOf(raw: RawRunOptions): Overrides {
  return {
    ...(raw.cmdline !== undefined && { cmdline: raw.cmdline.join(' ') }),
    ...(raw.kernel !== undefined && { kernel: oneOf('--kernel', raw.kernel, KERNEL_VERSIONS.map((v) => v.name)) }),
    ...(raw.cpus !== undefined && { cpus: integer('--cpus', raw.cpus, 1, NR_CPUS_MAX) }),
    ...(raw.hz !== undefined && { hz: Number(oneOf('--hz', raw.hz, ['100', '250', '1000'])) }),
    ...(raw.duration !== undefined && { durationNs: duration('--duration', raw.duration) }),
    ...(raw.ties !== undefined && { ties: oneOf('--ties', raw.ties, ['fixed', 'shuffled']) }),
    ...(raw.cputime !== undefined && { cputime: oneOf('--cputime', raw.cputime, ['auto', ...CPUTIME_FLAVOURS]) }),
    ...(raw.reader !== undefined && { reader: oneOf('--reader', raw.reader, ['linux', 'complete']) }),
    ...(raw.reads !== undefined && { reads: oneOf('--reads', raw.reads, ['racing', 'fresh']) }),
    ...(raw.skew !== undefined && { skewNs: time('--skew', raw.skew) }),
    ...(raw.widen !== undefined && { widenNs: time('--widen', raw.widen) }),
    ...(raw.seed !== undefined && { seed: integer('--seed', raw.seed, 0, Number.MAX_SAFE_INTEGER) }),
    ...(raw.fault !== undefined && { faults: raw.fault }),
  };
}

function engineFlagsOf(raw: RawRunOptions): EngineFlags {
  return {
    ...(raw.engine !== undefined && { kind: oneOf('--engine', raw.engine, ['threads', 'inline']) }),
    ...(raw.sync !== undefined && { sync: oneOf('--sync', raw.sync, ['free', 'lockstep']) }),
    ...(raw.memory !== undefined && { memory: oneOf('--memory', raw.memory, ['wasm', 'atomics']) }),
  };
}

function pathOf(out: string): string {
  if (out !== '') return out;
  throw flagError('--out', { found: 'an empty path', expected: 'a new or empty folder' });
}
