/**
 * `npm run bench:threads`: what running each CPU on its own thread costs and gives on this host. Each
 * figure is a median with its best and worst; docs/PERFORMANCE.md says how to read them.
 *
 *      boot       from the process' start (cold) or the call (warm) to the first tick's record on the main thread
 *      ticks      4 CPUs whose ticks at 1 kHz fall together, and nothing else: times real time, warm
 *      writer     a task's CPU time is written as fast as can be, and read by 0, 1 and 3 others: ns an edge of the writer's own time
 *      storm      2 CPUs that cross the kernel's edge without end: ns an event, against inline over the same memory
 */
import { spawnSync } from 'node:child_process';
import { availableParallelism, cpus as hostCpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { tuneV8 } from '../src/host/v8-tuning.ts';
import { bootHere, type BootFigures } from './bench/boot.ts';
import { median, spread } from './bench/median.ts';
import { measureStorm, type StormMachine } from './bench/storm.ts';
import { measureTicks } from './bench/ticks.ts';
import { measureWriter } from './bench/writer.ts';
import { helpIfAsked } from './usage.ts';

helpIfAsked(`npm run bench:threads

What running each CPU on its own thread costs and gives on this host: boot, ticks, writers with readers, a storm against inline.
Each figure is a median with its best and worst; docs/PERFORMANCE.md says how to read them.`);

const ROUNDS = 5;
const STORM: readonly StormMachine[] = [
  { engine: 'inline', over: 'plain' }, { engine: 'inline', over: 'wasm' }, { engine: 'inline', over: 'atomics' },
  { engine: 'free', over: 'wasm' }, { engine: 'free', over: 'atomics' }, { engine: 'lockstep', over: 'wasm' },
];

/** In a process of its own, as `npm run bench:threads -- boot CPUS` prints it. */
function bootElsewhere(cpus: number): BootFigures {
  const args = [fileURLToPath(import.meta.url), 'boot', String(cpus)];
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`the boot of ${cpus} CPUs failed: ${stderr}`);
  return JSON.parse(stdout) as BootFigures;
}

function printBoot(cpus: number): void {
  const boots = Array.from({ length: ROUNDS }, () => bootElsewhere(cpus));
  console.log(`boot of ${String(cpus).padStart(2)} CPUs to the first tick, cold   ${spread(boots.map(({ coldMs }) => coldMs), 'ms')}`);
  console.log(`boot of ${String(cpus).padStart(2)} CPUs to the first tick, warm   ${spread(boots.map(({ warmMs }) => warmMs), 'ms')}`);
  console.log(`resident memory with ${cpus} CPUs           ${spread(boots.map(({ rssMb }) => rssMb), 'MB')}`);
}

async function printTicks(): Promise<void> {
  for (const sync of ['free', 'lockstep'] as const) {
    const rounds = await measureTicks(sync, ROUNDS);
    console.log(`4 CPUs, 1 kHz ticks at one instant, ${sync.padEnd(8)}  ${spread(rounds, 'times real time')}`);
  }
}

async function printWriter(): Promise<void> {
  for (const readers of [0, 1, 3]) {
    const { nsAnEdge, edges, looks, overtaken } = await measureWriter(readers, ROUNDS);
    const millions = [edges, looks].map((rate) => (rate / 1e6).toFixed(2));
    console.log(`writer of CPU time, ${readers} readers   ${nsAnEdge.toFixed(0)} ns an edge of its thread’s own time, `
      + `${millions[0]} million edges/s; ${millions[1]} million looks/s, ${overtaken.toFixed(1)} of a hundred overtaken`);
  }
}

async function printStorm(): Promise<void> {
  const results = new Map<string, number>();
  for (const machine of STORM) {
    const rounds = await measureStorm(machine, ROUNDS);
    results.set(`${machine.engine} ${machine.over}`, median(rounds));
    console.log(`storm on 2 CPUs, ${machine.engine.padEnd(8)} over ${machine.over.padEnd(7)}  ${spread(rounds, 'ns an event')}`);
  }
  const gain = (over: string): string => (results.get(`inline ${over}`)! / results.get(`free ${over}`)!).toFixed(2);
  console.log(`free against inline over the same memory: ${gain('wasm')} times as fast over wasm, ${gain('atomics')} over atomics`);
}

async function main([what, cpus]: readonly string[]): Promise<void> {
  if (what === 'boot') {
    console.log(JSON.stringify(await bootHere(Number(cpus))));
    return;
  }
  console.log(`node ${process.version}, ${hostCpus()[0]!.model}, ${availableParallelism()} cores; median of ${ROUNDS} (best to worst)\n`);
  if (what === 'writer') return printWriter();
  printBoot(4);
  printBoot(64);
  await printTicks();
  await printWriter();
  await printStorm();
}

tuneV8();
await main(process.argv.slice(2));
