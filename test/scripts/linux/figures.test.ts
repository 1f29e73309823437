import { describe, expect, test } from 'vitest';
import { compare } from '../../../scripts/linux/compare.ts';
import { leavesOf } from '../../../scripts/linux/leaves.ts';
import { procFigures, type ProcTexts } from '../../../scripts/linux/proc-texts.ts';
import { parseQemuCommand, passesBefore } from '../../../scripts/linux/recordings.ts';
import { rulesOf, toleranceFile, type ToleranceFile } from '../../../scripts/linux/rules.ts';

const plain = (figures: unknown): Record<string, unknown> => Object.fromEntries(leavesOf(figures));

describe('figures', () => {
  test('are flat, each with its path', () => {
    expect(plain({ LOC: [1, 2], stat: { 0: { user: 3 } }, samples: { '0.x': { col: 'a_ns' } } }))
      .toEqual({ 'LOC.0': 1, 'LOC.1': 2, 'stat.0.user': 3, 'samples.0.x.col': 'a_ns' });
  });

  test('of an interrupt line are named by its number and device, whatever stands in between', () => {
    expect(plain({ timer_irqs: { '8 -APIC   8-edge      rtc0': [4] } })).toEqual({ 'timer_irqs.8 rtc0.0': 4 });
  });

  test('are left out where a CPU was offline', () => {
    expect(plain({ a: null, b: 1 })).toEqual({ b: 1 });
  });

  test('are in the recorder’s lines about its workers too', () => {
    const workers = ['workload busy T0 10 T1 30 trace 0', 'worker 1 busy pid 7 wall_ns 20 ru_utime_ns 5 ru_stime_ns 6'];
    expect(plain({ workers })).toEqual({
      'workers.T0': 10, 'workers.T1': 30, 'workers.trace': 0, 'workers.1.pid': 7, 'workers.1.wall_ns': 20,
      'workers.1.ru_utime_ns': 5, 'workers.1.ru_stime_ns': 6, 'workers.1.ru_total_ns': 11,
    });
  });

  test('that are no numbers and no words are refused', () => {
    expect(() => leavesOf({ a: true })).toThrow('a: true is no figure');
  });
});

describe('two looks at /proc', () => {
  const look = (n: number): ProcTexts => ({
    stat: `cpu  9 9 9 9 9 9 9 9 9 9\ncpu0 ${n} 0 2 ${3 * n} 0 0 0 0 0 0\nintr 5\nctxt ${10 * n}\n`,
    interrupts: '           CPU0       CPU1\n'
      + `  0:        ${n}          0   IO-APIC   2-edge      timer\nLOC:        ${n}   ${2 * n}   Local timer interrupts\n`,
    softirqs: `                    CPU0       CPU1\n       TIMER:         ${n}          7\n`,
    timer_list: `cpu: 0\n  .nr_events      : ${n}\n  .tick_stopped   : 1\n  .idle_sleeptime : ${n} nsecs\n`
      + `jiffies: ${4294892296 + n}\n\ncpu: 1\n  .nohz_mode      : 2\n`,
  });

  test('give what was counted in between, and how the tick stands at the second', () => {
    expect(Object.fromEntries(procFigures(look(100), look(150)))).toMatchObject({
      'stat.0.user': 50, 'stat.0.sys': 0, 'stat.0.idle': 150, ctxt: 500, 'LOC.0': 50, 'LOC.1': 100, 'timer_irqs.0 timer.0': 50,
      'softirq.TIMER.0': 50, 'softirq.TIMER.1': 0, 'timer_list.0.nr_events': 50, 'timer_list.0.tick_stopped': 1,
      'timer_list.0.idle_sleeptime': 50, 'timer_list.0.jiffies': 50, 'timer_list.1.nohz_mode': 2,
    });
  });
});

