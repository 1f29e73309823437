/**
 * `npm run soak -- WHAT`: what must hold for ever, for as long as you like; ends with 1 if it does not.
 *
 * `messages`: ten million messages through the lists that connect threads, in each pattern, with each
 * size of pool, on both memories: none lost, doubled, altered or overtaken.
 *
 *      --messages N      --pattern "all to all"      --pool N      --memory wasm|atomics
 *      --loads N         how often a thread looks before it sleeps; as an engine would measure, if left out
 *      --mutant WHICH    breaks the lists on purpose
 *
 * `reads`: a million remote reads of running tasks, racing their writers on threads, on both memories:
 * all legal, all judged, none backward.
 *
 *      --reads N         --memory wasm|atomics
 *      --fault ID        plants a fault, which must be caught      --widen US    it pauses up to so long
 */
import { availableParallelism, cpus as hostCpus } from 'node:os';
import { parseArgs } from 'node:util';
import { MUTANTS } from './soak/message-mutants.ts';
import { CpuPool } from '../src/host/threads/cpu-pool.ts';
import { hasDefect, MEMORIES, PATTERNS, POOLS, soakMessages, type MessageCase, type MessageResult } from './soak/messages.ts';
import { READ_FAULTS, soakReads, type ReadsCase, type ReadsResult } from './soak/reads.ts';

const MESSAGES = 10_000_000;
const READS = 1_000_000;
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

const text = { type: 'string' } as const;

function messageCases(args: readonly string[]): MessageCase[] {
  const options = { messages: text, pattern: text, pool: text, memory: text, loads: text, mutant: text };
  const { values } = parseArgs({ args: [...args], options });
  const messages = count(values.messages ?? String(MESSAGES));
  const loads = values.loads === undefined ? undefined : count(values.loads);
  const mutant = values.mutant === undefined ? undefined : oneOf(MUTANTS, values.mutant);
  const memories = memoriesOf(values.memory);
  const patterns = values.pattern === undefined ? PATTERNS : [oneOf(PATTERNS, values.pattern)];
  const pools = values.pool === undefined ? POOLS : [count(values.pool)];
  return memories.flatMap((memory) => patterns.flatMap((pattern) =>
    pools.map((pool) => ({ messages, loads, mutant, memory, pattern, pool }))));
}

function readCases(args: readonly string[]): ReadsCase[] {
  const { values } = parseArgs({ args: [...args], options: { reads: text, memory: text, fault: text, widen: text } });
  const reads = count(values.reads ?? String(READS));
  const fault = values.fault === undefined ? undefined : oneOf(READ_FAULTS, values.fault);
  const widenNs = count(values.widen ?? '0') * 1_000;
  return memoriesOf(values.memory).map((memory) => ({ memory, reads, fault, widenNs }));
}

function memoriesOf(memory: string | undefined): readonly (typeof MEMORIES)[number][] {
  return memory === undefined ? MEMORIES : [oneOf(MEMORIES, memory)];
}

function messageRow({ pattern, pool, memory, messages }: MessageCase, result: MessageResult): string {
  const { seconds, received, lost, outOfOrder, altered, stuck, loads } = result;
  const cells = [
    seconds.toFixed(1).padStart(8), ((seconds * 1e9) / received).toFixed(0).padStart(7), String(loads).padStart(6),
    ...[lost, outOfOrder, altered].map((defects) => String(defects).padStart(8)),
  ];
  return `${pattern.padEnd(12)} ${String(pool).padStart(5)} ${memory.padEnd(8)} ${String(messages).padStart(9)} ${cells.join(' ')}`
    + (stuck ? '  STUCK' : '');
}

function readRow({ memory, fault, widenNs }: ReadsCase, { run, seconds, retried, broken }: ReadsResult): string {
  const { running, overlapped, illegal, unjudged, backward } = run.readRaces;
  const { opened, overlapping } = run.threads!.windows;
  const cells = [
    (fault ?? 'none').padEnd(16), String(widenNs / 1_000).padStart(5), memory.padEnd(8), String(running).padStart(9),
    `${((100 * overlapped) / running).toFixed(2)} %`.padStart(8), String(retried).padStart(8),
    ...[illegal, unjudged, backward].map((found) => String(found).padStart(8)),
    `${overlapping} of ${opened}`.padStart(16), seconds.toFixed(1).padStart(8),
  ];
  return `${cells.join(' ')}  ${broken.join(', ')}`.trimEnd();
}

async function messages(args: readonly string[]): Promise<boolean> {
  console.log('pattern       pool memory    messages  seconds  ns/msg  loads     lost disorder  altered');
  let sound = true;
  for (const which of messageCases(args)) {
    const result = await soakMessages(which, WORKER, STUCK_AFTER_MS);
    console.log(messageRow(which, result));
    sound &&= !hasDefect(result);
  }
  return sound;
}

async function reads(args: readonly string[]): Promise<boolean> {
  console.log('fault            widen memory       reads  overlap  retried  illegal unjudged backward  parallel windows  seconds');
  let sound = true;
  for (const which of readCases(args)) {
    const result = await soakReads(which);
    console.log(readRow(which, result));
    sound &&= (result.broken.length > 0) === (which.fault !== undefined) && result.run.readRaces.unjudged === 0;
  }
  await CpuPool.closeAll();
  return sound;
}

async function main([what, ...args]: readonly string[]): Promise<void> {
  const soak = { messages, reads }[what ?? ''];
  if (soak === undefined) throw new Usage('what to soak? "messages" or "reads"');
  console.log(`node ${process.version}, ${hostCpus()[0]!.model}, ${availableParallelism()} cores\n`);
  if (!await soak(args)) process.exitCode = 1;
}

main(process.argv.slice(2)).catch((error: unknown) => {
  const isUsage = error instanceof Usage || (error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS'));
  console.error(isUsage ? (error as Error).message : error);
  process.exitCode = isUsage ? 2 : 3;
});
