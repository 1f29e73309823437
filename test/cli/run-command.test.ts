import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { KernelBug, LimitReached } from '../../shared/assert.ts';
import { INCOMPLETE } from '../../src/host/run-folder.ts';
import { ThreadDeath } from '../../src/host/threads/thread-death.ts';
import { HostLimit } from '../../src/host/host-limit.ts';
import { MachineSnapshotCollector } from '../../src/observe/machine-snapshot-collector.ts';
import { ReadRacesCollector } from '../../src/observe/read-figures.ts';
import { readTrace } from '../../src/observe/trace-bin-reader.ts';
import { factsOf, simulate, type RunResult, type SimulateOptions } from '../../src/sim.ts';
import { commandUnderTest } from './call.ts';
import { runRecord, verdicts } from '../host/run-record.ts';

const command = commandUnderTest();

const SMALL = '{ "tasks": { "worker": { "cpus": [1], "run": 2000, "sleep": 1000 } }, "dynticks": { "cpus": 2, "duration": "50ms" } }';

function small(): string {
  const path = join(command.home, 'small.json');
  writeFileSync(path, SMALL);
  return path;
}

/** Calls it on one thread, where each test has the same bytes. */
const run = (...flags: readonly string[]): string[] => ['run', small(), '--engine', 'inline', ...flags];

const NO_SNAPSHOT = new MachineSnapshotCollector(runRecord().run.facts).finish();
const NO_READS = new ReadRacesCollector().finish(undefined);
/** A run that ends as `more` says. */
const ending = (more: Partial<RunResult>) => async (): Promise<RunResult> =>
  ({ ...runRecord().run, verdicts: [], snapshot: NO_SNAPSHOT, kernelLog: [], files: [], threads: null, readRaces: NO_READS, ...more });

const traceOf = (folder: string) =>
  readTrace(readFileSync(join(command.runsDir, folder, 'trace.bin')), { onEvent: () => {} });

const read = (...path: string[]) => readFileSync(join(command.runsDir, ...path), 'utf8');

