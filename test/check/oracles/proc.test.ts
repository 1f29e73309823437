import { describe, expect, it } from 'vitest';
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { TimekeepingAction } from '../../../shared/structs/timekeeper.ts';
import { Judge } from '../../../src/check/judge.ts';
import type { Oracle, Verdict } from '../../../src/check/oracle.ts';
import { BootInstant } from '../../../src/check/oracles/boot-instant.ts';
import { GuestColumns } from '../../../src/check/oracles/guest-columns.ts';
import { ProcColumns } from '../../../src/check/oracles/proc-columns.ts';
import { ProcForm } from '../../../src/check/oracles/proc-form.ts';
import { ProcTotals } from '../../../src/check/oracles/proc-totals.ts';
import { UptimeIdle } from '../../../src/check/oracles/uptime-idle.ts';
import { EventStream, runFacts, TICK } from '../../support/event-stream.ts';
import { judgeStream, witnessOf } from '../../support/verdicts.ts';

const FACTS = runFacts(2, 'tick', ['a-0', 'top']);
const BY = 3;

const brokenSays = (verdict: Verdict): string => witnessOf(verdict).says;

/** An oracle after a stream and some files. */
function judged(
  OracleOfRun: new (facts: RunFacts) => Oracle, files: Readonly<Record<string, string>>, stream = new EventStream(), facts = FACTS,
): Verdict {
  const judge = stream.feed(new Judge([new OracleOfRun(facts)]));
  judge.onFiles(Object.entries(files).map(([path, text]) => ({ path, text })));
  return judge.finish(0)[0]!.verdict;
}

const STAT = `cpu  3 0 1 9 0 0 0 0 0 0
cpu0 1 0 0 4 0 0 0 0 0 0
cpu1 1 0 1 5 0 0 0 0 0 0
intr 12 3 0 5
ctxt 1
btime 1767225600
processes 2
procs_running 1
procs_blocked 0
softirq 7 0 1 0 0 0 0 0 2 1 3
`;
const online = (...cpus: number[]): EventStream =>
  cpus.reduce((stream, cpu) => stream.add('cpu_final', cpu, 9, { cpu, online: 1 }), new EventStream());

describe('F-01: forms', () => {
  const FILES = {
    'proc/stat': STAT, 'proc/uptime': '12.34 23.45\n', 'proc/loadavg': '0.00 0.01 0.05 1/23 1004\n',
    'proc/schedstat': 'version 16\ntimestamp 4294892370\ncpu0 0 0 0 0 0 0 5 6 7\ndomain0 3 0 0\ncpu1 0 0 0 0 0 0 5 6 7\ndomain0 3 0 0\n',
    'proc/1000/stat': `1000 (a b) c) R${' 0'.repeat(49)}\n`, 'proc/1000/task/1001/schedstat': '1 2 3\n',
    'proc/1000/status': 'Name:\ta\nState:\tR (running)\n',
  };

  it('hold for files as Linux has them', () => {
    expect(judged(ProcForm, FILES, online(0, 1))).toEqual({ verdict: 'held', checked: 7 });
    expect(judged(ProcForm, { 'proc/interrupts': 'whatever' }, online(0, 1))).toEqual({ verdict: 'not exercised' });
  });

  it.each([
    ['proc/stat', STAT.replace('cpu  3', 'cpu 3')],
    ['proc/stat', STAT.replace('ctxt 1\n', '')],
    ['proc/uptime', '12.3 23.45\n'],
    ['proc/loadavg', '0.00 0.01 0.05 23 1004\n'],
    ['proc/schedstat', FILES['proc/schedstat'].replace('timestamp', 'time')],
    ['proc/1000/stat', `1000 (a) R${' 0'.repeat(48)}\n`],
    ['proc/1000/task/1001/schedstat', '1 2\n'],
    ['proc/1000/status', 'State\tR\n'],
  ])('find a %s that a program cannot parse', (path, text) => {
    expect(brokenSays(judged(ProcForm, { [path]: text }, online(0, 1)))).toContain(`${path} has not the form`);
  });

  it('find the line of a CPU that is offline, and miss that of one that is not', () => {
    expect(brokenSays(judged(ProcForm, { 'proc/stat': STAT }, online(0)))).toContain('has lines of CPUs 0, 1, and online are 0');
    expect(brokenSays(judged(ProcForm, { 'proc/schedstat': FILES['proc/schedstat'] }, online(0, 1, 2)))).toContain('online are 0, 1, 2');
  });
});