test('the command that started QEMU says kernel, CPUs, parameters, and which passes it ran', () => {
  const command = 'qemu.sh -machine pc -smp 4 -kernel vmlinuz-6.1.0-56-cloud-amd64 '
    + '-append console=ttyS0\\ rdinit=/init\\ panic=-1\\ nohz=off\\ wl.set=idle:5000:0\\,busy:1:1 -drive x\nrc=0';
  const passes = ['idle/notrace', 'busy'];
  expect(parseQemuCommand(command)).toEqual({ release: '6.1.0-56-cloud-amd64', cpus: 4, cmdline: 'nohz=off', passes, again: [] });
});

test('a pass that was recorded again has come after those of its own boot', () => {
  const configuration = { name: 'c', release: '6.1', cpus: 4, cmdline: '', passes: ['idle', 'share', 'mix'], again: [['mix', 'reader']] };
  expect(['mix', 'reader', 'share', 'membar'].map((pass) => passesBefore(configuration, pass))).toEqual([[], ['mix'], ['idle'], []]);
});

describe('a comparison', () => {
  const file = (rows: ToleranceFile['rows'], wider: ToleranceFile['wider'] = []): ReturnType<typeof rulesOf> => rulesOf({ rows, wider });
  const all = { keys: '*', as: '±2', readme: 'silent' } as const;
  const real = leavesOf({ LOC: [10, 20], ctxt: 5 });

  test('tells what is out, and what the machine has not got', () => {
    const compared = compare('a/idle', real, leavesOf({ LOC: [12, 23] }), file([all]));
    expect(compared.map(({ key, verdict }) => [key, verdict])).toEqual([['LOC.0', 'ok'], ['LOC.1', 'OUT'], ['ctxt', 'OUT']]);
  });

  test('adds the CPUs where the row says so', () => {
    const rules = file([all, { keys: 'LOC.*', where: 'a/*', as: 'sum ±2', readme: 'silent' }]);
    const simulated = leavesOf({ LOC: [0, 31], ctxt: 5 });
    expect(compare('a/idle', real, simulated, rules)[0]).toMatchObject({ key: 'LOC.Σ', real: 30, simulated: 31, verdict: 'ok' });
    expect(compare('b/idle', real, simulated, rules)[0]).toMatchObject({ key: 'LOC.0', verdict: 'OUT' });
  });

  test('goes by the last row that fits, wider ones last', () => {
    const why = 'because it is only a test of tests';
    const rules = file([all, { ...all, keys: 'ctxt', as: 'exact' }], [{ keys: 'ctxt', as: 'noise', why }]);
    expect(compare('a/idle', real, real, rules).at(-1)).toMatchObject({ key: 'ctxt', tolerance: 'noise', verdict: 'noise' });
  });

  test('refuses a figure without a row', () => {
    expect(() => compare('a/idle', real, real, file([{ ...all, keys: 'LOC.*' }]))).toThrow('a/idle: ctxt has no row in the tolerances');
  });

  test('takes what only the machine has of a timer’s expiries for none in the recording, if that was traced', () => {
    const simulated = leavesOf({ trace: { lines: 1, hrtimer_expire: { strange: [9] } } });
    const traced = leavesOf({ trace: { lines: 1 } });
    expect(compare('a/idle', traced, simulated, file([all])).at(-1)).toMatchObject({ real: 0, simulated: 9, verdict: 'OUT' });
    expect(compare('a/idle', leavesOf({ ctxt: 0 }), simulated, file([all])).length).toBe(1);
  });
});

test.each([
  [{ rows: [] }], [{ rows: [{ keys: 'a', as: 'about 5', readme: 'silent' }], wider: [] }],
  [{ rows: [{ keys: 'a', as: 'exact', readme: 'hearsay' }], wider: [] }],
  [{ rows: [{ keys: 'a', as: 'exact', readme: 'silent', why: 'no' }], wider: [] }],
  [{ rows: [{ keys: 'a', as: 'exact', readme: 'silent' }], wider: [{ keys: 'a', as: 'noise', why: 'short' }] }],
])('%j is no file of tolerances', (file) => {
  expect(toleranceFile.safeParse(file).success).toBe(false);
});
