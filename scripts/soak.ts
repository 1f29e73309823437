/** `npm run soak -- --help`: what must hold for ever, for as long as you like; ends with 1 if it does not. */
import { availableParallelism, cpus as hostCpus } from 'node:os';
import { parseArgs } from 'node:util';
import { MUTANTS } from './soak/message-mutants.ts';
import { buildId } from '../src/host/threads/build-id.ts';
import { CpuPool } from '../src/host/threads/cpu-pool.ts';
import { hasDefect, MEMORIES, PATTERNS, POOLS, soakMessages, type MessageCase, type MessageResult } from './soak/messages.ts';
import { rateOf, rateText, RACY_FAULTS } from './soak/fault-rates.ts';
import { partsOf, READ_SCENARIOS, soakReads, sumOf, type ReadsPart, type ReadsResult } from './soak/reads.ts';
import { ReadsLog } from './soak/reads-log.ts';

const MESSAGES = 10_000_000;
const READS = 1_000_000;
const STUCK_AFTER_MS = 30_000;
const WORKER = new URL('./soak/message-worker.js', import.meta.url);

/** What each soak is, and its options. */
const HELP = {
  messages: `npm run soak -- messages [--messages N] [--pattern NAME] [--pool N] [--memory wasm|atomics] [--loads N] [--mutant NAME]

Messages through the lists that connect threads, in each pattern, with each size of pool, on both memories: none lost, doubled,
altered or overtaken.

  --messages N      of each kind (${MESSAGES.toLocaleString('en')})
  --pattern NAME    only: ${PATTERNS.join(', ')}
  --pool N          only: ${POOLS.join(', ')} messages of each participant
  --memory M        only wasm or atomics
  --loads N         how often a thread looks before it sleeps (as an engine would measure)
  --mutant NAME     breaks the lists on purpose: ${MUTANTS.join(', ')}`,

  reads: `npm run soak -- reads [--reads N] [--scenario NAME] [--memory wasm|atomics] [--seed N] [--log FILE]

Looks at CPU time of tasks, processes and CPUs that race their writers on threads, readers on every CPU: all legal, all judged,
none backward. Parts of some hundred thousand, each with a seed of its own.

  --reads N         looks in all (${READS.toLocaleString('en')})
  --scenario NAME   only: ${READ_SCENARIOS.join(', ')}
  --memory M        only parts over wasm or atomics
  --seed N          the first part's (1)
  --log FILE        what each part came to; parts that stand there are not repeated, so that a soak that was broken off goes on

Example: npm run soak -- reads --reads 100000000 --log reads.ndjson`,

  faults: `npm run soak -- faults [--runs N] [--looks N] [--fault ID] [--widen US]

How often each fault of CPU time that is a race is caught, as it comes, with readers held up, and with a pause where it does its harm.

  --runs N          of each fault (5)
  --looks N         of each run (20000)
  --fault ID        only: ${Object.keys(RACY_FAULTS).join(', ')}
  --widen US        longest pause of the fault where it does its harm (500)`,
} as const;
const EXITS = 'Exit code 1: something was found that must not be; of a fault: that it was never caught, though it pauses.';

function help(what?: keyof typeof HELP): string {
  return [...(what === undefined ? Object.values(HELP) : [HELP[what]]), EXITS].join('\n\n');
}

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

interface ReadsOrder {
  readonly parts: readonly ReadsPart[];
  readonly log: ReadsLog;
}

