/** One pass of a workload: each figure of the recording beside the simulated one, judged by its rule. */
import { numberAt, type Leaf, type Leaves } from './leaves.ts';
import { ruleFor, type Rule } from './rules.ts';
import { holds } from './tolerance.ts';

export interface ComparedFigure {
  readonly key: string;
  readonly real: Leaf;
  readonly simulated: Leaf | undefined;
  readonly tolerance: string;
  readonly verdict: 'ok' | 'OUT' | 'noise';
  readonly reason: string;
}

/** Figures of a kind that a recording leaves out where they are nothing. */
const OPEN_KINDS = /^trace\.(hrtimer_expire|tick_stop)\./;

/** @throws where a figure has no rule */
export function compare(where: string, real: Leaves, simulated: Leaves, rules: readonly Rule[]): ComparedFigure[] {
  const all = withZeros(real, simulated);
  const groups = new Map<string, { rule: Rule; keys: string[] }>();
  for (const key of all.keys()) {
    const rule = ruleFor(rules, where, key);
    if (rule === undefined) throw new Error(`${where}: ${key} has no row in the tolerances`);
    const name = rule.tolerance.sum ? summedName(key) : key;
    const group = groups.get(name) ?? { rule, keys: [] };
    group.keys.push(key);
    groups.set(name, group);
  }
  return [...groups].map(([name, { rule, keys }]) =>
    judge(name, rule, keys.map((key) => all.get(key)!), keys.map((key) => simulated.get(key)), all));
}

/** What only the machine has of an open kind, the recording has zero times. */
function withZeros(real: Leaves, simulated: Leaves): Leaves {
  const zeros = [...simulated].filter(([key, n]) => !real.has(key) && OPEN_KINDS.test(key) && n !== 0);
  const traced = real.has('trace.lines');
  return new Map([...real, ...(traced ? zeros.map(([key]) => [key, 0] as const) : [])]);
}

/** `LOC.0` and `stat.0.user` with all their CPUs: `LOC.Σ`, `stat.Σ.user`. */
export const summedName = (key: string): string => key.replace(/(\.|\bcpu)\d+(?=\.| |$)/, '$1Σ');

function judge(key: string, rule: Rule, real: readonly Leaf[], simulated: readonly (Leaf | undefined)[], all: Leaves): ComparedFigure {
  const left = total(real)!;
  const right = total(simulated);
  const held = holds(rule.tolerance, left, right, (of) => numberAt(all, of));
  const verdict = rule.tolerance.kind === 'noise' ? 'noise' : held ? 'ok' : 'OUT';
  return { key, real: left, simulated: right, tolerance: rule.text, verdict, reason: rule.reason };
}

function total(values: readonly (Leaf | undefined)[]): Leaf | undefined {
  if (values.length === 1) return values[0];
  if (values.some((value) => typeof value !== 'number')) return undefined;
  return (values as readonly number[]).reduce((sum, value) => sum + value, 0);
}
