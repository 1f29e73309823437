/** What `dynticks run` prints for people: the choices before the run, the figures and the verdict after it. */
import type { HostRecord, RunRecord } from '../host/run-json.ts';
import { count, plural, seconds } from '../host/texts.ts';
import { timeText } from '../workload/quantity.ts';
import type { Scenario } from '../workload/scenario.ts';
import type { EngineChoice } from '../engine/run.ts';
import { engineFacts, engineLine, isFree } from './engines.ts';
import { unexercised } from './exit-codes.ts';
import type { RunOptions } from './options.ts';
import { painter, type Paint } from './paint.ts';
import { cpuTable, taskTable } from './tables.ts';
import { brokenLines, lastLine, verdictLines } from './verdict.ts';

/** Every choice that was made, before the first event. */
export function runHead(scenario: Scenario, engine: EngineChoice, folder: string): string {
  const lines = [
    `${scenario.name}: ${scenario.cpus} CPUs, HZ ${scenario.hz}, Linux ${scenario.kernel}, seed ${scenario.seed}, ties ${scenario.ties}`,
    `command line: ${scenario.cmdline.text || '(empty)'}`,
    `cputime ${scenario.cputime}, reader ${scenario.reader}, ${durationText(scenario)}`,
    ...(scenario.faults.length === 0 ? [] : [`faults switched on: ${scenario.faults.join(', ')}`]),
    engineLine(engineFacts(engine)),
    ...(isFree(engine) ? [racingText(scenario)] : []),
    `folder: ${folder}`,
  ];
  return `${lines.join('\n')}\n\n`;
}

function racingText({ reads, skewNs, widenNs }: Scenario): string {
  return `reads ${reads}, skew ${timeText(skewNs)}${widenNs === 0 ? '' : `, faults widened by up to ${timeText(widenNs)} of host time`}`;
}

function durationText({ durationNs }: Scenario): string {
  return durationNs === null ? 'until all tasks have ended' : `for ${seconds(durationNs)} s`;
}

/** A quiet run says what broke and its last line; any other shows its figures first. */
export function runTail(record: RunRecord, options: Pick<RunOptions, 'quiet' | 'require'>, colour: boolean): string {
  const paint = painter(colour);
  const { verdicts, facts } = record.run;
  const last = lastLine(record.outcome, verdicts, unexercised(verdicts, options.require), paint);
  if (!options.quiet) return `${figures(record, paint)}\n${againLine(record)}${last}\n`;
  const broken = brokenLines(verdicts, facts.cpus, paint);
  const remarks = remarksOn(record).map((line) => `${line}\n`).join('');
  return `${broken === '' ? '' : `${broken}\n${againLine(record)}`}${remarks}${last}\n`;
}

/** What a person must know beside the verdict. */
function remarksOn({ run, scenario, outcome }: RunRecord): string[] {
  const { faults } = scenario;
  return [
    ...run.stuckTasks.map((task) => `nothing can wake ${task}`),
    ...run.missedCuts.map((i) => `cuts[${i}] was never reached: no such access in that event`),
    ...(faults.length > 0 && outcome !== 'broken'
      ? [`the fault ${faults.join(', ')} was on and broke nothing here: it may need its race forced (dynticks list scenarios)`] : []),
  ];
}

function figures(record: RunRecord, paint: Paint): string {
  const { run } = record;
  return [
    paint('strong', 'CPUs (ms as they really were; RES and CAL are IPIs taken)'), cpuTable(run.figures), '',
    paint('strong', 'Tasks (ms; user, system and irq as they really were, utime and stime as the kernel accounts them)'),
    taskTable(run.figures), '',
    paint('strong', 'Oracles'), verdictLines(run.verdicts, run.facts.cpus, paint), '',
    endLine(record),
    ...threadLines(record.host),
    ...remarksOn(record),
    `digest: ${run.digest}`,
  ].join('\n');
}

function endLine({ run, host }: RunRecord): string {
  const { reads, events } = run.figures;
  return [
    `ended by ${run.reason} at ${seconds(run.endNs)} s`,
    `${count(events)} events in ${host.seconds.toFixed(1)} s (${count(host.eventsPerSecond)} a second)`,
    `${count(reads.taskReads + reads.cpuReads)} reads of CPU time, ${count(reads.ofRunning)} of running tasks`,
  ].join('; ');
}

/** How much really happened at one time. */
function threadLines({ threads, reads }: HostRecord): string[] {
  if (threads === undefined) return [];
  const windows = `${plural(threads.opened, 'window')}, in ${count(threads.overlapping)} of them two threads at work at one moment`;
  const races = reads === undefined ? [] : [`${plural(reads.overlapped, 'read')} overlapped a write`];
  return [[windows, ...races].join('; ')];
}

/** Whoever is to mend what broke needs it most. */
function againLine({ outcome, reproduce }: RunRecord): string {
  return outcome === 'held' ? '' : `again: ${reproduce}\n`;
}