function readsOrder(args: readonly string[]): ReadsOrder {
  const options = { reads: text, scenario: text, memory: text, seed: text, log: text };
  const { values } = parseArgs({ args: [...args], options });
  const scenario = values.scenario === undefined ? undefined : oneOf(READ_SCENARIOS, values.scenario);
  const memory = values.memory === undefined ? undefined : oneOf(MEMORIES, values.memory);
  const only = { ...(scenario && { scenario }), ...(memory && { memory }) };
  const parts = partsOf(count(values.reads ?? String(READS)), count(values.seed ?? '1'), only);
  return { parts, log: new ReadsLog(values.log, buildId()) };
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

function readRow(name: string, memory: string, seed: string, result: ReadsResult): string {
  const { reads, looks, overlapped, retried, illegal, unjudged, backward, windows, seconds, broken } = result;
  const cells = [
    name.padEnd(17), memory.padEnd(8), seed.padStart(5), String(reads).padStart(10),
    `${((100 * overlapped) / Math.max(1, looks['task_cputime'] ?? 0)).toFixed(2)} %`.padStart(8), String(retried).padStart(9),
    ...[illegal, unjudged, backward].map((found) => String(found).padStart(8)),
    `${windows.overlapping} of ${windows.opened}`.padStart(18), seconds.toFixed(0).padStart(8),
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
  const { parts, log } = readsOrder(args);
  console.log('scenario          memory    seed      reads  overlap   retried  illegal unjudged backward   parallel windows  seconds');
  const results: ReadsResult[] = [];
  let sound = true;
  for (const part of parts) {
    const known = log.resultOf(part);
    const result = known ?? await soakReads(part);
    if (known === undefined) log.add(part, result);
    results.push(result);
    console.log(readRow(part.scenario, part.memory, String(part.seed), result));
    console.error(progressOf(results, parts));
    sound &&= isSound(part, result);
  }
  const sum = sumOf(results);
  console.log(readRow('all', '', '', sum));
  for (const [event, made] of Object.entries(sum.looks)) console.log(`  ${event.padEnd(22)} ${made.toLocaleString('en').padStart(13)}`);
  await CpuPool.closeAll();
  return sound;
}

/** Whether it is as it must be; says how to see it again if not. */
function isSound(part: ReadsPart, { broken, unjudged }: ReadsResult): boolean {
  if (broken.length === 0 && unjudged === 0) return true;
  const { scenario, memory, seed, reads: asked } = part;
  console.log(`  again: npm run soak -- reads --scenario ${scenario} --memory ${memory} --seed ${seed} --reads ${asked}`);
  return false;
}

/** `12,000,000 of 100,000,000 reads, 61,000 a second, 24 min to go` */
function progressOf(results: readonly ReadsResult[], parts: readonly ReadsPart[]): string {
  const { reads: made, seconds } = sumOf(results);
  const all = parts.reduce((sum, part) => sum + part.reads, 0);
  const left = parts.slice(results.length).reduce((sum, part) => sum + part.reads, 0);
  const numbers = [made, all, made / seconds].map((n) => Math.round(n).toLocaleString('en'));
  return `  ${numbers[0]} of ${numbers[1]} reads, ${numbers[2]} a second, ${Math.ceil((left * seconds) / made / 60)} min to go`;
}

async function faults(args: readonly string[]): Promise<boolean> {
  const { values } = parseArgs({ args: [...args], options: { fault: text, runs: text, looks: text, widen: text } });
  const which = values.fault === undefined ? Object.keys(RACY_FAULTS) : [oneOf(Object.keys(RACY_FAULTS), values.fault)];
  const [runs, looks, widen] = [count(values.runs ?? '5'), count(values.looks ?? '20000'), count(values.widen ?? '500')];
  let sound = true;
  for (const { says, napsInLooks, widenNs } of [
    { says: 'as it comes', napsInLooks: false, widenNs: 0 },
    { says: 'readers held up in the midst of looks', napsInLooks: true, widenNs: 0 },
    { says: `the fault pauses up to ${widen} us where it does its harm`, napsInLooks: false, widenNs: widen * 1_000 },
  ]) {
    console.log(`\n${says}`);
    for (const fault of which) {
      const plan = { fault, runs, looks, napsInLooks, widenNs };
      const rate = await rateOf(plan);
      console.log(rateText(plan, rate));
      sound &&= rate.caught > 0 || widenNs === 0;
    }
  }
  await CpuPool.closeAll();
  return sound;
}

async function main([what, ...args]: readonly string[]): Promise<void> {
  const known = what === 'messages' || what === 'reads' || what === 'faults';
  if (what === '--help' || args.includes('--help')) {
    console.log(help(known ? what : undefined));
    return;
  }
  if (!known) throw new Usage('what to soak? "messages", "reads" or "faults"; --help says more');
  const soak = { messages, reads, faults }[what];
  console.log(`node ${process.version}, ${hostCpus()[0]!.model}, ${availableParallelism()} cores\n`);
  if (!await soak(args)) process.exitCode = 1;
}

main(process.argv.slice(2)).catch((error: unknown) => {
  const isUsage = error instanceof Usage || (error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS'));
  console.error(isUsage ? (error as Error).message : error);
  process.exitCode = isUsage ? 2 : 3;
});