describe('dynticks run', () => {
  it('says what was decided, shows figures and verdict, and keeps a whole folder', async () => {
    const { code, out, err } = await command.call(run('--seed', '3'));
    expect(err).not.toMatch(/dynticks:/);
    expect(code).toBe(0);
    expect(out).toMatch(/^small: 2 CPUs, HZ 250, Linux 6\.12, seed 3[^]*\nengine inline: /);
    expect(out).toMatch(/\nCPU [^]*\nworker-0 [^]*\nG-01 [^]*\nverdict: held \(/);
    expect(readdirSync(command.runsDir)).toEqual(['small-3-1']);
    expect(readdirSync(join(command.runsDir, 'small-3-1')).sort()).toEqual([
      'dmesg', 'log.ndjson', 'proc', 'report.html', 'run.json', 'sys', 'trace.bin',
    ]);
    expect(read('small-3-1', 'proc/stat')).toMatch(/^cpu {2}\d+/);
    expect(JSON.parse(read('small-3-1', 'run.json'))).toMatchObject({ complete: true, exitCode: 0, outcome: 'held' });
  });

  it('keeps in the host block how reads and writes met, where CPUs race', async () => {
    const facts = { ...runRecord().run.facts, racing: true, skewNs: 1_000_000 };
    for (const [n, more] of [{}, { facts }].entries()) {
      await command.call(run('--seed', '5'), { simulate: ending(more) });
      const { host } = JSON.parse(read(`small-5-${n + 1}`, 'run.json')) as { host: { reads?: unknown } };
      expect(host.reads).toEqual(n === 0 ? undefined : NO_READS);
    }
  });

  it('writes the same run.json but for the host block when it is run again', async () => {
    await command.call(run());
    await command.call(run('--json', '--out', join(command.home, 'elsewhere')));
    const documents = [read('small-1-1', 'run.json'), readFileSync(join(command.home, 'elsewhere', 'run.json'), 'utf8')];
    const [first, second] = documents.map((text) => text.slice(0, text.indexOf('\n "host": {')));
    expect(first).toBe(second);
    expect(first!.length).toBeGreaterThan(1_000);
    const folders = [join(command.home, 'elsewhere'), join(command.runsDir, 'small-1-1')];
    const traces = folders.map((folder) => readFileSync(join(folder, 'trace.bin')));
    expect(traces[0]!.equals(traces[1]!)).toBe(true);
  });

  it('with --json puts run.json on stdout and nothing else', async () => {
    const { code, out, err } = await command.call(run('--json'));
    expect(code).toBe(0);
    expect(out).toBe(read('small-1-1', 'run.json'));
    expect(err).not.toMatch(/verdict/);
  });

  it('with --quiet says its last line only', async () => {
    const { out, err } = await command.call(run('--quiet'));
    expect([out, err]).toEqual([expect.stringMatching(/^verdict: held .*\n$/), '']);
  });

  it('keeps what the kernel said, in a file as dmesg shows it and among the lines of the host’s log', async () => {
    await command.call(run());
    expect(read('small-1-1', 'dmesg')).toMatch(/^\[ {4}0\.0\d{5}\] clocksource: Switched to clocksource tsc\n$/);
    const lines = read('small-1-1', 'log.ndjson').trimEnd().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
    const said = lines.filter(({ kernel }) => kernel === true);
    expect(said).toMatchObject([{ cpu: 0, level: 30, msg: 'clocksource: Switched to clocksource tsc' }]);
  });

  it('tells in its log what happened when, in simulated time', async () => {
    await command.call(run());
    const lines = read('small-1-1', 'log.ndjson').trimEnd().split('\n').map((line) => JSON.parse(line) as { ns: number; msg: string });
    expect([lines[0], lines.at(-1)]).toMatchObject([{ ns: 0, msg: 'run begins' }, { ns: 50_000_000, msg: 'run ends' }]);
  });
});

describe('the engine of a run', () => {
  /** Calls it with these flags on an engine that runs nothing. */
  async function calledWith(...flags: readonly string[]) {
    const given: SimulateOptions[] = [];
    const simulated = async (_: unknown, options: SimulateOptions = {}): Promise<RunResult> => {
      given.push(options);
      return ending({ verdicts })();
    };
    const called = await command.call(['run', small(), ...flags], { simulate: simulated });
    return { ...called, engine: given[0]?.engine, document: JSON.parse(read('small-1-1', 'run.json')) as Record<string, object> };
  }

  it('is what the flags say, and stands in the head, in run.json, in the report and in the log', async () => {
    const { engine, document, out } = await calledWith('--engine', 'threads', '--sync', 'lockstep', '--memory', 'atomics');
    expect(engine).toEqual({ kind: 'threads', sync: 'lockstep', memory: 'atomics' });
    expect(out).toMatch(/\nengine threads, sync lockstep, memory atomics: .*as inline\n/);
    expect(document['engine']).toEqual({
      name: 'threads', sync: 'lockstep', memory: 'atomics', determinism: expect.stringContaining('the same bytes'),
    });
    expect(out).toMatch(/\nagain: dynticks run .*small\.json --engine threads --sync lockstep --memory atomics --seed 1\n/);
    expect(read('small-1-1', 'report.html')).toMatch(/engine threads, sync lockstep, memory atomics: /);
    expect(read('small-1-1', 'log.ndjson')).toMatch(/"engine":"threads, sync lockstep, memory atomics"/);
  });

  it('may be one where CPUs race; then the head says how far apart, and what two runs have in common', async () => {
    const { engine, document, out, err } = await calledWith('--sync', 'free', '--reads', 'fresh', '--skew', '20us');
    expect(engine).toEqual({ kind: 'threads', sync: 'free', memory: 'wasm' });
    expect(out).toMatch(/\nengine threads, sync free, memory wasm: .*a verdict, not bytes.*\nreads fresh, skew 20us\nfolder: /);
    expect(document['scenario']).toMatchObject({ reads: 'fresh', skewNs: 20_000, widenNs: 0 });
    expect(err).not.toMatch(/warning/);
  });

  it('may widen faults', async () => {
    const { out } = await calledWith('--sync', 'free', '--fault', 'B-01', '--widen', '50us');
    expect(out).toMatch(/\nreads racing, skew 1ms, faults widened by up to 50us of host time\n/);
  });

  it('may make flags idle: a warning says so, here and in run.json', async () => {
    const { code, document, out, err } = await calledWith('--engine', 'inline', '--skew', '20us', '--quiet');
    const warning = 'command line: --skew: without effect, because CPUs race with --engine threads --sync free only.';
    expect([code, err]).toEqual([1, `warning: ${warning}\n`]);
    expect(document['warnings']).toEqual([warning]);
    expect(document['engine']).toEqual({ name: 'inline', determinism: expect.stringContaining('the same bytes') });
    expect(out).toMatch(/ --skew 20us\n/);
  });
});

describe('--trace', () => {
  it('full keeps every record', async () => {
    await command.call(run());
    const { digest, records } = (JSON.parse(read('small-1-1', 'run.json')) as { end: { digest: string; records: number } }).end;
    expect(traceOf('small-1-1')).toMatchObject({ complete: true, skipped: 0, records, digest });
  });

  it('ring keeps the last of them', async () => {
    await command.call(run('--duration', '2s', '--trace', 'ring:64k'));
    const { complete, skipped, records } = traceOf('small-1-1');
    expect(complete).toBe(true);
    expect(Math.min(skipped, records)).toBeGreaterThan(0);
  });

  it('off writes no file', async () => {
    const { code } = await command.call(run('--trace', 'off'));
    expect([code, existsSync(join(command.runsDir, 'small-1-1', 'trace.bin'))]).toEqual([0, false]);
  });
});

describe('the end of a run', () => {
  it('broken is 1, with the evidence and the line that gives it again', async () => {
    const { code, out } = await command.call(run('--quiet'), { simulate: ending({ verdicts }) });
    expect(code).toBe(1);
    expect(out).toMatch(/^V-02 {2}BROKEN[^]*vers[^]*\nagain: dynticks run .*small\.json --engine inline --seed 1\n/);
    expect(out).toMatch(/\nnothing can wake a<b>-0\nverdict: broken/);
  });

  it('a required oracle without anything to judge is 1', async () => {
    const { code, out } = await command.call(run('--require', 'X-S1'), { simulate: ending({ verdicts: verdicts.slice(2) }) });
    expect(code).toBe(1);
    expect(out).toMatch(/verdict: not exercised .*required, but not exercised: X-S1/);
  });

  it('a limit is 4', async () => {
    expect((await command.call(run(), { simulate: ending({ reason: 'limit' }) })).code).toBe(4);
  });

  it('names the tasks that nothing can wake', async () => {
    const { code, out } = await command.call(run(), { simulate: ending({ reason: 'nothing can ever wake' }) });
    expect([code, out]).toEqual([0, expect.stringContaining('nothing can wake a<b>-0')]);
  });

  it('Ctrl-C is 130, between two events, and leaves a readable folder that says it is incomplete', async () => {
    const { signals } = command;
    const interrupted = command.call(run('--duration', '10000s'), {
      simulate: (scenario, options) => {
        setTimeout(() => signals.emit('SIGINT', 'SIGINT'), 30);
        return simulate(scenario, options);
      },
    });
    const { code, out, err } = await interrupted;
    expect(code).toBe(130);
    expect(err).toContain('a second Ctrl-C kills');
    expect(out).toMatch(/ended by interrupted[^]*verdict: interrupted/);
    expect(read('small-1-1', INCOMPLETE)).toMatch(/interrupted/);
    expect(JSON.parse(read('small-1-1', 'run.json'))).toMatchObject({ complete: false, outcome: 'interrupted', exitCode: 130 });
    expect(traceOf('small-1-1').records).toBeGreaterThan(0);
    expect(signals.eventNames()).toEqual([]);
  });
});

describe('a run that fails', () => {
  const failing = (error: unknown) => ({ simulate: () => Promise.reject(error) });

  it('by our own bug is 3, says so, and leaves a folder that says it is incomplete', async () => {
    const { code, err } = await command.call(run(), failing(new KernelBug('jiffies went back')));
    expect(code).toBe(3);
    expect(err).toMatch(/a bug of dynticks, not of your scenario\. KernelBug: jiffies went back\n/);
    expect(err).toMatch(/\n {2}again: dynticks run .*\n {2}log: .*small-1-1\/log\.ndjson\n$/);
    expect(readdirSync(join(command.runsDir, 'small-1-1')).sort()).toEqual([INCOMPLETE, 'log.ndjson', 'trace.bin']);
    expect(read('small-1-1', 'log.ndjson')).toMatch(/"run failed"/);
    expect(read('small-1-1', 'log.ndjson')).toMatch(/run-command\.test/);
  });

  it.each(['full', 'ring:64k'])('keeps what the trace had until then (%s)', async (trace) => {
    await command.call(run('--trace', trace), {
      simulate: async (scenario, options) => {
        await simulate(scenario, options);
        throw new KernelBug('late');
      },
    });
    expect(traceOf('small-1-1').records).toBeGreaterThan(100);
    expect(traceOf('small-1-1').problem).toMatch(/cut/);
  });

  it('by the death of a thread is 3, says which and why, and leaves a folder that says it is incomplete', async () => {
    const death = new ThreadDeath('CPU 2', 'out of memory');
    const { code, err } = await command.call(run(), failing(death));
    expect(code).toBe(3);
    expect(err).toMatch(/^dynticks: A thread of the machine died, and the run with it\. CPU 2: out of memory\n {2}again: dynticks run /m);
    expect(err).toMatch(/\n {2}log: .*small-1-1\/log\.ndjson\n$/);
    expect(err).not.toContain('This is a bug');
    expect(read('small-1-1', INCOMPLETE)).toContain('CPU 2: out of memory');
    expect(read('small-1-1', 'log.ndjson')).toMatch(/CPU 2: out of memory.*"run failed"/);
  });

  it('by what is no error at all is 3, too', async () => {
    expect((await command.call(run(), failing('a string'))).err).toContain('Error: a string');
  });

  it.each([new LimitReached('64 forks at once (FORK_POOL)'), new HostLimit('the disk is full')])('at a limit is 4: %s', async (error) => {
    const { code, err } = await command.call(run(), failing(error));
    expect([code, err]).toEqual([4, expect.stringContaining(`dynticks: ${error.message}\n`)]);
    expect(read('small-1-1', INCOMPLETE)).toContain(error.message);
  });

  it('with --json gives a document all the same', async () => {
    const { out } = await command.call(run('--json'), failing(new KernelBug('x')));
    expect(JSON.parse(out)).toMatchObject({ complete: false, exitCode: 3 });
  });

  it('never touches what another run left', async () => {
    mkdirSync(join(command.runsDir, 'small-1-1'), { recursive: true });
    writeFileSync(join(command.runsDir, 'small-1-1', 'run.json'), 'kept');
    await command.call(run(), failing(new KernelBug('x')));
    expect(read('small-1-1', 'run.json')).toBe('kept');
    expect(readdirSync(command.runsDir)).toEqual(['small-1-1', 'small-1-2']);
  });
});

it('the facts that the trace begins with are those of the run', () => {
  const { scenario } = runRecord();
  expect(factsOf(scenario).cpus).toBe(scenario.cpus);
});