describe('F-02: guest time', () => {
  const looks = (...of: Record<string, number>[]): EventStream =>
    of.reduce<EventStream>((stream, fields) => stream.add('kcpustat_cpu_fetch', 0, 5, { by: BY, ...fields }), new EventStream());
  const judge = (stream: EventStream, facts = FACTS): Verdict => judgeStream(GuestColumns, facts, stream);

  it('is a part of user time, as is that at nice tasks', () => {
    expect(judge(looks({ user: 9, guest: 9 }, { nice: 3, guest_nice: 2 }).add('kcpustat_final', 0, 9, { user: 1 })))
      .toEqual({ verdict: 'held', checked: 3 });
    expect(judge(new EventStream())).toEqual({ verdict: 'not exercised' });
  });

  it('is found where it is more', () => {
    expect(brokenSays(judge(looks({ user: 9, guest: 10 })))).toContain('guest 10 ns of user 9');
    expect(brokenSays(judge(looks({ user: 9, nice: 3, guest_nice: 9 })))).toContain('guest_nice 9 ns of nice 3');
    const final = new EventStream().add('kcpustat_final', 0, 9, { cpu: 1, guest: 1 });
    expect(brokenSays(judge(final))).toContain("CPU 1's accounts show guest 1");
  });

  it('may be a tick ahead where CPUs race, and ticks sample', () => {
    const torn = (): EventStream => looks({ user: 9, guest: 9 + TICK });
    expect(judge(torn(), { ...FACTS, racing: true })).toEqual({ verdict: 'held', checked: 1 });
    expect(judge(torn(), { ...FACTS, racing: true, cputime: ['gen', 'gen'] }).verdict).toBe('broken');
    expect(judge(looks({ user: 9, guest: 10 + TICK }), { ...FACTS, racing: true }).verdict).toBe('broken');
  });
});

describe('F-03: the first line', () => {
  it('exceeds the sum of the others by less than their number', () => {
    expect(judged(ProcColumns, { 'proc/stat': STAT })).toEqual({ verdict: 'held', checked: 1 });
    expect(judged(ProcColumns, { 'proc/stat': STAT.replace('cpu1 1 0 1 5 0 0 0 0 0 0\n', '') })).toEqual({ verdict: 'not exercised' });
  });

  it.each([['cpu  4', 4], ['cpu  1', 1]])('is found to be too much, or too little: %s', (line, total) => {
    expect(brokenSays(judged(ProcColumns, { 'proc/stat': STAT.replace('cpu  3', line) })))
      .toBe(`column 1 of /proc/stat is ${total}, its CPUs' together 2`);
  });
});

describe('F-04: totals', () => {
  const SOFTIRQS = 'CPU0 CPU1\n          HI:     0     0\n       TIMER:     1     0\n       SCHED:     2     4\n';

  it('are the sums of what they sum up', () => {
    expect(judged(ProcTotals, { 'proc/stat': STAT, 'proc/softirqs': SOFTIRQS })).toEqual({ verdict: 'held', checked: 2 });
    expect(judged(ProcTotals, {})).toEqual({ verdict: 'not exercised' });
  });

  it('are found to be less than their parts', () => {
    expect(brokenSays(judged(ProcTotals, { 'proc/stat': STAT.replace('intr 12', 'intr 7') })))
      .toContain('shows 7 interrupts, and 8 of them by line');
    expect(brokenSays(judged(ProcTotals, { 'proc/stat': STAT.replace('softirq 7', 'softirq 8'), 'proc/softirqs': SOFTIRQS })))
      .toContain('shows 8 softirqs, 7 by its columns');
    expect(brokenSays(judged(ProcTotals, { 'proc/stat': STAT, 'proc/softirqs': SOFTIRQS.replace('4', '5') })))
      .toContain('/proc/softirqs 8');
  });
});

