/**
 * `npm run soak -- messages`: what must hold for ever, for as long as you like. Sends ten million
 * messages through the lists that connect threads, in each pattern, with each size of pool, on both
 * memories; ends with 1 if one of them was lost, doubled, altered or overtaken.
 *
 *      --messages N      --pattern "all to all"      --pool N      --memory wasm|atomics
 *      --loads N         how often a thread looks before it sleeps; as an engine would measure, if left out
 *      --mutant WHICH    breaks the lists on purpose
 */
import { availableParallelism, cpus as hostCpus } from 'node:os';
import { parseArgs } from 'node:util';
import { MUTANTS } from './soak/message-mutants.ts';
import { hasDefect, MEMORIES, PATTERNS, POOLS, soakMessages, type MessageCase, type MessageResult } from './soak/messages.ts';

const MESSAGES = 10_000_000;
const STUCK_AFTER_MS = 30_000;
const WORKER = new URL('./soak/message-worker.js', import.meta.url);

class Usage extends Error {}

function count(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new Usage(`"${text}" is not a number of something`);
  return value;
}

function oneOf<T extends string>(all: readonly T[], text: string): T {
  const found = all.find((each) => each === text);
  if (found === undefined) throw new Usage(`"${text}" is none of: ${all.join(', ')}`);
  return found;
}

function casesOf(args: readonly string[]): MessageCase[] {
  const text = { type: 'string' } as const;
  const { positionals, values } = parseArgs({
    args: [...args], allowPositionals: true,
    options: { messages: text, pattern: text, pool: text, memory: text, loads: text, mutant: text },
  });
  if (positionals.join() !== 'messages') throw new Usage('what to soak? Only "messages" so far');
  const messages = count(values.messages ?? String(MESSAGES));
  const loads = values.loads === undefined ? undefined : count(values.loads);
  const mutant = values.mutant === undefined ? undefined : oneOf(MUTANTS, values.mutant);
  const memories = values.memory === undefined ? MEMORIES : [oneOf(MEMORIES, values.memory)];
  const patterns = values.pattern === undefined ? PATTERNS : [oneOf(PATTERNS, values.pattern)];
  const pools = values.pool === undefined ? POOLS : [count(values.pool)];
  return memories.flatMap((memory) => patterns.flatMap((pattern) =>
    pools.map((pool) => ({ messages, loads, mutant, memory, pattern, pool }))));
}

function rowOf({ pattern, pool, memory, messages }: MessageCase, result: MessageResult): string {
  const { seconds, received, lost, outOfOrder, altered, stuck, loads } = result;
  const cells = [
    seconds.toFixed(1).padStart(8), ((seconds * 1e9) / received).toFixed(0).padStart(7), String(loads).padStart(6),
    ...[lost, outOfOrder, altered].map((defects) => String(defects).padStart(8)),
  ];
  return `${pattern.padEnd(12)} ${String(pool).padStart(5)} ${memory.padEnd(8)} ${String(messages).padStart(9)} ${cells.join(' ')}`
    + (stuck ? '  STUCK' : '');
}

async function main(): Promise<void> {
  const cases = casesOf(process.argv.slice(2));
  console.log(`node ${process.version}, ${hostCpus()[0]!.model}, ${availableParallelism()} cores\n`);
  console.log('pattern       pool memory    messages  seconds  ns/msg  loads     lost disorder  altered');
  for (const which of cases) {
    const result = await soakMessages(which, WORKER, STUCK_AFTER_MS);
    console.log(rowOf(which, result));
    if (hasDefect(result)) process.exitCode = 1;
  }
}

main().catch((error: unknown) => {
  const isUsage = error instanceof Usage || (error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS'));
  console.error(isUsage ? (error as Error).message : error);
  process.exitCode = isUsage ? 2 : 3;
});
