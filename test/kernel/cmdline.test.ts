import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BadParameter, parseCmdline, splitParameters } from '../../src/kernel/cmdline.ts';
import { BadCpuList, formatCpuList, parseCpuList } from '../../src/kernel/cpulist.ts';

describe('a kernel command line', () => {
  it('pasted from a real /proc/cmdline works', () => {
    const line = 'BOOT_IMAGE=/vmlinuz-6.1.0 root=UUID=0a3407de-014b-458b-b5c1-848e92a327a3 ro quiet console=ttyS0,115200n8';
    const parsed = parseCmdline(`${line}\n`);
    expect(parsed).toMatchObject({ text: line, highres: true, nohz: true, skewTick: false, clocksource: null, nohzFull: null });
    expect(parsed.ignored).toEqual(line.split(' '));
  });

  it('empty is Linux’s defaults', () => {
    expect(parseCmdline('')).toMatchObject({ text: '', highres: true, isolcpus: null, maxcpus: null, ignored: [] });
  });

  it('understands the parameters of the time subsystem', () => {
    const parsed = parseCmdline(
      'nohz=off highres=0 skew_tick=1 clocksource=jiffies tsc=unstable nolapic_timer nohz_full=1-3,5 '
      + 'isolcpus=nohz,managed_irq,2-3 rcu_nocbs=all maxcpus=2 nr_cpus=4 possible_cpus=8 timer_migration=n threadirqs', 8,
    );
    expect(parsed).toMatchObject({
      nohz: false, highres: false, skewTick: true, clocksource: 'jiffies', tsc: 'unstable', nolapicTimer: true,
      nohzFull: [1, 2, 3, 5], rcuNocbs: [0, 1, 2, 3, 4, 5, 6, 7], maxcpus: 2, nrCpus: 4, possibleCpus: 8,
      timerMigration: false, threadirqs: true, profile: null, ignored: [],
      isolcpus: { domain: false, nohz: true, managedIrq: true, cpus: [2, 3] },
    });
  });

  it('isolcpus= without flags isolates from scheduling domains', () => {
    expect(parseCmdline('isolcpus=1').isolcpus).toEqual({ domain: true, nohz: false, managedIrq: false, cpus: [1] });
  });

  it.each(['on', 'ON', '1', 'y', 'Y', 'yes', 'true'])('%s is true to kstrtobool', (value) => {
    expect(parseCmdline(`nohz=off nohz=${value}`).nohz).toBe(true);
  });

  it.each(['off', 'Off', '0', 'n', 'no', 'false'])('%s is false to kstrtobool', (value) => {
    expect(parseCmdline(`highres=${value}`).highres).toBe(false);
  });

  it('takes the last of a repeated parameter, and - for _', () => {
    expect(parseCmdline('nohz_full=1 nohz-full=2,3').nohzFull).toEqual([2, 3]);
  });

  it('keeps quoted spaces together', () => {
    expect(splitParameters('a="b c" "d e=f" g')).toEqual(['a=b c', 'd e=f', 'g']);
  });

  it('leaves what stands behind -- to init', () => {
    expect(parseCmdline('quiet -- nohz=maybe').ignored).toEqual(['quiet']);
  });

  it('says why a parameter that one might expect has no effect', () => {
    expect(parseCmdline('hz=1000').ignored).toEqual(['hz=1000 (not a parameter of Linux; use --hz)']);
  });

  it.each([
    ['highres=maybe', 'highres', '"maybe"'],
    ['highres', 'highres', 'no value'],
    ['nohz=', 'nohz', '""'],
    ['skew_tick=2', 'skew_tick', '"2"'],
    ['nohz_full=3-1', 'nohz_full', 'the range 3-1, which runs backwards'],
    ['nohz_full=', 'nohz_full', 'an empty list'],
    ['nohz_full', 'nohz_full', 'no value'],
    ['nohz_full=1-', 'nohz_full', '"1-"'],
    ['rcu_nocbs=a', 'rcu_nocbs', '"a"'],
    ['isolcpus=domain', 'isolcpus', 'an empty list'],
    ['isolcpus=everything,1', 'isolcpus', '"everything"'],
    ['nr_cpus=0', 'nr_cpus', '"0"'],
    ['maxcpus=-1', 'maxcpus', '"-1"'],
    ['tsc=sometimes', 'tsc', '"sometimes"'],
    ['clocksource=', 'clocksource', '""'],
  ])('%s is refused', (text, parameter, found) => {
    expect(() => parseCmdline(text)).toThrow(BadParameter);
    expect(() => parseCmdline(text)).toThrow(expect.objectContaining({ parameter, found }));
  });
});

describe('a CPU list', () => {
  it.each([
    ['1-3,5', [1, 2, 3, 5]], ['0', [0]], ['all', [0, 1, 2, 3, 4, 5, 6, 7]], ['N', [7]], ['5-N', [5, 6, 7]],
    ['0-7:2/4', [0, 1, 4, 5]], ['all:1/3', [0, 3, 6]], ['3,1,3', [1, 3]], ['1,,2,', [1, 2]],
  ])('%s', (text, cpus) => expect(parseCpuList(text, 7)).toEqual(cpus));

  it.each(['', ',', '3-1', '0-7:0/4', '0-7:5/4', '0-7:2/0', '-1', '1-2-3', '99999'])('%j is refused', (text) => {
    expect(() => parseCpuList(text, 7)).toThrow(BadCpuList);
  });

  it('is written so that it reads back the same', () => {
    fc.assert(fc.property(fc.uniqueArray(fc.nat(255), { minLength: 1 }), (cpus) => {
      const sorted = [...cpus].sort((a, b) => a - b);
      expect(parseCpuList(formatCpuList(sorted), 255)).toEqual(sorted);
    }));
  });
});