describe('F-05: idle time in uptime', () => {
  const pass = (sum: number, parts: readonly (readonly [number, number])[], iowait = 0): EventStream => {
    // sleeps count already
    const stream = new EventStream().add('cpu_idle_time', 0, 1, { by: BY + 1, cpu: 0 });
    stream.add('proc_uptime', 0, 1_000_000, { by: BY, t: 1_000_000, idle: sum });
    parts.forEach(([cpu, idle], i) => stream.add('cpu_idle_time', 0, 1_000_000 + 10_000 * (i + 1), { by: BY, cpu, idle, iowait }));
    return stream;
  };
  const judge = (stream: EventStream, facts = FACTS): Verdict => judgeStream(UptimeIdle, facts, stream);

  it('is the sum of the CPUs’, and of what they slept since', () => {
    expect(judge(pass(900_000, [[0, 400_000], [1, 500_999]]))).toEqual({ verdict: 'held', checked: 1 });
    expect(judge(pass(900_000, [[0, 410_000], [1, 520_000]]))).toEqual({ verdict: 'held', checked: 1 });
  });

  it('is not compared with half of them, nor with CPUs that waited for I/O, nor with what another reader saw', () => {
    expect(judge(pass(900_000, [[0, 1]]))).toEqual({ verdict: 'not exercised' });
    expect(judge(pass(900_000, [[0, 1], [1, 1]], 5))).toEqual({ verdict: 'not exercised' });
    expect(judge(new EventStream().add('cpu_idle_time', 0, 1, { by: 2, cpu: 0 }))).toEqual({ verdict: 'not exercised' });
  });

  it('is not compared as long as no tick could stop', () => {
    const stream = new EventStream().add('proc_uptime', 0, 1_000_000, { by: BY, t: 1_000_000, idle: 900_000 });
    for (const cpu of [0, 1]) stream.add('cpu_idle_time', 0, 1_010_000, { by: BY, cpu, idle: 1 });
    expect(judge(stream)).toEqual({ verdict: 'not exercised' });
  });

  it('is found to lack a sleep, or to have one that was none', () => {
    expect(brokenSays(judge(pass(300_000, [[0, 400_000], [1, 500_000]]))))
      .toContain('saw 300000 ns of idle time in /proc/uptime, and then 900000');
    expect(judge(pass(950_000, [[0, 400_000], [1, 500_000]])).verdict).toBe('broken');
  });

  it('may have grown by as much as a clock that is fast makes of a sleep, and no more', () => {
    const fast = (ppb: number) =>
      ({ ...FACTS, clocks: { sources: [{ id: 0, drifts: [{ at: 0, ppb }], skews: [] }], frequencies: [] } }) as unknown as typeof FACTS;
    // both slept for all of the 30 us between, by a clock that is a tenth fast; two parts of a microsecond
    const grown = (by: number) => pass(900_000, [[0, 400_000], [1, 500_000 + by]]);
    expect(judge(grown(35_000), fast(1e8)).verdict).toBe('held');
    expect(judge(grown(35_002), fast(1e8)).verdict).toBe('broken');
    expect(judge(grown(32_000), fast(0)).verdict).toBe('held');
    expect(judge(grown(32_001), fast(0)).verdict).toBe('broken');
  });
});

describe('F-06: btime', () => {
  const changes = (...of: readonly (readonly [number, number])[]): EventStream =>
    of.reduce(
      (stream, [action, offs], i) => stream.add('timekeeping_change', 0, i, { action, offs_real: offs, version: i }), new EventStream(),
    );
  const { Init, SetTime } = TimekeepingAction;
  const shown = (btime: number) => ({ 'proc/stat': STAT.replace('1767225600', String(btime)) });

  it('stays, but for steps of the wall clock', () => {
    expect(judged(BootInstant, shown(1_767_225_600), changes([Init, 0]))).toEqual({ verdict: 'held', checked: 1 });
    expect(judged(BootInstant, shown(1_767_225_604), changes([Init, 0], [SetTime, 4e9]))).toEqual({ verdict: 'held', checked: 1 });
    expect(judged(BootInstant, {}, changes([Init, 0]))).toEqual({ verdict: 'not exercised' });
  });

  it('is found to have moved without a step, or not with one', () => {
    expect(brokenSays(judged(BootInstant, shown(1_767_225_604), changes([Init, 0])))).toContain('booted at 1767225604 s');
    expect(brokenSays(judged(BootInstant, shown(1_767_225_600), changes([Init, 0], [SetTime, 4e9])))).toContain('moved by 4 s');
  });
});
