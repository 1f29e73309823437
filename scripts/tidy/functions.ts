/**
 * Where a file's functions begin and end. A brace opens a function's body if `=>` stands before it,
 * or a parameter list (and perhaps a result type) whose head is not a control statement's.
 */
import { lineAt, type Source } from './scan.ts';

export interface FunctionSpan {
  readonly name: string;
  /** Offset of its head. */
  readonly at: number;
  /** Lines from its head to its closing brace. */
  readonly lines: number;
}

interface Token {
  readonly at: number;
  readonly word: string;
}

const CONTROL = new Set(['if', 'for', 'while', 'switch', 'catch', 'with', 'await']);
const CLOSER: Readonly<Record<string, string>> = { ')': '(', '}': '{', ']': '[' };
/** What a result type may consist of, beside brackets. */
const TYPE_WORD = /^(?:[\w$]+|[.<>|&?,'"`])$/;
/** A brace behind one of these opens something else than a function. */
const NOT_TYPE = new Set([
  'class', 'interface', 'extends', 'implements', 'else', 'try', 'finally', 'do', 'return', 'throw', 'import', 'export',
  'const', 'let', 'type', 'static', 'in', 'of', 'new', 'default',
]);

export function functionsOf(source: Source): FunctionSpan[] {
  const tokens = tokensOf(source.code);
  const opener = openers(tokens);
  const spans: FunctionSpan[] = [];
  for (const [close, open] of opener) {
    if (tokens[close]!.word !== '}') continue;
    const head = headOf(tokens, opener, open);
    if (head === undefined) continue;
    const from = lineAt(source.raw, tokens[head.at]!.at);
    spans.push({ name: head.name, at: tokens[head.at]!.at, lines: lineAt(source.raw, tokens[close]!.at) - from + 1 });
  }
  return spans;
}

function tokensOf(code: string): Token[] {
  return [...code.matchAll(/[\w$]+|=>|\S/g)].map((match) => ({ at: match.index, word: match[0] }));
}

/** For the index of each closing bracket, the index of the one that it closes. */
function openers(tokens: readonly Token[]): Map<number, number> {
  const open: number[] = [];
  const pairs = new Map<number, number>();
  tokens.forEach(({ word }, i) => {
    if (word === '(' || word === '{' || word === '[') open.push(i);
    else if (CLOSER[word] !== undefined) pairs.set(i, open.pop() ?? 0);
  });
  return pairs;
}

/** Index and name of the head of the function whose body opens at `brace`; undefined for another brace. */
function headOf(
  tokens: readonly Token[], opener: ReadonlyMap<number, number>, brace: number,
): { at: number; name: string } | undefined {
  let last = brace - 1;
  const arrow = tokens[last]?.word === '=>';
  if (arrow) last -= 1;
  const close = parametersEnd(tokens, opener, last);
  if (close === undefined) return arrow ? { at: Math.max(last, 0), name: nameBefore(tokens, last) } : undefined;
  const open = opener.get(close)!;
  const before = tokens[open - 1]?.word ?? '';
  if (!arrow && CONTROL.has(before)) return undefined;
  return { at: open, name: nameBefore(tokens, open) };
}

/** Index of the `)` of a parameter list that ends at `last`, a result type between them allowed. */
function parametersEnd(
  tokens: readonly Token[], opener: ReadonlyMap<number, number>, last: number,
): number | undefined {
  if (tokens[last]?.word === ')') return last;
  if (tokens[last]?.word === ':') return undefined;
  for (let i = last; i > 0;) {
    const { word } = tokens[i]!;
    if (word === ':') return tokens[i - 1]!.word === ')' ? i - 1 : undefined;
    if (CLOSER[word] !== undefined) i = opener.get(i)! - 1;
    else if (NOT_TYPE.has(word)) return undefined;
    else if (TYPE_WORD.test(word) || word === '=>') i -= 1;
    else return undefined;
  }
  return undefined;
}

/** `describe` for describe('…', () => {, `f` for const f = (…) => { and for function f(…) {. */
function nameBefore(tokens: readonly Token[], open: number): string {
  for (let i = open - 1; i >= 0 && i > open - 12; i -= 1) {
    const { word } = tokens[i]!;
    if (/^[A-Za-z_$][\w$]*$/.test(word) && word !== 'async') return word;
    if (word === ';' || word === '{' || word === '}') break;
  }
  return 'a function';
}
