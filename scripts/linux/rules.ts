/**
 * test/linux/tolerances.json: which tolerance is whose. Both lists are read from above, and the last
 * entry whose `keys` and `where` fit a figure decides; `wider` after `rows`.
 */
import { z } from 'zod';
import { README } from './readme.ts';
import { parseTolerance, toleranceText, type Tolerance } from './tolerance.ts';

/** `LOC.[12]|stat.*.{user,sys}`; see `expressionOf`. */
const pattern = z.string().min(1);

const row = z.strictObject({
  keys: pattern.describe('figures, as leaves: LOC.0, stat.3.user'),
  where: pattern.optional().describe('configurations and passes: a/busy; missing: all'),
  as: toleranceText,
  readme: z.enum(Object.keys(README)).describe('the line of the recordings’ README that allows it'),
});

const wider = z.strictObject({
  keys: pattern,
  where: pattern.optional(),
  as: toleranceText,
  why: z.string().min(20).describe('why the row is wider than the README’s table'),
});

export const toleranceFile = z.strictObject({
  $comment: z.array(z.string()).optional(),
  rows: z.array(row).min(1),
  wider: z.array(wider),
});
export type ToleranceFile = z.infer<typeof toleranceFile>;

export interface Rule {
  readonly keys: RegExp;
  readonly where: RegExp;
  readonly text: string;
  readonly tolerance: Tolerance;
  /** `README: ticks`, or the reason of a wider row */
  readonly reason: string;
  readonly wider: boolean;
  /** whether the README's line allows so much */
  readonly allowed: boolean;
}

export function rulesOf(file: ToleranceFile): Rule[] {
  const rules = file.rows.map((entry) => {
    const tolerance = parseTolerance(entry.as)!;
    const line = README[entry.readme]!;
    return { ...placeOf(entry), text: entry.as, tolerance, reason: line.says, wider: false, allowed: line.allows(tolerance) };
  });
  const wide = file.wider.map((entry) =>
    ({ ...placeOf(entry), text: entry.as, tolerance: parseTolerance(entry.as)!, reason: entry.why, wider: true, allowed: true }));
  return [...rules, ...wide];
}

const placeOf = ({ keys, where = '*' }: { keys: string; where?: string | undefined }): Pick<Rule, 'keys' | 'where'> =>
  ({ keys: expressionOf(keys), where: expressionOf(where) });

/** A star is any part of a name, `[12]` one of these, `{a,b}` one or the other; bars part whole patterns. */
function expressionOf(patterns: string): RegExp {
  const text = patterns.replace(/[\\^$.+?()]/g, '\\$&').replaceAll('*', '.*')
    .replaceAll('{', '(?:').replaceAll('}', ')').replaceAll(',', '|');
  return new RegExp(`^(?:${text})$`);
}

/** The rule of a figure in a pass (`c/busy/notrace`); undefined where the file has none. */
export function ruleFor(rules: readonly Rule[], where: string, key: string): Rule | undefined {
  return rules.findLast((rule) => rule.where.test(where) && rule.keys.test(key));
}
